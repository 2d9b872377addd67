import csv
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import zoo
from tests.conftest import ROOT, random_score
from zoo.core.recipe import Recipe, adjusted
from zoo.errors import ArgumentError, DataError, TrainingError
from zoo.tasks.music.augment import transposed
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.task import TASK
from zoo.training import callbacks, fit, losses, optimizer
from zoo.training import learner as optimization
from zoo.training.batches import Windows

pytestmark = pytest.mark.filterwarnings("ignore:only .* optimizer steps")
SMALL = {"units": 8, "embedding": 2, "batch": 8, "window": 8, "learning_rate": 0.01,
         "dropout_recurrent": 0, "variational": False, "carry": False, "ema": 0}  # fmt: skip


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A dozen short pieces, all alike, so that a few epochs learn something."""
    path = tmp_path_factory.mktemp("midi")
    for i in range(12):
        zoo.Score([[72, 67, 60, 48 + i % 3], [zoo.HOLD] * 4, [74, 65, 62, 50], [zoo.HOLD] * 4] * 6).save(
            path / f"{i:02}.mid"
        )
    return path


@pytest.fixture(scope="session")
def run(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "a"
    card = zoo.train("lstm_music", out=out, data=folder, epochs=4, verbose=False, **SMALL)
    return out, card


def log(out):
    """The log, without the column that tells how fast the machine was."""
    with (out / "log.csv").open(newline="") as stream:
        return [{k: v for k, v in row.items() if k != "tokens_per_second"} for row in csv.DictReader(stream)]


def column(out, name):
    return [float(row[name]) for row in log(out)]


def test_run_leaves_a_preset_and_its_logs(run):
    out, card = run
    assert sorted(p.name for p in (out / "preset").iterdir()) == [
        "card.json",
        "codec.json",
        "curves.png",
        "log.csv",
        "weights.safetensors",
    ]
    assert (out / "log.csv").read_text() == (out / "preset/log.csv").read_text()
    assert len(log(out)) == 4
    assert log(out)[0].keys() == {"epoch", "learning_rate", "loss", "nats", "val_loss", "val_nats"}
    assert list((out / "tensorboard/train").glob("events*"))
    assert card == zoo.info(out / "preset")
    assert card.command.startswith("zoo train lstm_music --data")
    assert "--set epochs=4" in card.command
    assert card.metrics.keys() == {"valid"}  # one's own files have no test split
    assert card.parameters == zoo.load(out / "preset").engine.network.count_params()


def test_it_learns(run):
    losses = column(run[0], "val_nats")
    assert losses[-1] < 0.9 * losses[0]


def test_card_metric_is_that_of_the_stored_weights(run, folder):
    out, card = run
    measured = zoo.load(out / "preset").measure(TASK.read_folder(folder)["valid"])
    assert measured["nats_per_step"] == pytest.approx(card.metrics["valid"]["nats_per_step"], abs=1e-5)
    best = min(column(out, "val_nats"))
    assert measured["nats_per_token"] == pytest.approx(best, abs=2e-3)  # stored as float16


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


def test_loss_that_is_no_number_stops_the_run(folder, tmp_path, monkeypatch):
    write = callbacks.Checkpoint.on_epoch_end
    monkeypatch.setattr(
        callbacks.Checkpoint, "on_epoch_end", lambda s, e, logs=None: write(s, e, {callbacks.MONITOR: float("nan")})
    )
    with pytest.raises(TrainingError, match="a lower --set learning_rate .it was 0.01."):
        zoo.train("lstm_music", out=tmp_path / "n", data=folder, epochs=1, verbose=False, **SMALL)


def test_validation_metric_is_pooled():
    """A batch of short pieces counts by its tokens, not by its pieces."""
    rng = np.random.default_rng(0)
    metric, total, count = optimization.Nats(losses.CrossEntropy()), 0.0, 0
    for steps, real in ((4, 1), (9, 8)):
        logits, y = rng.normal(size=(3, steps, 5)).astype(np.float32), rng.integers(0, 5, (3, steps))
        weights = (np.arange(steps) < real).astype(np.float32) * np.ones((3, 1), np.float32)
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


def test_run_killed_while_it_replaced_its_checkpoint(run, folder, tmp_path):
    """Between two renames there is no checkpoint under its name."""
    import shutil

    out = tmp_path / "r"
    shutil.copytree(run[0], out)
    (out / ".checkpoint.abc/previous").mkdir(parents=True)
    (out / "checkpoint").rename(out / ".checkpoint.abc/checkpoint")
    again = zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=True, verbose=False, **SMALL)
    assert again.metrics == run[1].metrics
    assert log(out) == log(run[0])
    assert not list(out.glob(".*"))


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

    for name in ("state.json", "last.weights.h5", "best.safetensors"):
        out = tmp_path / name
        shutil.copytree(run[0], out)
        (out / "checkpoint" / name).write_text("{")
        with pytest.raises(TrainingError, match="start anew"):
            zoo.train("lstm_music", out=out, data=folder, epochs=4, resume=True, verbose=False, **SMALL)


def test_early_stopping(folder, tmp_path, monkeypatch):
    class Worse(callbacks.Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, {**logs, callbacks.MONITOR: float(epoch)})

    monkeypatch.setattr(fit, "Checkpoint", Worse)
    card = zoo.train("lstm_music", out=tmp_path / "d", data=folder, epochs=9, patience=2, verbose=False, **SMALL)
    assert card.epochs == 3
    assert json.loads((tmp_path / "d/checkpoint/state.json").read_text())["best_epoch"] == 1


@pytest.mark.parametrize("name", ["rnn_music", "stacked_lstm_music"])
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
    with pytest.raises(ArgumentError, match="units: those of the model to start from"):
        zoo.train("lstm_music", out=tmp_path / "f", data=folder, start=out / "preset", units=9, verbose=False)
    with pytest.raises(ArgumentError, match="units: those of the model to start from"):
        zoo.train("lstm_music", out=tmp_path / "e", resume=True, units=9, verbose=False)


def windows(pieces, augment=None, **changes):
    codec = MusicCodec()
    recipe = adjusted(Recipe(units=1, embedding=1, batch=4, window=5), changes)
    return Windows(pieces, codec, recipe, augment or transposed(pieces))


def test_windows_depend_on_seed_and_epoch_alone():
    pieces = [random_score(i, 20 + i, MusicCodec()) for i in range(6)]
    one, two = windows(pieces), windows(pieces)
    list(one.epoch(0))
    for epoch in (0, 3):
        for (xa, _, ya), (xb, _, yb) in zip(one.epoch(epoch), two.epoch(epoch), strict=True):
            np.testing.assert_array_equal(xa, xb)
            np.testing.assert_array_equal(ya, yb)
    first = [next(iter(w.epoch(e)))[2].tolist() for w, e in ((one, 0), (one, 1), (windows(pieces, seed=2), 0))]
    assert len({json.dumps(f) for f in first}) == 3


def test_windows_are_cut_from_the_pieces():
    pieces = [random_score(i, 23, MusicCodec()) for i in range(5)]
    lines = [MusicCodec().tokens(piece).tolist() for piece in pieces]
    stream = windows(pieces, augment=lambda i, _: pieces[i])
    batches = list(stream.epoch(0))
    assert len(batches) == stream.steps == 5 * 23 // 20
    for x, keep, y in batches:
        assert not keep.any()
        assert x.shape == (4, 20, MusicCodec().features)
        for row in y:
            real = row[row >= 0].tolist()
            assert real
            assert any(real == line[i : i + len(real)] for line in lines for i in range(0, len(line), 4))


def test_whole_pieces_of_like_length_share_a_batch(monkeypatch):
    monkeypatch.setattr("zoo.training.batches.POOL", 4)
    monkeypatch.setattr("zoo.training.batches.ROUND", 2)
    lengths = np.random.default_rng(0).permutation(np.arange(5, 200, 5))  # 39 pieces, 4 a batch
    pieces = [random_score(i, int(n), MusicCodec()) for i, n in enumerate(lengths)]
    lines = {tuple(MusicCodec().tokens(piece)) for piece in pieces}
    stream = windows(pieces, augment=lambda i, _: pieces[i], window=0)
    batches = list(stream.epoch(0))
    assert len(batches) == stream.steps == 9
    found = [tuple(row[row >= 0]) for _, _, y in batches for row in y]
    assert len(set(found)) == 36
    assert lines.issuperset(found)  # whole ones
    assert all(x.shape[1] % (2 * 4) == 0 and x.shape[:2] == y.shape and not keep.any() for x, keep, y in batches)
    padding = np.mean([(y < 0).mean() for _, _, y in batches])
    unsorted = np.mean([(1 - lengths[i : i + 4] / lengths[i : i + 4].max()).mean() for i in range(0, 36, 4)])
    assert padding < 0.6 * unsorted
    again = windows(pieces, augment=lambda i, _: pieces[i], window=0)
    assert [y.tolist() for _, _, y in again.epoch(0)] == [y.tolist() for _, _, y in batches]
    assert [y.tolist() for _, _, y in again.epoch(1)] != [y.tolist() for _, _, y in batches]
    [(x, _, _)] = windows(pieces[:3], augment=lambda i, _: pieces[i], window=0).epoch(0)
    assert len(x) == 3  # fewer pieces than a batch takes


def test_an_epoch_is_whole_executions():
    pieces = [random_score(i, 23, MusicCodec()) for i in range(5)]
    assert [windows(pieces, steps_per_execution=n).steps for n in (1, 2, 3, 5)] == [5, 4, 3, 5]
    with pytest.raises(ArgumentError, match="steps_per_execution=6: an epoch has 5 steps"):
        windows(pieces, steps_per_execution=6)


def test_whole_pieces_carry_nothing():
    with pytest.raises(ArgumentError, match="window=0"):
        adjusted(Recipe(units=1, embedding=1), {"window": 0, "carry": True})


@pytest.mark.parametrize(
    "bad", [{"epochs": 0}, {"units": 1.5}, {"dropout_in": 1}, {"learning_rate": -1}, {"colour": 1}, {"batch": True}]
)
def test_bad_settings_are_named(bad):
    with pytest.raises(ArgumentError, match=next(iter(bad))):
        zoo.train("lstm_music", out="runs/never", **bad)


def command(out, folder, *more, missing=()):
    """The command line, as on a machine where some packages are missing."""
    settings = {"epochs": 4, **SMALL}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    code = f"import sys; sys.modules |= dict.fromkeys({list(missing)}); from zoo.cli.main import main; main()"
    start = [sys.executable, "-c", code, "train", "lstm_music", "--out", str(out), "--data", str(folder)]
    return [*start, *words, *more]


def test_killed_process_resumes_with_the_same_losses(run, folder, tmp_path):
    """A real process, killed by the system in the middle of an epoch."""
    out = tmp_path / "killed"
    process = subprocess.Popen(command(out, folder), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = out / "checkpoint/state.json"
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -9
    assert 1 <= json.loads(state.read_text())["epoch"] < 4
    done = subprocess.run(command(out, folder, "--resume"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "parameters, 4 epochs" in done.stdout
    for key in ("loss", "val_nats"):
        np.testing.assert_allclose(column(out, key), column(run[0], key), rtol=1e-6)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_the_same_network(backend, run, folder, tmp_path):
    """Also where there is no TensorFlow."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    out = tmp_path / backend
    changed = ["--set", "ema=0.5", "--set", "epochs=2", "--set", "warmup=0"]
    words = command(out, folder, *changed, missing=["tensorflow", "tensorboard"])
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Keras's loop (the backend is" in done.stdout
    losses = column(out, "val_nats")
    assert losses[-1] < 0.99 * losses[0]
    assert backend in zoo.info(out / "preset").versions
    measured = zoo.load(out / "preset").measure(TASK.read_folder(folder)["valid"])  # here, on TensorFlow
    assert measured["nats_per_token"] == pytest.approx(min(losses), abs=2e-3)


