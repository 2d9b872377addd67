"""LiteRT is imported in one place, which says how to get it."""

import sys

import pytest

from export.formats.tflite import litert
from zoo.errors import MissingExtra


def test_the_schema_has_numbers_of_operators():
    assert litert.schema().BuiltinOperator.WHILE == 119


@pytest.mark.parametrize("call", [litert.schema, lambda: litert.interpreter(b"", 1)])
def test_it_is_asked_for_by_its_extra(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(MissingExtra, match=r"^\.tflite files need LiteRT: pip install 'rnn-zoo\[tflite\]'$"):
        call()
