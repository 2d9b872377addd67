"""Functions of TensorFlow whose arguments differ from those in `keras.ops`, with TensorFlow's arguments.

The first argument is always given by position. Arguments that change nothing here, such as `name`, are ignored.
"""

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

Operator = Callable[..., Any]


@dataclass(frozen=True)
class Shape:
    """The shape of a tensor as a value of the graph.

    Attributes:
        sizes: None for the batch size.
    """

    sizes: tuple[int | None, ...]


def plain(name: str, *arguments: str) -> Operator:
    """Return a function of `keras.ops` that takes its arguments under TensorFlow's names too.

    Args:
        name: Its name in `keras.ops`.
        arguments: TensorFlow's names of its arguments, by position.
    """

    def call(*args: Any, **named: Any) -> Any:
        named.pop("name", None)
        values = [*args, *(named.pop(key) for key in arguments[len(args) :] if key in named)]
        if named := {key: value for key, value in named.items() if value is not None}:
            raise TypeError(f"arguments {', '.join(sorted(named))}")
        return getattr(ops, name)(*(np.asarray(value) if isinstance(value, list) else value for value in values))

    return call


def reduction(name: str) -> Operator:
    """Return a reduction of `keras.ops` that takes `axis` and `keepdims`, or the names that these had before."""

    def call(x: Any, /, axis: Any = None, keepdims: Any = False, **old: Any) -> Any:
        axis = _one_or_tuple(old.get("reduction_indices", axis))
        return getattr(ops, name)(x, axis=axis, keepdims=bool(old.get("keep_dims", keepdims)))

    return call


