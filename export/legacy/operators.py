"""TensorFlow's functions as Keras 2 stored them in functional models → the same in `keras.ops`.

Keras 2.4 and later wrote `TFOpLambda` with the public name of the function, such as `math.multiply`. The Keras of
TensorFlow 2.0 to 2.3 wrote `TensorFlowOpLayer` with an operator, such as `Mul`, and its constant inputs.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops

from . import functions
from .functions import Operator, plain, reduction

BINARY = {
    "math.add": "add", "__operators__.add": "add", "add": "add", "math.subtract": "subtract", "subtract": "subtract",
    "math.multiply": "multiply", "multiply": "multiply", "math.divide": "divide", "divide": "divide",
    "math.truediv": "true_divide", "truediv": "true_divide", "math.divide_no_nan": "divide_no_nan",
    "math.floordiv": "floor_divide", "floordiv": "floor_divide", "floor_div": "floor_divide",
    "math.floor_div": "floor_divide", "math.pow": "power", "pow": "power", "math.maximum": "maximum",
    "maximum": "maximum", "math.minimum": "minimum", "minimum": "minimum", "math.greater": "greater",
    "greater": "greater", "math.greater_equal": "greater_equal", "math.less": "less", "less": "less",
    "math.less_equal": "less_equal", "math.equal": "equal", "__operators__.eq": "equal",
    "__operators__.ne": "not_equal", "math.not_equal": "not_equal", "math.logical_and": "logical_and",
    "math.logical_or": "logical_or", "math.floormod": "mod", "math.atan2": "arctan2",
}  # fmt: skip
"""Function of `x` and `y` → its name in `keras.ops`."""
UNARY = {
    "math.negative": "negative", "negative": "negative", "math.exp": "exp", "exp": "exp", "math.log": "log",
    "math.log1p": "log1p", "math.sqrt": "sqrt", "sqrt": "sqrt", "math.rsqrt": "rsqrt", "math.square": "square",
    "square": "square", "math.abs": "abs", "abs": "abs", "math.tanh": "tanh", "tanh": "tanh", "nn.tanh": "tanh",
    "math.sigmoid": "sigmoid", "sigmoid": "sigmoid", "nn.sigmoid": "sigmoid", "math.sign": "sign", "sign": "sign",
    "math.floor": "floor", "floor": "floor", "math.ceil": "ceil", "math.round": "round", "round": "round",
    "math.sin": "sin", "sin": "sin", "math.cos": "cos", "cos": "cos", "math.erf": "erf",
    "math.logical_not": "logical_not", "math.reciprocal": "reciprocal", "math.softplus": "softplus",
    "math.is_nan": "isnan", "math.sinh": "sinh",
    "math.cosh": "cosh", "math.atan": "arctan", "math.expm1": "expm1",
}  # fmt: skip
"""Function of `x` → its name in `keras.ops`."""
ACTIVATIONS = {
    "nn.relu": "relu", "nn.relu6": "relu6", "nn.elu": "elu", "nn.selu": "selu", "nn.softplus": "softplus",
    "nn.softsign": "softsign", "nn.silu": "silu", "nn.swish": "silu",
}  # fmt: skip
"""Function of `features` → its name in `keras.ops`."""
REDUCTIONS = {
    "sum": "sum", "mean": "mean", "max": "max", "min": "min", "prod": "prod", "std": "std", "variance": "var",
    "any": "any", "all": "all", "logsumexp": "logsumexp",
}  # fmt: skip
"""Reduction → its name in `keras.ops`."""
OPERATORS: dict[str, Operator] = {
    **{name: plain(own, "x", "y") for name, own in BINARY.items()},
    **{name: plain(own, "x") for name, own in UNARY.items()},
    **{name: plain(own, "features") for name, own in ACTIVATIONS.items()},
    **{f"{prefix}reduce_{name}": reduction(own) for prefix in ("math.", "") for name, own in REDUCTIONS.items()},
    "zeros_like": plain("zeros_like", "input"), "ones_like": plain("ones_like", "input"),
    "nn.softmax": functions.softmax, "math.softmax": functions.softmax, "nn.log_softmax": functions.log_softmax,
    "math.log_softmax": functions.log_softmax, "nn.leaky_relu": functions.leaky_relu, "nn.gelu": functions.gelu,
    "concat": functions.concat, "stack": functions.stack, "unstack": functions.unstack, "split": functions.split,
    "reshape": functions.reshape, "expand_dims": functions.expand_dims, "squeeze": functions.squeeze,
    "transpose": functions.transpose, "linalg.matmul": functions.matmul, "matmul": functions.matmul,
    "clip_by_value": functions.clip, "cast": functions.cast, "tile": functions.tile, "repeat": functions.repeat,
    "reverse": functions.reverse, "where": functions.where, "math.l2_normalize": functions.normalize,
    "linalg.l2_normalize": functions.normalize, "nn.l2_normalize": functions.normalize,
    "math.squared_difference": functions.squared_difference, "gather": functions.gather, "one_hot": functions.one_hot,
    "pad": functions.pad, "math.cumsum": functions.cumsum, "cumsum": functions.cumsum, "math.argmax": functions.argmax,
    "argmax": functions.argmax, "math.add_n": functions.add_n, "add_n": functions.add_n,
    "__operators__.getitem": functions.getitem, "shape": functions.shape, "identity": functions.identity,
    "stop_gradient": functions.identity, "grad_pass_through": functions.identity,
    "convert_to_tensor": functions.identity,
}  # fmt: skip
"""Public name of a function of TensorFlow → the function that computes it in Keras, with TensorFlow's arguments."""
NODES = {
    "Add": "math.add", "AddV2": "math.add", "Sub": "math.subtract", "Mul": "math.multiply", "RealDiv": "math.truediv",
    "Div": "math.truediv", "Maximum": "math.maximum", "Minimum": "math.minimum", "Pow": "math.pow",
    "Neg": "math.negative", "Exp": "math.exp", "Log": "math.log", "Sqrt": "math.sqrt", "Rsqrt": "math.rsqrt",
    "Square": "math.square", "Abs": "math.abs", "Tanh": "math.tanh", "Sigmoid": "math.sigmoid", "Relu": "nn.relu",
    "Softmax": "nn.softmax", "Reshape": "reshape", "ExpandDims": "expand_dims", "Transpose": "transpose",
    "Tile": "tile", "ZerosLike": "zeros_like", "OnesLike": "ones_like", "SquaredDifference": "math.squared_difference",
    "BiasAdd": "math.add", "Identity": "identity", "StopGradient": "identity",
}  # fmt: skip
"""Operator of a `TensorFlowOpLayer` whose settings are all among its inputs → public name of its function."""


