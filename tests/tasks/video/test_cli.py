import json

import pytest

from tests.media.films import film, written
from zoo.cli.loading import CommandSession
from zoo.media import video
from zoo.media.mouth import MOUTH


@pytest.fixture(scope="module")
def preset(tmp_path_factory, gru):
    from zoo.networks.transfer import weights
    from zoo.presets.preset import write

    path = tmp_path_factory.mktemp("preset") / "gru"
    write(path, gru.card, gru.codec, weights(gru.engine.network))
    return path


def run(*words):
    from click.testing import CliRunner

    from zoo.cli.main import main

    return CliRunner().invoke(main, list(map(str, words)))


def test_command_labels_films(preset, tmp_path):
    path = written(tmp_path / "film.mp4", film(30, (32, 48)))
    written(tmp_path / "film.mkv", film(30, (32, 48)))
    written_too = ("--plot", tmp_path / "a.png", "--overlay", tmp_path / "o.mp4")
    found = run("label", preset, path, "--output-format", "csv", *written_too)
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith('"file","label","start","end","probability","rejected"\n"film.mp4",')
    assert (tmp_path / "a.png").exists()
    assert len(list(video.frames(tmp_path / "o.mp4", 25))) == 30
    from click.testing import CliRunner

    from zoo.cli.main import main

    piped = CliRunner().invoke(
        main, ["label", str(preset), "-", "--stream"], input=path.with_suffix(".mkv").read_bytes()
    )
    assert piped.exit_code == 0, piped.output
    streamed = run("label", preset, path, "--stream")
    assert piped.stdout == streamed.stdout
    assert " 0.00 s  " in streamed.stdout
    unsure = run("label", preset, path, "--min-confidence", 1)
    assert unsure.stdout.rstrip().endswith("]"), unsure.stdout
    assert " [uncertain: confidence 0." in unsure.stdout
    (tmp_path / "bad.mp4").write_bytes(b"x")
    several = run("label", preset, tmp_path / "*.mp4", "--output-format", "json", "--out", tmp_path / "out")
    assert several.exit_code == 1
    assert "bad.mp4 cannot be read" in several.stderr
    assert json.loads((tmp_path / "out/film.json").read_text())["seconds"] == 1.2


@pytest.mark.parametrize(("words", "message"), [
    (["a.mp4", "--stream", "--output-format", "csv"], "leave out"), (["missing.mp4"], "does not exist"),
    ([MOUTH, "--min-confidence", "-1"], "min_confidence=-1"),
])  # fmt: skip
def test_command_says_what_is_wrong(preset, words, message):
    found = run("label", preset, *words)
    assert found.exit_code == 1
    assert message in found.output


def test_models_of_other_kinds_are_refused(tmp_path):
    found = run("label", "lstm_music", written(tmp_path / "film.mp4", film(3, (32, 48))))
    assert found.exit_code == 1
    assert "cannot be used with `zoo label`: it is for `zoo generate`; models for `zoo label`: " in found.output
    assert "gru_video" in found.output


def test_earlier_spellings_work_with_a_warning(preset, tmp_path, monkeypatch, gru):
    path = written(tmp_path / "film.mp4", film(30, (32, 48)))
    for output_format in ("csv", "srt", "json"):
        earlier = run("label", path, "--model", preset, f"--{output_format}")
        assert earlier.exit_code == 0, earlier.output
        assert earlier.stdout == run("label", preset, path, "--output-format", output_format).stdout
        assert f"--{output_format} is now --output-format {output_format}" in earlier.stderr
        assert f"zoo label {preset}" in earlier.stderr
    opened = []
    monkeypatch.setattr(CommandSession, "open", lambda self, name, *_: opened.append(name) or gru)
    assert "name the model first: zoo label bilstm_video" in run("label", path).stderr
    assert "name the model first: zoo label gru_video" in run("label", path, "--stream").stderr
    assert opened == ["bilstm_video", "gru_video"]
