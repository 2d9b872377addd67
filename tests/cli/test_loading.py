import pytest

import export
import zoo
from tests.cli.calls import call
from tests.conftest import ROOT, seal
from zoo.cli.loading import CommandSession
from zoo.errors import ArgumentError, ArtifactError, DataError, ModelFileError, PresetError, UnknownModel
from zoo.models.generation import Generator
from zoo.models.infilling import Infiller
from zoo.tasks.music.score import Score


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory, tiny):
    """A file and a folder."""
    folder, model = tmp_path_factory.mktemp("artifacts"), seal(tiny)
    return [export.save(model, folder / name).path for name in ("tiny.onnx", "tiny")]


def test_models_and_artifacts_are_told_from_other_names(preset, tmp_path, artifacts):
    (tmp_path / "take.wav").touch()
    (tmp_path / "recordings").mkdir()
    session = CommandSession()
    for name in ("lstm_music", preset, *artifacts, "nothing.onnx"):
        assert session.is_model(str(name)), name
    for name in ("lstm_musik", "-", tmp_path / "take.wav", tmp_path / "recordings", "C5/4 " * 1000, "takes/*.wav"):
        assert not session.is_model(str(name)), name
    for name in (*artifacts, "nothing.tflite", tmp_path / "take.wav"):
        assert session.is_artifact(str(name)), name
    for name in ("lstm_music", "lstm_musik", preset):
        assert not session.is_artifact(str(name)), name


def test_a_session_opens_models_of_a_class(preset, artifacts):
    session = CommandSession()
    for name in (preset, artifacts[0]):
        assert session.open(str(name), Generator, Score).card.name == "lstm_music"
    for kind, piece in ((Infiller, None), (Generator, str)):
        with pytest.raises(
            ArgumentError, match="cannot be used with this command: it is for `zoo generate`; models for"
        ):
            session.open(str(preset), kind, piece)


def test_a_refusal_names_the_models_that_fit(preset):
    with pytest.raises(ArgumentError) as caught:
        CommandSession().open(str(preset), Infiller)
    assert str(caught.value).endswith("models for this command: bilstm_music, bilstm_text")


def test_files_that_are_not_models_are_refused(tmp_path):
    with pytest.raises(UnknownModel, match="did you mean lstm_music"):
        CommandSession().open("lstm_musik", Generator)
    with pytest.raises(DataError, match="does not exist"):
        CommandSession().open_network(str(tmp_path / "mine.keras"))
    (tmp_path / "mine.keras").write_text("no archive")
    with pytest.raises(ModelFileError, match="is not a model file of Keras"):
        CommandSession().open_network(str(tmp_path / "mine.keras"))


def test_folders_without_a_card_are_said_what_they_are(tmp_path, artifacts):
    """A SavedModel, a folder of anything, and one with the suffix of a file."""
    (tmp_path / "mine.keras").mkdir()
    for folder, what in (
        (artifacts[1], "is a SavedModel, a graph without its layers"),
        (tmp_path, "is a folder, not a model file of Keras"),
        (tmp_path / "mine.keras", "is a folder, not a model file of Keras"),
    ):
        with pytest.raises(ModelFileError, match=what):
            CommandSession().open_network(str(folder))


def test_the_command_line_names_no_task():
    names = [f'"{path.name}"' for path in (ROOT / "zoo/tasks").iterdir() if (path / "task.py").exists()]
    assert len(names) == 8
    for path in [*(ROOT / "zoo/cli").glob("*.py"), *(ROOT / "zoo/models").glob("*.py")]:
        text = path.read_text()
        for word in (*names, "MusicCodec", "TextCodec", "SpeechCodec", "VideoCodec"):
            assert word not in text, f"{path}: {word}"
    for path in (ROOT / "zoo/cli").glob("*.py"):
        assert "zoo.tasks" not in path.read_text()