def operator(symbol: str) -> Operator | None:
    """Return the function of Keras that computes one of TensorFlow's, by its public name; None if there is none.

    The function takes TensorFlow's arguments, by position or name.
    """
    return OPERATORS.get(symbol.removeprefix("tf.").removeprefix("compat.v1."))


def node_function(config: Mapping[str, Any]) -> tuple[str, Operator | None]:
    """Return the operator of a `TensorFlowOpLayer`, and a function of its inputs; None if it is not translated."""
    node = config["node_def"]
    if not isinstance(node, Mapping):
        return "an operator in binary form", None
    kind, attributes = node["op"], node.get("attr", {})
    constants = {int(place): _constant(value) for place, value in (config.get("constants") or {}).items()}
    function = _node(kind, attributes)
    if function is None:
        return kind, None

    def call(*tensors: Any) -> Any:
        given, count = iter(tensors), len(tensors) + len(constants)
        return function(*[constants[i] if i in constants else next(given) for i in range(count)])

    return kind, call


def _constant(value: Any) -> Any:
    """Return a constant: an array if it has fractions; axes and sizes stay as they are."""
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind == "f" else value


def _node(kind: str, attributes: Mapping[str, Any]) -> Operator | None:
    """Return the function of an operator whose settings are among its inputs and attributes."""

    def flag(name: str) -> Any:
        value = attributes.get(name, {})
        return value.get("b", int(value.get("i", 0)))

    if kind in ("Mean", "Sum", "Max", "Min", "Prod"):
        reduce = reduction(kind.lower())
        return lambda x, axis: reduce(x, axis, bool(flag("keep_dims")))
    if kind in ("MatMul", "BatchMatMul", "BatchMatMulV2"):
        first, second = ("transpose_a", "transpose_b") if kind == "MatMul" else ("adj_x", "adj_y")
        return lambda a, b: functions.matmul(a, b, bool(flag(first)), bool(flag(second)))
    if kind == "ConcatV2":
        return lambda *values: ops.concatenate(values[:-1], axis=values[-1])
    if kind == "Pack":
        return lambda *values: ops.stack(values, axis=flag("axis"))
    if kind == "Squeeze":
        axes = [int(axis) for axis in attributes.get("squeeze_dims", {}).get("list", {}).get("i", [])]
        return lambda x: ops.squeeze(x, axis=tuple(axes) or None)
    if kind == "Cast":
        dtype = str(attributes.get("DstT", {}).get("type", "DT_FLOAT")).removeprefix("DT_").lower()
        return lambda x: ops.cast(x, {"float": "float32", "double": "float64", "half": "float16"}.get(dtype, dtype))
    if kind == "StridedSlice":
        return lambda x, begin, end, strides: ops.get_item(x, _key(begin, end, strides, flag))
    return OPERATORS.get(NODES.get(kind, ""))


def _key(begin: Any, end: Any, strides: Any, flag: Callable[[str], int]) -> tuple[Any, ...]:
    """Return the key of a strided slice, whose masks have a bit for each axis."""

    def bit(name: str, place: int) -> bool:
        return bool(flag(name) >> place & 1)

    key: list[Any] = []
    for i, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        if bit("ellipsis_mask", i):
            key.append(Ellipsis)
        elif bit("new_axis_mask", i):
            key.append(None)
        elif bit("shrink_axis_mask", i):
            key.append(first)
        else:
            key.append(slice(None if bit("begin_mask", i) else first, None if bit("end_mask", i) else last, step))
    return tuple(key)