def _one_or_tuple(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis


# Activations


def softmax(x: Any, /, axis: Any = None, **_: Any) -> Any:
    """Compute `tf.nn.softmax`."""
    return ops.softmax(x, axis=-1 if axis is None else axis)


def log_softmax(x: Any, /, axis: Any = None, **_: Any) -> Any:
    """Compute `tf.nn.log_softmax`."""
    return ops.log_softmax(x, axis=-1 if axis is None else axis)


def leaky_relu(x: Any, /, alpha: Any = 0.2, **_: Any) -> Any:
    """Compute `tf.nn.leaky_relu`."""
    return ops.leaky_relu(x, negative_slope=alpha)


def gelu(x: Any, /, approximate: Any = False, **_: Any) -> Any:
    """Compute `tf.nn.gelu`."""
    return ops.gelu(x, approximate=approximate)


# Shapes and places


def shape(x: Any, /, **_: Any) -> Shape:
    """Return what `tf.shape` does, as far as it is known while the graph is built."""
    return Shape(tuple(x.shape))


def reshape(x: Any, /, shape: Any, **_: Any) -> Any:
    """Compute `tf.reshape`."""
    sizes = list(shape.sizes) if isinstance(shape, Shape) else shape
    return ops.reshape(x, _sizes(x, sizes) if isinstance(sizes, (list, tuple)) else sizes)


def _sizes(tensor: Any, sizes: Any) -> tuple[int, ...]:
    """Return a shape without None, which stands for the batch size, beside -1, an axis that takes the rest."""
    if None not in sizes or -1 not in sizes or None in tensor.shape[1:]:
        return tuple(-1 if size is None else size for size in sizes)
    rest = math.prod(tensor.shape[1:]) // math.prod(size for size in sizes if size not in (None, -1))
    return tuple(-1 if size is None else rest if size == -1 else size for size in sizes)


def getitem(x: Any, /, slice_spec: Any, **_: Any) -> Any:
    """Index a tensor, or the shape of one."""
    key = _key(slice_spec)
    if isinstance(x, Shape):
        found = x.sizes[key[0] if isinstance(key, tuple) else key]
        return Shape(found) if isinstance(found, tuple) else found
    return ops.get_item(x, key)


def _key(spec: Any) -> Any:
    """Return the key of an index as it is stored: `{"start", "stop", "step"}`, a number, None, or `...`."""
    if isinstance(spec, dict) and set(spec) <= {"start", "stop", "step"}:
        return slice(spec.get("start"), spec.get("stop"), spec.get("step"))
    if isinstance(spec, dict):
        return Ellipsis
    if isinstance(spec, (list, tuple)):
        return tuple(_key(part) for part in spec)
    return Ellipsis if spec == "..." else spec


def concat(values: Any, /, axis: int, **_: Any) -> Any:
    """Compute `tf.concat`."""
    return ops.concatenate(values, axis=axis)


def stack(values: Any, /, axis: int = 0, **_: Any) -> Any:
    """Compute `tf.stack`."""
    return ops.stack(values, axis=axis)


def unstack(x: Any, /, num: Any = None, axis: int = 0, **_: Any) -> Any:
    """Compute `tf.unstack`."""
    return ops.unstack(x, num, axis)


def split(x: Any, /, num_or_size_splits: Any, axis: int = 0, _num: Any = None, **_: Any) -> Any:
    """Compute `tf.split`."""
    if isinstance(num_or_size_splits, int):
        return ops.split(x, num_or_size_splits, axis=axis)
    return ops.split(x, list(itertools.accumulate(num_or_size_splits))[:-1], axis=axis)


def expand_dims(x: Any, /, axis: Any = None, **old: Any) -> Any:
    """Compute `tf.expand_dims`, whose `axis` was `dim` before."""
    return ops.expand_dims(x, axis=old.get("dim", axis))


def squeeze(x: Any, /, axis: Any = None, **old: Any) -> Any:
    """Compute `tf.squeeze`, whose `axis` was `squeeze_dims` before."""
    axis = old.get("squeeze_dims") or axis
    return ops.squeeze(x, axis=axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis)


def transpose(x: Any, /, perm: Any = None, **_: Any) -> Any:
    """Compute `tf.transpose`."""
    return ops.transpose(x, axes=perm)


def tile(x: Any, /, multiples: Any, **_: Any) -> Any:
    """Compute `tf.tile`."""
    return ops.tile(x, _one_or_tuple(multiples))


def repeat(x: Any, /, repeats: Any, axis: Any = None, **_: Any) -> Any:
    """Compute `tf.repeat`."""
    return ops.repeat(x, repeats, axis=axis)


def reverse(x: Any, /, axis: Any, **_: Any) -> Any:
    """Compute `tf.reverse`."""
    return ops.flip(x, axis=_one_or_tuple(axis))


def gather(x: Any, /, indices: Any, _validate: Any = None, axis: Any = None, batch_dims: int = 0, **_: Any) -> Any:
    """Compute `tf.gather`."""
    if batch_dims:
        raise TypeError("argument batch_dims")
    return ops.take(x, indices, axis=axis or 0)


def pad(x: Any, /, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, **_: Any) -> Any:
    """Compute `tf.pad`."""
    value = constant_values if mode.lower() == "constant" else None
    return ops.pad(x, paddings, mode=mode.lower(), constant_values=value)


# Values


def matmul(a: Any, /, b: Any, transpose_a: bool = False, transpose_b: bool = False, **named: Any) -> Any:
    """Compute `tf.matmul`."""
    if any(named.values()):
        raise TypeError(f"arguments {', '.join(key for key, value in named.items() if value)}")
    return ops.matmul(ops.swapaxes(a, -1, -2) if transpose_a else a, ops.swapaxes(b, -1, -2) if transpose_b else b)


def clip(x: Any, /, clip_value_min: Any, clip_value_max: Any, **_: Any) -> Any:
    """Compute `tf.clip_by_value`."""
    return ops.clip(x, clip_value_min, clip_value_max)


def cast(x: Any, /, dtype: Any, **_: Any) -> Any:
    """Compute `tf.cast`."""
    return ops.cast(x, dtype.removeprefix("tf.") if isinstance(dtype, str) else dtype)


def where(condition: Any, /, x: Any = None, y: Any = None, **_: Any) -> Any:
    """Compute `tf.where`."""
    return ops.where(condition, x, y)


def normalize(x: Any, /, axis: Any = None, epsilon: float = 1e-12, **_: Any) -> Any:
    """Compute `tf.math.l2_normalize`."""
    total = ops.sum(ops.square(x), axis=_one_or_tuple(axis), keepdims=True)
    return x * ops.rsqrt(ops.maximum(total, epsilon))


def squared_difference(x: Any, /, y: Any, **_: Any) -> Any:
    """Compute `tf.math.squared_difference`."""
    return ops.square(x - y)


def one_hot(
    x: Any, /, depth: int, on_value: Any = None, off_value: Any = None, axis: Any = None, _dtype: Any = None, **_: Any
) -> Any:
    """Compute `tf.one_hot`."""
    if on_value not in (None, 1) or off_value not in (None, 0):
        raise TypeError("arguments on_value, off_value")
    return ops.one_hot(x, depth, axis=-1 if axis is None else axis)


def cumsum(x: Any, /, axis: int = 0, exclusive: bool = False, reverse: bool = False, **_: Any) -> Any:
    """Compute `tf.cumsum`."""
    if exclusive or reverse:
        raise TypeError("arguments exclusive, reverse")
    return ops.cumsum(x, axis=axis)


def argmax(x: Any, /, axis: Any = None, _output_type: Any = None, **_: Any) -> Any:
    """Compute `tf.argmax`."""
    return ops.argmax(x, axis=0 if axis is None else axis)


def add_n(values: Any, /, **_: Any) -> Any:
    """Compute `tf.add_n`."""
    return functools.reduce(lambda a, b: a + b, values)


def identity(x: Any, /, *_: Any, **__: Any) -> Any:
    """Return a tensor as it is."""
    return x
