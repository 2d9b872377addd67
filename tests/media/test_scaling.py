"""Frames in other sizes and colors."""

import numpy as np
import pytest

from zoo.media.scaling import Scaler, coloured, scaled


def test_grey_is_the_luma_of_colors():
    """ITU-R BT.601, worked out by hand: 0.299 red, 0.587 green, 0.114 blue."""
    frame = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [100, 50, 200], [0, 0, 0]]], np.uint8)
    found = coloured(frame, False)
    assert found.dtype == np.uint8
    assert found.tolist() == [[76, 150, 29], [255, 82, 0]]


def test_grey_in_color_is_grey():
    frame = np.arange(6, dtype=np.uint8).reshape(2, 3)
    found = coloured(frame, True)
    assert (found.shape, found.dtype) == ((2, 3, 3), np.uint8)
    assert all((found[..., channel] == frame).all() for channel in range(3))
    np.testing.assert_array_equal(coloured(found, False), frame)


def test_what_is_as_wanted_stays():
    grey, colour = np.zeros((2, 3), np.uint8), np.zeros((2, 3, 3), np.uint8)
    assert coloured(grey, False) is grey
    assert coloured(colour, True) is colour
    assert scaled(grey, 2, 3) is grey
    assert scaled(colour, 2, 3) is colour


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3)])
def test_a_smaller_frame_has_the_means(shape):
    """Of whole blocks, channel by channel, within a rounding; views that are not contiguous are taken too."""
    frame = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)[::-1]
    found = scaled(frame, 12, 32)
    expected = frame.reshape(12, 4, 32, 2, *shape[2:]).mean((1, 3))
    assert (found.shape, found.dtype) == ((12, 32, *shape[2:]), np.uint8)
    assert np.abs(found - expected).max() <= 1.5


def test_a_larger_frame_shows_the_same():
    frame = np.zeros((16, 32), np.uint8)
    frame[:, 16:] = 200
    found = scaled(frame, 32, 64)
    assert (found[:, :30] == 0).all()
    assert (found[:, 34:] == 200).all()


def test_a_frame_that_comes_again_is_scaled_once():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 8, 8), dtype=np.uint8)
    scaler = Scaler()
    found = scaler(first, 4, 4)
    assert scaler(first, 4, 4) is found
    np.testing.assert_array_equal(found, scaled(first, 4, 4))
    np.testing.assert_array_equal(scaler(first, 2, 4), scaled(first, 2, 4))
    np.testing.assert_array_equal(scaler(second, 2, 4), scaled(second, 2, 4))