SETTINGS = {
    "averaged, smoothed, mixed": {"ema": 0.8, "label_smoothing": 0.1, "precision": "mixed_bfloat16"},
    "carried, recurrent dropout": {"carry": True, "window": 4, "dropout_recurrent": 0.3, "variational": True},
    "whole pieces": {"window": 0, "batch": 2, "warmup": 0},
    "compiled": {"xla": True, "steps_per_execution": 2, "schedule": "linear"},
    "mixed, scaled": {"precision": "mixed_float16", "ema": 0.8},
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_train_and_keep_what_was_validated(settings, folder, tmp_path):
    changes = SMALL | {"epochs": 3} | SETTINGS[settings]
    card = zoo.train("gru_music", out=tmp_path / "s", data=folder, verbose=False, **changes)
    losses = column(tmp_path / "s", "val_nats")
    assert losses[-1] < 0.97 * losses[0]
    tolerance = 0.02 if "mixed" in settings else 2e-3
    assert card.metrics["valid"]["nats_per_token"] == pytest.approx(min(losses), abs=tolerance)
    assert {key: getattr(card.recipe, key) for key in changes} == changes


def test_averaged_weights_are_the_average(folder, tmp_path):
    import keras

    values = []

    class FramePrediction(callbacks.Progress):
        def on_train_batch_end(self, batch, logs=None):
            values.append(keras.ops.convert_to_numpy(self.model.network.get_layer("y").kernel))

        def on_epoch_end(self, epoch, logs=None):
            self.rate = 1
            super().on_epoch_end(epoch, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "Progress", FramePrediction)
        patch.setattr(optimization, "AVERAGED", 1)
        zoo.train("rnn_music", out=tmp_path / "a", data=folder, epochs=1, verbose=False, **SMALL | {"ema": 0.7})
    average = values[0]
    for value in values[1:]:
        average = 0.7 * average + 0.3 * value
    found = zoo.load(tmp_path / "a/preset").engine.network.get_layer("y").kernel
    np.testing.assert_allclose(found, average, atol=1e-3)  # stored as float16
    assert np.abs(average - values[-1]).max() > 3e-3


def test_carried_states_are_those_of_the_window_before():
    """Two windows in a row are one call of twice the length; where `keep` is 0 the state is zero again."""
    from zoo.networks.build import network
    from zoo.training.learner import compiled

    recipe = adjusted(Recipe(units=6, embedding=2, dropout_in=0, dropout_out=0, batch=4, carry=True), {})
    codec = MusicCodec()
    net = network(zoo.ARCHITECTURES["stacked_lstm"], codec, recipe)
    learner = compiled(net, recipe, 3)
    x = codec.example(np.random.default_rng(0), 4, 10)
    state = [np.zeros((4, 6), np.float32)] * 6
    whole = np.asarray(net([x, *state])[0])
    keep = np.array([[1], [1], [1], [0]], np.float32)
    learner((x[:, :5], np.zeros((4, 1))), training=True)
    found = np.asarray(learner((x[:, 5:], keep), training=True))
    np.testing.assert_allclose(found[:3], whole[:3, 5:], atol=1e-5)
    anew = np.asarray(net([x[:, 5:], *state])[0])
    np.testing.assert_allclose(found[3], anew[3], atol=1e-5)
    np.testing.assert_allclose(learner((x[:2, 5:], keep[:2])), anew[:2], atol=1e-5)  # not in training


def test_rows_of_carried_windows_follow_one_another():
    pieces = [random_score(i, 17 + 3 * i, MusicCodec()) for i in range(7)]
    lines = ["".join(map(chr, MusicCodec().tokens(piece))) for piece in pieces]
    stream = windows(pieces, augment=lambda i, _: pieces[i], carry=True)
    before, went_on = [""] * 4, 0
    for step, (_, keep, y) in enumerate(stream.epoch(0)):
        for row in range(4):
            text = "".join(map(chr, y[row][y[row] >= 0]))
            if keep[row, 0]:
                went_on += 1
                assert step
                assert any(before[row] + text in line for line in lines)
            before[row] = text
    assert went_on > 5


@pytest.mark.parametrize("shape", optimizer.SCHEDULES)
def test_learning_rates(shape):
    rate = optimizer.Schedule(0.1, warmup=10, total=110, shape=shape)
    values = np.array([float(rate(step)) for step in range(111)])
    np.testing.assert_allclose(values[:10], np.arange(1, 11) / 100, rtol=1e-5)
    middle, end = {"cosine": (0.5, 0), "linear": (0.5, 0), "exponential": (0.1, 0.01), "constant": (1, 1)}[shape]
    np.testing.assert_allclose(values[[60, 110]], [0.1 * middle, 0.1 * end], rtol=1e-4, atol=1e-8)


def test_short_runs_average_over_less():
    for ema, steps, expected in ((0.99, 10_000, 0.99), (0.99, 200, 0.95), (0.5, 200, 0.5), (0.99, 5, 0.0)):
        net = zoo.build("rnn_music", units=2, embedding=2)
        learner = optimization.compiled(net, Recipe(units=2, embedding=2, epochs=1, ema=ema), steps)
        assert learner.optimizer.ema_momentum == pytest.approx(expected)


def test_label_smoothing_is_that_of_the_whole_distribution():
    import keras

    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(3, 4, 5)).astype(np.float32), rng.integers(0, 5, (3, 4))
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)(np.eye(5)[y], logits)
    found = losses.CrossEntropy(0.2)(y, logits)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_frozen_layers_stay(run, folder, tmp_path):
    options = {
        "data": folder,
        "start": run[0] / "preset",
        "epochs": 1,
        "verbose": False,
        **{k: SMALL[k] for k in ("batch", "window")},
    }
    card = zoo.train("lstm_music", out=tmp_path / "z", freeze=["embedding", "recurrent_0"], **options)
    before, after = (zoo.load(path / "preset").engine.network for path in (run[0], tmp_path / "z"))
    for old, new in zip(before.weights, after.weights, strict=True):
        assert np.array_equal(old, new) == ("y/" not in old.path), old.path
    assert "--freeze embedding --freeze recurrent_0" in card.command
    with pytest.raises(ArgumentError, match="'cell'.*embedding, recurrent_0, y"):
        zoo.train("lstm_music", out=tmp_path / "y", freeze=["cell"], **options)


