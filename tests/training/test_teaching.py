"""Knowledge distillation: a network learns what its teachers return for the same inputs."""

import numpy as np
import pytest

import zoo
from tests.training.runs import FEW_STEPS, SMALL
from zoo.errors import ArgumentError, TrainingError

pytestmark = FEW_STEPS
RUN = {**SMALL, "epochs": 6, "taught": 1.0, "dropout_in": 0, "dropout_out": 0, "verbose": False}


def shares(preset, pieces):
    import keras

    model = zoo.load(preset, engine="keras")
    x, _ = model.codec.encode(pieces)
    y = np.exp(keras.ops.convert_to_numpy(model.engine.network([x, *model.engine.initial_state(len(x))])[0]))
    return y / y.sum(-1, keepdims=True)


@pytest.mark.slow
def test_a_network_comes_near_to_its_teachers(run, folder, tmp_path):
    """As near as `taught` says, to a teacher of another architecture that has learned less than the data tells."""
    from zoo.core.task import find

    pieces, teacher = find("music").read_own(folder, {"voices": 0})["valid"], run[0] / "preset"
    distances = []
    for taught in (0.0, 1.0):
        out = tmp_path / str(taught)
        card = zoo.train("gru_music", out=out, data=folder, teachers=[teacher], **RUN | {"taught": taught})
        distances.append(np.abs(shares(out / "preset", pieces) - shares(teacher, pieces)).sum(-1).mean())
    assert distances[1] < distances[0] / 2
    assert card.data["teachers"] == f"lstm_music, sha256 {run[1].weights_sha256}"
    assert f"--teacher {teacher}" in card.command


def test_a_resumed_run_has_the_same_teachers(run, folder, tmp_path):
    from tests.training.runs import log

    given = {"data": folder, "teachers": [run[0] / "preset"]}
    zoo.train("gru_music", out=tmp_path / "a", **given, **RUN | {"epochs": 1})
    zoo.train("gru_music", out=tmp_path / "a", resume=True, epochs=1, verbose=False)
    assert len(log(tmp_path / "a")) == 1
    with pytest.raises(TrainingError, match="another teachers"):
        zoo.train("gru_music", out=tmp_path / "a", resume=True, teachers=[tmp_path / "a/preset"], verbose=False)


@pytest.mark.parametrize(
    ("name", "teacher", "changes", "message"),
    [
        ("gru_text", "lstm_music", {}, "lstm_music cannot be a teacher: it takes other inputs"),
        ("gru_music", "bilstm_music", {}, "bilstm_music cannot be a teacher: it takes other inputs"),
        ("gru_music", "lstm_music", {"carry": True}, "carry=true: teachers start every window from zero states"),
    ],
)
def test_teachers_that_do_not_fit(name, teacher, changes, message, folder, tmp_path):
    (tmp_path / "book.txt").write_text("Was du ererbt von deinen Vätern hast,\n\nerwirb es, um es zu besitzen.\n" * 9)
    data = folder if name.endswith("music") else tmp_path / "book.txt"
    with pytest.raises((ArgumentError, TrainingError), match=message):
        zoo.train(name, out=tmp_path / "a", data=data, teachers=[teacher], **RUN | changes)
    assert not (tmp_path / "a").exists()


def test_a_loss_of_whole_sequences_cannot_be_taught(tmp_path):
    with pytest.raises(ArgumentError, match="gru_speech cannot learn from teachers"):
        zoo.train("gru_speech", out=tmp_path / "a", teachers=["lstm_speech"], verbose=False)
