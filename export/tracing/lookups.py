"""Layers that look up ids of words or numbers in a table: `StringLookup`, `IntegerLookup`, `TextVectorization`."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zoo.errors import UnsupportedLayer

from .cells import walk

MOST_WORDS = 6
UNKNOWN = {"string": "~unknown", "int64": -7_654_321, "int32": -7_654_321}
"""What no vocabulary has."""


def lookups(layers: Sequence[Any]) -> list[Any]:
    """Return those of some layers that look up ids."""
    import keras

    kinds = (keras.layers.StringLookup, keras.layers.IntegerLookup, keras.layers.TextVectorization)
    return [layer for layer in layers if isinstance(layer, kinds)]


def draw_tokens(rng: np.random.Generator, layers: Sequence[Any], dtype: str, shape: Sequence[int]) -> np.ndarray:
    """Draw words or numbers of the vocabularies of layers, and some that are unknown; texts where a layer splits them.

    Args:
        rng: Random generator.
        layers: Layers that look up ids.
        dtype: `string`, or that of integers.
        shape: Of the result.
    """
    vocabulary: list[Any] = []
    for layer in layers:
        vocabulary += layer.get_vocabulary(include_special_tokens=False)
    inner = [getattr(layer, "_lookup_layer", layer) for layer in layers]
    if not vocabulary or any(getattr(layer, "num_oov_indices", 1) for layer in inner):
        vocabulary.append(UNKNOWN.get(dtype, 0))
    split = any(getattr(layer, "_split", None) for layer in layers)

    def token() -> Any:
        words = [vocabulary[i] for i in rng.integers(0, len(vocabulary), rng.integers(1, MOST_WORDS) if split else 1)]
        return " ".join(map(str, words)) if split else words[0]

    values = [token() for _ in range(int(np.prod(shape)))]
    return np.array(values, object if dtype == "string" else dtype).reshape(shape)


def refuse_lookups(network: Any, name: str) -> None:
    """Refuse layers that look up ids, for a format that has no tables.

    Args:
        network: The model.
        name: The format.

    Raises:
        UnsupportedLayer: There is one; the message names its path.
    """
    for path, layer in walk(network):
        if lookups([layer]):
            raise UnsupportedLayer(
                f"{path} ({type(layer).__name__}) looks up ids in a table, which {name} does not have: split the model "
                "after it and export the rest, which takes ids; look them up in your application, with the words of "
                "layer.get_vocabulary(); or export a SavedModel, which has the table inside"
            )


@contextlib.contextmanager
def with_tables(network: Any) -> Iterator[list[Any]]:
    """Replace tables of layers inside the block by tables that can be saved, whose words are constants, not a file.

    Yields:
        The tables.
    """
    import tensorflow as tf

    tables = []
    with contextlib.ExitStack() as undo:
        for _, layer in list(walk(network)):
            table = vars(layer).get("lookup_table")
            if isinstance(table, tf.lookup.StaticHashTable):
                initializer = tf.lookup.KeyValueTensorInitializer(*table.export())
                copy = tf.lookup.StaticHashTable(initializer, table.default_value)
                undo.callback(vars(layer).__setitem__, "lookup_table", table)
                vars(layer)["lookup_table"] = copy
                tables.append(copy)
        yield tables
