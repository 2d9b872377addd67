"""Runs that are stopped, resumed, damaged or mixed up."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

import zoo
from tests.conftest import ROOT
from tests.training.processes import zoo_command
from tests.training.runs import FEW_STEPS, SMALL, column, log, words
from zoo.core.files import PREVIOUS
from zoo.errors import TrainingError
from zoo.training import callbacks
from zoo.training.run_folder import LOCK

pytestmark = FEW_STEPS


def test_killed_run_resumes_as_if_nothing_had_happened(run, folder, tmp_path, monkeypatch):
    whole, _ = run
    out = tmp_path / "b"
    options = {"out": out, "data": folder, "epochs": 4, "verbose": False, **SMALL}

    def killed(self, epoch, logs=None):
        write(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    write = callbacks.Checkpoint.on_epoch_end
    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            zoo.train("lstm_music", **options)
    assert not (out / "preset").exists()
    card = zoo.train("lstm_music", out=out, resume=True, verbose=False)  # as it was asked before
    assert card.command.startswith("zoo train lstm_music --data")
    assert "--set epochs=4" in card.command
    assert log(out) == log(whole)
    assert (out / "preset/weights.safetensors").read_bytes() == (whole / "preset/weights.safetensors").read_bytes()


def test_run_killed_in_its_first_epoch_resumes(run, folder, tmp_path, monkeypatch):
    """The log already has the row of an epoch that no checkpoint knows."""
    options = {"out": tmp_path / "k", "data": folder, "epochs": 4, "verbose": False, **SMALL}

    def killed(self, epoch, logs=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            zoo.train("lstm_music", **options)
    zoo.train("lstm_music", resume=True, **options)
    assert log(tmp_path / "k") == log(run[0])


def test_resuming_a_finished_run_trains_nothing_more(run, folder, tmp_path):
    import shutil

    out = tmp_path / "c"
    shutil.copytree(run[0], out)
    again = zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=True, verbose=False, **SMALL)
    assert again.metrics == run[1].metrics
    assert log(out) == log(run[0])


def test_run_killed_while_it_replaced_its_checkpoint(run, folder, tmp_path):
    """Between two renames there is no checkpoint under its name."""
    import shutil

    out = tmp_path / "r"
    shutil.copytree(run[0], out)
    (out / ".x.zoo-tmp" / PREVIOUS).mkdir(parents=True)
    (out / "checkpoint").rename(out / ".x.zoo-tmp/checkpoint")
    again = zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=True, verbose=False, **SMALL)
    assert again.metrics == run[1].metrics
    assert log(out) == log(run[0])
    assert not list(out.glob(".*"))


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_that_another_process_trains_in_is_refused(resume, run, folder, tmp_path):
    import shutil

    out = tmp_path / "r"
    shutil.copytree(run[0], out)
    code = (
        "import sys\nfrom pathlib import Path\nfrom zoo.training.run_folder import owned\n"
        "with owned(Path(sys.argv[1])): print('mine', flush=True); input()"
    )
    process = subprocess.Popen([sys.executable, "-c", code, out], cwd=ROOT, stdin=-1, stdout=-1, text=True)
    try:
        assert process.stdout.readline() == "mine\n"
        with pytest.raises(TrainingError, match=f"in use by process {process.pid}: wait until it ends, or choose"):
            zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=resume, verbose=False, **SMALL)
    finally:
        process.kill()
        process.communicate()
    assert (out / LOCK).read_text() == str(process.pid)
    zoo.train("lstm_music", out=out, resume=True, verbose=False)
    assert not (out / LOCK).exists()


def test_a_run_that_cannot_begin_leaves_no_folder(folder, tmp_path):
    with pytest.raises(zoo.DataError):
        zoo.train("lstm_music", out=tmp_path / "a/b", data=tmp_path / "nothing", verbose=False)
    assert not list(tmp_path.iterdir())


def test_run_folders_are_not_mixed_up(run, folder, tmp_path):
    out, _ = run
    with pytest.raises(TrainingError, match="--resume"):
        zoo.train("lstm_music", out=out, data=folder, verbose=False)
    with pytest.raises(TrainingError, match="another recipe"):
        zoo.train("lstm_music", out=out, data=folder, epochs=9, resume=True, verbose=False)
    with pytest.raises(TrainingError, match="another name, lstm_music: resume that, or choose another --out"):
        zoo.train("lstm_text", out=out, data=folder, resume=True, verbose=False)
    with pytest.raises(TrainingError, match="no run to resume"):
        zoo.train("lstm_music", out=tmp_path / "none", data=folder, resume=True, verbose=False)


def test_damaged_checkpoint(run, folder, tmp_path):
    import shutil

    for name in ("state.json", "last.safetensors", "best.safetensors"):
        out = tmp_path / name
        shutil.copytree(run[0], out)
        (out / "checkpoint" / name).write_text("{")
        with pytest.raises(TrainingError, match="start anew"):
            zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=True, verbose=False, **SMALL)


def test_killed_process_resumes_with_the_same_losses(run, folder, tmp_path):
    """A real process, killed by the system in the middle of an epoch."""
    out = tmp_path / "killed"
    process = zoo_command(tmp_path / "said", *words(out, folder))
    state = out / "checkpoint/state.json"
    deadline = time.monotonic() + 120
    while not state.exists() and process.running() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.end(60)[0] == -9
    assert 1 <= json.loads(state.read_text())["epoch"] < 4
    status, told = zoo_command(tmp_path / "said", *words(out, folder, "--resume")).end(120)
    assert status == 0, told
    assert "parameters, 4 epochs" in told
    for key in ("loss", "val_nats"):
        np.testing.assert_allclose(column(out, key), column(run[0], key), rtol=1e-6)
