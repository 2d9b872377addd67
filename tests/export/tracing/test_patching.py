"""What is changed in a Keras model while it is traced, and that it is as before afterwards."""

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.cells import path_of_scope
from export.tracing.patching import in_float32, patched, with_any_length, with_scopes, without_losses
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


@pytest.mark.parametrize("policy", ["float16", "float64"])
def test_in_float32_reads_weights_of_another_dtype(policy):
    """What enters is not rounded to the dtype of the input, either."""
    x = keras.Input((None, FEATURES), dtype=policy)
    own = keras.Model(x, [layers.GRU(2, dtype=policy)(x), layers.BatchNormalization(dtype=policy)(x)])
    same = keras.Input((None, FEATURES))
    whole = keras.Model(same, [layers.GRU(2)(same), layers.BatchNormalization()(same)])
    whole.set_weights(own.get_weights())
    given = X + 1e-5
    with in_float32(own):
        found = own(given)
    assert [tensor.dtype for tensor in found] == ["float32"] * 2
    for one, expected in zip(found, whole(given), strict=True):
        np.testing.assert_allclose(one, expected, atol=1e-7)
    assert (own.inputs[0].dtype, own.variables[0].dtype) == (policy, policy)


def test_layers_have_names_for_scopes_in_a_block():
    import tensorflow as tf

    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, name="层 1"), layers.Dense(2, name="层-1")], name="_a")
    with with_scopes(model):
        graph = tf.function(model).get_concrete_function(tf.TensorSpec((None, 2))).graph
    assert [layer.name for layer in (model, *model.layers)] == ["_a", "层 1", "层-1"]
    scopes = [operation.name for operation in graph.get_operations() if operation.type == "MatMul"]
    assert [path_of_scope(model, scope) for scope in scopes] == ["层 1", "层-1"]


def test_other_lengths_than_declared_in_a_block():
    inner = keras.Sequential([keras.Input((3, FEATURES)), layers.GRU(2)])
    x = keras.Input((3, FEATURES))
    model = keras.Model(x, inner(x))
    with with_any_length(model):
        assert model(np.ones((2, 5, FEATURES))).shape == (2, 2)
    with pytest.raises(ValueError, match="incompatible"):
        model(np.ones((2, 5, FEATURES)))
    model.input_spec = [keras.InputSpec(shape=(None, 4, FEATURES))]
    own = model.input_spec
    with with_any_length(model):
        assert model.input_spec is None
    assert model.input_spec is own


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