def test_tasks_do_not_know_the_command_line():
    for path in (ROOT / "zoo/tasks").rglob("*.py"):
        assert "zoo.cli" not in path.read_text()


def test_commands_name_a_class_of_models_that_there_is():
    found = call("transcribe", "lstm_music", ROOT / "README.md")
    assert found.exit_code == 1
    assert "models for `zoo transcribe`: rnn_speech, lstm_speech" in found.output


LONG = "x" * 300
LONG_NAMES = [
    ["infill", LONG, "a_"], ["infill", f"a/{LONG}", "a_"], ["info", LONG], ["page", f"a/{LONG}"], ["inspect", LONG],
    ["generate", f"{LONG}.onnx"], ["export", f"{LONG}.keras"], ["transcribe", f"{LONG}.wav"],
    ["label", "lstm_video", LONG], ["evaluate", "lstm_text", "--data", LONG],
]  # fmt: skip


@pytest.mark.parametrize("words", LONG_NAMES, ids=lambda words: words[0])
def test_long_names_are_refused_in_one_line(words):
    refused = call(*words)
    assert isinstance(refused.exception, SystemExit), refused.exception
    assert refused.exit_code == 1
    assert refused.output.splitlines()[-1].startswith("Error: ")


def test_names_that_no_file_can_have_are_refused():
    for name in (LONG, "a\0b"):
        assert not CommandSession().is_model(name)
        assert not CommandSession().is_artifact(name)
        with pytest.raises(UnknownModel, match="no model is called"):
            zoo.info(name)
        with pytest.raises(PresetError, match="does not exist"):
            zoo.info(f"runs/{name}")


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize(
    ("command", "arguments"),
    [("evaluate", []), ("generate", []), ("harmonize", ["C5"]), ("infill", ["a_b"]), ("label", ["clip.mp4"]), ("transcribe", ["take.wav"])],
)  # fmt: skip
def test_every_command_that_opens_an_artifact_can_trust_it(tmp_path, monkeypatch, command, arguments, trust):
    monkeypatch.chdir(tmp_path)
    for name in arguments:
        (tmp_path / name).touch()
    given = []

    def load(path, trust, **_):
        given.append((path, trust))
        raise ArtifactError("not opened")

    monkeypatch.setattr("zoo.export.artifact.load", load)
    done = call(command, "model.onnx", *arguments, *["--trust"] * trust)
    assert (done.exit_code, done.output) == (1, "Error: not opened\n")
    assert given == [("model.onnx", trust)]


def test_engines_make_the_same(preset, tmp_path):
    for engine in ("onnx", "keras"):
        done = call(
            "generate", preset, "--steps", 6, "--seed", 1, "--engine", engine, "--out", tmp_path / f"{engine}.mid"
        )
        assert (done.exit_code, done.stderr.count("warning")) == (0, 0)
    assert (tmp_path / "onnx.mid").read_bytes() == (tmp_path / "keras.mid").read_bytes()
    other = call("generate", ROOT / "tests/data/v0_1/lstm_music.onnx", "--steps", 6, "--engine", "keras")
    assert other.exit_code == 1
    assert "lstm_music.onnx runs on onnx alone; leave it out" in other.stderr


@pytest.mark.parametrize("command", ["evaluate", "generate", "harmonize", "infill", "label", "transcribe"])
def test_every_command_that_runs_a_model_takes_the_engine(monkeypatch, tmp_path, command):
    monkeypatch.chdir(tmp_path)
    given = []

    def load(name, engine, **_):
        given.append(engine)
        raise ArtifactError("not opened")

    monkeypatch.setattr("zoo.api.load", load)
    arguments = {"harmonize": ["C5"], "infill": ["a_b"], "label": ["clip.mp4"], "transcribe": ["take.wav"]}
    for name in arguments.get(command, []):
        (tmp_path / name).touch()
    assert call(command, "lstm_text", *arguments.get(command, []), "--engine", "onnx").exit_code == 1
    assert given == ["onnx"]
