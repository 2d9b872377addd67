import numpy as np
import pytest

from zoo.tasks.keyword.clips import CLIP, Clip, one_second, store, stored


@pytest.mark.parametrize("samples", [0, 4001, CLIP, 3 * CLIP])
def test_clips_are_brought_to_a_second_around_what_is_loud(samples):
    wave = np.zeros(samples, np.float32)
    wave[samples // 3 : samples // 3 + 3000] = 0.5
    found = one_second(wave)
    assert len(found) == CLIP
    assert np.square(found).sum() == np.square(wave).sum()
    if samples > CLIP:  # the word is in its middle
        assert abs(np.flatnonzero(found).mean() - CLIP / 2) < 200


def test_clips_come_back_from_a_folder(tmp_path):
    samples = np.arange(-100, 100, dtype=np.int16)
    store([("train", Clip(samples, "yes", "ann", "a")), ("valid", Clip(samples[:9], "no"))], tmp_path)
    splits = stored(tmp_path)
    ((one,), (other,)) = splits["train"], splits["valid"]
    assert (one.word, one.speaker, one.name, other.word, len(other)) == ("yes", "ann", "a", "no", 1)
    np.testing.assert_array_equal(one.wave, samples.astype(np.float32) / 32768)
