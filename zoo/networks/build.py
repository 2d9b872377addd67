"""Architecture × codec → a Keras network with explicit state.

Every network has the same face: inputs `x, h0_0, c0_0, h0_1, …`, outputs `y, hn_0, cn_0, …`.
Nothing is hidden: what a call returns as state is what the next call takes.
"""

import math
from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from zoo.core.architectures import Architecture, state_names
from zoo.core.codec import Codec, SizedFrontEnd
from zoo.core.recipe import Recipe
from zoo.core.states import STATES
from zoo.errors import ArgumentError
from zoo.layers.recurrent import GRU, LSTM, SimpleRNN
from zoo.networks.transfer import encodes

CELLS: dict[str, Any] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
Shapes = dict[str, tuple[int, ...]]
"""Path of an array in a network, such as `recurrent_0/lstm_cell/kernel` → its shape."""

MOST_PARAMETERS = 1 << 28
"""Most numbers in the weights of a network: 1 GiB in float32."""
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
NAMES = {"rnn": "simple_rnn_cell", "lstm": "lstm_cell", "gru": "gru_cell"}
"""Names that Keras gives cells, in the paths of their weights."""


def network(architecture: Architecture, codec: Codec, recipe: Recipe) -> keras.Model:
    """Build an untrained network.

    Every input feature has a vector in one shared table; their concatenation goes through the recurrent layers,
    and a dense layer gives the logits. With a `head` a layer before that sees the concatenation beside the recurrent
    layers' outputs (as in DeepBach: Hadjeres, Pachet & Nielsen, ICML 2017).

    Args:
        architecture: Row of `ARCHITECTURES`.
        codec: Says how many features and symbols go in and how many classes come out.
        recipe: Says the sizes and the dropout.

    Returns:
        Model `[x (batch, time, features) int32, states (batch, units) …]` →
        `[y (batch, time, classes) logits, new states …]`; a bidirectional one has no states.

    Raises:
        ArgumentError: The sizes do not go together, or the network is too large.
    """
    check_count(shapes(architecture, codec, recipe, {}))
    x = keras.Input((None, *codec.shape), dtype=codec.dtype, name="x")
    front = codec.frontend()
    sizes = front.sizes(recipe) if front else {}
    below = [keras.Input((size,), name=name) for name, size in sizes.items()]
    given = [keras.Input((recipe.units,), name=name) for name in state_names(architecture, recipe.layers)]
    hidden, returned = x, list[Any]()
    if front:
        hidden, returned = front.below(x, recipe, below)
    elif codec.symbols:
        hidden = layers.Embedding(codec.symbols, recipe.embedding, name="embedding")(hidden)
        hidden = layers.Reshape((-1, codec.features * recipe.embedding), name="features")(hidden)
    every_step = (None, 1, None) if recipe.variational else None
    hidden = features = layers.Dropout(recipe.dropout_in, noise_shape=every_step, name="dropout_in")(hidden)
    per_layer = len(STATES[architecture.cell])
    for i in range(recipe.layers or architecture.layers):
        cell = CELLS[architecture.cell](
            recipe.units, recurrent_dropout=recipe.dropout_recurrent, return_sequences=True,
            return_state=not architecture.bidirectional, name=f"recurrent_{i}",
        )  # fmt: skip
        if architecture.bidirectional:
            hidden = layers.Bidirectional(cell, name=f"recurrent_{i}")(hidden)
        else:
            hidden, *state = cell(hidden, initial_state=given[i * per_layer : (i + 1) * per_layer])
            returned += state
        hidden = layers.Dropout(recipe.dropout_out, noise_shape=every_step, name=f"dropout_{i}")(hidden)
    if recipe.head:
        seen = layers.Concatenate(name="seen")([features, hidden])
        hidden = layers.Dense(recipe.head, activation="relu", name="head")(seen)
    y = layers.Dense(codec.classes, dtype="float32", name="y")(hidden)
    return keras.Model([x, *below, *given], [y, *returned], name=architecture.name)


def shapes(architecture: Architecture, codec: Codec, recipe: Recipe, found: Mapping[str, tuple[int, ...]]) -> Shapes:
    """Return the shapes of the weights of the network that `zoo.networks.build.network` builds.

    Args:
        architecture: Row of `ARCHITECTURES`.
        codec: Says how many symbols go in and how many classes come out.
        recipe: Says the sizes.
        found: Shapes of stored weights. Those of a front end that does not tell its shapes are taken from there.

    Raises:
        ArgumentError: The sizes do not go together.
    """
    below, width = _below(architecture, codec, recipe, found)
    ways, units, gates = 1 + architecture.bidirectional, recipe.units, GATES[architecture.cell]
    expected, wide = dict(below), width
    for i in range(recipe.layers or architecture.layers):
        for place in _places(architecture, i):
            expected[f"{place}/kernel"] = (wide, gates * units)
            expected[f"{place}/recurrent_kernel"] = (units, gates * units)
            expected[f"{place}/bias"] = (2, gates * units) if architecture.cell == "gru" else (gates * units,)
        wide = ways * units
    if recipe.head:
        expected |= {"head/kernel": (width + wide, recipe.head), "head/bias": (recipe.head,)}
    expected |= {"y/kernel": (recipe.head or wide, codec.classes), "y/bias": (codec.classes,)}
    return expected


def _places(architecture: Architecture, layer: int) -> list[str]:
    """Return where the arrays of a layer's cells are."""
    name = f"recurrent_{layer}"
    inside = [f"{way}_{name}/" for way in ("forward", "backward")] if architecture.bidirectional else [""]
    return [f"{name}/{way}{NAMES[architecture.cell]}" for way in inside]


def _below(
    architecture: Architecture, codec: Codec, recipe: Recipe, found: Mapping[str, tuple[int, ...]]
) -> tuple[Shapes, int]:
    """Return the shapes below the recurrent layers, and how many numbers these get for each time step."""
    front = codec.frontend()
    if front is None and not codec.symbols:
        return {}, codec.features
    if front is None:
        return {"embedding/embeddings": (codec.symbols, recipe.embedding)}, codec.features * recipe.embedding
    if isinstance(front, SizedFrontEnd):
        return dict(front.shapes(recipe)), recipe.embedding
    kernel = found.get(f"{_places(architecture, 0)[0]}/kernel", (recipe.embedding,))
    return {path: shape for path, shape in found.items() if encodes(path)}, kernel[0]


def check_shapes(
    architecture: Architecture, codec: Codec, recipe: Recipe, found: Mapping[str, tuple[int, ...]]
) -> None:
    """Compare the shapes of stored weights with those of the network that a codec and a recipe describe.

    Raises:
        ArgumentError: They differ, or there are more than `MOST_PARAMETERS` numbers.
    """
    expected = shapes(architecture, codec, recipe, found)
    check_count(expected)
    if expected != dict(found):
        names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
        told = [f"{name:.60} {found.get(name, 'missing')} for {expected.get(name, 'none')}" for name in names[:3]]
        raise ArgumentError(f"the weights are those of another network: {'; '.join(told)}")


def check_count(expected: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse networks that are too large.

    Raises:
        ArgumentError: There are more than `MOST_PARAMETERS` numbers.
    """
    if (count := sum(map(math.prod, expected.values()))) > MOST_PARAMETERS:
        raise ArgumentError(
            f"a network of {count:,} parameters, at most {MOST_PARAMETERS:,}: lower units, layers, embedding or head"
        )
