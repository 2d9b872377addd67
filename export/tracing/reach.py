"""What the outputs of a traced graph depend on: operators, inputs, recurrent layers, random numbers."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zoo.errors import UnsupportedLayer

from .calls import Call
from .cells import path_of_scope

RANDOM = re.compile(r"Random(?!Get)|Multinomial|TruncatedNormal|RngReadAndSkip")
"""Operators that draw random numbers. Those without a state give the same numbers for the same seed."""


class Reach:
    """What some tensors of a graph depend on, by the data that flows; the order of side effects does not count.

    Args:
        graph: A graph that was traced.
        tensors: Tensors in it, such as its outputs.

    Attributes:
        operations: The operators.
        names: Names of the tensors that these operators take, and of `tensors`.
    """

    def __init__(self, graph: Any, tensors: Iterable[Any]) -> None:
        self.graph, waiting = graph, list(tensors)
        self.names, self.operations = {tensor.name for tensor in waiting}, set[Any]()
        while waiting:
            operation = waiting.pop().op
            if operation in self.operations:
                continue
            self.operations.add(operation)
            waiting += operation.inputs
            self.names.update(tensor.name for tensor in operation.inputs)

    def __contains__(self, tensor: Any) -> bool:
        """Return whether they depend on a tensor; inside of a loop, this is not known, and taken for granted."""
        return getattr(tensor, "graph", None) is not self.graph or tensor.name in self.names

    def calls(self, calls: Sequence[Call]) -> list[Call]:
        """Return the runs through recurrent layers that they depend on, with the cells of each that they depend on."""
        found = []
        for call in calls:
            live = tuple(any(tensor in self for tensor in tensors) for tensors in call.results)
            if any(live):
                found.append(replace(call, live=live, results=()))
        return found


def check_repeatable(network: Any, reach: Reach) -> None:
    """Refuse a model whose outputs depend on random numbers that are other ones in every call.

    Raises:
        UnsupportedLayer: They do; the message names the layer that draws them.
    """
    functions = _functions(reach.graph) if any(map(_calls, reach.operations)) else {}
    for operation in sorted(reach.operations, key=lambda operation: operation.name):
        if name := _draws(operation, functions):
            raise UnsupportedLayer(
                f"{path_of_scope(network, operation.name)} draws random numbers whenever it is called ({name}), so "
                "that no artifact can be compared with Keras: let it return the mean, or its input, unless training is "
                "True; or make the random numbers an input of the model"
            )


def _draws(operation: Any, functions: Mapping[str, Any]) -> str:
    """Return the operator by which one draws other numbers in every call: itself, or one inside of its functions."""
    inside = [node.op for name in _called(_calls(operation), functions) for node in functions[name].node_def]
    for name in (operation.type, *inside):
        if not RANDOM.search(name):
            continue
        own = operation.inputs if name == operation.type else [t for t in operation.inputs if t.dtype == "resource"]
        if not name.startswith("Stateless") or _varies(own):
            return str(name)
    return ""


def _functions(graph: Any) -> dict[str, Any]:
    """Return the functions of a graph, such as bodies of loops, by name."""
    return {function.signature.name: function for function in graph.as_graph_def().library.function}


def _calls(operation: Any) -> list[str]:
    """List the names of the functions that an operator calls."""
    return _mentioned(operation.node_def)


def _mentioned(node: Any) -> list[str]:
    values = node.attr.values()
    return [f.name for value in values for f in (value.func, *value.list.func) if f.name]


def _called(names: Iterable[str], functions: Mapping[str, Any]) -> set[str]:
    """Return names of functions, with those that they call."""
    waiting, found = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in found:
            found.add(name)
            waiting += [inner for node in functions[name].node_def for inner in (node.op, *_mentioned(node))]
    return found


def _varies(tensors: Iterable[Any]) -> bool:
    """Return whether tensors depend on a variable, such as that of Keras's seed generator."""
    waiting, seen = list(tensors), set[Any]()
    while waiting:
        tensor = waiting.pop()
        if tensor.dtype == "resource":
            return True
        if tensor.op not in seen:
            seen.add(tensor.op)
            waiting += tensor.op.inputs
    return False


def _matters(operation: Any) -> bool:
    """Return whether an operator may be in the way of a converter or a loader although nothing depends on it."""
    return operation.type != "ReadVariableOp" and bool(operation.op_def.is_stateful or _calls(operation))


def pruned(run: Callable[..., dict[str, Any]], form: Sequence[Any], inline: bool = False) -> Any:
    """Return a function to convert: without what no output depends on, if that has side effects or functions.

    Args:
        run: Function of tensors that returns outputs by name.
        form: Its inputs, as `tf.TensorSpec`.
        inline: Make constants of the tensors from outside of the function, such as the mean of a normalization.

    What only training uses, such as a loss, may contain operators that a format does not have or a loader refuses.
    """
    import tensorflow as tf

    function = tf.function(run, input_signature=form, autograph=False)
    concrete = function.get_concrete_function()
    graph, outputs = concrete.graph, concrete.structured_outputs
    reach = Reach(graph, outputs.values())
    dead = [operation for operation in graph.get_operations() if operation not in reach.operations]
    outside = [outer for outer, _ in graph.captures if inline and outer.dtype != "resource"]
    if not outside and not any(_matters(operation) for operation in dead):
        return function
    given = [tensor for tensor in graph.inputs if tensor.name in reach.names]
    definition = _definition(graph, {operation.name for operation in reach.operations} - {t.op.name for t in given})
    captured = {inner.name: outer for outer, inner in graph.captures}

    def imported(*tensors: Any) -> dict[str, Any]:
        values = dict(zip((t.name for t in graph.inputs), tensors, strict=False)) | captured
        here = tf.compat.v1.get_default_graph()
        for variable in graph.variables:
            here.watch_variable(variable)  # converters look for the values of those that a function knows
        constants = {id(tensor): tf.constant(tensor.numpy()) for tensor in outside}
        chosen = {tensor.name: values[tensor.name] for tensor in given}
        mapped = {n: constants[id(t)] if id(t) in constants else here.capture(t) for n, t in chosen.items()}
        found = tf.graph_util.import_graph_def(
            definition, mapped, [tensor.name for tensor in outputs.values()], name=""
        )
        return dict(zip(outputs, found, strict=True))

    return tf.function(imported, input_signature=form, autograph=False)


def _definition(graph: Any, kept: set[str]) -> Any:
    """Return a part of a graph, without the order of side effects."""
    definition = graph.as_graph_def(add_shapes=True)  # what is known of shapes is not in the operators alone
    nodes = [node for node in definition.node if node.name in kept]
    functions = _functions(graph)  # they are known to TensorFlow as they are, without shapes
    called = _called([name for node in nodes for name in (node.op, *_mentioned(node))], functions)
    del definition.node[:], definition.library.function[:]
    definition.node.extend(nodes)
    definition.library.function.extend(functions[name] for name in sorted(called))
    for node in definition.node:
        node.input[:] = [name for name in node.input if not name.startswith("^")]
    return definition
