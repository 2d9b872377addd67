"""Mutations of the objects of a TFLite file: of graphs, tensors, operators with their options, constants, signatures."""

import collections
import contextlib
import math

import numpy as np

from tests.export.formats.tflite.handmade import schema
from tests.fuzz.damage import damaged

INTEGERS = (
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    17,
    100,
    127,
    128,
    255,
    1000,
    65536,
    2**30,
    2**31 - 1,
    -(2**31),
    2**32 - 1,
)
FLOATS = (0.0, 1.0, -1.0, 1e-30, 1e30, 1e38, math.nan, math.inf)
SMALL = 64  # bytes of a constant that tells an operator what to do


def unpacked(content):
    """Return a file as objects."""
    return schema().ModelT.InitFromObj(schema().Model.GetRootAs(content, 0))


def packed(model):
    """Return a model as a file."""
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def objects(found):
    """Yield an object and all within it."""
    yield found
    for value in vars(found).values():
        for each in value if isinstance(value, list) else [value]:
            if type(each).__module__ == type(found).__module__:
                yield from objects(each)


def _integer(rng, old, sizes):
    return rng.choice((*INTEGERS, old + 1, old - 1, -old, *sizes))


def _vector(rng, old, sizes):
    """Return other numbers: one changed, fewer, more, in another order."""
    new = old.tolist()
    match rng.randrange(6):
        case 0:
            del new[rng.randrange(len(new) + 1) :]
        case 1:
            new += [rng.randrange(8) for _ in range(rng.choice((1, 2, 20)))]
        case 2:
            rng.shuffle(new)
        case _ if new:
            at = rng.randrange(len(new))
            is_float = isinstance(new[at], float)
            new[at] = rng.choice(FLOATS) if is_float else _integer(rng, new[at], sizes)
    if old.dtype.kind == "f":
        return np.array(new, old.dtype)
    bounds = np.iinfo(old.dtype)
    return np.array([min(max(n, bounds.min), bounds.max) for n in new], old.dtype)


def _constant(rng, data):
    """Return other bytes of a constant; of a small one another number."""
    if len(data) % 4 or not 0 < len(data) <= SMALL or rng.random() < 0.3:
        return np.frombuffer(damaged(rng, data.tobytes()), np.uint8)
    numbers = data.view(rng.choice((np.int32, np.int64)) if len(data) % 8 == 0 else np.int32).copy()
    at = rng.randrange(len(numbers))
    numbers[at] = min(rng.choice((*INTEGERS, int(numbers[at]) + 1)), 2**31 - 1)
    return numbers.view(np.uint8)


def _items(rng, values):
    """Remove, repeat or exchange objects of a list."""
    at, other = rng.randrange(len(values)), rng.randrange(len(values))
    match rng.randrange(4):
        case 0:
            del values[at]
        case 1:
            values.insert(other, values[at])
        case 2:
            del values[at:]
        case 3:
            values[at], values[other] = values[other], values[at]


def mutate(model, rng):
    """Change one value: of a kind of objects that is drawn first, since there are few options and many tensors."""
    kinds = collections.defaultdict(list)
    for found in objects(model):
        kinds[type(found).__name__ if "Options" not in type(found).__name__ else "Options"].append(found)
    found = rng.choice([each for each in kinds[rng.choice(sorted(kinds))] if vars(each)])
    name = rng.choice(sorted(vars(found)))
    value = getattr(found, name)
    graph = rng.choice(model.subgraphs)
    sizes = (len(graph.tensors), rng.randrange(len(graph.tensors)), len(model.buffers), len(model.subgraphs))
    if isinstance(value, bool):
        setattr(found, name, not value)
    elif isinstance(value, (int, np.integer)):
        setattr(found, name, _integer(rng, int(value), sizes))
    elif isinstance(value, float):
        setattr(found, name, rng.choice(FLOATS))
    elif isinstance(value, bytes):
        setattr(found, name, rng.choice((b"", b"x", value + b"x", value[:-1], b"\xff")))
    elif isinstance(value, np.ndarray):
        is_data = value.dtype == np.uint8 and name == "data"
        setattr(found, name, _constant(rng, value) if is_data else _vector(rng, value, sizes))
    elif isinstance(value, list) and value and not isinstance(value[0], int):
        _items(rng, value)
    elif name in ("shape", "shapeSignature", "inputs", "outputs", "intermediates"):
        setattr(found, name, np.array([rng.choice((-1, 0, 1, 2, 3, 1000)) for _ in range(rng.randrange(7))], np.int32))
    else:
        setattr(found, name, None)


def mutated(content, rng):
    """Return a file with up to three changes; with damaged bytes if what they make cannot be written."""
    model = unpacked(content)
    with contextlib.suppress(Exception):  # of what the library cannot write
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            with contextlib.suppress(IndexError):  # of what the model does not have
                mutate(model, rng)
        return packed(model)
    return damaged(rng, content)
