"""Graphs of functional models: the order of calls, references to them, and their arguments."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import export
from export.legacy.files import Stored
from export.legacy.models import Builder
from tests.export.legacy.keras1_files import layer
from tests.export.legacy.test_reading import assert_same, inputs_of, outputs_of, randomized
from zoo.errors import ModelFileError

K = tf_keras.layers

X = np.random.default_rng(0).normal(size=(2, 6, 4)).astype(np.float32)


def node(spec, *calls):
    return {**spec, "name": spec["config"]["name"], "inbound_nodes": list(calls)}


def entry(name="x", **options):
    return node(layer("InputLayer", name, batch_input_shape=[None, 6, 4], **options))


def built(layers, outputs, inputs=(("x", 0, 0),), **options):
    config = {"name": "m", "layers": layers, "input_layers": [list(one) for one in inputs], "output_layers": outputs}
    return Builder(Stored(Path("m.h5"), "hdf5", "2.2.4"), {}).model(
        {"class_name": "Model", "config": {**config, **options}}
    )


def rescaled(name, scale):
    return layer("Rescaling", name, scale=scale)


def test_layers_may_come_before_their_inputs():
    layers = [node(rescaled("b", 3), [["a", 0, 0, {}]]), node(rescaled("a", 2), [["x", 0, 0, {}]]), entry()]
    model = built(layers, [["b", 0, 0]]).layer
    np.testing.assert_allclose(model(X), 6 * X, rtol=1e-6)


def test_calls_of_one_layer_keep_their_order():
    """The second call is ready before the first: node 0 is `b` all the same."""
    layers = [
        entry(),
        node(rescaled("a", 2), [["b", 0, 0, {}]], [["x", 0, 0, {}]]),
        node(rescaled("b", 5), [["x", 0, 0, {}]]),
    ]
    first, second = built(layers, [["a", 0, 0], ["a", 1, 0]]).layer(X)
    np.testing.assert_allclose(first, 10 * X, rtol=1e-6)
    np.testing.assert_allclose(second, 2 * X, rtol=1e-6)


@pytest.mark.parametrize("first", [0, 1])
def test_nested_models_count_their_construction(first):
    """Keras 2 numbered the calls of a nested model from 1, where it had been built by calls; tf_keras does not always."""
    inner = {"name": "inner", "layers": [entry("y"), node(rescaled("s", 3), [["y", 0, 0, {}]])],
             "input_layers": [["y", 0, 0]], "output_layers": [["s", 0, 0]]}  # fmt: skip
    nested = {"class_name": "Model", "name": "inner", "config": inner,
              "inbound_nodes": [[["x", 0, 0, {}]], [["inner", first, 0, {}]]]}  # fmt: skip
    model = built([entry(), nested], [["inner", first + 1, 0]]).layer
    np.testing.assert_allclose(model(X), 9 * X, rtol=1e-6)


def test_structures_of_inputs_and_outputs():
    layers = [entry(), entry("z"), node(layer("Add", "sum"), [["x", 0, 0, {}], ["z", 0, 0, {}]])]
    made = built(layers, {"total": ["sum", 0, 0]}, [("x", 0, 0), ("z", 0, 0)])
    np.testing.assert_allclose(made.layer([X, 2 * X])["total"], 3 * X, rtol=1e-6)


def test_arguments_may_be_tensors_or_constants():
    operator = layer("TFOpLambda", "op", function="math.multiply")
    for argument, expected in (
        (["x", 0, 0], X * X),
        (["_CONSTANT_VALUE", -1, 3.0], 3 * X),
        ({"class_name": "__tensor__", "config": {"value": [1.0, 2.0, 3.0, 4.0], "dtype": "float32"}}, X * [1, 2, 3, 4]),
    ):
        made = built([entry(), node(operator, [["x", 0, 0, {"y": argument, "name": None}]])], [["op", 0, 0]])
        np.testing.assert_allclose(made.layer(X), expected, rtol=1e-6)
    turned = node(
        layer("TFOpLambda", "op", function="math.subtract"), [["_CONSTANT_VALUE", -1, 1.0, {"y": ["x", 0, 0]}]]
    )
    np.testing.assert_allclose(built([entry(), turned], [["op", 0, 0]]).layer(X), 1 - X, rtol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_training_is_as_the_file_calls_it(training):
    dropped = node(layer("Dropout", "d", rate=0.5), [["x", 0, 0, {"training": training}]])
    assert np.array_equal(built([entry(), dropped], [["d", 0, 0]]).layer(X), X) != training


CONSTANTS = [["x", 0, 0, {}], ["x", 0, 0, {}], ["x", 0, 0, {}]]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([entry(), node(rescaled("a", 2), [["b", 0, 0, {}]]), node(rescaled("b", 2), [["a", 0, 0, {}]])],
         "the graph in the file is not complete: a, b wait"),
        ([entry(sparse=True), node(rescaled("a", 2), [["x", 0, 0, {}]])], "x: a sparse or ragged input"),
        ([entry(), node(layer("GRU", "a", units=3, reset_after=True), CONSTANTS)], "a: constants of a cell are not read"),
        ([entry(), node(rescaled("a", 2), {"args": [], "kwargs": {}})], "its graph is one of Keras 3"),
        ([entry(), node(layer("Reshape", "a", target_shape=[7]), [["x", 0, 0, {}]])],
         r"a \(Reshape\): Keras 3 cannot call it as the file says"),
        ([entry(), node(layer("TFOpLambda", "a", function="tf.gather"), [["x", 0, 0, {"indices": [0], "batch_dims": 1}]])],
         r"a \(TFOpLambda\): Keras 3 cannot call it as the file says: argument batch_dims"),
        ([entry(), node(layer("InstanceMethod", "a", cls_symbol="x.y"), [["x", 0, 0, {}]])], "a: TensorFlow's x.y is not"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_named(layers, message):
    with pytest.raises(ModelFileError, match=message):
        built(layers, [["a", 0, 0]])


@pytest.mark.parametrize("name", ["add", "softmax", "concatenate", "multiply"])
def test_layers_named_as_keras_3_names_operations(name, tmp_path):
    x = K.Input((6, 4))
    made = {
        "add": lambda: K.Add(name=name)([x + K.Dense(4)(x), x]),
        "softmax": lambda: K.Softmax(name=name)(tf.nn.softmax(x) * 2.0),
        "concatenate": lambda: K.Concatenate(name=name)([tf.concat([x, x], -1), x]),
        "multiply": lambda: K.Multiply(name=name)([x * tf.constant([1.0, 2.0, 3.0, 4.0]), x]),
    }[name]()
    model = randomized(tf_keras.Model(x, made))
    model.save(tmp_path / "m.h5")
    arrays = inputs_of(model)
    assert_same(outputs_of(model, arrays), outputs_of(export.read(tmp_path / "m.h5"), arrays))


def test_names_that_differ_by_a_slash(tmp_path):
    model = randomized(tf_keras.Sequential([K.Input((6, 4)), K.Dense(4, name="a/b"), K.Dense(3, name="a_b")]))
    model.save(tmp_path / "m.h5")
    arrays = inputs_of(model)
    assert_same(outputs_of(model, arrays), outputs_of(export.read(tmp_path / "m.h5"), arrays))


def test_constants_with_fractions(tmp_path):
    x = K.Input((6, 4))
    matrix = np.random.default_rng(0).normal(0, 1, (4, 4)).astype(np.float32)
    model = tf_keras.Model(x, tf.matmul(x, tf.constant(matrix)) + tf.constant([1.0, 2.0, 3.0, 4.0]) * x)
    model.save(tmp_path / "m.h5")
    arrays = inputs_of(model)
    assert_same(outputs_of(model, arrays), outputs_of(export.read(tmp_path / "m.h5"), arrays))