@pytest.mark.parametrize("place", ["checkpoint", "log"])
def test_full_disk_leaves_the_last_checkpoint(place, folder, tmp_path, monkeypatch):
    out, writes = tmp_path / "f", []

    def full(self, *args, **kwargs):
        writes.append(1)
        if len(writes) > 1:
            raise OSError(28, "No space left on device")
        return method(self, *args, **kwargs)

    import keras

    owner, name = (
        (keras.Model, "save_weights") if place == "checkpoint" else (keras.callbacks.CSVLogger, "on_epoch_end")
    )
    method = getattr(owner, name)
    monkeypatch.setattr(owner, name, full)
    with pytest.raises(DataError, match="No space left"):
        zoo.train("lstm_music", out=out, data=folder, epochs=3, verbose=False, **SMALL)
    assert json.loads((out / "checkpoint/state.json").read_text())["epoch"] == 1
    assert [p.name for p in out.glob(".*")] == []
    monkeypatch.undo()
    assert zoo.train("lstm_music", out=out, data=folder, epochs=3, resume=True, verbose=False, **SMALL).epochs == 3


def test_explosion_stops_within_the_epoch(folder, tmp_path):
    with pytest.raises(TrainingError, match="a lower --set learning_rate .it was 1e.38"):
        zoo.train(
            "rnn_music",
            out=tmp_path / "e",
            data=folder,
            epochs=2,
            verbose=False,
            **SMALL | {"learning_rate": 1e38, "warmup": 0},
        )


