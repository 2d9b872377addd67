"""What must hold for single operators of TFLite beyond the types of their tensors: numbers in range, sizes, scales."""

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from zoo.errors import ArtifactError

from .schema import QUANTIZED

LARGEST = 1 << 28  # numbers of a tensor
MADE = 1 << 26  # numbers that a few constants ask for
RANK = 8
VALUES = {
    "ARG_MAX": {1: (-RANK, RANK - 1)}, "ARG_MIN": {1: (-RANK, RANK - 1)}, "CUMSUM": {1: (-RANK, RANK - 1)},
    "EXPAND_DIMS": {1: (-RANK, RANK)}, "MEAN": {1: (-RANK, RANK - 1)}, "SUM": {1: (-RANK, RANK - 1)},
    "SPLIT": {0: (-RANK, RANK - 1)}, "SPLIT_V": {1: (-1, LARGEST), 2: (-RANK, RANK - 1)},
    "TRANSPOSE": {1: (-RANK, RANK - 1)}, "REVERSE_V2": {1: (-RANK, RANK - 1)}, "RESHAPE": {1: (-1, MADE)},
    "SLICE": {1: (0, LARGEST), 2: (-1, LARGEST)}, "FILL": {0: (0, MADE)}, "TILE": {1: (0, MADE)},
    "BROADCAST_TO": {1: (0, MADE)}, "SCATTER_ND": {2: (0, MADE)}, "PAD": {1: (0, 1 << 16)},
    "PADV2": {1: (0, 1 << 16)}, "MIRROR_PAD": {1: (0, 1 << 16)}, "ONE_HOT": {1: (1, 1 << 20)},
    "TOPK_V2": {1: (1, LARGEST)}, "RESIZE_BILINEAR": {1: (1, 1 << 12)}, "RESIZE_NEAREST_NEIGHBOR": {1: (1, 1 << 12)},
    "TRANSPOSE_CONV": {0: (1, MADE)}, "SPACE_TO_BATCH_ND": {1: (1, 4096), 2: (0, LARGEST)},
    "BATCH_TO_SPACE_ND": {1: (1, 4096), 2: (0, LARGEST)},
} | {f"REDUCE_{name}": {1: (-RANK, RANK - 1)} for name in ("ALL", "ANY", "MAX", "MIN", "PROD")}  # fmt: skip
VALUES |= {f"UNSORTED_SEGMENT_{name}": {2: (1, 1 << 20)} for name in ("MAX", "MIN", "PROD", "SUM")}
"""Operator → input → the least and the largest number that a constant there may have."""
SIZES = {"FILL": 0, "TILE": 1, "BROADCAST_TO": 1, "SCATTER_ND": 2, "RESIZE_BILINEAR": 1, "RESIZE_NEAREST_NEIGHBOR": 1,
         "TRANSPOSE_CONV": 0, "RESHAPE": 1}  # fmt: skip
"""Operator → its input that holds the sizes of its result."""


def refuse(condition: object, what: str, why: str) -> None:
    """Raise ArtifactError where a condition holds."""
    if condition:
        raise ArtifactError(f"{what}: {why}")


def check_numbers(operator: Any, numbers: list[np.ndarray | None]) -> None:
    """Check the constants that tell an operator what to do.

    Args:
        operator: The operator.
        numbers: Those of each of its inputs, None where it is not a constant.

    Raises:
        ArtifactError: One is out of range, or they ask for a huge result.
    """
    constants = {i: found for i, found in enumerate(numbers) if found is not None and found.size}
    for place, (least, most) in VALUES.get(operator.row.name, {}).items():
        if (found := constants.get(place)) is not None:
            wrong = found.min() < least or found.max() > most
            refuse(wrong, operator.what, f"a number outside of {least} to {most} in its input {place}")
    if (sizes := constants.get(SIZES.get(operator.row.name, -1))) is not None:
        many = math.prod(abs(n) for n in sizes.tolist()) > MADE
        refuse(many, operator.what, f"it makes more than {MADE} numbers")


