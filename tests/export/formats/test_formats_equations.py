"""The meaning of recurrent layers in every format, against NumPy cells (Keras is not the only witness)."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import layers

from export.formats import Face, Options, formats
from export.tracing.source import Source
from tests import cells
from tests.conftest import FEATURES, UNITS, randomized
from tests.export.models import LAYERS

OPTIONS = {
    "forward": {},
    "forward masked": {},
    "forward masked zeros": {"zero_output_for_mask": True},
    "backwards masked": {"go_backwards": True},
    "both masked": {},
}
HEADS = [
    *itertools.product(["lstm"], ["forward", "forward masked zeros", "backwards masked", "both masked"]),
    *itertools.product(["gru"], ["forward masked", "both masked"]),
    *itertools.product(["rnn"], ["forward", "both masked"]),
    *itertools.product(["gru_before"], ["both masked"]),
]


def layer_of(kind, **options):
    more = {"reset_after": False} if kind == "gru_before" else {}
    return LAYERS[kind.removesuffix("_before")](UNITS, return_sequences=True, return_state=True, **more, **options)


@functools.cache
def many_heads(cell):
    """Return the source of a model with one head for every direction and use of masks, and the layers of the heads."""
    x, mask = keras.Input((None, FEATURES), name="x"), keras.Input((None,), dtype="bool", name="mask")
    names = ("h", "c") if cell == "lstm" else ("h",)
    given = [keras.Input((UNITS,), name=f"{name}_{i}") for i in range(2) for name in names]
    heads, outputs = {}, {}
    for kind, head in [pair for pair in HEADS if pair[0].startswith(cell)]:
        layer, states = layer_of(kind, **OPTIONS[head]), given[: len(names)]
        if head.startswith("both"):
            layer, states = layers.Bidirectional(layer), given
        hidden, *last = layer(x, mask=mask if "masked" in head else None, initial_state=states)
        heads[kind, head] = layer
        outputs |= {f"{kind}_{head}_{i}".replace(" ", "_"): t for i, t in enumerate((hidden, *last))}
    return Source(randomized(keras.Model([x, mask, *given], outputs), seed=7)), heads


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """Cell → format → the converted model, opened; unverified, since Keras shall not be asked."""
    folder = tmp_path_factory.mktemp("heads")

    @functools.cache
    def convert(cell, name):
        source, row = many_heads(cell)[0], formats()[name]
        face = Face(source, source.signature("sequence"))
        path = folder / f"{cell}_{name}{row.suffix}"
        row.convert([face], path, Options(recurrence=next(iter(row.recurrence), None)))
        return row.open(path, face.signature)

    return convert


def example(batch, time, count, seed=3):
    """Inputs, a mask of any pattern with a row that is all padding, and states that are not zero."""
    rng = np.random.default_rng(seed)
    mask = rng.random((batch, time)) < 0.6
    mask[0] = False
    if time > 2:
        mask[1:, 0] = np.arange(batch - 1) % 2
    x = rng.normal(0, 1, (batch, time, FEATURES)).astype(np.float32)
    return x, mask, [rng.uniform(-1, 1, (batch, UNITS)).astype(np.float32) for _ in range(count)]


def truth(kind, head, layer, x, mask, states):
    direction, _, use = head.partition(" ")
    mask = mask if use else None
    if direction == "both":  # Keras forces zeros for masked steps there
        half = len(states) // 2
        forward = cells.over_time(kind, x, layer.forward_layer.get_weights(), states[:half], mask, False, True)
        backward = cells.over_time(kind, x, layer.backward_layer.get_weights(), states[half:], mask, True, True)
        return [np.concatenate([forward[0], backward[0][:, ::-1]], -1), *forward[1], *backward[1]]
    count = 2 if kind == "lstm" else 1
    hidden, last = cells.over_time(
        kind, x, layer.get_weights(), states[:count], mask, direction == "backwards", use.endswith("zeros")
    )
    return [hidden, *last]


@pytest.mark.parametrize("name", formats())
@pytest.mark.parametrize(("kind", "head"), HEADS)
def test_every_format_computes_the_equations(opened, name, kind, head):
    cell = kind.removesuffix("_before")
    run = opened(cell, name)
    for batch, time in ((5, 9), (3, 2), (2, 1), (3, 40)):
        x, mask, states = example(batch, time, 4 if cell == "lstm" else 2)
        found = run(x, mask, *states)
        expected = truth(kind, head, many_heads(cell)[1][kind, head], x, mask, states)
        for i, array in enumerate(expected):
            got = found[f"{kind}_{head}_{i}".replace(" ", "_")]
            np.testing.assert_allclose(got, array, atol=2e-6, err_msg=f"{kind} {head} {i} at {batch}, {time}")


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("name", formats())
def test_masked_steps_are_not_seen(opened, name, kind):
    """Other numbers in the padding change nothing."""
    run = opened(kind, name)
    x, mask, states = example(4, 8, 4 if kind == "lstm" else 2)
    found, other = run(x, mask, *states), run(np.where(mask[..., None], x, 5), mask, *states)
    for key in found:
        if "masked" in key:
            np.testing.assert_array_equal(found[key], other[key])
