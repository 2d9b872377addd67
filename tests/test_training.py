import json

import numpy as np
import pytest

import zoo
from tests.conftest import random_score
from zoo import training
from zoo.errors import ArgumentError, DataError, TrainingError
from zoo.tasks import Recipe, adjusted
from zoo.tasks.music import TASK, MusicCodec, transposed

pytestmark = pytest.mark.filterwarnings("ignore:only .* optimizer steps")
SMALL = {"units": 8, "embedding": 2, "batch": 8, "window": 8, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A dozen short pieces, all alike, so that a few epochs learn something."""
    path = tmp_path_factory.mktemp("midi")
    for i in range(12):
        zoo.Score([[72, 67, 60, 48 + i % 3], [zoo.HOLD] * 4, [74, 65, 62, 50], [zoo.HOLD] * 4] * 6).save(
            path / f"{i:02}.mid"
        )
    return path


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "a"
    card = zoo.train("lstm_music", out=out, data=folder, epochs=4, verbose=False, **SMALL)
    return out, card


def log(out):
    return (out / "log.csv").read_text()


def test_run_leaves_a_preset_and_its_logs(run):
    out, card = run
    assert sorted(p.name for p in (out / "preset").iterdir()) == [
        "card.json",
        "codec.json",
        "log.csv",
        "weights.safetensors",
    ]
    assert log(out) == (out / "preset/log.csv").read_text()
    assert len(log(out).splitlines()) == 5
    assert list((out / "tensorboard/train").glob("events*"))
    assert card == zoo.info(out / "preset")
    assert card.command.startswith("zoo train lstm_music --data")
    assert "--epochs 4" in card.command
    assert card.metrics.keys() == {"valid"}  # one's own files have no test split
    assert card.parameters == zoo.load(out / "preset").engine.network.count_params()


def test_it_learns(run):
    losses = [float(line.split(",")[-1]) for line in log(run[0]).splitlines()[1:]]
    assert losses[-1] < 0.9 * losses[0]


def test_card_metric_is_that_of_the_stored_weights(run, folder):
    out, card = run
    measured = zoo.load(out / "preset").score(TASK.read_folder(folder)["valid"])
    assert measured["nats_per_step"] == pytest.approx(card.metrics["valid"]["nats_per_step"], abs=1e-5)
    best = min(float(line.split(",")[-1]) for line in log(out).splitlines()[1:])
    assert measured["nats_per_token"] == pytest.approx(best, abs=2e-3)  # stored as float16


def test_killed_run_resumes_as_if_nothing_had_happened(run, folder, tmp_path, monkeypatch):
    whole, _ = run
    out = tmp_path / "b"
    options = {"out": out, "data": folder, "epochs": 4, "verbose": False, **SMALL}

    def killed(self, epoch, logs=None):
        write(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    write = training.Checkpoint.on_epoch_end
    with monkeypatch.context() as patch:
        patch.setattr(training.Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            zoo.train("lstm_music", **options)
    assert not (out / "preset").exists()
    zoo.train("lstm_music", resume=True, **options)
    assert log(out) == log(whole)
    assert (out / "preset/weights.safetensors").read_bytes() == (whole / "preset/weights.safetensors").read_bytes()


def test_run_killed_in_its_first_epoch_resumes(run, folder, tmp_path, monkeypatch):
    """The log already has the row of an epoch that no checkpoint knows."""
    options = {"out": tmp_path / "k", "data": folder, "epochs": 4, "verbose": False, **SMALL}

    def killed(self, epoch, logs=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            zoo.train("lstm_music", **options)
    zoo.train("lstm_music", resume=True, **options)
    assert log(tmp_path / "k") == log(run[0])


def test_loss_that_is_no_number_stops_the_run(folder, tmp_path, monkeypatch):
    write = training.Checkpoint.on_epoch_end
    monkeypatch.setattr(
        training.Checkpoint, "on_epoch_end", lambda s, e, logs=None: write(s, e, {training.MONITOR: float("nan")})
    )
    with pytest.raises(TrainingError, match="lower --learning-rate"):
        zoo.train("lstm_music", out=tmp_path / "n", data=folder, epochs=1, verbose=False, **SMALL)


def test_validation_metric_is_pooled():
    """A batch of short pieces counts by its tokens, not by its pieces."""
    rng = np.random.default_rng(0)
    metric, total, count = training.Nats(), 0.0, 0
    for time, real in ((4, 1), (9, 8)):
        logits, y = rng.normal(size=(3, time, 5)).astype(np.float32), rng.integers(0, 5, (3, time))
        weights = (np.arange(time) < real).astype(np.float32) * np.ones((3, 1), np.float32)
        metric.update_state(y, logits, weights)
        nats = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, y[..., None], -1)[..., 0]
        total, count = total + (nats * weights).sum(), count + weights.sum()
    assert float(metric.result()) == pytest.approx(total / count, rel=1e-5)


def test_few_steps_are_noticed(folder, tmp_path):
    with pytest.warns(UserWarning, match="only 3 optimizer steps"):
        zoo.train("lstm_music", out=tmp_path / "w", data=folder, epochs=1, verbose=False, **SMALL)


def test_start_of_another_kind_leaves_the_folder_free(run, folder, tmp_path):
    with pytest.raises(TrainingError, match="same kind"):
        zoo.train("gru_music", out=tmp_path / "g", data=folder, start=run[0] / "preset", verbose=False)
    assert not (tmp_path / "g").exists()


def test_resuming_a_finished_run_trains_nothing_more(run, folder, tmp_path):
    import shutil

    out = tmp_path / "c"
    shutil.copytree(run[0], out)
    again = zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=True, verbose=False, **SMALL)
    assert again.metrics == run[1].metrics
    assert log(out) == log(run[0])


def test_run_folders_are_not_mixed_up(run, folder, tmp_path):
    out, _ = run
    with pytest.raises(TrainingError, match="--resume"):
        zoo.train("lstm_music", out=out, data=folder, verbose=False)
    with pytest.raises(TrainingError, match="another recipe"):
        zoo.train("lstm_music", out=out, data=folder, epochs=9, resume=True, verbose=False)
    with pytest.raises(TrainingError, match="no run to resume"):
        zoo.train("lstm_music", out=tmp_path / "none", data=folder, resume=True, verbose=False)


def test_damaged_checkpoint(run, folder, tmp_path):
    import shutil

    for name in ("state.json", "last.weights.h5", "best.weights.h5"):
        out = tmp_path / name
        shutil.copytree(run[0], out)
        (out / "checkpoint" / name).write_text("{")
        with pytest.raises(TrainingError, match="start anew"):
            zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=True, verbose=False, **SMALL)


def test_early_stopping(folder, tmp_path, monkeypatch):
    class Worse(training.Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, {**logs, training.MONITOR: float(epoch)})

    monkeypatch.setattr(training, "Checkpoint", Worse)
    card = zoo.train("lstm_music", out=tmp_path / "d", data=folder, epochs=9, patience=2, verbose=False, **SMALL)
    assert card.epochs == 3
    assert json.loads((tmp_path / "d/checkpoint/state.json").read_text())["best_epoch"] == 1


@pytest.mark.parametrize("name", ["gru_music", "rnn_music", "stacked_lstm_music"])
def test_other_architectures_need_no_other_loop(folder, tmp_path, name):
    card = zoo.train(name, out=tmp_path / name, data=folder, epochs=1, verbose=False, **SMALL)
    assert zoo.load(tmp_path / name / "preset").generate(bars=1, seed=1).voices == 4
    assert card.architecture == name.rpartition("_")[0]


def test_fine_tuning_starts_from_the_weights(run, folder, tmp_path):
    out, card = run
    tuned = zoo.train(
        "lstm_music", out=tmp_path / "e", data=folder, start=out / "preset", epochs=1, batch=8, window=8, verbose=False
    )
    assert tuned.recipe.units == card.recipe.units
    assert tuned.metrics["valid"]["nats_per_token"] < card.metrics["valid"]["nats_per_token"] + 0.1
    random_score(0, codec=MusicCodec(4, 20, 25)).save(tmp_path / "low.mid")
    random_score(1, codec=MusicCodec(4, 20, 25)).save(tmp_path / "lower.mid")
    with pytest.raises(DataError, match="no piece of train fits"), pytest.warns(UserWarning, match="transpose"):
        zoo.train("lstm_music", out=tmp_path / "f", data=tmp_path, start=out / "preset", verbose=False)


def windows(pieces, augment=None, **changes):
    codec = MusicCodec()
    recipe = adjusted(Recipe(units=1, embedding=1, batch=4, window=5), changes)
    return training.Windows(pieces, codec, recipe, augment or transposed(pieces))


def test_windows_depend_on_seed_and_epoch_alone():
    pieces = [random_score(i, 20 + i, MusicCodec()) for i in range(6)]
    one, two = windows(pieces), windows(pieces)
    list(one.epoch(0))
    for epoch in (0, 3):
        for (xa, ya), (xb, yb) in zip(one.epoch(epoch), two.epoch(epoch), strict=True):
            np.testing.assert_array_equal(xa, xb)
            np.testing.assert_array_equal(ya, yb)
    first = [next(iter(w.epoch(e)))[1].tolist() for w, e in ((one, 0), (one, 1), (windows(pieces, seed=2), 0))]
    assert len({json.dumps(f) for f in first}) == 3


def test_windows_are_cut_from_the_pieces():
    pieces = [random_score(i, 23, MusicCodec()) for i in range(5)]
    lines = [MusicCodec().tokens(piece).tolist() for piece in pieces]
    stream = windows(pieces, augment=lambda i, _: pieces[i])
    batches = list(stream.epoch(0))
    assert len(batches) == stream.steps == 5 * 23 // 20
    for x, y in batches:
        assert x.shape == (4, 20, 10)
        for row in y:
            real = row[row >= 0].tolist()
            assert real
            assert any(real == line[i : i + len(real)] for line in lines for i in range(0, len(line), 4))


@pytest.mark.parametrize(
    "bad", [{"epochs": 0}, {"units": 1.5}, {"dropout_in": 1}, {"learning_rate": -1}, {"colour": 1}, {"batch": True}]
)
def test_bad_settings_are_named(bad):
    with pytest.raises(ArgumentError, match=next(iter(bad))):
        zoo.train("lstm_music", out="runs/never", **bad)
