"""Architecture × codec → a Keras network with explicit state.

Every network has the same face: inputs `x, h0_0, c0_0, h0_1, …`, outputs `y, hn_0, cn_0, …`.
Nothing is hidden: what a call returns as state is what the next call takes.
"""

from typing import Any

import keras
from keras import layers

from zoo.core.architectures import Architecture, state_names
from zoo.core.codec import Codec, PairCodec
from zoo.core.recipe import Recipe
from zoo.core.shapes import check_count, shapes
from zoo.core.states import STATES
from zoo.layers.tied import TiedEmbedding, TiedLogits
from zoo.networks import encoder_decoder
from zoo.networks.encoder_decoder import CELLS


def network(architecture: Architecture, codec: Codec, recipe: Recipe) -> keras.Model:
    """Build an untrained network.

    Every input feature has a vector in one shared table; their concatenation goes through the recurrent layers,
    and a dense layer gives the logits. With a `head` a layer before that sees the concatenation beside the recurrent
    layers' outputs (as in DeepBach: Hadjeres, Pachet & Nielsen, ICML 2017). With `tied` the logits are made with the
    table of the vectors (Press & Wolf, EACL 2017), after a projection where the outputs have another size than these.

    Args:
        architecture: Row of `ARCHITECTURES`.
        codec: Says how many features and symbols go in and how many classes come out.
        recipe: Says the sizes and the dropout.

    Returns:
        Model `[x (batch, time, features) int32, states (batch, units) …]` →
        `[y (batch, time, classes) logits, new states …]`; a bidirectional one has no states. For a codec of pairs see
        `zoo.networks.encoder_decoder`.

    Raises:
        ArgumentError: The sizes do not go together, or the network is too large.
    """
    front = codec.frontend()
    check_count(shapes(architecture, codec, recipe, {}, front))
    if isinstance(codec, PairCodec):
        return encoder_decoder.network(architecture, codec, recipe)
    x = keras.Input((None, *codec.shape), dtype=codec.dtype, name="x")
    sizes = front.sizes(recipe) if front else {}
    below = [keras.Input((size,), name=name) for name, size in sizes.items()]
    given = [keras.Input((recipe.units,), name=name) for name in state_names(architecture, recipe.layers)]
    hidden, returned = x, list[Any]()
    if front:
        hidden, returned = front.below(x, recipe, below)
    elif codec.symbols:
        kind = TiedEmbedding if recipe.tied else layers.Embedding
        table = kind(codec.symbols, recipe.embedding, name="embedding")
        hidden = table(hidden)
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
    if recipe.tied:
        if hidden.shape[-1] != recipe.embedding:
            hidden = layers.Dense(recipe.embedding, use_bias=False, name="head_projection")(hidden)
        y = TiedLogits(codec.classes, dtype="float32", name="y")(table(hidden, reverse=True))
    else:
        y = layers.Dense(codec.classes, dtype="float32", name="y")(hidden)
    return keras.Model([x, *below, *given], [y, *returned], name=architecture.name)