def test_data_larger_than_a_block_is_taken_block_by_block(monkeypatch):
    """Random blocks of pieces, no more than about a block encoded at once, so many steps an epoch as asked for."""
    pieces = [random_score(i, 20 + i, MusicCodec()) for i in range(12)]
    lines = [MusicCodec().tokens(piece).tolist() for piece in pieces]
    monkeypatch.setattr("zoo.training.batches.BLOCK", 400)
    stream = windows(pieces, augment=lambda i, _: pieces[i])
    encoded, encode = [], stream.codec.encode
    monkeypatch.setattr(
        stream.codec, "encode", lambda pieces: encoded.append(sum(map(len, pieces)) * 4) or encode(pieces)
    )
    rows = [row for _, _, y in stream.epoch(0) for row in y]
    assert len(rows) == 4 * stream.steps
    assert len(encoded) > 1
    assert max(encoded) <= 400 + 31 * 4
    found = set()
    for row in rows:
        real = row[row >= 0].tolist()
        found |= {n for n, line in enumerate(lines) for i in range(0, len(line), 4) if real == line[i : i + len(real)]}
    assert len(found) > 8
    again = windows(pieces, augment=lambda i, _: pieces[i], epoch_steps=2)
    assert len(list(again.epoch(3))) == again.steps == 2
