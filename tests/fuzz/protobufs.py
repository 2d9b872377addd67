"""Mutations of protocol buffers of any kind: fields changed, removed, repeated and exchanged."""

import collections
import math

from google.protobuf.descriptor import FieldDescriptor as Kind

INTEGERS = (
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    11,
    127,
    128,
    1000,
    65536,
    2**31 - 1,
    -(2**31),
    2**32,
    2**62,
    -(2**63),
    2**63 - 1,
)
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e38, -1e38, 1e-30, math.nan, math.inf, -math.inf)
WIDTHS = {Kind.CPPTYPE_INT32: (-(2**31), 2**31 - 1), Kind.CPPTYPE_UINT32: (0, 2**32 - 1),
          Kind.CPPTYPE_INT64: (-(2**63), 2**63 - 1), Kind.CPPTYPE_UINT64: (0, 2**64 - 1)}  # fmt: skip


def messages(message):
    """Yield a message and all within it."""
    yield message
    for field, value in message.ListFields():
        if field.cpp_type == Kind.CPPTYPE_MESSAGE:
            for each in value if field.is_repeated else [value]:
                yield from messages(each)


def texts(message):
    """Return all texts in a message, which are names of something else in it."""
    found = []
    for each in messages(message):
        for field, value in each.ListFields():
            if field.type == Kind.TYPE_STRING:
                found += value if field.is_repeated else [value]
    return sorted(set(found))


def scalar(field, rng, names, old=0):
    """Return another value for a field that is no message."""
    if field.cpp_type in WIDTHS:
        least, most = WIDTHS[field.cpp_type]
        return min(max(rng.choice((*INTEGERS, old + 1, old - 1, old * 2, -old)), least), most)
    if field.cpp_type == Kind.CPPTYPE_ENUM:
        return rng.choice(field.enum_type.values).number
    if field.cpp_type == Kind.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if field.type == Kind.TYPE_BYTES:
        return rng.randbytes(rng.choice((0, 1, 3, 4, 8, 64)))
    return rng.choice(names) if field.type == Kind.TYPE_STRING else rng.choice(FLOATS)


def _of_several(found, field, rng, names):
    """Mutate a repeated field."""
    values, is_message = getattr(found, field.name), field.cpp_type == Kind.CPPTYPE_MESSAGE
    at = rng.randrange(len(values)) if values else None
    match rng.randrange(4):
        case 0 if values:
            del values[at]
        case 1 if values and is_message:
            values.add().CopyFrom(values[at])
        case 2 if len(values) > 1:
            a, b = values[at], values[rng.randrange(len(values))]
            a = type(a).FromString(a.SerializeToString()) if is_message else a
            (values[at].CopyFrom(b), b.CopyFrom(a)) if is_message else values.__setitem__(at, b)
        case _ if is_message:
            values.add()
        case _ if values and rng.random() < 0.7:
            values[at] = scalar(field, rng, names, values[at])
        case _:
            values.append(scalar(field, rng, names))


def mutate(message, rng, more_names=(), most=3):
    """Change a message in up to so many places: of a kind of messages that is drawn first, since some are rare."""
    names = [*texts(message), *more_names, "", "\n", "x" * 1000]
    for _ in range(rng.randint(1, most)):
        kinds = collections.defaultdict(list)
        for each in messages(message):
            kinds[each.DESCRIPTOR.name].append(each)
        found = rng.choice(kinds[rng.choice(sorted(kinds))])
        there = [field for field, _ in found.ListFields()]
        field = rng.choice(there if there and rng.random() < 0.7 else found.DESCRIPTOR.fields or [None])
        if field is None:
            continue
        if field.is_repeated:
            _of_several(found, field, rng, names)
        elif rng.random() < 0.2:
            found.ClearField(field.name)
        elif field.cpp_type == Kind.CPPTYPE_MESSAGE:
            getattr(found, field.name).SetInParent()
        else:
            old = getattr(found, field.name)
            setattr(found, field.name, scalar(field, rng, names, old))
