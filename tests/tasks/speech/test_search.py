import itertools

import numpy as np
import pytest

import zoo
from tests.media.sounds import sound
from zoo.errors import ArgumentError
from zoo.tasks.speech import decoding
from zoo.tasks.speech.search import Search, _judge
from zoo.tasks.speech.transcript import transcript, written


def test_language_model_orders_anew(gru):
    wave = sound(2.0, seed=3)
    lengths = [
        len(gru.transcribe(wave, beam_width=64, language_model=lambda text, sign=sign: sign * 100.0 * len(text)).text)
        for sign in (-1, 1)
    ]
    assert lengths[0] < lengths[1]
    judge = _judge(zoo.load("lstm_text"))
    assert judge("the king") > judge("xq zvkjw")
    assert judge("the king") > judge("the king 5") + 5
    for wrong in (3, zoo.load("lstm_music")):
        with pytest.raises(ArgumentError, match="language_model="):
            gru.transcribe(wave, language_model=wrong)
    with pytest.raises(ArgumentError, match="beam_width"):
        gru.transcribe(wave, beam_width=0)
    for words in ([], ["yes", "1"], [3]):
        with pytest.raises(ArgumentError, match="lexicon"):
            gru.transcribe(wave, lexicon=words)


def test_only_given_words_are_heard(gru):
    wave = sound(2.0, seed=4)
    words = {"".join(pair) for pair in itertools.product(gru.codec.vocabulary[2:], repeat=2)} - {"AB"}
    found = gru.transcribe(wave, lexicon=words, beam_width=32)
    assert found.text
    assert set(found.text.split()) <= words
    assert [word.text for word in found.words] == found.text.split()
    assert not set(gru.transcribe(wave).text.split()) <= words


def test_words_that_do_not_fit_are_no_transcript():
    """A lexicon of which nothing was said gives no text, or one that is hardly likely; silence remains silence."""
    vocabulary, words = " AB", [" AB".index("B")] * 3
    rows = np.full((20, 4), 1e-6)
    rows[np.arange(20), [3] * 20] = 1 - 3e-6
    silent = rows.copy()
    rows[[4, 8, 12]] = rows[[4, 8, 12]][:, [0, 1, 3, 2]]
    assert [spell.id for spell in decoding.greedy(rows)] == words
    search = Search.of(4, ["AAAA"], None, 0.3, vocabulary)
    found = [transcript(search.spells(some), some, vocabulary, 0.8, None) for some in (rows, silent)]
    assert [(one.text, one.confidence, one.rejected) for one in found] == [("", 0.0, True), ("", 1.0, False)]
    fits = Search.of(4, ["BBB"], None, 0.3, vocabulary)
    assert transcript(fits.spells(rows), rows, vocabulary, 0.8, None).confidence == pytest.approx(1, abs=1e-3)


def test_long_texts_are_aligned_part_by_part():
    """More symbols than a byte counts, and more steps than are searched at once."""
    vocabulary, rng = " AB", np.random.default_rng(0)
    text = " ".join("".join(rng.choice(["A", "B"], 3)) for _ in range(150))
    steps = [k for c in text for k in (vocabulary.index(c), 3, *[3] * (5 * (c == " ")))]
    rows = np.full((len(steps), 4), 0.01)
    rows[np.arange(len(steps)), steps] = 0.97
    spells = decoding.align(rows, np.array([vocabulary.index(c) for c in text]))
    assert "".join(vocabulary[spell.id] for spell in spells) == text
    assert [spell.start for spell in spells] == [i for i, k in enumerate(steps) if k < 3]
    parts = decoding.parts(rows, 300)
    assert len(parts) > 5
    assert max(part.stop - part.start for part in parts) <= 300
    assert [parts[0].start, *(part.stop for part in parts)][-1] == len(rows)
    assert all((rows[part.start].argmax(), rows[part.stop - 1].argmax()) == (3, 3) for part in parts[1:-1])
    found = Search.of(4, None, None, 0.3, vocabulary).spells(np.tile(rows, (3, 1)))
    assert written(found, vocabulary) == text * 3


def test_earlier_names_of_arguments_warn(gru):
    wave = sound(1.0)
    with pytest.warns(FutureWarning, match="release only") as caught:
        earlier = gru.transcribe(wave, beam=2, words=["AB"], language=len, weight=0.1)
    assert len([one for one in caught if one.category is FutureWarning]) == 4
    assert earlier == gru.transcribe(wave, beam_width=2, lexicon=["AB"], language_model=len, lm_weight=0.1)
