"""Reading of ONNX files, byte by byte, before any library parses them.

Protocol buffers merge a message that stands twice in a file, and skip fields that they do not know; this reader refuses
both, so that a runtime cannot see another model than the one that was checked.

Reference: https://protobuf.dev/programming-guides/encoding/ and onnx/onnx.proto3 (IR version 13)
"""

import functools
import struct
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from zoo.errors import ArtifactError

TABLES = {
    "Model": "1:ir_version:int 2:producer:string 3:producer_version:skip 4:domain:skip 5:version:int 6:doc:skip "
    "7:graph:Graph 8:opsets:[Opset] 14:metadata:[Entry] 20:training:[no] 25:functions:[no] 26:configuration:[no]",
    "Opset": "1:domain:string 2:version:int",
    "Entry": "1:key:string 2:value:string",
    "Graph": "1:nodes:[Node] 2:name:skip 5:initializers:[Tensor] 10:doc:skip 11:inputs:[Value] "
    "12:outputs:[Value] 13:values:[Value] 14:quantization:[skip] 15:sparse:[no] 16:metadata:[skip]",
    "Node": "1:inputs:[string] 2:outputs:[string] 3:name:string 4:kind:string 5:attributes:[Attribute] 6:doc:skip "
    "7:domain:string 8:overload:string 9:metadata:[skip] 10:configuration:[no]",
    "Attribute": "1:name:string 2:f:float 3:i:int 4:s:skip 5:tensor:Tensor 6:graph:Graph 7:floats:[float] 8:ints:[int] "
    "9:strings:[skip] 10:tensors:[Tensor] 11:graphs:[no] 13:doc:skip 14:type_proto:no 15:type_protos:[no] 20:type:int "
    "21:reference:string 22:sparse:no 23:sparses:[no]",
    "Tensor": "1:dims:[int] 2:type:int 3:segment:no 4:floats:[skip] 5:int32s:[skip] 6:strings:[skip] 7:int64s:[skip] "
    "8:name:string 9:raw:skip 10:doubles:[skip] 11:uint64s:[skip] 12:doc:skip 13:external:[Entry] 14:location:int "
    "16:metadata:[skip]",
    "Value": "1:name:string 2:type:Type 3:doc:skip 4:metadata:[skip]",
    "Type": "1:tensor:Shaped 4:sequence:no 5:map:no 6:denotation:skip 7:opaque:no 8:sparse:no 9:optional:no",
    "Shaped": "1:type:int 2:shape:Shape",
    "Shape": "1:dims:[Dim]",
    "Dim": "1:value:int 2:name:string 3:denotation:skip",
}
"""Message → its fields, `number:name:kind`.

`[kind]` may occur any number of times, `no` must not occur, and of `skip` only the place is kept.
"""
WIRES = {"int": 0, "float": 5}
WIDTHS = {1: 8, 5: 4}
DEEPEST = 60  # messages within messages; a graph within a graph is three
LONGEST = 1 << 22  # bytes of a text, or of the numbers of an attribute
MOST = 1_000_000  # fields and numbers of a file: each takes a hundred times the room of its two bytes


@dataclass(frozen=True)
class Field:
    """A field of a message: name, kind, whether it may occur several times."""

    name: str
    kind: str
    many: bool


@functools.cache
def fields(message: str) -> dict[int, Field]:
    """Return the fields of a message by number."""
    found = {}
    for word in TABLES[message].split():
        number, name, kind = word.split(":")
        found[int(number)] = Field(name, kind.strip("[]"), kind.startswith("["))
    return found


