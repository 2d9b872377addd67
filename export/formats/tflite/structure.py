"""Reading a flatbuffer of which nothing is believed: every offset, length and number is checked against the bytes.

FlatBuffers has no verifier in Python, and the interpreter follows offsets wherever they lead.

Reference: https://flatbuffers.dev/internals/
"""

import struct
from types import SimpleNamespace
from typing import Any

from zoo.errors import ArtifactError

from . import litert
from .schema import TABLES, Field, fields, operators

WORK = 3  # bytes read for each byte of a file, in which no part is used twice
LONGEST = 1 << 16  # bytes of a text
MOST = 250_000  # tables: as Python's objects they take a hundred times the room that they take in a file
U2, U4, I4 = (struct.Struct(f"<{code}").unpack_from for code in "HIi")


class Reader:
    """Reads the tables of a flatbuffer.

    Numbers outside of the file raise `struct.error`, other faults `ArtifactError`.

    Args:
        content: The file.
    """

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)
        self.left = WORK * len(content)  # parts that are used again and again must not take any time
        self.tables = MOST

    def model(self) -> SimpleNamespace:
        """Read the root table and all that it refers to, except the options of operators."""
        if self.content[4:8] != b"TFL3":
            raise ArtifactError("it does not begin as a TFLite file")
        return self.table(self.offset(0), fields(TABLES["Model"]))

    def offset(self, at: int) -> int:
        """Follow an offset."""
        return at + int(U4(self.content, at)[0])

    def spend(self, amount: int) -> None:
        """Count bytes as read.

        Raises:
            ArtifactError: Parts are used so often that reading takes far longer than for a file of this size.
        """
        self.left -= amount
        if self.left < 0:
            raise ArtifactError("its parts refer to one another again and again")

    def table(self, at: int, known: tuple[Field, ...]) -> SimpleNamespace:
        """Read a table that begins at a byte, and has the fields given."""
        rows = at - I4(self.content, at)[0]
        if rows < 0 or rows % 2 or at % 4:
            raise ArtifactError(f"byte {at}: no table can be here")
        [size], [extent] = U2(self.content, rows), U2(self.content, rows + 2)
        if size < 4 or size % 2 or rows + size > self.size or extent < 4 or at + extent > self.size:
            raise ArtifactError(f"byte {at}: a table that does not end in the file")
        self.spend(size + extent)
        self.tables -= 1
        if self.tables < 0:
            raise ArtifactError(f"it has more than {MOST} tables")
        places = struct.unpack_from(f"<{size // 2 - 2}H", self.content, rows + 4)
        if any(places[len(known) :]):
            raise ArtifactError(f"byte {at}: a table with fields that are not known here")
        found = {}
        for field, place in zip(known, (*places, *[0] * len(known)), strict=False):
            if not place:
                value: Any = field.default if field.number else None
            elif place % (width := field.width if field.number else 4) or place + width > extent or place < 4:
                raise ArtifactError(f"byte {at}: {field.name} lies outside of its table")
            elif field.number:
                [value] = field.unpack(self.content, at + place)  # type: ignore[misc]
            else:
                value = self.part(at + place, field)
            if field.number and not field.least <= value <= field.most:
                raise ArtifactError(f"{field.name} is {value}, accepted are {field.least} to {field.most}")
            found[field.name] = value
        return SimpleNamespace(**found)

    def part(self, at: int, field: Field) -> Any:
        """Read what a field refers to."""
        if field.kind == "no":
            raise ArtifactError(f"it has {field.name}, which is not accepted")
        at = self.offset(at)
        if field.kind in ("options", "skip"):
            return at  # read when the operator is known
        if field.kind == "string":
            return self.text(at, field.name)
        if field.kind == "bytes":
            return self.span(at, 1, field.name)
        if field.vector:
            return self.vector(at, field)
        return self.table(at, fields(TABLES[field.kind]))

    def span(self, at: int, width: int, name: str) -> tuple[int, int]:
        """Return where the items of a vector begin, and their number."""
        [length] = U4(self.content, at)
        if at + 4 + length * width > self.size or at % 4 or (at + 4) % width:
            raise ArtifactError(f"byte {at}: {length} items of {name} do not end in the file")
        return at + 4, int(length)

    def text(self, at: int, name: str) -> str:
        """Read a text."""
        begin, length = self.span(at, 1, name)
        if length > LONGEST or self.content[begin + length : begin + length + 1] != b"\0":
            raise ArtifactError(f"byte {at}: {name} has no end, or more than {LONGEST} bytes")
        return self.content[begin : begin + length].decode("utf-8", "replace")

    def vector(self, at: int, field: Field) -> Any:
        """Read a vector of numbers or of tables."""
        begin, length = self.span(at, field.width or 4, field.name)
        self.spend(length * (field.width or 4))
        if not field.code:
            known = fields(TABLES[field.kind])
            return [self.table(self.offset(begin + 4 * i), known) for i in range(length)]
        found = struct.unpack_from(f"<{length}{field.code}", self.content, begin)
        if found and not field.least <= min(found) <= max(found) <= field.most:
            raise ArtifactError(f"byte {at}: {field.name} has numbers outside of {field.least} to {field.most}")
        return found


