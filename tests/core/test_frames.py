import numpy as np
import pytest

from zoo.core.frames import FrameDescription, described, example
from zoo.errors import ArgumentError

GREY, COLOUR, NUMBERS = (FrameDescription(shape, 25.0, "fit") for shape in ((48, 96), (16, 24, 3), (7,)))


@pytest.mark.parametrize("shape", [(15, 20), (16, 513), (16, 16, 4), (16, 16, 3, 1)])
def test_frames_out_of_range_are_refused(shape):
    with pytest.raises(ArgumentError, match="shape="):
        FrameDescription(shape, 25.0, "fit")


def test_kinds_of_frames():
    assert [(form.pixels, form.colour) for form in (GREY, COLOUR, NUMBERS)] == [
        (True, False),
        (True, True),
        (False, False),
    ]
    assert "25 frames a second of 48 × 96 grey pixels, late → " in described(GREY, 16, 160, ", late")
    assert "16, 32, 48, 64 filters" in described(GREY, 16, 160)
    assert described(NUMBERS, 0, 8) == "7 numbers a frame → 8, normalized"


@pytest.mark.parametrize("form", [GREY, COLOUR, NUMBERS])
def test_examples_move(form):
    found = example(form, np.random.default_rng(0), 2, 5)
    assert found.shape == (2, 5, *form.shape)
    assert found.dtype == ("uint8" if form.pixels else "float32")
    assert (found[:, 0] != found[:, 4]).any()
