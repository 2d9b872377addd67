"""Recurrent cells as plain loops over time, in TensorFlow, for formats that have no operator for a cell.

What TFLite's WHILE does decides the shape of `buffered`:

- A body whose tensors keep their shapes is prepared once, and passes on what it does not change for free. A carried
  tensor that grows makes every iteration prepare the body again and copy all that is carried, twice.
- What a body changes is copied twice an iteration. Outputs are therefore collected in nested loops, each into a buffer
  not much larger than the rows of one iteration: 16 steps, 256, all.
- Entering a loop copies what it captures: an inner loop gets its own rows of the inputs, never all of them.
- The runtime packs the weights of every product on its own: unrolled steps do not share them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from .calls import Through
from .cells import Cell, Track

Step = Callable[..., Sequence[Any]]
"""`step(input (batch, …), *state) -> new state`, `h` first."""
Loop = Callable[[Step, Any, Any, Sequence[Any], bool], tuple[Any, list[Any]]]
"""`loop(step, inputs (time, batch, …), mask (time, batch) or None, state, sequences) -> (all h, last state)`."""


def by(loop: Loop) -> Through:
    """Run cells by a loop over time, one after the other."""

    def through(tracks: Sequence[Track], x: Any, mask: Any) -> list[tuple[Any, list[Any]]]:
        return [_one(loop, track, x, mask) for track in tracks]

    return through


def _one(loop: Loop, track: Track, x: Any, mask: Any) -> tuple[Any, list[Any]]:
    import tensorflow as tf

    def turned(tensor: Any) -> Any:
        """Exchange batch and time."""
        return tf.transpose(tensor, (1, 0, *range(2, len(tensor.shape))))

    if track.reverse:
        x, mask = tf.reverse(x, [1]), None if mask is None else tf.reverse(mask, [1])
    inputs, mask = turned(x), None if mask is None else turned(mask)
    if isinstance(track.cell, Cell):
        inputs, step = project(track.cell, inputs), plain_step(track.cell)
    else:
        step = track.cell.step
    hidden, new = loop(masked(step) if mask is not None else step, inputs, mask, track.state, track.sequences)
    if not track.sequences:
        return None, new
    hidden = turned(hidden)
    return tf.reverse(hidden, [1]) if track.reverse else hidden, new


def masked(step: Step) -> Step:
    """Let a step `((input, valid (batch,)), *state)` leave the state as it is where it is not valid."""
    import tensorflow as tf

    def call(both: Any, *state: Any) -> list[Any]:
        inputs, valid = both
        new = step(inputs, *state)
        return [tf.where(_broad(valid, after), after, before) for after, before in zip(new, state, strict=True)]

    return call


def _broad(valid: Any, like: Any) -> Any:
    import tensorflow as tf

    for _ in range(len(like.shape) - 1):
        valid = tf.expand_dims(valid, -1)
    return valid


def project(cell: Cell, x: Any) -> Any:
    """Return the input products of all steps, with the input bias, `(time, batch, G * U)`."""
    import tensorflow as tf

    kernel, bias = cell.tensors["kernel"], cell.tensors["bias"]
    bias = bias[0] if len(bias.shape) == 2 else bias
    flat = tf.matmul(tf.reshape(x, (-1, kernel.shape[0])), kernel) + bias
    projected = tf.reshape(flat, (tf.shape(x)[0], tf.shape(x)[1], cell.kernel.shape[1]))
    projected.set_shape((x.shape[0], x.shape[1], cell.kernel.shape[1]))
    return projected


def plain_step(cell: Cell) -> Step:
    """Return the step of a cell over its input products `z`.

    With `f` the activation and `s` that of the gates (tanh and the logistic sigmoid unless told otherwise):

    - rnn: `h = f(z + h R)`
    - lstm: `i f g o = z + h R`; `c = s(f) c + s(i) f(g)`; `h = s(o) f(c)`
    - gru: `r = s(z_r + h R_r)`, `u = s(z_u + h R_u)`; `h = u h + (1 - u) f(z_h + (r h) R_h)`, or with `reset_after`
      `f(z_h + r (h R_h + b_h))`

    Returns:
        `step(z (batch, G * U), h[, c]) -> (h[, c])`.
    """
    import tensorflow as tf

    units, f, s = cell.units, cell.activation, cell.gate_activation or cell.activation
    matrix, bias = cell.tensors["recurrent_kernel"], cell.tensors["bias"]

    def rnn(z: Any, h: Any) -> tuple:
        return (f(z + tf.matmul(h, matrix)),)

    def lstm(z: Any, h: Any, c: Any) -> tuple:
        i, forget, g, o = tf.split(z + tf.matmul(h, matrix), 4, axis=1)
        c = s(forget) * c + s(i) * f(g)
        return s(o) * f(c), c

    def gru(z: Any, h: Any) -> tuple:
        zu, zr, zh = tf.split(z, 3, axis=1)
        if cell.reset_after:
            hu, hr, hh = tf.split(tf.matmul(h, matrix) + bias[1], 3, axis=1)
            candidate = f(zh + s(zr + hr) * hh)
        else:
            hu, hr = tf.split(tf.matmul(h, matrix[:, : 2 * units]), 2, axis=1)
            candidate = f(zh + tf.matmul(s(zr + hr) * h, matrix[:, 2 * units :]))
        update = s(zu + hu)
        return (update * h + (1 - update) * candidate,)

    steps: dict[str, Step] = {"rnn": rnn, "lstm": lstm, "gru": gru}
    return steps[cell.kind]


def collecting(step: Step, inputs: Any, mask: Any, state: Sequence[Any], sequences: bool) -> tuple[Any, list[Any]]:
    """Loop with a tensor array for the outputs."""
    import tensorflow as tf

    time = tf.shape(inputs)[0]
    kept = (tf.TensorArray(tf.float32, time, element_shape=state[0].shape),) if sequences else ()

    def body(t: Any, kept: tuple, *state: Any) -> tuple:
        new = step(inputs[t] if mask is None else (inputs[t], mask[t]), *state)
        return (t + 1, tuple(outputs.write(t, new[0]) for outputs in kept), *new)

    _, kept, *new = tf.while_loop(lambda t, *_: t < time, body, (0, kept, *state))
    return kept[0].stack() if sequences else None, list(new)


SIZES = (16, 256)  # rows that the loops inside collect, each a multiple of the one before
FEW_STEPS = 1000  # up to a length of so many, known beforehand, one level inside is best


def buffered(step: Step, inputs: Any, mask: Any, state: Sequence[Any], sequences: bool) -> tuple[Any, list[Any]]:
    """Loop with TFLite's builtin operators alone, in time linear in the length; arguments as for `collecting`.

    A tensor array would need a static batch size.
    """
    import tensorflow as tf

    parts = [inputs] if mask is None else [inputs, mask]
    time, steps = inputs.shape[0] or tf.shape(inputs)[0], inputs.shape[0]
    if steps == 1:
        new = _advance(step, [tf.squeeze(part, 0) for part in parts], state)
        return new[0][None] if sequences else None, new
    if not sequences:
        return None, _repeated(step, parts, time, state)
    # What a buffer holds at first does not matter; a constant would be stored in the file.
    some = tf.tanh(tf.reduce_sum(tf.slice(inputs, [0] * len(inputs.shape), (-1, *[1] * (len(inputs.shape) - 1)))))
    sizes = (round(steps**0.5),) if steps and steps <= FEW_STEPS else SIZES
    rows, levels = 1, []
    for size in (*sizes, None):
        whole = _ceil(time, rows)
        inner, rows = rows, whole if size is None else _least(size, whole)
        shape = tf.concat(([rows], tf.shape(state[0])), 0)
        levels.append((inner, tf.range(inner), _shaped(tf.fill(shape, some), (rows, *state[0].shape))))
        if isinstance(rows, int) and rows == whole:
            break
    outputs, new = _collect(step, levels, parts, time, list(state))
    # SLICE copies rows; STRIDED_SLICE would copy element by element.
    outputs = tf.slice(outputs, [0] * len(outputs.shape), (time, *[-1] * (len(outputs.shape) - 1)))
    # The converter sees no static sizes behind all this, and needs them for what follows.
    return tf.reshape(outputs, (steps or -1, tf.shape(state[0])[0], *state[0].shape[1:])), new


def unrolled(step: Step, inputs: Any, mask: Any, state: Sequence[Any], sequences: bool) -> tuple[Any, list[Any]]:
    """Write all steps out, for a number of them known beforehand; arguments as for `collecting`."""
    import tensorflow as tf

    rows, now = [], list(state)
    for t in range(inputs.shape[0]):
        now = _advance(step, [inputs[t]] if mask is None else [inputs[t], mask[t]], now)
        rows.append(now[0])
    return tf.stack(rows) if sequences else None, now


def _advance(step: Step, rows: Sequence[Any], state: Sequence[Any]) -> list[Any]:
    return list(step(rows[0] if len(rows) == 1 else tuple(rows), *state))


def _shaped(tensor: Any, shape: Sequence[Any]) -> Any:
    """Set the known sizes of a tensor's shape."""
    tensor.set_shape([size if isinstance(size, int) else None for size in shape])
    return tensor


