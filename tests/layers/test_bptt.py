"""Loops through time that XLA compiles."""

import numpy as np
import pytest
import tensorflow as tf

from tests.layers import test_recurrent
from tests.layers.comparison import NAMES, OPTIONS, compare
from zoo.layers import bptt
from zoo.layers import recurrent as fast


@pytest.fixture
def compiled_loops(monkeypatch):
    """XLA compiles even short loops; a test that had none compiled fails."""
    compiled = []
    monkeypatch.setattr(bptt, "WORTH_COMPILING", 0)
    make = bptt._xla
    monkeypatch.setattr(bptt, "_xla", lambda *row: compiled.append(row) or make(*row))
    yield
    assert compiled


@pytest.mark.parametrize(
    ("name", "options"), zip(NAMES, ["padded", "any mask, backwards", "both dropouts, masked"], strict=True)
)
def test_loops_compiled_by_xla(name, options, compiled_loops):
    compare(name, OPTIONS[options], saving="full" if options.startswith("both") else None)


def test_compiled_loops_of_all_kinds(compiled_loops):
    """Second derivatives, other precisions and a strategy reach the compiled loops too."""
    compare("LSTM", OPTIONS["padded"], second=True)
    test_recurrent.test_mixed_precision_is_at_least_as_exact_as_keras_s("GRU", "mixed_bfloat16")
    test_recurrent.test_under_a_distribution_strategy("GRU")


def test_loops_are_compiled_in_long_training_alone(monkeypatch):
    compiled, make = [], bptt._xla
    monkeypatch.setattr(bptt, "_xla", lambda *row: compiled.append(row) or make(*row))
    layer = fast.LSTM(256, return_sequences=True)
    layer.build((None, None, 1))
    for steps, training, wanted in ((32, True, 1), (31, True, 0), (32, False, 0), (None, True, 0)):
        compiled.clear()
        tf.function(lambda x, training=training: layer(x, training=training), autograph=False).get_concrete_function(
            tf.TensorSpec((2, steps, 1))
        )
        assert len(compiled) == wanted
    compiled.clear()
    layer(np.zeros((1, 32, 1), "f"), training=True)
    assert not compiled


def test_a_tensorflow_without_xla(monkeypatch):
    def missing(*_, **options):
        if options.get("jit_compile"):
            raise tf.errors.UnimplementedError(None, None, "no XLA")
        return function(*_, **options)

    function = tf.function
    bptt._has_xla.cache_clear()
    monkeypatch.setattr(tf, "function", missing)
    monkeypatch.setattr(bptt, "WORTH_COMPILING", 0)
    try:
        compare("LSTM", OPTIONS["padded"])
    finally:
        bptt._has_xla.cache_clear()
