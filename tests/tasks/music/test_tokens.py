"""Scores as tokens, the same for both directions."""

import numpy as np
import pytest

from tests.conftest import CODEC, random_score
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.music.codec import MusicCodec, MusicInfillCodec
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score
from zoo.tasks.music.tokens import HOLD_ID, REST_ID


@pytest.mark.parametrize("seed", range(5))
def test_tokens_are_lossless(seed):
    score = random_score(seed)
    assert CODEC.decode(CODEC.tokens(score)) == score


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (Score([[60]]), "voices"),
        (Score([[90, 60, 55]]), "transpose"),
        (Score([[60, 60, 60]], steps_per_beat=2), "steps a beat"),
    ],
)
def test_scores_that_do_not_fit(score, word):
    with pytest.raises(CodecError, match=word):
        CODEC.tokens(score)


def test_columns_describe_the_input():
    columns = CODEC.columns()
    assert [c["name"] for c in columns[:3]] == ["voice", "place in the bar", "pitch 0"]
    assert [c["offset"] for c in columns] == CODEC.offsets.tolist()
    assert columns[-1]["offset"] + columns[-1]["size"] == CODEC.symbols


def test_tokens_are_the_numbers_that_are_told():
    """Hold, rest, then pitches from the lowest on, which is 50; step by step, the highest voice first."""
    score = Score([[50, 70, REST], [HOLD, HOLD, 51]])
    assert CODEC.tokens(score).tolist() == [2, 22, REST_ID, HOLD_ID, HOLD_ID, 3]
    assert CODEC.decode_step([2, 1, 0]).tolist() == [50, REST, HOLD]
    assert CODEC.labels(score) == ["D3", "A#4", "·", "–", "–", "D#3"]
    assert (CODEC.classes, CODEC.blank, CODEC.edge, CODEC.group) == (23, 23, 24, 3)
    assert len(CODEC.tokens(Score(np.zeros((0, 3), int)))) == 0


def test_decoded_pieces_have_the_tempo_and_meter_of_another():
    ids = CODEC.tokens(random_score(0, 6))
    plain, waltz = CODEC.decode(ids), CODEC.decode(ids, like=Score([[60]], tempo_bpm=150, beats_per_bar=3))
    assert (plain.tempo_bpm, plain.beats_per_bar) == (90, 4)
    assert (waltz.tempo_bpm, waltz.beats_per_bar, waltz.grid.tolist()) == (150, 3, plain.grid.tolist())
    assert len(CODEC.decode([])) == 0
    for bad in ([2, 2], [2, 2, 23], [-1, 2, 2]):
        with pytest.raises(CodecError, match=f"{len(bad)} tokens, not whole steps of 3 with ids 0 to 22"):
            CODEC.decode(bad)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"voices": 0}, "voices=0: give a whole number of at least 1, at most 16"),
        ({"voices": 17}, "voices=17"),
        ({"low": 91}, "low=91, high=90: .* 0 ≤ low ≤ high ≤ 127"),
        ({"high": 128}, "high=128"),
        ({"low": -1}, "low=-1"),
        ({"voices": 4.5}, "voices=4.5: give a whole number"),
        ({"voices": True}, "voices=True"),
        ({"steps_per_beat": 97}, "steps_per_beat=97: .* at most 96"),
        ({"beats_per_bar": 0}, "beats_per_bar=0: give a number of at least 0.25"),
    ],
)
def test_values_out_of_range_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        MusicCodec(**options)


@pytest.mark.parametrize("kind", [MusicCodec, MusicInfillCodec])
def test_every_row_of_the_table_is_of_a_column(kind):
    """Columns have ranges of their own that fill the table; those that share one are of the same kind."""
    codec = kind(voices=2, low=60, high=62, beats_per_bar=3)
    ranges = {(offset, offset + size) for offset, size in zip(codec.offsets.tolist(), codec.sizes, strict=True)}
    rows = [row for low, high in ranges for row in range(low, high)]
    assert set(rows) == set(range(codec.symbols))
    assert (len(rows) > codec.symbols) == codec.shared  # a part of tokens alone begins like one of all that is known
    x = codec.example(np.random.default_rng(0), 50, 40)
    assert (x.shape, x.dtype) == ((50, 40, codec.features), np.int32)
    values = x - codec.offsets
    assert (values.min((0, 1)) == 0).all()
    assert (values.max((0, 1)) == np.array(codec.sizes) - 1).all()
    assert codec.describe(Recipe(units=1, embedding=7))[1] == "5 classes"