class Reader:
    """Reads the messages of a file."""

    def __init__(self, content: bytes) -> None:
        self.content, self.left = content, MOST

    def message(self, kind: str, at: int, end: int, deep: int = 0) -> SimpleNamespace:
        """Read a message that takes the bytes from `at` to `end`.

        Raises:
            ArtifactError: It is damaged, or has fields that are not known or not accepted here.
        """
        known = fields(kind)
        found: dict[str, Any] = {field.name: [] if field.many else None for field in known.values()}
        if deep > DEEPEST:
            raise ArtifactError(f"more than {DEEPEST} messages within one another")
        while at < end:
            self.spend(1)
            tag, at = self.varint(at, end)
            field, wire = known.get(tag >> 3), tag & 7
            if field is None or field.kind == "no":
                name = f"field {tag >> 3}" if field is None else field.name
                raise ArtifactError(f"its {kind.lower()} has {name}, which is not accepted")
            begin, at = self.value(wire, at, end)
            if not field.many and found[field.name] is not None:
                raise ArtifactError(f"its {kind.lower()} has {field.name} twice")
            value = self.read(field, wire, begin, at, deep)
            if field.many:
                found[field.name] += value if field.kind in WIRES else [value]
            else:
                found[field.name] = value[0] if field.kind in WIRES else value
        return SimpleNamespace(**found)

    def spend(self, count: int) -> None:
        """Count what is read.

        Raises:
            ArtifactError: It is too much.
        """
        self.left -= count
        if self.left < 0:
            raise ArtifactError(f"more than {MOST} fields and numbers")

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Read an integer; return it and where it ends."""
        value = 0
        for i in range(10):
            if at + i >= end:
                break
            byte = self.content[at + i]
            value |= (byte & 127) << 7 * i
            if byte < 128:
                return value & (1 << 64) - 1, at + i + 1
        raise ArtifactError(f"byte {at}: a number without an end")

    def value(self, wire: int, at: int, end: int) -> tuple[int, int]:
        """Return where a value begins and ends."""
        if wire == 0:
            return at, self.varint(at, end)[1]
        length, begin = (WIDTHS[wire], at) if wire in WIDTHS else self.varint(at, end) if wire == 2 else (-1, at)
        if length < 0 or begin + length > end:
            raise ArtifactError(f"byte {at}: a value that does not end in the file")
        return begin, begin + length

    def read(self, field: Field, wire: int, begin: int, end: int, deep: int) -> Any:
        """Read a value: a list of numbers, a text, a message, or where bytes begin and end."""
        if field.kind in WIRES:
            if wire not in (WIRES[field.kind], 2 if field.many else -1):
                raise ArtifactError(f"byte {begin}: {field.name} is of another kind")
            return self.numbers(field.kind, begin, end)
        if field.kind == "skip":
            return begin, end
        if wire != 2:
            raise ArtifactError(f"byte {begin}: {field.name} is of another kind")
        if field.kind != "string":
            return self.message(field.kind, begin, end, deep + 1)
        if end - begin > LONGEST:
            raise ArtifactError(f"byte {begin}: {field.name} has more than {LONGEST} bytes")
        try:
            return self.content[begin:end].decode()
        except UnicodeDecodeError:
            raise ArtifactError(f"byte {begin}: {field.name} is no UTF-8") from None

    def numbers(self, kind: str, at: int, end: int) -> list[Any]:
        """Read one number, or several packed ones."""
        if end - at > LONGEST:
            raise ArtifactError(f"byte {at}: more than {LONGEST} bytes of numbers")
        if kind == "float":
            if (end - at) % 4:
                raise ArtifactError(f"byte {at}: numbers that end too early")
            self.spend((end - at) // 4)
            return list(struct.unpack_from(f"<{(end - at) // 4}f", self.content, at))
        found = []
        while at < end:
            self.spend(1)
            value, at = self.varint(at, end)
            found.append(signed(value))
        return found


def read(content: bytes) -> SimpleNamespace:
    """Read a model.

    Raises:
        ArtifactError: It is none, is damaged, or has what is not accepted.
    """
    if not content:
        raise ArtifactError("it is empty")
    return Reader(content).message("Model", 0, len(content))


def signed(value: int) -> int:
    """Return a whole number with its sign."""
    return value - (1 << 64) if value >> 63 else value


def top(content: bytes) -> SimpleNamespace:
    """Read the producer and the metadata of a model, and nothing else; `tail` is where the metadata begin.

    Raises:
        ArtifactError: It is damaged.
    """
    if not content:
        raise ArtifactError("it is empty")
    reader, at = Reader(content), 0
    found = SimpleNamespace(producer="", metadata=[], tail=len(content))
    while at < len(content):
        start = at
        reader.spend(1)
        tag, at = reader.varint(at, len(content))
        begin, at = reader.value(tag & 7, at, len(content))
        if tag == 2 << 3 | 2:
            found.producer = content[begin : min(at, begin + 64)].decode("utf-8", "replace")
        if tag == 14 << 3 | 2:
            found.metadata.append(reader.message("Entry", begin, at))
            found.tail = min(found.tail, start)
    return found
