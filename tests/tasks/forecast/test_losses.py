"""The loss of forecasts: the quantile losses of its levels, weighted; persistence teaches its own output alone."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.tasks.forecast import head
from zoo.tasks.forecast.codec import SeriesCodec
from zoo.tasks.forecast.losses import COUNTS, LEVELS, PERSISTENCE, quantile_loss
from zoo.tasks.forecast.series import Series

VALUES = 20 + np.sin(np.arange(300) * np.pi / 12) + np.random.default_rng(0).standard_normal(300) / 9
_, Y = SeriesCodec().encode([Series("a", VALUES, horizon=24, seasons=(24, 168))])


def test_quantile_losses():
    loss, outputs = quantile_loss(), np.random.default_rng(1).standard_normal((1, Y.shape[1], head.OUTPUTS)).astype("f")
    outputs[..., -1] = 0
    target, counted = loss.targets(Y, np)
    assert counted.sum() == 24
    found = head.shape(np, outputs.astype(float), target[..., 2:])
    errors = [target[..., 0] - head.place(np, found, np.log(p / (1 - p))) for p in LEVELS]
    pinball = [np.where(e > 0, p * e, (p - 1) * e) for p, e in zip(LEVELS, errors, strict=True)]
    right = target[..., 1] * np.average(pinball, axis=0, weights=COUNTS) * 2
    values = ops.convert_to_numpy(loss.call(target, outputs))
    assert np.abs(values - right)[counted > 0].max() < 10 * PERSISTENCE
    assert abs(float(loss(target, outputs, counted)) - values[counted > 0].mean()) < 1e-4


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes gradients with TensorFlow")
def test_persistence_is_learned_alone():
    import tensorflow as tf

    loss, outputs = quantile_loss(), tf.Variable(tf.zeros((1, Y.shape[1], head.OUTPUTS)))
    target, counted = loss.targets(Y, np)
    slopes = []
    for weight in (1.0, 0.0):
        target[..., 1] *= weight
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(loss.call(tf.constant(target), outputs) * counted)
        slopes.append(np.abs(tape.gradient(value, outputs).numpy()).sum((0, 1)) > 0)
    assert slopes[0].all()
    assert list(np.flatnonzero(slopes[1])) == [head.OUTPUTS - 1]


def test_distance_from_teachers_is_that_of_their_mean_quantiles():
    rng = np.random.default_rng(2)
    own, *teachers = rng.standard_normal((3, 1, Y.shape[1], head.OUTPUTS)).astype("f")
    target, _ = quantile_loss().targets(Y, np)
    found, *others = (head.shape(np, one.astype(float), target[..., 2:]) for one in (own, *teachers))
    right = 0
    for p, count in zip(LEVELS, COUNTS, strict=True):
        logit = np.log(p / (1 - p))
        distance = head.place(np, found, logit) - np.mean([head.place(np, one, logit) for one in others], 0)
        right += count / sum(COUNTS) * np.abs(distance)
    values = ops.convert_to_numpy(quantile_loss().taught(target, own, teachers))
    assert np.abs(values - target[..., 1] * right).max() < 0.02 * target[..., 1].max() + 4 * PERSISTENCE
    same = ops.convert_to_numpy(quantile_loss().taught(target, own, [own]))
    assert np.abs(same).max() < 1e-6
