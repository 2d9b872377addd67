import json
from pathlib import Path

import pytest
import soundfile

import export
from tests.media.sounds import sound, written
from tests.tasks.speech.recognizers import tiny
from zoo.cli.loading import CommandSession
from zoo.media.audio import RATE_HZ
from zoo.tasks.speech.codec import VOCABULARY


def invoke(*words, **options):
    from click.testing import CliRunner

    from zoo.cli.main import main

    return CliRunner().invoke(main, ["transcribe", *map(str, words)], **options)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    path = tmp_path_factory.mktemp("artifact") / "m.onnx"
    export.save(tiny(), path)
    return path


def test_command_writes_down_files_folders_and_patterns(tmp_path, artifact):
    takes = tmp_path / "takes"
    takes.mkdir()
    for i in range(3):
        written(takes / f"{i}.flac", sound(1.0, seed=i))
    expected = [export.load(artifact).transcribe(takes / f"{i}.flac") for i in range(3)]
    for given in (takes, takes / "*.flac"):
        found = invoke(artifact, given)
        assert found.exit_code == 0, found.output
        assert [line for line in found.stdout.splitlines() if line] == [
            f"{takes}/{i}.flac: {t.text}" for i, t in enumerate(expected)
        ]
        assert "3 files, 3.0 s of audio in" in found.stderr
        assert "real-time factor" in found.stderr
    found = invoke(artifact, takes, "--output-format", "json")
    assert [json.loads(line)["text"] for line in found.stdout.splitlines()] == [t.text for t in expected]
    found = invoke(artifact, takes, "--output-format", "srt", "--out", tmp_path / "subtitles")
    assert (tmp_path / "subtitles/1.srt").read_text() == expected[1].srt() + "\n"
    found = invoke(artifact, takes / "1.flac", "--plot", tmp_path / "heard.png")
    assert (found.stdout, (tmp_path / "heard.png").exists()) == (expected[1].text + "\n", True)
    words = sorted({a + b for a in VOCABULARY[2:] for b in VOCABULARY[2:]})[::2]
    (tmp_path / "words.txt").write_text("\n".join(words))
    found = invoke(artifact, takes / "1.flac", "--lexicon", tmp_path / "words.txt")
    assert set(found.stdout.split()) <= set(words)
    assert found.stdout.strip()
    found = invoke(artifact, takes / "1.flac", "--min-confidence", 1)
    assert found.stdout == f"{expected[1].text} [uncertain: confidence {expected[1].confidence:.2f}]\n"
    found = invoke(artifact, takes / "1.flac", "--stream")
    assert found.stdout.strip() == expected[1].text


def test_command_hears_a_pipe(tmp_path, artifact):
    """Bare samples, or a wav file as recorders write it."""
    wave = sound(1.0)
    bare = (wave * 32767).astype("<i2")
    soundfile.write(tmp_path / "a.wav", bare, RATE_HZ, subtype="PCM_16")
    soundfile.write(tmp_path / "b.wav", bare, 8000, subtype="PCM_16")
    told = [
        invoke(artifact, "-", "--stream", input=data)
        for data in (bare.tobytes(), *((tmp_path / name).read_bytes() for name in ("a.wav", "b.wav")), b"RIFF1234")
    ]
    assert told[0].stdout.strip()
    assert told[0].stdout == told[1].stdout
    assert "8000 Hz, channels: 1, 16 bits" in told[2].stderr
    assert "no plain wav file" in told[3].stderr


def test_command_goes_on_after_a_bad_file(tmp_path, artifact):
    written(tmp_path / "a.wav", sound())
    (tmp_path / "b.wav").write_text("no sound")
    found = invoke(artifact, tmp_path)
    assert found.exit_code == 1
    assert "a.wav: " in found.stdout
    assert "b.wav cannot be read as a sound file" in found.stderr
    assert "1 of 2 files" in found.stderr


def test_command_says_what_is_wrong(tmp_path, artifact):
    written(tmp_path / "a.wav", sound())
    written(tmp_path / "a.flac", sound())
    cases = {
        (tmp_path / "none.wav",): "does not exist",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--output-format", "srt"): "--out FOLDER",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--out", tmp_path): "written twice",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--plot", "x.png"): "draws one file",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--stream"): "one FILE",
        (tmp_path / "a.wav", "--lexicon", tmp_path / "none.txt"): "No such file",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--beam-width", 0): "Error: beam_width=0",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--min-confidence", 2): "Error: min_confidence=2",
        (tmp_path / "a.wav", "--out", tmp_path / "a.wav"): "is a file",
        ("-",): "read it with --stream",
    }
    for words, message in cases.items():
        found = invoke(artifact, *words)
        assert found.exit_code == 1, words
        assert message in found.output, words
    found = invoke("lstm_text", tmp_path / "a.wav")
    assert "cannot be used with `zoo transcribe`: it is for `zoo generate`" in found.output
    assert "bilstm_speech" in found.output
    assert "did you mean" in invoke("bilstm_spech", tmp_path / "a.wav").output


def test_earlier_spellings_work_with_a_warning(tmp_path, artifact):
    path = written(tmp_path / "a.wav", sound())
    (tmp_path / "words.txt").write_text("A B AB BA")
    cases = {
        ("--model", artifact): (),
        (f"--model={artifact}",): (),
        (artifact, "--json"): ("--output-format", "json"),
        (artifact, "--srt"): ("--output-format", "srt"),
        (artifact, "--beam", 2): ("--beam-width", 2),
        (artifact, "--beam=2"): ("--beam-width", 2),
        (artifact, "--words", tmp_path / "words.txt"): ("--lexicon", tmp_path / "words.txt"),
    }
    for before, now in cases.items():
        earlier, current = invoke(*before, path), invoke(artifact, path, *now)
        assert earlier.exit_code == 0, earlier.output
        assert earlier.stdout == current.stdout
        [warning] = [line for line in earlier.stderr.splitlines() if line.startswith("warning: ")]
        assert "in this release only" in warning
        assert "warning" not in current.stderr
    help_text = invoke("--help").output
    for option in ("--model", "--json", "--srt", "--beam ", "--words"):
        assert option not in help_text


def test_the_model_may_still_be_left_out(tmp_path, monkeypatch):
    """An input as the first argument is no model: the one of the release before is taken."""
    opened, one = [], tiny()
    monkeypatch.setattr(CommandSession, "open", lambda self, name, *_: opened.append(name) or one)
    written(tmp_path / "a.wav", sound())
    monkeypatch.chdir(tmp_path)
    for words in (["a.wav"], ["."], ["*.wav"], ["a.wav", "--stream"], ["-", "--stream"]):
        found = invoke(*words, input=b"\0" * 6400)
        assert found.exit_code == 0, found.output
        assert f"name the model first: zoo transcribe {opened[-1]}" in found.stderr
        assert opened[-1] == ("gru_speech" if "--stream" in words else "bilstm_speech")
    for model in ("gru_speech", "runs/mine/preset"):
        Path("runs/mine/preset").mkdir(parents=True, exist_ok=True)
        Path("runs/mine/preset/card.json").touch()
        found = invoke(model, "a.wav")
        assert (found.exit_code, opened[-1]) == (0, model)
        assert "warning" not in found.stderr
    assert invoke("gru_speech").exit_code == 2
