"""The Keras model to export: its inputs and outputs, what Keras computes, and inputs to try it with."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.core.states import is_state, output_name
from zoo.errors import ArgumentError
from zoo.runtime.signature import FORMS, Signature, Tensor

from .calls import Call, Slot, States, Through
from .cells import walk
from .lowering import lowered
from .naming import arrays_of, check_names, identifiers, input_tensors, leaves, output_names, structure, unlike
from .patching import with_any_length
from .probing import PROBES, freed, probe
from .reach import Reach, check_repeatable
from .samples import draw, zeros


class Source:
    """A Keras model with names for all its inputs and outputs.

    Inputs and outputs are flat lists here, whatever they are nested in; states come after the model's own.

    Args:
        network: A built Keras model.
        inputs: What it takes, where the model itself does not say: an array, or anything with `shape` and `dtype`
            (`keras.Input`, `keras.InputSpec`, `tf.TensorSpec`), or a list or dict of them.
        every_state: Show the states of all recurrent layers, not only the stateful ones.
        names: Names of the inputs and of the outputs, if not those of the model.
        known: Cells described before, if another source of the same model has some.
        example: `(rng, batch, time)` → the model's first input, if random numbers are not good enough.
        any_length: Let it take other lengths than its inputs declare, if its layers do.

    Attributes:
        inputs: The model's own inputs; those that no output depends on are left out.
        outputs: The model's own outputs.
        given: The example arrays, if that is what `inputs` are.
        least: A length that the model is known to take, where that is not every length; otherwise 0.
        fixed: Which inputs had to be fixed to the length of an example, or of the array that a Sequential model was
            first called with, and why; empty if none.
        renamed: The model's own name → another one of an input or output, in pairs.
        left_out: Names of the inputs that no output depends on.
        slots: States that no input of the model gives.
        calls: The recurrent layers as they are called; those that no output depends on are left out.

    Raises:
        ArgumentError: The model does not say what it takes, and neither do `inputs`.
        UnsupportedLayer: A recurrent layer is not Keras's own, a layer cannot be traced, or one draws random numbers.
    """

    def __init__(self, network: Any, inputs: Any = None, every_state: bool = False,
                 names: tuple[Sequence[str], Sequence[str]] | None = None,
                 example: Callable[[np.random.Generator, int, int], np.ndarray] | None = None,
                 known: dict[int, list[Any]] | None = None, any_length: bool = False) -> None:  # fmt: skip
        self.network, self.every_state, self._example, self._named = network, every_state, example, names is not None
        self._patch = with_any_length if any_length else contextlib.nullcontext
        self._known = {} if known is None else known
        self._calls: dict[int, Callable[..., list[Any]]] = {}
        self._struct, self._how = structure(network, inputs)
        self._left_out: dict[int, Tensor] = {}  # by their place among the inputs that Keras wants
        self._silent: frozenset[str] = frozenset()
        self.slots: list[Slot] = []
        self.inputs = input_tensors(self._struct, names and names[0])
        self.renamed = [(leaf.called, t.name) for leaf, t in zip(leaves(self._struct), self.inputs, strict=True)
                        if leaf.called not in ("", t.name)]  # fmt: skip
        self._first = {t.name: leaf for leaf, t in zip(leaves(self._struct), self.inputs, strict=True)}
        self.fixed = self._free_axes([leaf.size for leaf in leaves(self._struct)])
        looks = self._looks()
        if any_length:
            self.fixed = self._free_axes([t.shape[1] if self.timed(t) else None for t in self.inputs])
            looks = self._looks()
        self.left_out = [tensor.name for tensor in self._left_out.values()]
        self.given = None if inputs is None else arrays_of(inputs, self._left_out)
        self.least = self._sizes[0][1] if self._sizes != PROBES[0] else 0
        self.outputs = self._named_outputs(looks, names and names[1])
        check_names([t.name for t in self.inputs], [t.name for t in self.outputs], [s.name for s in self.slots])

    def signature(self, form: str, batch: int | None = None, steps: int | None = None) -> Signature:
        """Return the signature of an artifact; `batch` and `steps` fix those axes, the step form has one step.

        Raises:
            ArgumentError: The model takes another number of steps, and no other; or none of its inputs has steps.
        """
        if steps is not None and not any(self.timed(tensor) for tensor in self.inputs):
            told = ", ".join(f"{tensor.name} {list(tensor.shape)}" for tensor in self.inputs)
            raise ArgumentError(f"steps={steps}: no input of the model has an axis of time ({told}): leave it out")
        own = {tensor.shape[1] for tensor in self.inputs if self.timed(tensor)} - {None}
        if steps is not None and own - {steps}:
            raise ArgumentError(f"steps={steps}: the model takes {', '.join(map(str, own))}, no other number")
        steps = FORMS[form] or steps

        def fixed(tensor: Tensor, timed: bool) -> Tensor:
            head: tuple[int | None, ...] = (batch, *((steps or tensor.shape[1],) if timed else ()))
            return Tensor(tensor.name, head + tensor.shape[len(head) :], tensor.dtype)

        states = [(slot.name, (batch, *slot.shape)) for slot in self.slots]
        return Signature(
            form,
            (*(fixed(t, self.timed(t)) for t in self.inputs), *(Tensor(n, s, "float32") for n, s in states)),
            (
                *(fixed(t, self.timed_output(t)) for t in self.outputs),
                *(Tensor(output_name(n), s, "float32") for n, s in states),
            ),
        )

    def trace(self, tensors: Sequence[Any], through: Through | None) -> list[Any]:
        """Run the model, its recurrent layers by `through` (None: by Keras); return outputs and new states."""
        from keras import ops, tree

        count = len(self.inputs)
        states = States(self.every_state, tensors[count:] or None, self._silent)
        with self._patch(self.network), lowered(self.network, through, states, self._known):
            result = self._spread(self._whole(tensors[:count]))
        self._last = states, result
        flat = [tensor for tensor in tree.flatten(result) if tensor is not None]
        return [ops.cast(t, "float32") if "float" in str(t.dtype) else t for t in flat] + list(states.new)

    def _whole(self, tensors: Sequence[Any]) -> list[Any]:
        """Return what the model is called with: the inputs, and zeros for those that no output depends on."""
        import tensorflow as tf

        found = list(tensors)
        time = next((tf.shape(t)[1] for t, own in zip(tensors, self.inputs, strict=True) if self.timed(own)), 1)
        for place, tensor in sorted(self._left_out.items()):
            found.insert(place, zeros(tensor, tf.shape(tensors[0])[0], time))
        return found

    def _spread(self, tensors: Sequence[Any]) -> Any:
        """Call the model as it takes its inputs."""
        from keras import tree

        packed = tree.pack_sequence_as(self._struct, list(tensors))
        if self._how == "args":
            return self.network(*packed, training=False)
        return self.network(**packed, training=False) if self._how == "names" else self.network(packed, training=False)

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return what Keras computes, in float32 on a CPU: the reference of every check."""
        import tensorflow as tf

        with tf.device("/CPU:0"):
            return [np.asarray(t) for t in self._call(len(arrays))(*[tf.constant(array) for array in arrays])]

    def _call(self, count: int) -> Callable[..., list[Any]]:
        """Return Keras's computation of so many inputs, traced once where Keras is right at any length."""
        import keras
        import tensorflow as tf

        def call(*tensors: Any) -> list[Any]:
            return self.trace(tensors, None)

        if any(isinstance(layer, keras.layers.TimeDistributed) for _, layer in walk(self.network)):
            return call  # traced for any length it gives one step alone
        if count not in self._calls:
            shapes = [(t.shape, t.dtype) for t in self.inputs]
            shapes += [((None, *slot.shape), "float32") for slot in getattr(self, "slots", ())][: count - len(shapes)]
            form = [tf.TensorSpec(shape, dtype) for shape, dtype in shapes]
            function = tf.function(call, input_signature=form, autograph=False)
            self._calls[count] = function.get_concrete_function()
        return self._calls[count]

    @property
    def lengths(self) -> int:
        """How many inputs have a free axis of time."""
        return sum(self.timed(tensor) and tensor.shape[1] is None for tensor in self.inputs)

    def sample(self, rng: np.random.Generator, batch: int, time: int, padded: bool = True,
               apart: int = 0) -> list[np.ndarray]:  # fmt: skip
        """Draw inputs: random numbers or ids, padded right, left and in the middle; states between -1 and 1.

        Each input is by `apart` steps longer than the one before; a boolean one is as long, since it may be its mask.
        """
        longer = [sum(tensor.dtype != "bool" for tensor in self.inputs[1 : i + 1]) for i in range(len(self.inputs))]
        arrays = [
            draw(rng, self.network, tensor, batch, time + count * apart, padded, self._first[tensor.name].first)
            for tensor, count in zip(self.inputs, longer, strict=True)
        ]
        if self._example:
            arrays[0] = self._example(rng, batch, time)
        return arrays + [rng.uniform(-1, 1, (batch, *s.shape)).astype(np.float32) for s in getattr(self, "slots", ())]

    def timed_output(self, tensor: Tensor) -> bool:
        """Return whether axis 1 of an output is time."""
        return tensor.name in self._following

    def _look(self, batch: int, time: int) -> tuple[States, list[np.ndarray]]:
        """Run the model at a size, traced; return its states and own outputs."""
        try:
            arrays = self.run(self.sample(np.random.default_rng(0), batch, time)[: len(self.inputs)])
        except Exception:
            self._calls.clear()
            raise
        states = self._last[0]  # of the trace, if there was one before
        return states, arrays[: len(arrays) - len(states.new)]

    def _runs(self, batch: int, time: int) -> None:
        """Run the model at a size without tracing anything."""
        from keras import ops

        arrays = self.sample(np.random.default_rng(0), batch, time)[: len(self.inputs)]
        self.trace([ops.convert_to_tensor(array) for array in arrays], None)

    def _looks(self) -> list[list[np.ndarray]]:
        """Look at the model at two sizes; return its outputs at each, and note states, calls and what is unused."""
        while True:
            self._sizes, looks = probe(self.network, self.inputs, self._look, self._runs)
            self.slots, changed = looks[0][0].slots, self._study()
            if not changed:
                return [outputs for _, outputs in looks]
            self._calls.clear()

    def _study(self) -> bool:
        """Find what no output of the model depends on, leave it out, and return whether there was something new.

        Raises:
            UnsupportedLayer: The outputs depend on random numbers.
        """
        before = self._silent, len(self.inputs)
        graph, states = self._graph(), self._last[0]
        reach = Reach(graph, graph.outputs[: len(graph.outputs) - len(states.new)])
        check_repeatable(self.network, reach)
        self._silent = frozenset(call.path for call in states.calls) - {call.path for call in reach.calls(states.calls)}
        self.calls: list[Call] = Reach(graph, graph.outputs).calls(states.calls)
        taken = [tensor.name in reach.names for tensor in graph.inputs[: len(self.inputs)]]
        if any(taken) and not self._named:
            places = [i for i in range(len(leaves(self._struct))) if i not in self._left_out]
            self._left_out |= {p: t for p, t, used in zip(places, self.inputs, taken, strict=True) if not used}
            self.inputs = [tensor for tensor, used in zip(self.inputs, taken, strict=True) if used]
        return (self._silent, len(self.inputs)) != before

    def _graph(self) -> Any:
        """Return the graph of Keras's own computation."""
        import tensorflow as tf

        function = self._call(len(self.inputs))
        if hasattr(function, "graph"):
            return function.graph
        *first, last = [self.sample(np.random.default_rng(0), *size)[: len(self.inputs)] for size in self._sizes]

        def traced(arrays: Sequence[np.ndarray]) -> Any:
            form = [tf.TensorSpec(a.shape, t.dtype) for a, t in zip(arrays, self.inputs, strict=True)]
            return tf.function(function, autograph=False).get_concrete_function(*form).graph

        for arrays in first:
            with contextlib.suppress(ValueError):  # a convolution gives nothing of too few steps, but is not traced
                return traced(arrays)
        return traced(last)

    def _free_axes(self, lengths: Sequence[int | None]) -> str:
        """Free the axis of time of inputs that have a length which the model may not need; return why one stays.

        Args:
            lengths: The length of each such input; None of others.
        """
        self.inputs = [replace(t, shape=(None, *t.shape[1:])) for t in self.inputs]
        if not any(lengths):
            return ""

        def look(inputs: Sequence[Tensor], batch: int, time: int) -> None:
            self.inputs = list(inputs)
            self._look(batch, time)

        self._calls.clear()
        self.inputs, why = freed(self.network, self.inputs, lengths, look)
        self._calls.clear()
        return why

    def timed(self, tensor: Tensor) -> bool:
        """Return whether axis 1 is time: where it is free; if it is free nowhere, where there are features after it.

        If there are none anywhere, it is that of ids.
        """
        if len(tensor.shape) < 2 or is_state(tensor.name):
            return False
        free = [t for t in self.inputs if len(t.shape) > 1 and t.shape[1] is None]
        if free:
            return tensor.shape[1] is None
        if any(len(t.shape) > 2 for t in self.inputs):
            return len(tensor.shape) > 2
        return tensor.name in self._first and self._first[tensor.name].ids

    def _named_outputs(self, looks: list[list[np.ndarray]], names: Sequence[str] | None) -> list[Tensor]:
        called = list(names or output_names(self.network, self._last[1]))
        names = unlike(identifiers(called, "y"), {tensor.name for tensor in self.inputs})
        pairs = zip(called, names, strict=True)
        self.renamed += [(own, name) for own, name in pairs if identifiers([own], "") != [own]]
        times = [next((t.shape[1] or time for t in self.inputs if self.timed(t)), None) for _, time in self._sizes]
        self._following = {
            name for name, a, b in zip(names, *looks, strict=True) if [*a.shape[1:2], *b.shape[1:2]] == times
        }
        shapes = [
            tuple(x if x == y and axis else None for axis, (x, y) in enumerate(zip(a.shape, b.shape, strict=True)))
            for a, b in zip(*looks, strict=True)
        ]
        dtypes = ["string" if array.dtype.kind == "O" else array.dtype.name for array in looks[0]]
        return [Tensor(*each) for each in zip(names, shapes, dtypes, strict=True)]
