import numpy as np

from tests.media.sounds import sound
from zoo.tasks.speech import augment, recordings
from zoo.tasks.speech.recordings import Recording


def test_augmentation_changes_and_joins():
    words = [Recording(sound(0.4, seed=i), w, corpus="w") for i, w in enumerate(("ONE", "TWO", "SIX"))]
    pieces = [Recording(sound(1.0, seed=9), "YES"), recordings.joined(words)]
    change = augment.changed(pieces)
    found = [change(1, np.random.default_rng(seed)) for seed in range(20)]
    assert len({len(piece.text.split()) for piece in found}) > 3
    assert all(set(piece.text.split()) <= {"ONE", "TWO", "SIX"} for piece in found)
    alone = [change(0, np.random.default_rng(seed)) for seed in range(40)]
    assert {piece.text for piece in alone} == {"YES", "YES YES"}
    lengths = [len(piece.samples) for piece in alone if piece.text == "YES"]
    assert max(lengths) > 1.1 * min(lengths)
    assert all(piece.masked[1] == 1.0 and piece.samples.dtype == np.float32 for piece in alone)
    again = change(0, np.random.default_rng(3))
    np.testing.assert_array_equal(again.samples, alone[3].samples)
    assert len(joined_wave := pieces[1].wave) == sum(len(word.samples) for word in words)
    assert len(pieces[1]) == recordings.steps_of(len(joined_wave))
