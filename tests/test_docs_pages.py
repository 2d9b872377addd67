"""The pages are true: their Python blocks run one after the other, so do their commands, and their tables are there."""

import re
import shlex

import hooks
import numpy as np
import pytest

import zoo
from tests.conftest import ROOT
from tests.export.legacy.keras1_files import layer, random_arrays, write
from tests.test_docs import blocks, typed
from tests.zoo_of_layers import L, seq

TESTED_ELSEWHERE = {"docs/extending.md", "docs/keras-files.md"}
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
)  # fmt: skip
LONG = ("zoo train", "zoo evaluate", "zoo benchmark")
"""Commands that have tests of their own, on smaller models."""
UNTRAINED = tuple(f"{name}_{task}" for task in ("translation", "caption") for name in ("gru", "bilstm"))
"""Models whose weights are not in the package yet: blocks and commands that load them are skipped."""


def recording(path, seconds=1):
    """Write noise as audio."""
    import soundfile

    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, 0.01 * np.random.default_rng(0).standard_normal(16_000 * seconds), 16_000)


def clip(path):
    """Write a second of something like a mouth that moves."""
    from tests.media.films import written
    from zoo.tasks.video.codec import default_codec

    path.parent.mkdir(exist_ok=True)
    written(path, default_codec().example(np.random.default_rng(0), 1, 25)[0], codec="h264")


def table(path, **columns):
    """Write a CSV file, an hour per row."""
    count = len(next(iter(columns.values())))
    times = np.datetime64("2026-01-01T00") + np.arange(count)
    rows = [",".join(map(str, row)) for row in zip(times, *columns.values(), strict=True)]
    path.write_text("\n".join([",".join(["time", *columns]), *rows]) + "\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that pages read."""
    monkeypatch.chdir(tmp_path)
    zoo.Score([[72], [zoo.HOLD], [74], [zoo.HOLD]] * 4).save("melody.mid")
    for name in ("take.wav", "clip.wav", "recordings/1.wav", "recordings/one.wav"):
        recording(tmp_path / name, 3 if name == "take.wav" else 1)
    for name in ("clip.mp4", "clips/1.mp4"):
        clip(tmp_path / name)
    day = 50 + 9 * np.sin(np.arange(960) * np.pi / 12) + np.random.default_rng(0).standard_normal(960)
    for name, column in (("load", "load"), ("data", "load"), ("sales", "sales"), ("sensor", "temperature")):
        table(tmp_path / f"{name}.csv", **{column: day.round(3)})
    (tmp_path / "names.txt").write_text("Amy Cindy\n")
    (tmp_path / "pairs.tsv").write_text("one cat\tun chat\n" * 9)
    return tmp_path


def models(folder):
    """Write the models that the pages about export open."""
    seq(L.Embedding(9, 4, mask_zero=True), L.GRU(8), L.Dense(2), shape=(None,)).save(folder / "my_model.keras")
    arrays = {"r": random_arrays(np.random.default_rng(0), k=(4, 2), u=(2, 2), b=(2,))}
    config = {"class_name": "Sequential", "config": [layer("SimpleRNN", "r", units=2, batch_input_shape=[2, 3, 4])]}
    write(folder / "old_model.h5", config, arrays, "2.2.4")


def keyword(folder):
    """Write the artifact that the page opens; return what its blocks take as given."""
    zoo.export.save(zoo.load("gru_keyword"), folder / "gru_keyword.onnx")
    return {"chunks": np.split(0.01 * np.random.default_rng(0).standard_normal(48_000).astype(np.float32), 10)}


GIVEN = {"docs/tasks/keyword.md": keyword, "README.md": models, "docs/export.md": models, "docs/deployment.md": models}


def can_run(text):
    return not any(name in text for name in UNTRAINED)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page not in TESTED_ELSEWHERE])
def test_blocks_and_commands(page, folder, quick):
    from click.testing import CliRunner

    from zoo.cli.main import main

    text = (ROOT / page).read_text(encoding="utf-8")
    space = (GIVEN[page](folder) if page in GIVEN else None) or {}
    for block in filter(can_run, blocks("python", text)):
        exec(compile(block, page, "exec"), space)
    lines = [line for block in blocks("console", text) for line in typed(block)]
    for line in lines:
        if not line.startswith("zoo ") or line.startswith(LONG) or not can_run(line) or "runs/" in line or "|" in line:
            continue
        result = CliRunner().invoke(main, shlex.split(line)[1:], input=b"")
        assert result.exit_code == 0, f"{line}: {result.output}"


def test_the_readme_takes_two_minutes():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    assert zoo.list_models(pretrained=True).table("github") in text


def placeholders():
    return [
        (page, name, int(index or 0))
        for page in PAGES
        for name, index in hooks.TABLE.findall((ROOT / page).read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("page", "name", "index"), placeholders())
def test_tables_are_made_of_recorded_results(page, name, index):
    assert hooks.table(name, index).count("\n") >= 2, page


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_tables_are_not_typed(page):
    """A table that a benchmark makes is not in the text, but in its place; pages of tasks may have their own."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert not [
        name
        for name, index in {(n, i) for _, n, i in placeholders() if ":" not in n}
        if hooks.table(name, index) in text
    ]


def test_every_page_has_a_title_and_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert re.match(r"# \S", text), page
        assert page == "README.md" or f" {page.removeprefix('docs/')}\n" in navigation, page
