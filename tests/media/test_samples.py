import numpy as np

from zoo.media.samples import rounded, scaled


def test_samples_are_rounded_and_limited():
    assert rounded(np.array([-1.5, 1.0, 2.0, 0.6 / 32768])).tolist() == [-32768, 32767, 32767, 1]


def test_every_sample_comes_back():
    samples = np.arange(-32768, 32768, dtype=np.int16)
    assert scaled(samples).dtype == np.float32
    np.testing.assert_array_equal(rounded(scaled(samples)), samples)
    np.testing.assert_array_equal(scaled(np.array([0.25, -1])), [0.25, -1])
