"""Recordings: samples of any type, texts in one form, and what is kept on the disk."""

import numpy as np
import pytest

from zoo.core.mel import STEP
from zoo.media.samples import rounded
from zoo.tasks.speech import recordings
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording, normalized


def test_text_is_normalized():
    assert normalized(" don’t\tSTOP, é2! ") == "DON'T STOP É2"
    assert normalized("...") == ""


@pytest.mark.parametrize(
    ("text", "form"),
    [("", ""), ("cafe\u0301", "CAFÉ"), ("ﬁne", "FINE"), ("rock'n'roll", "ROCK'N'ROLL"), ("1,5 – 2", "1 5 2"), ("straße", "STRASSE"), ("x²", "X2")],
)  # fmt: skip
def test_one_text_has_one_form(text, form):
    assert normalized(text) == form
    assert normalized(form) == form


def test_steps_are_counted_with_the_silence_around():
    silence = HEAD + TAIL
    assert [recordings.steps_of(n) - silence for n in (0, 1, STEP, STEP + 1, 10 * STEP)] == [0, 1, 1, 2, 10]
    halves = [Recording(np.zeros(STEP // 2, np.int16))] * 2
    assert (len(halves[0]), len(recordings.joined(halves))) == (silence + 1, silence + 1)  # no silence in between


def test_samples_of_both_types_are_one_wave():
    samples = np.array([-32768, -16384, 0, 32767], np.int16)
    wave = Recording(samples).wave
    assert wave.dtype == np.float32
    np.testing.assert_array_equal(wave, np.float32([-1, -0.5, 0, 32767 / 32768]))
    np.testing.assert_array_equal(Recording(wave).wave, wave)
    np.testing.assert_array_equal(Recording(wave.astype(np.float64)).wave, wave)
    np.testing.assert_array_equal(rounded(wave), samples)


def test_joined_recordings_follow_each_other():
    parts = [Recording(np.full(i, i, np.float32), text, "me", name=str(i)) for i, text in ((1, "A"), (2, ""), (3, "C"))]
    found = recordings.joined(parts)
    assert (found.text, found.speaker, found.name) == ("A C", "me", "1 …")
    assert found.wave.tolist() == [1, 2, 2, 3, 3, 3]
    assert recordings.joined([found, parts[0]]).wave.tolist() == [1, 2, 2, 3, 3, 3, 1]


def test_stored_recordings_come_back(tmp_path):
    """In int16, whatever they were; split by split, in their order."""
    wave = np.float32([0.25, -0.5])
    given = [
        ("train", Recording(wave, "É", "a", "corpus", "1")),
        ("valid", Recording(np.array([7], np.int16), name="2")),
        ("train", Recording(np.zeros(0, np.float32), "B")),
        ("train", recordings.joined([Recording(wave, "C"), Recording(np.array([1], np.int16), "D")])),
    ]
    recordings.store(iter(given), tmp_path)
    found = recordings.stored(tmp_path)
    assert [(split, len(pieces)) for split, pieces in found.items()] == [("train", 3), ("valid", 1)]
    first, empty, joined = found["train"]
    assert (first.text, first.speaker, first.corpus, first.name) == ("É", "a", "corpus", "1")
    assert np.asarray(first.samples).dtype == np.int16
    assert first.wave.tolist() == [0.25, -0.5]
    assert (len(empty.wave), len(empty)) == (0, HEAD + TAIL)
    assert (joined.text, np.asarray(joined.samples).tolist()) == ("C D", [8192, -16384, 1])
    assert np.asarray(found["valid"][0].samples).tolist() == [7]
    assert recordings.stored(tmp_path)["train"][0].parts == ()


def test_single_words_become_strings_of_several():
    """Every word once, in an order that does not change."""
    words = [Recording(np.full(1, i, np.int16), f"W{i}") for i in range(2 * recordings.STRING + 1)]
    found = recordings.strings(words)
    assert [len(piece.parts) for piece in found] == [recordings.STRING, recordings.STRING, 1]
    said = [word for piece in found for word in piece.text.split()]
    assert sorted(said) == sorted(word.text for word in words)
    assert said != [word.text for word in words]
    assert [piece.text for piece in recordings.strings(words)] == [piece.text for piece in found]
