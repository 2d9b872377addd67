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
