import json

import pytest

import export
from tests.media.sounds import sound, written
from tests.tasks.keyword.spotters import by_level, said
from zoo.cli.loading import CommandSession


def invoke(*words, **options):
    from click.testing import CliRunner

    from zoo.cli.main import main

    return CliRunner().invoke(main, ["spot", *map(str, words)], **options)


@pytest.fixture
def level(monkeypatch):
    monkeypatch.setattr(CommandSession, "open", lambda *_, **__: by_level())


@pytest.mark.usefixtures("level")
def test_command_spots_words_of_files(tmp_path):
    takes = tmp_path / "takes"
    takes.mkdir()
    for i, sign in enumerate((1, -1)):
        written(takes / f"{i}.flac", said((sign, 0.6)))
    found = invoke("model", takes)
    assert found.exit_code == 0, found.output
    assert [line.split()[-2] for line in found.stdout.splitlines()] == ["yes", "no"]
    found = invoke("model", takes, "--output-format", "json")
    assert [json.loads(line)["words"][0]["word"] for line in found.stdout.splitlines()] == ["yes", "no"]
    found = invoke("model", takes, "--output-format", "csv", "--out", tmp_path / "words")
    assert '"yes"' in (tmp_path / "words/0.csv").read_text()
    found = invoke("model", takes / "0.flac", "--word", "no", "--plot", tmp_path / "p.png")
    assert (found.stdout.strip(), (tmp_path / "p.png").exists()) == ("", True)
    found = invoke("model", takes, "--refractory", "-1")
    assert "refractory_s" in found.stderr
    (takes / "2.flac").write_text("no sound")
    found = invoke("model", takes)
    assert (found.exit_code, "1 of 3 files could not be listened to" in found.stderr) == (1, True)


@pytest.mark.usefixtures("level")
def test_command_spots_words_of_a_pipe(tmp_path):
    data = (said((1, 0.6), (-1, 0.6), pause=1.0) * 32767).astype("<i2").tobytes()
    found = invoke("model", "-", input=data)
    assert [line.split()[2] for line in found.stdout.splitlines()] == ["yes", "no"]
    found = invoke("model", "-", "--output-format", "json", "--word", "no", input=data)
    (line,) = found.stdout.splitlines()
    assert set(json.loads(line)) == {"word", "start", "end", "probability", "seconds"}
    path = written(tmp_path / "a.wav", said((1, 0.6)))
    assert invoke("model", path, "--stream").stdout.split()[2] == "yes"
    for options in (["--plot", "p.png"], ["--out", "o"], ["--output-format", "srt"], ["b.wav"]):
        assert "as they are heard of one FILE" in invoke("model", "-", *options).stderr


def test_command_opens_artifacts_and_refuses_other_models(tmp_path, gru_keyword):
    export.save(gru_keyword, tmp_path / "m.onnx")
    path = written(tmp_path / "a.wav", sound(2.0))
    found = invoke(tmp_path / "m.onnx", path, "--min-confidence", "0.3")
    assert (found.exit_code, found.stdout.strip()) == (0, gru_keyword.spot(path, min_confidence=0.3).to_text("txt"))
    assert "cannot be used with `zoo spot`" in invoke("lstm_text", path).stderr