def read(content: bytes) -> SimpleNamespace:
    """Read a TFLite file, all but the options of its operators.

    Raises:
        ArtifactError: It is none, or damaged, or has fields that are not accepted.
    """
    try:
        return Reader(content).model()
    except struct.error as error:
        raise ArtifactError("a part of it lies outside of the file") from error


def read_options(content: bytes, model: SimpleNamespace) -> None:
    """Read the options of the operators of a file; give each of them its `row`, and `what` it is called in messages.

    Raises:
        ArtifactError: An operator is none of `operators()`, or its options are damaged.
    """
    reader = Reader(content)
    for g, graph in enumerate(model.graphs or []):
        for i, operator in enumerate(graph.operators or []):
            operator.row = _row(model, operator)
            operator.what = f"graph {g}, operator {i} ({operator.row.name})"
            try:
                operator.options = _options(reader, operator)
            except struct.error as error:
                raise ArtifactError(f"{operator.what}: its options lie outside of the file") from error


def _row(model: Any, operator: Any) -> Any:
    """Return the row of an operator.

    Raises:
        ArtifactError: It is none of those accepted.
    """
    name, number = name_of(model, operator)
    if number not in operators():
        raise ArtifactError(f"operator {name} is not accepted: only plain mathematics is run")
    return operators()[number]


def name_of(model: Any, operator: Any) -> tuple[str, int]:
    """Return the name and number of an operator; a custom one has its own name, too.

    Raises:
        ArtifactError: It has none.
    """
    if operator.code >= len(model.codes or []):
        raise ArtifactError(f"an operator has the code {operator.code} of {len(model.codes or [])}")
    code = model.codes[operator.code]
    number = max(code.old, code.builtin)
    row = operators().get(number)
    if row:
        return row.name, number
    schema = litert.schema()

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    name = names.get(number, f"{number}")
    return f"CUSTOM {code.custom}" if name == "CUSTOM" else name, number


def _options(reader: Reader, operator: Any) -> SimpleNamespace:
    """Read the options of an operator; without any, its defaults.

    Raises:
        ArtifactError: They are those of another operator, or it needs some.
    """
    row, given = operator.row, operator.options is not None
    if operator.options_type != (row.options if given else 0) and (given or operator.options_type != row.options):
        raise ArtifactError(f"{operator.what}: it has the options of another operator")
    if given:
        return reader.table(operator.options, row.fields)
    if any(field.number and not field.least <= field.default <= field.most for field in row.fields):
        raise ArtifactError(f"{operator.what}: its options are missing")
    return SimpleNamespace(**{field.name: field.default if field.number else None for field in row.fields})
