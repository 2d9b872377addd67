"""Layouts of arrays: each is turned into that of Keras 3."""

from pathlib import Path

import keras
import numpy as np
import pytest

from export.legacy.files import Stored
from export.legacy.layouts import converted
from export.legacy.parts import Part

RNG = np.random.default_rng(0)


def run(layer, shape, arrays, kind=None, version="2.2.4", backend="tensorflow", **config):
    """Convert arrays for a built layer; return them and what was told."""
    layer.build(shape)
    told = []
    part = Part(kind or type(layer).__name__, "a", layer, config=config)
    stored = Stored(Path("m.h5"), "hdf5", version, backend)
    return converted(part, arrays, stored, lambda what, where: told.append((what, where))), told


def test_arrays_of_keras_2_stay():
    arrays = [RNG.normal(size=(4, 9)), RNG.normal(size=(3, 9)), RNG.normal(size=(2, 9))]
    found, told = run(keras.layers.GRU(3), (2, 5, 4), arrays)
    assert all(one is other for one, other in zip(found, arrays, strict=True))
    assert not told


@pytest.mark.parametrize(("kind", "before", "after"), [("LSTM", "icfo", "ifco"), ("GRU", "zrh", "zrh")])
def test_single_gates_of_keras_1(kind, before, after):
    shapes = {"W": (4, 3), "U": (3, 3), "b": (3,)}
    gates = {gate: {name: RNG.normal(size=shape) for name, shape in shapes.items()} for gate in before}
    layer = getattr(keras.layers, kind)(3)
    found, told = run(layer, (2, 5, 4), [a for gate in before for a in gates[gate].values()], version="1.2.2")
    for array, name in zip(found, "WUb", strict=True):
        np.testing.assert_array_equal(array, np.concatenate([gates[gate][name] for gate in after], -1))
    assert told == [("the arrays of single gates were joined", "a")]


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3)])
@pytest.mark.parametrize("by_name", [False, True])
def test_cudnn(kind, gates, by_name):
    """By the class in the file, or, for weights alone, by the two biases in a row."""
    kernel, recurrent = (RNG.normal(size=(size, 3 * gates)) for size in (4, 3))
    bias = RNG.normal(size=6 * gates)
    name = f"CuDNN{kind}" if by_name else kind
    [w, u, b], told = run(getattr(keras.layers, kind)(3), (2, 5, 4), [kernel, recurrent, bias], name)
    for i in range(gates):
        mine = slice(3 * i, 3 * i + 3)
        np.testing.assert_array_equal(w[:, mine], kernel[:, mine].reshape(3, 4).T)
        np.testing.assert_array_equal(u[:, mine], recurrent[:, mine].T)
    np.testing.assert_array_equal(b, bias.reshape(2, -1).sum(0) if kind == "LSTM" else bias.reshape(2, -1))
    assert "cuDNN" in told[0][0]


def test_kernels_of_convolutions():
    kernel = RNG.normal(size=(2, 3, 4, 5))

    def read(array, **options):
        return run(keras.layers.Conv2D(5, (2, 3)), (2, 8, 8, 4), [array], **options)

    [found], told = read(kernel)
    np.testing.assert_array_equal(found, kernel)
    assert not told
    before = kernel.transpose(3, 2, 0, 1)  # (filters, channels, rows, columns)
    [found], told = read(before, version="1.1.0", dim_ordering="th")
    np.testing.assert_array_equal(found, kernel)
    [found], told = read(kernel, backend="theano")
    np.testing.assert_array_equal(found, kernel[::-1, ::-1])
    assert told == [("kernels of Theano's convolutions were flipped", "a")]


def test_renormalization_matters_in_training_alone():
    arrays = [RNG.normal(size=4) for _ in range(7)]
    found, _ = run(keras.layers.BatchNormalization(), (2, 4), arrays)
    assert len(found) == 4
