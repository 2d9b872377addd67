import numpy as np
import pytest

from tests.tasks.speech.recognizers import random_rows, texts_by_force
from zoo.training import losses


def test_label_smoothing_is_that_of_the_whole_distribution():
    import keras

    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(3, 4, 5)).astype(np.float32), rng.integers(0, 5, (3, 4))
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)(np.eye(5)[y], logits)
    found = losses.CrossEntropy(0.2)(y, logits)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_is_the_sum_over_alignments(smoothing):
    from keras import ops

    from zoo.training.losses import CTCLoss

    logits = np.log(np.stack([random_rows(0), random_rows(1)])).astype(np.float32)
    y = np.array([[1, 2, -1], [0, -1, -1]])
    plain = np.array([-np.log(texts_by_force(random_rows(i), " AB")[t][0]) / len(t) for i, t in enumerate(("AB", " "))])
    spread = (-logits.mean(-1)).mean(1)
    found = ops.convert_to_numpy(CTCLoss(smoothing).call(y, logits))
    np.testing.assert_allclose(found, (1 - smoothing) * plain + smoothing * spread, rtol=1e-4)
    targets, counts = CTCLoss.targets(y, np)
    assert counts.tolist() == [2, 1]
    assert targets is y


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_pooled_loss_is_that_of_the_mean_of_the_steps_that_count(smoothing):
    import keras
    from keras import ops

    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(3, 6, 4)).astype(np.float32), np.full((3, 6, 4), -1, np.float32)
    share = np.float32([[0, 1, 0, 0], [0.75, 0, 0, 0.25], [0, 0, 1, 0]])
    y[0, 2:5], y[1] = share[0], share[1]  # the third has no step that counts
    means = np.stack([logits[0, 2:5].mean(0), logits[1].mean(0)])
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction="none")
    loss = losses.PooledCrossEntropy(smoothing)
    np.testing.assert_allclose(ops.convert_to_numpy(loss.call(y, logits))[:2], expected(share[:2], means), rtol=1e-5)
    targets, weights = loss.targets(y, np)
    assert targets is y
    assert weights.tolist() == [1, 1, 0]
    right = ops.convert_to_numpy(losses.PooledAccuracy().call(y, logits))[:2]
    assert right.tolist() == (means.argmax(1) == [1, 0]).tolist()


@pytest.mark.parametrize("cls", [losses.CrossEntropy, losses.BinaryCrossEntropy, losses.PooledCrossEntropy])
def test_distance_from_teachers_is_the_loss_of_their_mean(cls):
    """Least where the outputs are the teachers' mean distribution, and the loss itself of teachers that are certain."""
    from keras import ops

    rng = np.random.default_rng(0)
    logits, *teachers = rng.normal(size=(3, 2, 6, 4)).astype(np.float32)
    y = np.full((2, 6, 4), 0.25, np.float32)
    shares = {
        losses.CrossEntropy: lambda one: ops.softmax(one),
        losses.BinaryCrossEntropy: lambda one: ops.sigmoid(one),
        losses.PooledCrossEntropy: lambda one: ops.broadcast_to(ops.softmax(ops.mean(one, 1))[:, None], one.shape),
    }[cls]
    mean = np.mean([ops.convert_to_numpy(shares(one)) for one in teachers], 0)
    best = np.log(mean) - (np.log1p(-mean) if cls is losses.BinaryCrossEntropy else 0)
    loss = cls()
    least = ops.convert_to_numpy(loss.taught(y, best.astype(np.float32), teachers))
    assert (ops.convert_to_numpy(loss.taught(y, logits, teachers)) > least + 0.01).all()
    for step in rng.normal(scale=0.01, size=(5, *best.shape)):
        assert (ops.convert_to_numpy(loss.taught(y, (best + step).astype(np.float32), teachers)) > least - 1e-6).all()
    certain = {
        losses.CrossEntropy: np.array([[1, 0, 3, 2, 0, 1]] * 2),
        losses.BinaryCrossEntropy: np.eye(4, dtype=np.float32)[[[1, 0, 3, 2, 0, 1]] * 2],
        losses.PooledCrossEntropy: np.tile(np.eye(4, dtype=np.float32)[[[2]]], (2, 6, 1)),
    }[cls]
    sure = (np.eye(4)[certain] if certain.ndim == 2 else certain) * 80 - 40
    found = ops.convert_to_numpy(loss.taught(y, logits, [sure.astype(np.float32)]))
    np.testing.assert_allclose(found, ops.convert_to_numpy(loss.call(certain, logits)), rtol=1e-4)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_sequences_of_one_class_count_as_wholes_too(smoothing):
    rng = np.random.default_rng(0)
    y = np.array([[1, 1, 1, -1], [-1, 2, 2, 2], [0, 1, 1, -1], [-1, -1, -1, -1]], np.int32)
    logits = rng.normal(size=(4, 4, 3)).astype(np.float32)
    loss, steps = losses.ClipCrossEntropy(smoothing), losses.CrossEntropy(smoothing)
    targets, weights = loss.targets(y, np)
    assert (targets == y).all()
    assert (weights == (y >= 0)).all()
    every, found = (np.asarray(each.call(np.asarray(targets), logits)) for each in (steps, loss))
    for row, (label, frames) in enumerate(((1, slice(0, 3)), (2, slice(1, 4)))):
        mean = logits[row, frames].mean(0, keepdims=True)[None]
        clip = float(np.asarray(steps.call(np.array([[label]]), mean)).item())
        np.testing.assert_allclose(found[row, frames] - every[row, frames], clip, rtol=1e-5)
    np.testing.assert_allclose(found[2:], every[2:], rtol=1e-6)
    assert np.isfinite(found).all()
