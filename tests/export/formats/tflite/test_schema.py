"""The tables of the TFLite schema, compared with the library that has the whole of it."""

import inspect
import re

import pytest

from export.formats.tflite import schema
from export.formats.tflite.schema import TABLES, fields, operators
from tests.export.formats.tflite.handmade import names_of
from tests.export.formats.tflite.handmade import schema as library

NAMES = {"Code": "OperatorCode", "Graph": "SubGraph", "Quantization": "QuantizationParameters",
         "Signature": "SignatureDef", "Entry": "TensorMap"}  # fmt: skip
WIDTHS = {"Bool": 1, "Int8": 1, "Uint8": 1, "Int32": 4, "Uint32": 4, "Int64": 8, "Uint64": 8, "Float32": 4}


def expected(name):
    """Return the fields of a table as the library has them: place → its type, and what it is without a value."""
    found, s = {}, library()
    for key, function in vars(s).items():
        if key.startswith(f"{name}Add") and (
            row := re.search(r"Prepend(\w+)Slot\((\d+), [^\n]*, ([^,\n]+)\)\n", inspect.getsource(function) + "\n")
        ):
            found[int(row[2])] = row[1], row[3]
    return found


def check(known, name):
    wanted = expected(name)
    assert len(known) >= len(wanted), name
    for place, (kind, default) in wanted.items():
        field = known[place]
        if kind == "UOffsetTRelative":
            assert not field.number, (name, field.name)
            continue
        if field.kind in ("no", "skip"):
            continue
        assert (field.width, field.code == "f") == (WIDTHS[kind], kind == "Float32"), (name, field.name)
        assert field.default == float({"True": 1, "False": 0}.get(default, default)), (name, field.name)


@pytest.mark.parametrize("table", TABLES)
def test_tables_have_the_fields_of_the_schema(table):
    check(fields(TABLES[table]), NAMES.get(table, table))


def test_options_have_the_fields_of_the_schema():
    names = names_of(library().BuiltinOptions)
    for row in operators().values():
        if row.options:
            check(row.fields, names[row.options])


def test_operators_are_read():
    rows = {row.name: row for row in operators().values()}
    assert len(rows) == len(operators()) > 80
    assert not {"CUSTOM", "CALL_ONCE", "VAR_HANDLE", "HASHTABLE", "DELEGATE"} & set(rows)
    [plain, small, tiny] = rows["ADD"].patterns
    assert (plain.scaled, small.scaled, len(plain.inputs), len(tiny.outputs)) == (False, True, 2, 1)
    assert (plain.inputs[0].letter, plain.inputs[0].types) == ("M", "fil")
    axis, given = rows["SPLIT"].patterns[0].inputs
    assert (axis.axes, axis.flags, given.flags) == ((0, 1), "!#", "")
    lstm = rows["UNIDIRECTIONAL_SEQUENCE_LSTM"]
    assert [len(pattern.inputs) for pattern in lstm.patterns] == [24] * 3
    assert [field.name for field in lstm.fields][:2] == ["activation", "cell_clip"]


def test_letters_are_those_of_types():
    letters = {letter for letter, _, _ in schema.TYPES.values()}
    assert all(set(types) <= letters for types in schema.CLASSES.values())
    for row in operators().values():
        for pattern in row.patterns:
            assert {*"".join(slot.types for slot in (*pattern.inputs, *pattern.outputs))} <= letters | {"-"}
