"""Models that see both sides: what they keep, what they fill in, and how they are measured."""

import numpy as np
import pytest

from tests.conftest import random_score, tiny_model
from zoo.core.card import Card
from zoo.core.codec import MaskedPiece
from zoo.errors import ArgumentError, CodecError
from zoo.models.model import make
from zoo.tasks.music.midi import HOLD
from zoo.tasks.music.score import Score
from zoo.tasks.text.codec import TextInfillCodec


@pytest.fixture(scope="session")
def tiny():
    return tiny_model("bilstm")


class Alphabet:
    """An engine that is sure of a character: the one after the character to the left, and shares its doubt equally."""

    name = "alphabet"

    def __init__(self, codec):
        self.codec = codec

    def step(self, x, state):
        left = np.pad(x[:, :-1, 0], ((0, 0), (1, 0)), constant_values=self.codec.blank)
        known = left < self.codec.blank
        return np.where(known[..., None], 5.0 * np.eye(self.codec.classes)[(left + 1) % self.codec.classes], 0.0), []


@pytest.fixture
def alphabet():
    codec = TextInfillCodec("abcdefgh")
    return make(Card("bilstm_text", "bilstm", "text", None), codec, Alphabet(codec))


def test_what_is_known_is_kept_and_the_rest_filled(tiny):
    score = random_score(0, 12)
    piece = tiny.infill(score, free=[1], bars=(0.25, 0.5), seed=1, sweeps=5)
    changed = tiny.codec.tokens(piece) != tiny.codec.tokens(score)
    assert changed.any()
    assert set(np.flatnonzero(changed)) <= {3 * step + 1 for step in range(4, 9)}
    np.testing.assert_array_equal(piece.sounding()[8:], score.sounding()[8:])  # a note held on begins anew
    assert len(tiny.infill([60, HOLD, 62, HOLD], seed=0, sweeps=2)) == 4


def test_same_seed_same_piece_however_many(tiny):
    score = random_score(0, 8)
    three = tiny.infill(score, n=3, free=0, seed=5, sweeps=4)
    assert three[0] == tiny.infill(score, free=0, seed=5, sweeps=4)
    assert three[0] != three[1]
    assert tiny.infill(score, free=0, seed=6, sweeps=4) != three[0]


def test_sweeps_bring_what_was_drawn_together_to_agree(alphabet):
    """The characters of one sweep know nothing of each other; after many each follows from its neighbour."""
    text, whole = "a_______", "abcdefgh"
    right = {sweeps: np.mean([
        np.array(list(alphabet.infill(text, sweeps=sweeps, seed=seed, temperature=0.2))) == np.array(list(whole))
        for seed in range(20)
    ]) for sweeps in (1, 200)}  # fmt: skip
    assert right[1] < 0.5 < 0.95 < right[200]


@pytest.mark.parametrize("scheme", ["hidden_15", "hidden_50"])
def test_measure_is_the_mean_over_hidden_characters(alphabet, scheme):
    texts = ["abcdefgh" * 40, "hgfedcba" * 20, "abab" * 80]
    found = alphabet.measure(texts)
    codec, rng = alphabet.codec, np.random.default_rng(0)
    total, right, count = 0.0, 0, 0
    windows = sorted((text[at : at + 256] for text in texts for at in range(0, len(text), 256)), key=len)
    alike = {}
    for window in windows:
        alike.setdefault(len(window), []).append(window)
    for group in alike.values():
        for gapped in [codec.hide(window, rng, scheme) for window in group]:
            ids = codec.tokens(gapped.piece)
            logits = alphabet.engine.step(codec.cover(ids[None], gapped.hidden[None]), [])[0][0]
            for place in np.flatnonzero(gapped.hidden):
                total += np.log(np.exp(logits[place]).sum()) - logits[place, ids[place]]
                right += int(logits[place].argmax() == ids[place])
                count += 1
    assert found[f"{scheme}_nats_per_character"] == pytest.approx(total / count)
    assert found[f"{scheme}_accuracy"] == pytest.approx(right / count)
    assert abs(count / sum(map(len, texts)) - int(scheme[-2:]) / 100) < 0.06


