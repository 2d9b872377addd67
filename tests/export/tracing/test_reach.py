"""What the outputs of graphs written by hand depend on."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from export.tracing.calls import Call
from export.tracing.reach import Reach, check_repeatable, pruned
from zoo.errors import UnsupportedLayer

FORM = [tf.TensorSpec((None, 2), name="a"), tf.TensorSpec((None, 2), name="b")]


def traced(function):
    graph = tf.function(function, input_signature=FORM, autograph=False).get_concrete_function().graph
    return graph, Reach(graph, graph.outputs)


def test_inputs_that_outputs_depend_on():
    """Side effects do not count, what they compute from neither."""

    def run(a, b):
        with tf.control_dependencies([tf.debugging.assert_less(b, 9.0)]):
            return tf.exp(a)

    graph, reach = traced(run)
    assert [tensor in reach for tensor in graph.inputs] == [True, False]
    assert "Exp" in {operation.type for operation in reach.operations}
    assert "Assert" not in {operation.type for operation in reach.operations}


def test_calls_that_outputs_depend_on():
    """Of two cells the second counts; what is computed inside of a loop is taken for granted."""
    made = {}

    def run(a, b):
        made["unused"], made["used"] = tf.exp(a), tf.exp(b)

        def body(i, x):
            made["inside"] = x * 2
            return i + 1, made["inside"]

        return tf.while_loop(lambda i, _: i < 3, body, (0, made["used"]))

    _, reach = traced(run)
    both = Call("both", (), results=((made["unused"],), (made["used"],)))
    calls = [both, Call("alone", (), results=((made["unused"],),)), Call("inside", (), results=((made["inside"],),))]
    assert [(call.path, call.live, call.results) for call in reach.calls(calls)] == [
        ("both", (False, True), ()),
        ("inside", (True,), ()),
    ]


def drawn(seed, inside):
    def draw(x):
        return x + keras.random.normal(tf.shape(x), seed=seed)

    def run(a, b):
        if inside:
            return tf.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, draw(x)), (0, a))[1]
        return draw(a) + b

    return run


@pytest.mark.parametrize("inside", [False, True])
def test_random_numbers(inside):
    """Those of a constant seed are the same in every call."""
    network = keras.Sequential([keras.Input((2,)), layers.Dense(2)])
    check_repeatable(network, traced(drawn(3, inside))[1])
    for seed in (keras.random.SeedGenerator(3), None):
        with pytest.raises(UnsupportedLayer, match=r"draws random numbers whenever it is called \(Stateless\w+\)"):
            check_repeatable(network, traced(drawn(seed, inside))[1])


def test_pruned_function_has_no_side_effects_and_computes_the_same():
    weight, count = tf.Variable([[2.0], [3.0]]), tf.Variable(0.0)

    def run(a, b):
        count.assign_add(tf.reduce_sum(b))  # TensorFlow makes the outputs wait for it
        loop = tf.while_loop(lambda i, _: i < 2, lambda i, x: (i + 1, x @ weight * [[1.0, 1.0]]), (0, a))[1]
        return {"y": tf.ensure_shape(loop, (None, 2)) + tf.constant(1.0), "z": a}

    function = pruned(run, FORM).get_concrete_function()
    assert not {"AssignAddVariableOp"} & {operation.type for operation in function.graph.get_operations()}
    assert [tuple(tensor.shape) for tensor in function.structured_outputs.values()] == [(None, 2), (None, 2)]
    assert any(variable is weight for variable in function.graph.variables)
    x = np.array([[1, -1], [0.5, 2]], np.float32)
    expected = x
    for _ in range(2):
        expected = (expected @ [[2.0], [3.0]]) * [[1.0, 1.0]]
    found = function(a=tf.constant(x), b=tf.constant(x))
    np.testing.assert_allclose(found["y"], expected + 1, atol=1e-5)
    np.testing.assert_array_equal(found["z"], x)
    assert float(count) == 0


def test_tensors_from_outside_become_constants():
    outside = tf.constant([5.0, 7.0])
    run = lambda a, b: {"y": a + outside * b}  # noqa: E731
    captures = [len(pruned(run, FORM, inline).get_concrete_function().graph.captures) for inline in (False, True)]
    assert captures == [1, 0]
    x = tf.ones((1, 2))
    np.testing.assert_array_equal(pruned(run, FORM, inline=True).get_concrete_function()(a=x, b=x)["y"], [[6, 8]])


def test_what_needs_no_pruning_stays_as_it_is():
    function = pruned(lambda a, b: {"y": a + 0 * b}, FORM).get_concrete_function()
    assert [tensor.op.type for tensor in function.graph.inputs] == ["Placeholder"] * 2
    assert "AddV2" in {operation.type for operation in function.graph.get_operations()}
