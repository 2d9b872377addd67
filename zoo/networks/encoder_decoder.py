"""Encoder–decoder networks with attention: architecture × codec of pairs → Keras networks.

A network consists of two: the encoder, `source → memory, memory_mask, h0_0, …`, and the decoder, `x, memory,
memory_mask, h0_0, … → y, attention, hn_0, …`. What the encoder returns enters the decoder under the same name; the
memory stays, the states go on from call to call.

Attention lies above the first layer of the decoder, and what it returns enters all layers above and the output, so that
each layer runs over a whole sequence in training.

Reference: Bahdanau, Cho & Bengio, Neural Machine Translation by Jointly Learning to Align and Translate, ICLR 2015;
Luong, Pham & Manning, Effective Approaches to Attention-based Neural Machine Translation, EMNLP 2015; Wu et al.,
Google's Neural Machine Translation System, 2016.
"""

import math
from typing import Any

import keras
from keras import layers, ops

from zoo.core.architectures import Architecture, pair_states
from zoo.core.codec import PairCodec
from zoo.core.recipe import Recipe
from zoo.core.states import STATES
from zoo.layers.recurrent import GRU, LSTM, SimpleRNN
from zoo.layers.tied import TiedEmbedding, TiedLogits

CELLS: dict[str, Any] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
ENCODER, DECODER = "encoder", "decoder"
"""Names of the two networks in the one that is trained."""
MEMORY = ("memory", "memory_mask")
FAR = -1e9  # score of what has ended


def network(architecture: Architecture, codec: PairCodec, recipe: Recipe) -> keras.Model:
    """Build an untrained network, as it is trained: `x (batch, time, *shape)` → logits `(batch, time, classes)`."""
    # Vectors of length 1: with Keras's, which are shorter, the layer below the logits saturates before it has learned.
    spread = keras.initializers.RandomNormal(stddev=recipe.embedding**-0.5)
    table = TiedEmbedding(codec.symbols, recipe.embedding, embeddings_initializer=spread, name="embedding")
    coder = encoder(architecture, codec, recipe, table)
    writer = decoder(architecture, codec, recipe, table)
    x = keras.Input((None, *codec.shape), dtype=codec.dtype, name="x")
    source, ids = codec.split(ops, x)
    y = writer([ids, *coder(source)])[0]
    return keras.Model([x], [y], name=architecture.name)


def parts(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return encoder and decoder of a network, which share its weights."""
    return network.get_layer(ENCODER), network.get_layer(DECODER)


def depth(architecture: Architecture, recipe: Recipe) -> int:
    """Return the number of recurrent layers of the encoder, and of the decoder."""
    return recipe.layers or architecture.layers


def encoder(architecture: Architecture, codec: PairCodec, recipe: Recipe, table: keras.layers.Layer) -> keras.Model:
    """Build the encoder: `source (batch, time, *source_shape)` → memory, its mask, the states of the decoder."""
    source = keras.Input((None, *codec.source_shape), dtype=codec.source_dtype, name="source")
    valid = codec.mask(ops, source)
    mask = ops.cast(valid, "float32")
    front = codec.frontend()
    hidden = front.below(source, recipe, [])[0] if front else table(source)
    drop = _dropping(recipe)
    hidden = drop(recipe.dropout_in, "encoder_dropout")(hidden)
    turn = _turned(mask) if architecture.bidirectional else None
    for i in range(depth(architecture, recipe)):
        ways = [_cell(architecture, recipe, f"encoder_{i}")(hidden)]
        if turn is not None:
            back = _cell(architecture, recipe, f"encoder_back_{i}")(ops.matmul(turn, hidden))
            ways.append(ops.matmul(turn, back))
        hidden = drop(recipe.dropout_out, f"encoder_dropout_{i}")(ops.concatenate(ways, -1))
    memory = layers.Dense(recipe.units, name="memory_of")(hidden)
    shares = mask / ops.maximum(ops.sum(mask, 1, keepdims=True), 1)
    mean = ops.sum(ops.expand_dims(shares, -1) * memory, 1)
    names = pair_states(architecture, recipe.layers)
    first = layers.Dense(len(names) * recipe.units, activation="tanh", name="bridge")(mean)
    return keras.Model([source], [memory, valid, *ops.split(first, len(names), -1)], name=ENCODER)


def decoder(architecture: Architecture, codec: PairCodec, recipe: Recipe, table: keras.layers.Layer) -> keras.Model:
    """Build the decoder: ids `x (batch, time)`, memory, mask and states → logits, attention, new states."""
    x = keras.Input((None,), dtype="int32", name="x")
    memory = keras.Input((None, recipe.units), name=MEMORY[0])
    mask = keras.Input((None,), dtype="bool", name=MEMORY[1])
    given = [keras.Input((recipe.units,), name=name) for name in pair_states(architecture, recipe.layers)]
    drop, per_layer = _dropping(recipe), len(STATES[architecture.cell])
    hidden = drop(recipe.dropout_in, "dropout_in")(table(x))
    context = attention = None
    returned: list[Any] = []
    for i in range(depth(architecture, recipe)):
        seen = hidden if context is None else ops.concatenate([hidden, context], -1)
        cell = _cell(architecture, recipe, f"recurrent_{i}", return_state=True)
        hidden, *state = cell(seen, initial_state=given[i * per_layer : (i + 1) * per_layer])
        returned += state
        hidden = drop(recipe.dropout_out, f"dropout_{i}")(hidden)
        if context is None:
            query = layers.Dense(recipe.units, use_bias=False, name="query")(hidden)
            context, attention = _attended(query, memory, mask)
    out = layers.Dense(recipe.embedding, activation="tanh", name="head")(ops.concatenate([hidden, context], -1))
    vectors = drop(recipe.dropout_in, "dropout_y")(out)
    y = TiedLogits(codec.classes, dtype="float32", name="y")(table(vectors, reverse=True))
    return keras.Model([x, memory, mask, *given], [y, attention, *returned], name=DECODER)


def _dropping(recipe: Recipe) -> Any:
    """Return a function that makes layers of dropout."""
    every_step = (None, 1, None) if recipe.variational else None
    return lambda rate, name: layers.Dropout(rate, noise_shape=every_step, name=name)


def _cell(architecture: Architecture, recipe: Recipe, name: str, return_state: bool = False) -> Any:
    """Make a recurrent layer."""
    return CELLS[architecture.cell](
        recipe.units, recurrent_dropout=recipe.dropout_recurrent, return_sequences=True, return_state=return_state,
        name=name,
    )  # fmt: skip


def _turned(mask: Any) -> Any:
    """Return the matrices `(batch, time, time)` that reverse sequences within their own lengths, and drop what follows.

    So a layer reads backwards from the last step that counts, in any batch; they are their own inverse.
    """
    places = ops.cumsum(ops.ones_like(mask), -1) - 1
    last = ops.expand_dims(ops.sum(mask, -1, keepdims=True) - 1, -1)
    return ops.cast(ops.equal(ops.expand_dims(places, 2) + ops.expand_dims(places, 1), last), "float32")


def _attended(query: Any, memory: Any, mask: Any) -> tuple[Any, Any]:
    """Return the mean of the memory by its likeness to each query, `(batch, time, units)`, and the weights of it."""
    scores = ops.matmul(query, ops.transpose(memory, (0, 2, 1))) / math.sqrt(memory.shape[-1])
    ended = 1 - ops.cast(mask, "float32")
    weights = ops.softmax(ops.cast(scores, "float32") + FAR * ops.expand_dims(ended, 1), -1)
    return ops.matmul(ops.cast(weights, memory.dtype), memory), weights
