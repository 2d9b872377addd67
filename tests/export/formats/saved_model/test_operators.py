"""The table of operators beside TensorFlow's own."""

import pytest

from export.formats.saved_model.operators import (
    FUNCTION_ATTRIBUTES,
    GROUPS,
    NODE_ATTRIBUTES,
    OPERATORS,
    SAVER_OPERATORS,
)

CALLS = "functions of the same file, and loops over them"
TABLES = "tables of words, filled from constants"
STATEFUL = {"Case", "If", "StatefulPartitionedCall", "While", *GROUPS[TABLES].split()}
"""What TensorFlow calls so for the sake of the functions called, or of the table."""


@pytest.fixture(scope="module")
def definitions():
    from tensorflow.python.framework import op_def_registry

    return {name: op_def_registry.get(name) for name in SAVER_OPERATORS}


def test_every_group_is_sorted_and_no_operator_is_in_two():
    listed = [operators.split() for operators in GROUPS.values()]
    assert list(GROUPS) == sorted(GROUPS)
    assert listed == [sorted(operators) for operators in listed]
    assert sum(map(len, listed)) == len(OPERATORS)


def test_every_operator_is_one_of_tensorflow(definitions):
    assert [name for name, definition in definitions.items() if definition is None] == []


def test_operators_keep_no_state_and_run_no_functions_but_those_of_the_groups_for_it(definitions):
    assert {name for name in OPERATORS if definitions[name].is_stateful} == STATEFUL
    given = {name for name in OPERATORS if any("func" in attribute.type for attribute in definitions[name].attr)}
    assert given == set(GROUPS[CALLS].split())


def test_no_operator_is_named_after_files_or_other_programs():
    words = ("File", "Save", "Restore", "Load", "Py", "Print", "Debug", "Dataset", "Remote", "Rpc", "Send", "Recv",
             "Xla", "Summary", "Queue", "Stack", "Iterator", "Variable", "Mutable", "Vocab", "Immutable")  # fmt: skip
    found = {name for name in OPERATORS for word in words if word in name}
    assert found == {"TensorListStack"}


def test_mathematics_of_models_is_in_the_table():
    """One graph with what layers of users compute: loops, branches, images, signals, strings, ragged and sparse arrays."""
    import tensorflow as tf

    image = tf.zeros((1, 4, 4, 3))
    functions = [
        lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: -x),
        lambda x: tf.switch_case(tf.cast(x[0, 0], tf.int32), [lambda: x, lambda: -x]),
        lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * 2), (0, x), maximum_iterations=5),
        lambda x: tf.map_fn(tf.sin, x),
        lambda x: tf.scan(tf.add, x),
        lambda x: tf.gradients(tf.tanh(x) @ tf.transpose(x), x),
        tf.function(lambda x: tf.tanh(x) + 1, jit_compile=True, autograph=False),
        tf.nn.gelu,
        lambda x: tf.random.stateless_normal(tf.shape(x), [1, 2]),
        lambda x: tf.abs(tf.signal.stft(x, 2, 1)),
        lambda x: tf.linalg.slogdet(x @ tf.transpose(x)),
        lambda x: tf.linalg.eigh(x @ tf.transpose(x)),
        tf.linalg.pinv,
        lambda x: tf.nn.ctc_greedy_decoder(x[:, None], [2]),
        lambda _: tf.image.resize(image, (2, 3)),
        lambda _: tf.nn.conv2d_transpose(image, tf.ones((2, 2, 3, 3)), (1, 8, 8, 3), 2),
        lambda _: tf.nn.max_pool2d(image, 2, 1, "SAME"),
        lambda x: tf.ragged.boolean_mask(x, x > 0).to_tensor(),
        lambda x: tf.sparse.to_dense(tf.sparse.reorder(tf.sparse.from_dense(x))),
        lambda x: tf.math.unsorted_segment_mean(x, [0, 1], 2),
        lambda x: tf.tensor_scatter_nd_update(x, [[0]], x[:1]),
        lambda x: tf.searchsorted(x, x),
        lambda x: tf.strings.to_number(tf.strings.as_string(x)),
        lambda x: tf.quantization.fake_quant_with_min_max_args(x),
        lambda x: tf.nn.softmax_cross_entropy_with_logits(x, x),
    ]
    traced = tf.function(lambda x: [function(x) for function in functions], autograph=False)
    definition = traced.get_concrete_function(tf.TensorSpec((2, 3))).graph.as_graph_def()
    bodies = [definition.node, *(function.node_def for function in definition.library.function)]
    nodes = [node for body in bodies for node in body]
    assert len(nodes) > 300
    assert {node.op for node in nodes} <= OPERATORS
    inner = {key for node in nodes for key in node.attr if key.startswith("_") and node.op != "Placeholder"}
    assert inner <= NODE_ATTRIBUTES
    attributes = {key for function in definition.library.function for key in function.attr}
    assert attributes <= FUNCTION_ATTRIBUTES
