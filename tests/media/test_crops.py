import numpy as np
import pytest

from tests.media.films import SHAPE, film
from tests.tasks.video.labelers import codec_for
from zoo.errors import ArgumentError
from zoo.media import crops


def test_frames_are_scaled_and_cut():
    codec = codec_for()
    wide = np.zeros((32, 96), np.uint8)
    wide[:, 24:72] = 200
    [fitted] = crops.fitted([wide], codec)
    assert fitted.shape == SHAPE
    assert (fitted[:, 2:-2] == 200).all()  # what is beyond the middle is cut off
    [same] = crops.fitted([fitted], codec)
    assert same is fitted


def test_grey_and_colour_go_into_each_other():
    [grey] = crops.fitted([np.full((*SHAPE, 3), (255, 0, 0), np.uint8)], codec_for())
    assert grey.shape == SHAPE
    assert (grey == 76).all()
    [colour] = crops.fitted([film(1)[0]], codec_for(shape=(*SHAPE, 3)))
    assert colour.shape == (*SHAPE, 3)
    [large] = crops.fitted([np.zeros((64, 48, 3), np.uint8)], codec_for(shape=(*SHAPE, 3)))
    assert large.shape == (*SHAPE, 3)


@pytest.mark.parametrize(
    "frame", [np.zeros(SHAPE), np.zeros((2, 3, 4), np.uint8), [[1], [1, 2]], np.zeros((0, 4), np.uint8), "x"]
)
def test_what_is_no_frame_is_told(frame):
    with pytest.raises(ArgumentError, match="frame"):
        list(crops.fitted([frame], codec_for()))


def test_frames_of_two_sizes_are_told():
    with pytest.raises(ArgumentError, match="one size"):
        list(crops.fitted([np.zeros((20, 20), np.uint8), np.zeros((20, 21), np.uint8)], codec_for()))
