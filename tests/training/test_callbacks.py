import json

import pytest

import zoo
from tests.training.processes import python_code
from tests.training.runs import FEW_STEPS, SMALL, words
from zoo.errors import DataError, TrainingError
from zoo.training import callbacks

pytestmark = FEW_STEPS


def test_loss_that_is_no_number_stops_the_run(folder, tmp_path, monkeypatch):
    write = callbacks.Checkpoint.on_epoch_end
    monkeypatch.setattr(
        callbacks.Checkpoint, "on_epoch_end", lambda s, e, logs=None: write(s, e, {s.monitor: float("nan")})
    )
    with pytest.raises(TrainingError, match="a lower --set learning_rate .now 0.01."):
        zoo.train("lstm_music", out=tmp_path / "n", data=folder, epochs=1, verbose=False, **SMALL)


def test_explosion_stops_within_the_epoch(folder, tmp_path):
    with pytest.raises(TrainingError, match="a lower --set learning_rate .now 1e.38"):
        zoo.train(
            "rnn_music",
            out=tmp_path / "e",
            data=folder,
            epochs=2,
            verbose=False,
            **SMALL | {"learning_rate": 1e38, "warmup": 0},
        )


@pytest.mark.parametrize("place", ["checkpoint", "log"])
def test_full_disk_leaves_the_last_checkpoint(place, folder, tmp_path, monkeypatch):
    out, writes = tmp_path / "f", []

    def full(self, *args, **kwargs):
        writes.append(1)
        if len(writes) > 1:
            raise OSError(28, "No space left on device")
        return method(self, *args, **kwargs)

    import keras

    owner, name = (callbacks, "_variables") if place == "checkpoint" else (keras.callbacks.CSVLogger, "on_epoch_end")
    method = getattr(owner, name)
    monkeypatch.setattr(owner, name, full)
    with pytest.raises(DataError, match="No space left"):
        zoo.train("lstm_music", out=out, data=folder, epochs=3, verbose=False, **SMALL)
    assert json.loads((out / "checkpoint/state.json").read_text())["epoch"] == 1
    assert [p.name for p in out.glob(".*")] == []
    monkeypatch.undo()
    assert zoo.train("lstm_music", out=out, data=folder, epochs=3, resume=True, verbose=False, **SMALL).epochs == 3


def test_a_disk_that_is_really_full_ends_a_run_in_one_line(run, folder, tmp_path):
    """A process whose files end just before its checkpoint does."""
    most = (run[0] / "checkpoint/last.safetensors").stat().st_size - 1
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))\n"
        "from zoo.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    out = tmp_path / "f"
    status, said = python_code(tmp_path / "said", code, *words(out, folder)).end(120)
    lines = said.replace("\r", "\n").strip().splitlines()
    assert lines[-1] == f"Error: cannot write {out}/checkpoint: File too large; nothing was changed"
    assert (status, said.count("Error")) == (1, 1)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]