def _repeated(step: Step, parts: list[Any], time: Any, state: Sequence[Any]) -> list[Any]:
    """Loop for the last state alone."""
    import tensorflow as tf

    def body(t: Any, *state: Any) -> tuple:
        return (t + 1, *_advance(step, [tf.gather(part, t) for part in parts], state))

    return list(tf.while_loop(lambda t, *_: t < time, body, (0, *state))[1:])


def _ceil(time: Any, rows: Any) -> Any:
    """Round up to a multiple; at least one row."""
    import tensorflow as tf

    largest = max if isinstance(time, int) and isinstance(rows, int) else tf.maximum
    return largest((time + rows - 1) // rows, 1) * rows


def _least(size: int, rows: Any) -> Any:
    import tensorflow as tf

    return min(size, rows) if isinstance(rows, int) else tf.minimum(size, rows)


def _collect(step: Step, levels: list, parts: list[Any], count: Any, state: list[Any]) -> tuple[Any, list[Any]]:
    """Compute the first `count` rows of `parts` and write them into the last level's buffer."""
    import tensorflow as tf
    from tensorflow.compiler.tf2xla.ops.gen_xla_ops import xla_dynamic_update_slice

    (size, offsets, buffer), within = levels[-1], levels[:-1]

    def body(t: Any, outputs: Any, *state: Any) -> tuple:
        if not within:
            new = _advance(step, [tf.gather(part, t) for part in parts], state)
            rows = new[0][None]
        else:
            here = [tf.gather(part, tf.minimum(t + offsets, tf.shape(part)[0] - 1)) for part in parts]
            rows, new = _collect(step, within, here, tf.minimum(count - t, size), list(state))
        updated = xla_dynamic_update_slice(outputs, rows, tf.stack((t, *[0] * (len(outputs.shape) - 1))))
        return (t + size, _shaped(updated, outputs.shape), *new)

    _, outputs, *state = tf.while_loop(lambda t, *_: t < count, body, (0, buffer, *state))
    return outputs, state
