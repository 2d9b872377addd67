"""What is changed in a Keras model while it is traced, and that it is as before afterwards."""

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.patching import in_float32, patched, without_losses
from tests.conftest import FEATURES
from zoo.errors import UnsupportedLayer

X = np.ones((2, 3, FEATURES), np.float32)


class Stop(Exception):
    pass


def small(**options):
    return keras.Sequential([keras.Input((None, FEATURES)), layers.GRU(2, name="gru", **options)])


@pytest.mark.parametrize("fails", [True, False])
def test_losses_of_a_block_are_discarded_and_those_before_it_stay(fails):
    model = small(activity_regularizer=keras.regularizers.L2(1.0))
    model(X)
    before = [float(loss) for loss in model.losses]
    assert len(before) == 1
    try:
        with without_losses(model):
            model(3 * X)
            assert float(model.losses[0]) != before[0]
            if fails:
                raise Stop
    except Stop:
        pass
    assert [float(loss) for loss in model.losses] == before
    model(3 * X)
    assert len(model.losses) == 1
    assert float(model.losses[0]) != before[0]


@pytest.mark.parametrize("fails", [True, False])
def test_patched_sets_what_a_layer_has_and_puts_it_back(fails):
    cell = layers.GRUCell(2, dropout=0.25)
    before = dict(vars(cell))
    try:
        with patched(cell, dropout=0.0, recurrent_dropout=0.5, unknown=1):
            assert (cell.dropout, cell.recurrent_dropout) == (0.0, 0.5)
            assert not hasattr(cell, "unknown")
            if fails:
                raise Stop
    except Stop:
        pass
    assert dict(vars(cell)) == before


def test_in_float32_computes_in_float32_whatever_the_policy_is():
    """Against the same weights in a model without a policy."""
    half, whole = small(dtype="mixed_bfloat16"), small()
    whole.set_weights(half.get_weights())
    expected = np.asarray(whole(X))
    before = [layer.dtype_policy for layer in half._flatten_layers()]
    assert np.abs(np.asarray(keras.ops.cast(half(X), "float32")) - expected).max() > 1e-4
    with in_float32(half):
        found = half(X)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, expected, atol=1e-6)
    after = [layer.dtype_policy for layer in half._flatten_layers()]
    assert [a is b for a, b in zip(before, after, strict=True)] == [True] * len(before)


def test_policies_are_put_back_after_an_error():
    model = small(dtype="mixed_bfloat16")
    with pytest.raises(Stop), in_float32(model):
        raise Stop
    assert model.get_layer("gru").dtype_policy.name == model.get_layer("gru").cell.dtype_policy.name == "mixed_bfloat16"


def test_a_layer_that_keras_quantized_is_refused_by_path():
    inner = keras.Sequential([keras.Input((None, FEATURES)), layers.Dense(2, name="small")], name="inner")
    model = keras.Sequential([keras.Input((None, FEATURES)), inner, layers.GRU(2)])
    inner.get_layer("small").quantize("int8")
    message = "^inner/small is quantized by Keras: export the float model, with quantize="
    with pytest.raises(UnsupportedLayer, match=message), in_float32(model):
        pytest.fail("it was not refused")
    assert inner.get_layer("small").dtype_policy.quantization_mode == "int8"
