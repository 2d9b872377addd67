"""TensorFlow's functions in functional models of Keras 2, against TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import export
from export.legacy.operators import node_function, operator
from tests.export.legacy.keras1_files import layer, write

X = np.random.default_rng(0).normal(0, 1, (2, 3, 4)).astype(np.float32)
FUNCTIONS = {
    "split": lambda x: tf.split(x, 2, axis=-1)[1] + tf.split(x, [1, 2, 1], -1)[1],
    "stack": lambda x: tf.stack([x, x * 2.0], axis=1),
    "unstack": lambda x: tf.unstack(x, axis=1)[1],
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "reshape": lambda x: tf.reshape(x, (-1, 12)),
    "tile": lambda x: tf.tile(x, (1, 2, 1)),
    "repeat": lambda x: tf.repeat(x, 2, axis=1),
    "reverse": lambda x: tf.reverse(x, [1]),
    "where": lambda x: tf.where(x > 0.0, x, tf.zeros_like(x)),
    "logical": lambda x: tf.cast((x > 0.0) & (x < 1.0), tf.float32),
    "normalized": lambda x: tf.math.l2_normalize(x, axis=-1),
    "gathered": lambda x: tf.gather(x, [0, 2], axis=1),
    "padded": lambda x: tf.pad(x, [[0, 0], [1, 0], [0, 2]]),
    "cumulative": lambda x: tf.cumsum(x, axis=1),
    "arg": lambda x: tf.one_hot(tf.argmax(x, axis=-1), 4),
    "activations": lambda x: tf.nn.softmax(x) + tf.nn.elu(x) + tf.nn.leaky_relu(x) + tf.nn.gelu(x) + tf.sigmoid(x),
    "reductions": lambda x: (
        tf.reduce_max(x, 1) - tf.reduce_min(x, 1) * tf.reduce_prod(x, axis=1) + tf.math.reduce_std(x, 1)
    ),
    "roots": lambda x: tf.math.rsqrt(tf.square(x) + 1.0) + tf.exp(-x) + tf.math.log(tf.abs(x) + 1.0) + tf.math.erf(x),
    "rest": lambda x: x // 0.5 + x % 0.3 + tf.maximum(x, 0.1) + tf.minimum(0.2, x) + (1.0 - x) / (x * x + 1.0),
    "shape": lambda x: tf.reshape(x, (tf.shape(x)[0], -1)),
    "keys": lambda x: x[..., tf.newaxis, 1] + x[:, :1, 2:3] + x[:, -1:, :1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_as_keras_2_stores_them(name, tmp_path):
    x = tf_keras.Input((3, 4))
    model = tf_keras.Model(x, FUNCTIONS[name](x))
    model.save(tmp_path / "m.h5")
    np.testing.assert_allclose(export.read(tmp_path / "m.h5")(X), model(X), atol=2e-5)


NODES = {
    "Mul": ({}, {1: 2.0}, lambda x: x * 2),
    "AddV2": ({}, {0: 1.0}, lambda x: 1 + x),
    "Mean": ({"keep_dims": {"b": True}}, {1: [1]}, lambda x: x.mean(1, keepdims=True)),
    "Sum": ({}, {1: -1}, lambda x: x.sum(-1)),
    "ConcatV2": ({"N": {"i": "2"}}, {1: X.tolist(), 2: 1}, lambda x: np.concatenate([x, X], 1)),
    "Squeeze": ({"squeeze_dims": {"list": {"i": ["0"]}}}, {}, None),
    "BatchMatMulV2": ({"adj_y": {"b": True}}, {1: X.tolist()}, lambda x: x @ X.swapaxes(1, 2)),
    "StridedSlice": ({"begin_mask": {"i": "1"}, "end_mask": {"i": "1"}, "shrink_axis_mask": {"i": "2"}},
                     {1: [0, -1], 2: [0, 0], 3: [1, 1]}, lambda x: x[:, -1]),
    "Sigmoid": ({}, {}, lambda x: 1 / (1 + np.exp(-x))),
}  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind, (_, _, right) in NODES.items() if right])
def test_operators_of_the_first_tensorflow_2(kind, tmp_path):
    attributes, constants, right = NODES[kind]
    config = {"class_name": "Model", "config": {
        "name": "m", "input_layers": [["x", 0, 0]], "output_layers": [["op", 0, 0]], "layers": [
            {**layer("InputLayer", "x", batch_input_shape=[None, 3, 4]), "name": "x", "inbound_nodes": []},
            {**layer("TensorFlowOpLayer", "op", node_def={"name": "op", "op": kind, "input": ["x"], "attr": attributes},
                     constants={str(key): value for key, value in constants.items()}),
             "name": "op", "inbound_nodes": [[["x", 0, 0, {}]]]}]}}  # fmt: skip
    found = export.read(write(tmp_path / "m.h5", config, {}, "2.3.0-tf"))(X)
    np.testing.assert_allclose(found, right(X), atol=2e-5)


def test_unknown_ones():
    assert operator("signal.rfft") is None
    assert node_function({"node_def": {"op": "RFFT"}, "constants": {}}) == ("RFFT", None)
    assert node_function({"node_def": "\n\x03Mul"})[1] is None
