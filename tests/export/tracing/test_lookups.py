"""Layers with a table of words or numbers."""

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.lookups import draw_tokens, lookups, refuse_lookups, with_tables
from export.tracing.source import Source
from tests.conftest import randomized
from zoo.errors import UnsupportedLayer

WORDS = ["to", "be"]


def test_drawn_words_are_of_the_vocabulary_or_unknown():
    layer, rng = layers.StringLookup(vocabulary=WORDS), np.random.default_rng(0)
    found = draw_tokens(rng, [layer], "string", (30, 2))
    assert (found.shape, found.dtype) == ((30, 2), object)
    assert set(found.ravel()) == {"to", "be", "~unknown"}
    known = layers.StringLookup(vocabulary=WORDS, num_oov_indices=0)
    assert set(draw_tokens(rng, [known], "string", (30,))) == set(WORDS)


def test_drawn_numbers_and_texts():
    rng = np.random.default_rng(0)
    found = draw_tokens(rng, [layers.IntegerLookup(vocabulary=[12, 36])], "int64", (40,))
    assert found.dtype == np.int64
    assert {12, 36} < set(found.tolist())
    assert len(set(found.tolist())) == 3
    texts = draw_tokens(rng, [layers.TextVectorization(vocabulary=WORDS)], "string", (20, 1))
    assert {len(text.split()) for text in texts.ravel()} >= {1, 3, 5}


def model_of(layer):
    words = keras.Input((None,), dtype="string")
    inner = keras.Sequential([keras.Input((None,), dtype="string"), layer, layers.Embedding(4, 2)], name="inner")
    return randomized(keras.Model(words, layers.GRU(2)(inner(words))))


def test_tables_are_refused_by_the_path_of_the_layer():
    model = model_of(layers.StringLookup(vocabulary=WORDS, name="found"))
    with pytest.raises(UnsupportedLayer, match=r"^inner/found \(StringLookup\) .* some format does not have"):
        refuse_lookups(model, "some format")
    refuse_lookups(keras.Sequential([keras.Input((None,)), layers.Embedding(3, 2)]), "some format")


def test_layers_that_look_up():
    found = [layers.StringLookup(vocabulary=WORDS), layers.Dense(2), layers.TextVectorization(vocabulary=WORDS)]
    assert lookups(found) == [found[0], found[2]]


def test_a_table_read_from_a_file_has_its_words_inside(tmp_path):
    (tmp_path / "words.txt").write_text("to\nbe\n")
    layer = layers.StringLookup(vocabulary=str(tmp_path / "words.txt"))
    model, own = model_of(layer), layer.lookup_table
    with with_tables(model) as [table]:
        assert layer.lookup_table is table is not own
        assert type(table._initializer).__name__ == "KeyValueTensorInitializer"
        np.testing.assert_array_equal(layer(np.array(["be", "to", "or"], object)), [2, 1, 0])
    assert layer.lookup_table is own


def test_a_model_is_tried_with_words():
    source = Source(model_of(layers.StringLookup(vocabulary=WORDS)))
    [words] = source.sample(np.random.default_rng(0), 20, 4)
    assert set(words.ravel()) == {"to", "be", "~unknown"}
    assert source.run([words])[0].shape == (20, 2)
