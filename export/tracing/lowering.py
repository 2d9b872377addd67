"""Replace the computation of a Keras model's recurrent layers while it is traced, without changing the model.

The meaning of a layer (masks, directions, merging, returned states) is worked out here, once for all formats, from
`Track`s: a format only has to run one or two cells over a sequence.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from zoo.errors import UnsupportedLayer

from .calls import Call, States, Through
from .cells import STATES, Track, cells_of, is_recurrent, walk
from .patching import in_float32, patched, with_scopes, without_losses


@contextlib.contextmanager
def lowered(network: Any, through: Through | None, states: States, known: dict[int, list[Any]]) -> Iterator[None]:
    """Let the recurrent layers of a network compute themselves by `through` inside the block.

    Args:
        network: A built Keras model.
        through: The format's way; None leaves the computation to Keras itself, on a CPU, and only shows the states.
        states: What enters and leaves; filled in by the forward pass.
        known: The cells of layers, by id, so that they are described once.

    Raises:
        UnsupportedLayer: A recurrent layer is not Keras's own.
    """
    import keras

    plain: dict[Any, Callable] = {
        keras.layers.Bidirectional: _bidirectional,
        keras.layers.TimeDistributed: _distributed,
    }
    with contextlib.ExitStack() as undo:
        undo.enter_context(without_losses(network))
        undo.enter_context(in_float32(network))
        layers = list(walk(network))  # by their own names
        undo.enter_context(with_scopes(network))
        for path, layer in layers:
            if "recurrent_dropout" in vars(layer):  # a cell, which draws masks even when it does not train
                undo.enter_context(patched(layer, dropout=0.0, recurrent_dropout=0.0))
            if is_recurrent(layer):
                undo.enter_context(patched(layer, use_cudnn=False))
                cells = known.setdefault(id(layer), []) or cells_of(layer, path)
                known[id(layer)] = cells
                call = (
                    _recurrent(layer, path, cells, through, states) if through else _keras(layer, path, cells, states)
                )
            elif own := {kind.call: lower for kind, lower in plain.items()}.get(type(layer).call):
                call = own(layer, path, through, states, known)
            else:
                continue
            object.__setattr__(layer, "call", call)  # hides the method; Keras must not track it
            undo.callback(layer.__dict__.pop, "call", None)
        yield


def _keras(layer: Any, path: str, cells: Sequence[Any], states: States) -> Callable:
    """Keras's own computation, with the state given and returned, and never by cuDNN."""

    def call(sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:  # noqa: ARG001
        from keras import tree

        start, at = states.enter(layer, path, sequences, initial_state, cells)
        tracks = tuple(Track(cell, layer.go_backwards, []) for cell in cells)
        given, returned = initial_state is not None or at is not None, layer.return_state or at is not None
        packed = tree.pack_sequence_as(layer.get_initial_state(1), start)
        with patched(layer, stateful=False, return_state=True):
            output, *new = type(layer).call(layer, sequences, initial_state=packed, mask=mask)
        last = tree.flatten(new)
        places = [sum(len(STATES[cell.kind]) for cell in cells[:i]) for i in range(len(cells))]
        results = tuple((output, *last[place:]) for place in places)  # a cell of a stack feeds those after it
        states.calls.append(Call(path, tracks, mask is not None, given, returned, results=results))
        states.leave(at, last)
        return (output, *new) if layer.return_state else output

    return call


def _recurrent(layer: Any, path: str, cells: Sequence[Any], through: Through, states: States) -> Callable:
    def call(sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:  # noqa: ARG001
        from keras import tree

        start, at = states.enter(layer, path, sequences, initial_state, cells)
        hidden, new = sequences, []
        for i, cell in enumerate(cells):
            mine = [start.pop(0) for _ in STATES[cell.kind]]
            track = Track(cell, layer.go_backwards, mine, layer.return_sequences or i < len(cells) - 1)
            [(hidden, last)] = through([track], hidden, mask)
            new += last
        states.leave(at, new)
        output = _output(layer, hidden, new[-len(STATES[cells[-1].kind])], mask)
        if not layer.return_state:
            return output
        return (output, *tree.pack_sequence_as(layer.get_initial_state(1), new))

    return call


def _output(layer: Any, hidden: Any, last: Any, mask: Any) -> Any:
    """Return the output of a layer, from the `h` of its steps in the order of time, or the last one alone.

    Keras's rules for masked steps: they repeat the output before them, which is zeros before the first valid step
    (although the state there is the initial one); with `zero_output_for_mask` they are zeros.
    """
    import tensorflow as tf

    backwards = layer.go_backwards
    if not layer.return_sequences:
        if mask is None:
            return last
        shown = tf.reduce_any(mask, axis=1)
        if layer.zero_output_for_mask:
            shown = mask[:, 0] if backwards else mask[:, -1]
        return _where(shown, last)
    if mask is not None:
        seen = tf.cumsum(tf.cast(mask, tf.int32), axis=1, reverse=backwards) > 0
        hidden = _where(mask if layer.zero_output_for_mask and not (layer.unroll and backwards) else seen, hidden)
    hidden = tf.reverse(hidden, [1]) if backwards else hidden
    if mask is not None and layer.zero_output_for_mask and layer.unroll and backwards:
        hidden = _where(mask, hidden)  # Keras's unrolled loop takes the mask in the order of time here
    return hidden


def _where(shown: Any, value: Any) -> Any:
    """Keep a value where `shown` is true, over its leading axes; zeros elsewhere."""
    import tensorflow as tf

    shown = tf.reshape(shown, tf.concat((tf.shape(shown), [1] * (len(value.shape) - len(shown.shape))), 0))
    return tf.where(shown, value, tf.zeros((), value.dtype))


def _keras_pair(layer: Any, path: str, states: States) -> Callable:
    """Keras's own computation of both directions, noted as one call where each has one cell."""

    def call(*args: Any, **options: Any) -> Any:
        start = len(states.calls)
        result = type(layer).call(layer, *args, **options)
        both = states.calls[start:]
        if all(len(one.tracks) == 1 for one in both):
            tracks, results = both[0].tracks + both[1].tracks, both[0].results + both[1].results
            states.calls[start:] = [replace(both[0], path=path, tracks=tracks, results=results)]
        return result

    return call


def _bidirectional(layer: Any, path: str, through: Through | None, states: States, known: dict) -> Callable:
    """Both directions in one go, where each is one cell, so that a format can make one node of them."""
    if through is None:
        return _keras_pair(layer, path, states)
    both = (layer.forward_layer, layer.backward_layer)
    paths = [f"{path}/{one.name}" for one in both]
    for one, its_path in zip(both, paths, strict=True):
        if not is_recurrent(one):
            raise UnsupportedLayer(f"{its_path} ({type(one).__name__}) is no recurrent layer of Keras")
    cells = [known.setdefault(id(one), cells_of(one, its_path)) for one, its_path in zip(both, paths, strict=True)]
    if any(len(stack) > 1 for stack in cells):
        return type(layer).call.__get__(layer)  # two stacks: each direction by itself

    def call(sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:  # noqa: ARG001
        halves: list[Any] = [None, None]
        if initial_state is not None:
            half = len(initial_state) // 2
            halves = [initial_state[:half], initial_state[half:]]
        entered = [states.enter(*each) for each in zip(both, paths, [sequences] * 2, halves, cells, strict=True)]
        tracks = [
            Track(mine[0], one.go_backwards, list(start), one.return_sequences)
            for one, mine, (start, _) in zip(both, cells, entered, strict=True)
        ]
        results = through(tracks, sequences, mask)
        outputs, new = [], []
        for one, (_, at), (hidden, last) in zip(both, entered, results, strict=True):
            states.leave(at, last)
            outputs.append(_output(one, hidden, last[0], mask))
            new += last
        return _merged(layer, outputs[0], outputs[1], new)

    return call


def _merged(layer: Any, forward: Any, backward: Any, new: list[Any]) -> Any:
    """Merge the outputs of both directions as Keras does."""
    import tensorflow as tf

    if layer.return_sequences:
        backward = tf.reverse(backward, [1])
    modes: dict[Any, Callable[[], Any]] = {
        "concat": lambda: tf.concat((forward, backward), -1),
        "sum": lambda: forward + backward,
        "ave": lambda: (forward + backward) / 2,
        "mul": lambda: forward * backward,
        None: lambda: (forward, backward),
    }
    output = modes[layer.merge_mode]()
    if not layer.return_state:
        return output
    return (*output, *new) if layer.merge_mode is None else (output, *new)


def _keras_distributed(layer: Any, states: States) -> Callable:
    """Keras's own computation, step by step; what one step calls is noted once."""

    def call(inputs: Any, *args: Any, **options: Any) -> Any:
        start = len(states.calls)
        result = type(layer).call(layer, inputs, *args, **options)
        del states.calls[start + (len(states.calls) - start) // inputs.shape[1] :]
        return result

    return call


def _distributed(layer: Any, _path: str, through: Through | None, states: States, _known: dict) -> Callable:
    """Apply the inner layer to all steps at once, as one large batch."""
    if through is None:
        return _keras_distributed(layer, states)

    def call(inputs: Any, training: Any = None, mask: Any = None) -> Any:  # noqa: ARG001
        import tensorflow as tf

        inner = layer.layer
        options = {"mask": _merge_axes(mask)} if mask is not None and inner._call_has_mask_arg else {}
        output = inner.call(_merge_axes(inputs), **options)
        sizes, known = tf.shape(inputs)[:2], inputs.shape[:2]
        output = tf.reshape(output, tf.concat((sizes, tf.shape(output)[1:]), 0))
        output.set_shape((*known, *output.shape[2:]))
        return output

    return call


def _merge_axes(tensor: Any) -> Any:
    """Make one axis of batch and time."""
    import tensorflow as tf

    rest = tensor.shape[2:]
    merged = tf.reshape(tensor, tf.concat(([-1], tf.shape(tensor)[2:]), 0))
    merged.set_shape((None, *rest))
    return merged
