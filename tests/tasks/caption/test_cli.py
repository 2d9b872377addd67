import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from tests.media.films import film
from tests.tasks.caption.captioners import tiny
from zoo.tasks.caption.cli import caption


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for i in range(3):
        np.save(f"{i}.npy", film(6 + i, seed=i))
    (tmp_path / "bad.npy").write_bytes(b"nothing")

    def call(*arguments):
        session = SimpleNamespace(open=lambda name, kind: tiny())
        return CliRunner().invoke(caption, ["gru_caption", *arguments], obj=session)

    return call


def test_a_line_for_each_clip(run):
    own = [tiny().caption(film(6 + i, seed=i)) for i in range(3)]
    assert run("0.npy").stdout.splitlines() == [own[0].text]
    assert run("0.npy", "1.npy").stdout.splitlines() == [f"{i}.npy: {own[i].text}" for i in range(2)]
    rows = [json.loads(line) for line in run("0.npy", "2.npy", "--output-format", "json").stdout.splitlines()]
    assert [(row["file"], row["text"]) for row in rows] == [("0.npy", own[0].text), ("2.npy", own[2].text)]
    greedy = tiny().caption(film(6), beam_width=1, length_penalty=0)
    assert run("0.npy", "--beam-width", "1", "--length-penalty", "0").stdout.strip() == greedy.text


def test_files_are_written(run, tmp_path):
    assert run("0.npy", "1.npy", "--out", "out", "--output-format", "json").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.json", "1.json"]
    assert run("0.npy", "--plot", "a.png").exit_code == 0
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize(("arguments", "message"), [
    (("none.mp4",), "does not exist"), (("0.npy", "1.npy", "--plot", "a.png"), "--plot draws one file"),
    (("bad.npy",), "1 of 1 files could not be described"), (("0.npy", "--min-confidence", "2"), "min_confidence"),
])  # fmt: skip
def test_what_is_refused(run, arguments, message):
    found = run(*arguments)
    assert found.exit_code == 1
    assert message in found.output
