"""Shapes of the weights of a network, computed from architecture, codec and recipe without Keras."""

import math
from collections.abc import Mapping

from zoo.core.architectures import Architecture, encodes
from zoo.core.codec import Codec, FrontEnd, PairCodec, SizedFrontEnd
from zoo.core.recipe import Recipe
from zoo.core.states import STATES
from zoo.errors import ArgumentError

Shapes = dict[str, tuple[int, ...]]
"""Path of an array in a network, such as `recurrent_0/lstm_cell/kernel` → its shape."""
Found = Mapping[str, tuple[int, ...]]
EMBEDDING = "embedding/embeddings"
OF_PAIRS = (EMBEDDING, "encoder_", "memory_of", "bridge")
"""How the arrays of an encoder–decoder network begin that stand above a front end."""

MOST_PARAMETERS = 1 << 28
"""Most numbers in the weights of a network: 1 GiB in float32."""
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
NAMES = {"rnn": "simple_rnn_cell", "lstm": "lstm_cell", "gru": "gru_cell"}
"""Names that Keras gives cells, in the paths of their weights."""


def shapes(
    architecture: Architecture, codec: Codec, recipe: Recipe, found: Found, front: FrontEnd | None = None
) -> Shapes:
    """Return the shapes of the weights of the network that `zoo.networks.build.network` builds.

    Args:
        architecture: Row of `ARCHITECTURES`.
        codec: Its numbers of symbols and classes.
        recipe: Its sizes.
        found: Shapes of stored weights. Those of a front end that is not given, or has no `shapes`, are taken from
            there.
        front: What `codec.frontend()` returns, if Keras is installed.

    Raises:
        ArgumentError: The sizes do not go together.
    """
    if isinstance(codec, PairCodec):
        return _pair(architecture, codec, recipe, found, front)
    below, width = _below(architecture, codec, recipe, found, front)
    ways, units = 1 + architecture.bidirectional, recipe.units
    expected, wide = dict(below), width
    for i in range(recipe.layers or architecture.layers):
        for place in _places(architecture, i):
            expected |= _cell(architecture, place, wide, units)
        wide = ways * units
    if recipe.head:
        expected |= {"head/kernel": (width + wide, recipe.head), "head/bias": (recipe.head,)}
    return expected | _above(codec, recipe, EMBEDDING in below, recipe.head or wide)


def _above(codec: Codec, recipe: Recipe, embeds: bool, wide: int) -> Shapes:
    """Return the shapes of what makes logits of `wide` numbers.

    Raises:
        ArgumentError: The logits are to be made with an embedding that there is not, or that is not one of classes.
    """
    bias: Shapes = {"y/bias": (codec.classes,)}
    if not recipe.tied:
        return {"y/kernel": (wide, codec.classes)} | bias
    if not embeds or codec.features != 1 or codec.symbols < codec.classes:
        raise ArgumentError("tied=true: this model has no embedding of its classes to make logits with: leave it out")
    return bias if wide == recipe.embedding else {"head_projection/kernel": (wide, recipe.embedding)} | bias


def _cell(architecture: Architecture, place: str, wide: int, units: int) -> Shapes:
    """Return the shapes of the arrays of a recurrent cell."""
    gates = GATES[architecture.cell]
    return {
        f"{place}/kernel": (wide, gates * units),
        f"{place}/recurrent_kernel": (units, gates * units),
        f"{place}/bias": (2, gates * units) if architecture.cell == "gru" else (gates * units,),
    }


def _pair(architecture: Architecture, codec: PairCodec, recipe: Recipe, found: Found, front: FrontEnd | None) -> Shapes:
    """Return the shapes of the weights of an encoder–decoder network."""
    units, wide = recipe.units, recipe.embedding
    table = {EMBEDDING: (codec.symbols, wide), "y/bias": (codec.classes,)}
    cell, depth = NAMES[architecture.cell], recipe.layers or architecture.layers
    first, expected = wide, {**table, **_front(codec, recipe, found, front)}
    for i in range(depth):
        for way in ("encoder_", "encoder_back_")[: 1 + architecture.bidirectional]:
            expected |= _cell(architecture, f"{way}{i}/{cell}", first, units)
        expected |= _cell(architecture, f"recurrent_{i}/{cell}", 2 * units if i else wide, units)
        first = (1 + architecture.bidirectional) * units
    for name, sizes in {
        "memory_of": (first, units),
        "bridge": (units, depth * len(STATES[architecture.cell]) * units),
        "head": (2 * units, wide),
    }.items():
        expected |= {f"{name}/kernel": sizes, f"{name}/bias": sizes[1:]}
    return expected | {"query/kernel": (units, units)}


def _front(codec: PairCodec, recipe: Recipe, found: Found, front: FrontEnd | None) -> Shapes:
    """Return the shapes of the front end of an encoder: those that are stored, where they are not known."""
    if not codec.source_shape:
        return {}
    if isinstance(front, SizedFrontEnd):
        return dict(front.shapes(recipe))
    return {path: shape for path, shape in found.items() if encodes(path) and not path.startswith(OF_PAIRS)}


def _places(architecture: Architecture, layer: int) -> list[str]:
    """Return where the arrays of a layer's cells are."""
    name = f"recurrent_{layer}"
    inside = [f"{way}_{name}/" for way in ("forward", "backward")] if architecture.bidirectional else [""]
    return [f"{name}/{way}{NAMES[architecture.cell]}" for way in inside]


def _below(
    architecture: Architecture, codec: Codec, recipe: Recipe, found: Found, front: FrontEnd | None
) -> tuple[Shapes, int]:
    """Return the shapes below the recurrent layers, and how many numbers these get for each time step."""
    if isinstance(front, SizedFrontEnd):
        return dict(front.shapes(recipe)), recipe.embedding
    if front is None and codec.symbols and (not found or EMBEDDING in found):
        return {EMBEDDING: (codec.symbols, recipe.embedding)}, codec.features * recipe.embedding
    below = {path: shape for path, shape in found.items() if encodes(path)}
    if front is None and not below:
        return {}, codec.features
    return below, found.get(f"{_places(architecture, 0)[0]}/kernel", (recipe.embedding,))[0]


def check_shapes(
    architecture: Architecture, codec: Codec, recipe: Recipe, found: Found, front: FrontEnd | None = None
) -> None:
    """Compare the shapes of stored weights with those of the network that a codec and a recipe describe.

    Raises:
        ArgumentError: They differ, or there are more than `MOST_PARAMETERS` numbers.
    """
    expected = shapes(architecture, codec, recipe, found, front)
    check_count(expected)
    if expected != dict(found):
        names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
        told = [f"{name:.60} {found.get(name, 'missing')} for {expected.get(name, 'none')}" for name in names[:3]]
        raise ArgumentError(f"the weights are those of another network: {'; '.join(told)}")


def check_count(expected: Found) -> None:
    """Refuse networks that are too large.

    Raises:
        ArgumentError: There are more than `MOST_PARAMETERS` numbers.
    """
    if (count := sum(map(math.prod, expected.values()))) > MOST_PARAMETERS:
        raise ArgumentError(
            f"a network of {count:,} parameters, at most {MOST_PARAMETERS:,}: lower units, layers, embedding or head"
        )