def _while(checker: Any, graph: Any, operator: Any, given: Any, results: Any) -> None:
    """A loop's condition gives one bool; its body takes what it gives."""
    options, what = operator.options, operator.what
    refuse(None in given or len(given) != len(results), what, "it takes other tensors than it gives")
    checker.called(graph, what, options.body, given, results)
    checker.called(graph, what, options.condition, given, [SimpleNamespace(letter="b")])


def _if(checker: Any, graph: Any, operator: Any, given: Any, results: Any) -> None:
    refuse(None in given, operator.what, "a tensor is missing")
    for index in (operator.options.then, vars(operator.options)["else"]):
        checker.called(graph, operator.what, index, given[1:], results)


def _counted(where: str, side: int) -> Callable[..., None]:
    """Return a rule: the number in the options is that of the inputs (0) or outputs (1)."""

    def check(_checker: Any, _graph: Any, operator: Any, given: Any, results: Any) -> None:
        wanted = vars(operator.options)[where]
        refuse(len((given, results)[side]) != wanted, operator.what, f"{wanted} tensors by its options, not so many")

    return check


def _strided(checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    """The slices of a tensor have a begin, an end and a stride for each axis that they name."""
    what, sizes, strides = operator.what, [tensor.shape for tensor in given[1:]], checker.numbers(given[3])
    count = len(strides)
    refuse(not count or sizes != [(count,)] * 3, what, "begins, ends and strides of different lengths")
    refuse(0 in strides, what, "a stride of zero")
    refuse(max(vars(operator.options).values()) >> count, what, "a mask for more axes than it has")
    known = given[0].shape or given[0].constant
    refuse(known and count > len(given[0].shape) + operator.options.new.bit_count(), what, "more axes than its input")


def _reshaped(_checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    """Without a tensor that has the sizes, the options have them."""
    sizes = operator.options.shape or ()
    good = 0 < len(sizes) <= RANK and min(sizes) >= -1 and 0 not in sizes and sizes.count(-1) < 2
    refuse(len(given) == 1 and not good, operator.what, f"the sizes {sizes}")


def _summed(_checker: Any, _graph: Any, operator: Any, given: Any, results: Any) -> None:
    """Scales whose ratios the runtime can write as integers: it ends the process over others."""
    tensors = [t for t in (*given, *results) if t.letter in QUANTIZED]
    scales = [t.quantization.scale[0] for t in tensors]
    limit = RATIOS[operator.row.name]
    far = scales and (max(scales) > limit * min(scales) or any(len(t.quantization.scale) > 1 for t in tensors))
    refuse(far, operator.what, "scales that are too far from one another")
    refuse(scales and results[0].letter == "b" and max(scales) >= 1, operator.what, "scales above one")


def _squared(_checker: Any, _graph: Any, operator: Any, given: Any, results: Any) -> None:
    """The runtime ends the process where the scale of the squares is too small for those of the inputs."""
    scales = [tensor.quantization.scale for tensor in (*given, *results) if tensor.letter in QUANTIZED]
    refuse(any(len(scale) > 1 for scale in scales), operator.what, "several scales of one tensor")
    if len(scales) == len(given) + 1:
        most = max(scale[0] for scale in scales[:-1])
        refuse(4 * most**2 >= SQUARES * scales[-1][0], operator.what, "a scale of its result that is too small")


def _range(checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    numbers = [checker.numbers(tensor) for tensor in given]
    start, limit, step = (None if found is None else float(found[0]) for found in numbers)
    if start is None or limit is None:
        return
    if step is None:
        step = math.copysign(1, limit - start)  # of whole steps those that make the most numbers
    refuse(not step or (limit - start) / step > MADE, operator.what, f"it makes more than {MADE} numbers")


def _padded(checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    refuse(given[1].shape[1] != 2, operator.what, "other than two numbers for an axis")
    around = checker.numbers(given[1]).reshape(-1, 2).sum(axis=1, dtype=np.int64).tolist()
    sizes = given[0].shape if len(given[0].shape) == len(around) else [1] * len(around)
    many = math.prod(size + n for size, n in zip(sizes, around, strict=True))
    refuse(many > max(MADE, given[0].count), operator.what, f"it makes more than {MADE} numbers")


def _tiled(checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    times = checker.numbers(given[1])
    many = 0 if times is None else math.prod(times.tolist()) * given[0].count
    refuse(many > MADE, operator.what, f"it makes more than {MADE} numbers")


def _resized(checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    """Images get another height and width; batch and channels stay."""
    sizes, shape = checker.numbers(given[1]), given[0].shape
    many = 0 if sizes is None else math.prod(sizes.tolist()) * math.prod((*shape[:1], *shape[3:]))
    refuse(many > MADE, operator.what, f"it makes more than {MADE} numbers")


def _multiplied(checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    """A constant says how many times there is room for the numbers of the first input, or for some of them."""
    count = checker.numbers(given[1 if operator.row.name == "ONE_HOT" else 2])
    many = 0 if count is None else int(count.max()) * given[0].count
    refuse(many > max(MADE, given[0].count), operator.what, f"it makes more than {MADE} numbers")


def _divided(checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    """An integer is not divided by 0, nor by -1: the remainder of the least one ends the process.

    A divisor that is computed must be natural; the runtime looks for zeros itself.
    """
    divisor = given[1]
    found = checker.numbers(divisor) if divisor.letter in "il" else None
    refuse(found is not None and {0, -1} & set(found.tolist()), operator.what, "an integer divided by 0 or -1")
    unknown = operator.row.name == "FLOOR_MOD" and divisor.letter in "il" and found is None and not divisor.natural
    refuse(unknown, operator.what, "an integer divided by numbers that may be -1: take their maximum with 1 before")


def _transposed(_checker: Any, _graph: Any, operator: Any, given: Any, _results: Any) -> None:
    refuse(given[0].shape != (4,), operator.what, "other than four sizes of its result")


def natural(checker: Any, operator: Any, given: Sequence[Any]) -> bool:
    """Tell whether an operator gives integers of at least 0: sizes, maxima with such, and those that it moves about."""
    name = operator.row.name

    def known(tensor: Any) -> bool:
        numbers = checker.numbers(tensor) if tensor.letter in "il" else None
        return tensor.natural or (numbers is not None and bool(np.all(numbers >= 0)))

    if name == "MAXIMUM":
        return any(map(known, given))
    return name in SIZED or (name in MOVED and known(given[0])) or (name in JOINED and all(map(known, given)))


SIZED = {"SHAPE", "RANK"}
MOVED = {"BROADCAST_TO", "EXPAND_DIMS", "GATHER", "RESHAPE", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE"}
JOINED = {"CONCATENATION", "MINIMUM", "PACK"}
"""Operators that give sizes, some numbers of their first input, some numbers of all inputs."""
RATIOS = {"ADD": 2**12, "SUB": 2**12, "EQUAL": 2**12, "NOT_EQUAL": 2**12, "GREATER": 2**12,
          "GREATER_EQUAL": 2**12, "LESS": 2**12, "LESS_EQUAL": 2**12}  # fmt: skip
SQUARES = 2**14
"""What the runtime multiplies squares by, so that the factor that makes them results is below one."""
RULES: dict[str, Callable[..., None]] = {
    "IF": _if, "WHILE": _while, "RANGE": _range, "STRIDED_SLICE": _strided, "RESHAPE": _reshaped,
    "PACK": _counted("count", 0), "TILE": _tiled, "TRANSPOSE_CONV": _transposed,
    **dict.fromkeys(("UNPACK", "SPLIT", "SPLIT_V"), _counted("count", 1)),
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _padded),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resized), "ONE_HOT": _multiplied,
    **{f"UNSORTED_SEGMENT_{name}": _multiplied for name in ("MAX", "MIN", "PROD", "SUM")},
    **dict.fromkeys(("DIV", "FLOOR_DIV", "FLOOR_MOD"), _divided),
    **dict.fromkeys(RATIOS, _summed), "SQUARED_DIFFERENCE": _squared,
}  # fmt: skip
"""Operator → what else must hold for it."""