def test_pieces_of_other_lengths_in_the_set_change_nothing(tiny):
    """One network reads back from the end, so that padding would be seen first."""
    pieces = [random_score(i, steps) for i, steps in enumerate((20, 33, 33, 48))]
    codec, total, notes, right = tiny.codec, 0.0, 0, 0
    for piece in pieces:
        hidden = np.arange(len(piece) * 3) % 3 > 0
        x, y = codec.encode([MaskedPiece(piece, hidden)])
        logits = tiny.engine.step(x, [])[0][0].astype(float)
        for place in np.flatnonzero(y[0] >= 0):
            total += np.log(np.exp(logits[place]).sum()) - logits[place, y[0, place]]
            right += int(y[0, place] >= 2 and logits[place].argmax() == y[0, place])
        notes += int((codec.tokens(piece)[hidden] >= 2).sum())
    found = tiny.measure(pieces)
    assert found["hidden_voices_nats_per_note"] == pytest.approx(total / notes, rel=1e-5)
    assert found["hidden_voices_accuracy"] == pytest.approx(right / notes)


@pytest.mark.parametrize(
    "bad",
    [
        {"n": 0}, {"sweeps": 0}, {"temperature": -1}, {"top_k": 0}, {"top_p": 2}, {"seed": -1}, {"colour": "red"},
        {"free": "tuba"}, {"free": []}, {"bars": (3, 4)}, {"bars": (0.5, 0.25)}, {"bars": 1},
        {"temperature": [0.5, 1]}, {"seed": 10**400},
    ],
)  # fmt: skip
def test_bad_options_are_refused(tiny, bad):
    with pytest.raises(ArgumentError):
        tiny.infill(random_score(0, 8), **bad)


def test_bad_pieces_are_refused(tiny, alphabet):
    with pytest.raises(CodecError, match="transpose"):
        tiny.infill(Score([[120, 60, 55]] * 4), free=1)
    with pytest.raises(ArgumentError, match="has no gap"):
        alphabet.infill("abc")
    with pytest.raises(CodecError, match="'x' at position 1"):
        alphabet.infill("ax_")
    with pytest.raises(ArgumentError, match="the place of a span"):
        alphabet.infill("abc", spans=[(9, 1)])
    for spans in ([(1, 2, 3)], 3, [1]):
        with pytest.raises(ArgumentError, match="pairs of numbers"):
            alphabet.infill("abc", spans=spans)
    with pytest.raises(ArgumentError, match="one line"):
        tiny.infill("C4/4 D4/4", bars=(0, 1))
    with pytest.raises(ArgumentError, match=r"bars=\(3, 4\).* the piece has \d"):
        tiny.infill(random_score(0, 8), bars=(3, 4))
    for line in ("H4/4", "nothing.mid"):
        with pytest.raises(CodecError, match=r"does not exist.* notes such as C4/4"):
            tiny.infill(line)
    for bad in ([[60], [61, 62]], 5, None, {}, [[60, 55]] * 4, Score([[60, 55, 50]], steps_per_beat=2)):
        with pytest.raises(CodecError):
            tiny.infill(bad)
    for pieces in ([], [""]):
        with pytest.raises(ArgumentError, match="no pieces"):
            alphabet.measure(pieces)
    assert len(alphabet.infill("ax", replace="a", spans=[(1, 3)], seed=0)) == 5


def test_what_another_kind_of_model_does_is_told(tiny):
    with pytest.raises(AttributeError, match="has no generate: .* fill gaps"):
        tiny.generate(bars=1)
    with pytest.raises(AttributeError, match="has no infill: bidirectional"):
        tiny_model("lstm", tiny.codec).infill([[60, 55, 50]])
    with pytest.raises(AttributeError, match="'Infiller' object has no attribute 'colour'"):
        tiny.colour  # noqa: B018
    assert not hasattr(tiny, "stream")


def test_infilled_music_has_the_tempo_of_the_piece(tiny):
    score = Score(random_score(0, 8).grid, tempo_bpm=111)
    assert tiny.infill(score, free=0, seed=0, sweeps=1).tempo_bpm == 111
