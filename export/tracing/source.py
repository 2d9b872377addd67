"""The Keras model to export: its inputs and outputs, what Keras computes, and inputs to try it with."""

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from export.signature import FORMS, Signature, Tensor
from export.tracing.calls import Call, Slot, States, Through
from export.tracing.cells import walk
from export.tracing.lowering import lowered
from export.tracing.naming import check_names, input_tensors, leaves, output_names, structure
from export.tracing.samples import draw
from zoo.core.states import is_state, output_name
from zoo.errors import ArgumentError, UnsupportedLayer

PROBES = (((2, 4), (3, 25)), ((2, 31), (3, 100)), ((2, 150), (3, 450)), ((2, 700), (3, 2000)))
"""(batch, time) of the first looks, two at once: what differs between them is a free axis. The shortest that the model
takes count; the second is so much longer that strides and pools can't make both the same."""


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

    Attributes:
        inputs: The model's own inputs.
        outputs: The model's own outputs.
        given: The example arrays, if that is what `inputs` are.
        least: A length that the model is known to take, where that is not every length; otherwise 0.
        frozen: What was fixed because the model ran at no other length, although the example was one of many.
        slots: States that no input of the model gives.
        calls: The recurrent layers as they are called.

    Raises:
        ArgumentError: The model does not say what it takes, and neither do `inputs`.
        UnsupportedLayer: A recurrent layer is not Keras's own, or a layer cannot be traced.
    """

    def __init__(self, network: Any, inputs: Any = None, every_state: bool = False,
                 names: tuple[Sequence[str], Sequence[str]] | None = None,
                 example: Callable[[np.random.Generator, int, int], np.ndarray] | None = None,
                 known: dict[int, list[Any]] | None = None) -> None:  # fmt: skip
        self.network, self.every_state, self._example = network, every_state, example
        self._known = {} if known is None else known
        self._calls: dict[int, Callable[..., list[Any]]] = {}
        self._struct, self._how = structure(network, inputs)
        self.inputs = input_tensors(self._struct, names and names[0])
        self.frozen = self._fix_axes()
        self.given = None if inputs is None else _arrays(inputs)
        self._sizes, looks = self._probe()
        self.least = self._sizes[0][1] if self._sizes != PROBES[0] else 0
        self.slots: list[Slot] = looks[0][0].slots
        self.calls: list[Call] = looks[0][0].calls
        self.outputs = self._named_outputs([outputs for _, outputs in looks], names and names[1])
        check_names([t.name for t in self.inputs], [t.name for t in self.outputs], [s.name for s in self.slots])

    def signature(self, form: str, batch: int | None = None, steps: int | None = None) -> Signature:
        """Return the signature of an artifact; `batch` and `steps` fix those axes, the step form has one step.

        Raises:
            ArgumentError: The model takes another number of steps, and no other.
        """
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
        states = States(self.every_state, tensors[count:] or None)
        with lowered(self.network, through, states, self._known):
            result = self._spread(tensors[:count])
        self._last = states, result
        flat = [tensor for tensor in tree.flatten(result) if tensor is not None]
        return [ops.cast(t, "float32") if "float" in str(t.dtype) else t for t in flat] + list(states.new)

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

        Each input is by `apart` steps longer than the one before.
        """
        arrays = [
            draw(rng, self.network, tensor, batch, time + i * apart, padded) for i, tensor in enumerate(self.inputs)
        ]
        if self._example:
            arrays[0] = self._example(rng, batch, time)
        return arrays + [rng.uniform(-1, 1, (batch, *s.shape)).astype(np.float32) for s in getattr(self, "slots", ())]

    def timed_output(self, tensor: Tensor) -> bool:
        """Return whether axis 1 of an output is time."""
        return tensor.name in self._following

    def _look(self, batch: int, time: int) -> tuple[States, list[np.ndarray]]:
        arrays = self.run(self.sample(np.random.default_rng(0), batch, time)[: len(self.inputs)])
        states = self._last[0]  # of the trace, if there was one before
        return states, arrays[: len(arrays) - len(states.new)]

    def _probe(self) -> tuple[tuple, list[tuple[States, list[np.ndarray]]]]:
        """Run the model at the first two sizes that it takes.

        Raises:
            ArgumentError: There are none.
            UnsupportedLayer: It runs, but not when it is traced.
        """
        failed: list[Exception] = []
        for sizes in PROBES:
            try:
                return sizes, [self._look(*size) for size in sizes]
            except (UnsupportedLayer, ArgumentError):
                raise
            except Exception as error:  # noqa: BLE001 (whatever a model raises)
                failed.append(error)
                self._calls.clear()
        reason = next(iter(str(failed[0]).strip().splitlines()), "")
        cause = f"{type(failed[0]).__name__}: {reason}"
        if any(self._runs(*size) for size, _ in PROBES):
            raise UnsupportedLayer(
                f"{self._failing(failed[0])} runs, but cannot be traced ({cause}): write it without Python control "
                "flow over values or lengths, with keras.ops, or export the model without it"
            ) from failed[0]
        told = ", ".join(f"{t.name} {t.dtype}{list(t.shape)}" for t in self.inputs)
        raise ArgumentError(
            f"{self.network.name!r} does not run on {told} ({cause}): give inputs= it takes"
        ) from failed[0]

    def _runs(self, batch: int, time: int) -> bool:
        """Return whether the model runs at a size when nothing is traced."""
        from keras import ops

        arrays = self.sample(np.random.default_rng(0), batch, time)[: len(self.inputs)]
        with contextlib.suppress(Exception):
            self.trace([ops.convert_to_tensor(array) for array in arrays], None)
            return True
        return False

    def _failing(self, error: Exception) -> str:
        """Return the path of the innermost layer that Keras names in an error; the model's name if it names none."""
        kinds = re.findall(r"calling (\w+)\.call\(\)", str(error))
        paths = [path for path, layer in walk(self.network) if path and type(layer).__name__ in kinds[-1:]]
        return paths[0] if paths else self.network.name

    def _fix_axes(self) -> tuple[str, ...]:
        """Fix the time axes that the model needs at the size of the example; return the names of those inputs."""
        asked = [tensor.shape for tensor in self.inputs]
        self.inputs = [Tensor(t.name, (None, *t.shape[1:]), t.dtype) for t in self.inputs]
        sizes = [getattr(leaf, "size", None) for leaf in leaves(self._struct)]
        if not any(sizes):
            return ()
        free = [Tensor(t.name, (None, None, *t.shape[2:]) if s else t.shape, t.dtype)
                for t, s in zip(self.inputs, sizes, strict=True)]  # fmt: skip
        stated, self.inputs = self.inputs, free
        for size, _ in PROBES:
            try:
                self._look(*size)
                return ()
            except Exception:  # noqa: BLE001 (whatever a model raises at another length)
                self._calls.clear()
        self.inputs = [Tensor(t.name, (None, *shape[1:]), t.dtype) for t, shape in zip(stated, asked, strict=True)]
        return tuple(tensor.name for tensor, size in zip(self.inputs, sizes, strict=True) if size)

    def timed(self, tensor: Tensor) -> bool:
        """Return whether axis 1 is time: where it is free; if it is free nowhere, where there are features after it."""
        if len(tensor.shape) < 2 or is_state(tensor.name):
            return False
        free = [t for t in self.inputs if len(t.shape) > 1 and t.shape[1] is None]
        if free:
            return tensor.shape[1] is None
        times = {t.shape[1] for t in self.inputs if len(t.shape) > 2}
        return len(tensor.shape) > 2 and tensor.shape[1] in times

    def _named_outputs(self, looks: list[list[np.ndarray]], names: Sequence[str] | None) -> list[Tensor]:
        names = list(names or output_names(self.network, self._last[1]))
        taken = {tensor.name.lower() for tensor in self.inputs}
        for i, name in enumerate(names):
            free = (f"{name}{end}" for end in ("", "_out", *(f"_{k}" for k in range(1, 99))))
            names[i] = next(option for option in free if option.lower() not in taken)
            taken.add(names[i].lower())
        times = [next((t.shape[1] or time for t in self.inputs if self.timed(t)), None) for _, time in self._sizes]
        self._following = {
            name for name, a, b in zip(names, *looks, strict=True) if [*a.shape[1:2], *b.shape[1:2]] == times
        }
        shapes = [
            tuple(x if x == y and axis else None for axis, (x, y) in enumerate(zip(a.shape, b.shape, strict=True)))
            for a, b in zip(*looks, strict=True)
        ]
        return [Tensor(n, s, a.dtype.name) for n, s, a in zip(names, shapes, looks[0], strict=True)]


def _arrays(inputs: Any) -> list[np.ndarray] | None:
    """Return example inputs as the model takes them, in float32."""
    from keras import tree

    values = tree.flatten(inputs)
    if not all(isinstance(value, np.ndarray) for value in values):
        return None
    return [value.astype(np.float32) if value.dtype.kind == "f" else value for value in values]
