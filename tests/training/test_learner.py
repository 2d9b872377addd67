import numpy as np
import pytest

import zoo
from tests.training.runs import FEW_STEPS, SMALL
from zoo.core.recipe import Recipe, adjusted
from zoo.tasks.music.codec import MusicCodec
from zoo.training import callbacks, fit, losses
from zoo.training.learner import Average, compiled

pytestmark = FEW_STEPS


def test_validation_metric_is_pooled():
    """A batch of short pieces counts by its tokens, not by its pieces."""
    rng = np.random.default_rng(0)
    metric, total, count = Average("nats", losses.CrossEntropy()), 0.0, 0
    for steps, real in ((4, 1), (9, 8)):
        logits, y = rng.normal(size=(3, steps, 5)).astype(np.float32), rng.integers(0, 5, (3, steps))
        weights = (np.arange(steps) < real).astype(np.float32) * np.ones((3, 1), np.float32)
        metric.update_state(y, logits, weights)
        nats = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, y[..., None], -1)[..., 0]
        total, count = total + (nats * weights).sum(), count + weights.sum()
    assert float(metric.result()) == pytest.approx(total / count, rel=1e-5)


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
        patch.setattr("zoo.training.learner.AVERAGED", 1)
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


def test_short_runs_average_over_less():
    for ema, steps, expected in ((0.99, 10_000, 0.99), (0.99, 200, 0.95), (0.5, 200, 0.5), (0.99, 5, 0.0)):
        net = zoo.build("rnn_music", units=2, embedding=2)
        learner = compiled(net, Recipe(units=2, embedding=2, epochs=1, ema=ema), steps)
        assert learner.optimizer.ema_momentum == pytest.approx(expected)
