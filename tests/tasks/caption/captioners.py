"""Untrained models that describe clips, and clips."""

import functools

import numpy as np

from tests.media.films import SHAPE, film
from tests.models.pair_models import untrained
from zoo.core.frames import FrameDescription
from zoo.core.recipe import Recipe
from zoo.core.subwords import Subwords
from zoo.media.clips import Clip
from zoo.tasks.caption.codec import CaptionCodec
from zoo.tasks.caption.pieces import Captioned
from zoo.tasks.caption.task import CaptionSettings

RECIPE = Recipe(units=8, embedding=6, layers=2, window=0, settings=CaptionSettings(filters=2))
FEATURES = 5


def codec(shape=SHAPE):
    return CaptionCodec(
        Subwords(("97 116", "116 104", "257 101", "32 99", "259 256")), FrameDescription(shape, 25.0, "fit")
    )


def piece(length=9, captions=("the cat",), shape=SHAPE, seed=0, name="a"):
    frames = film(length, shape, seed) if len(shape) > 1 else np.random.default_rng(seed).normal(size=(length, *shape))
    return Captioned(Clip(frames.astype("uint8" if len(shape) > 1 else "float32"), shape, (), name), captions)


@functools.cache
def tiny(architecture="gru", shape=SHAPE, ending=1.0):
    """An untrained captioner.

    Args:
        architecture: Its name.
        shape: Of the frames.
        ending: How likely captions end.
    """
    return untrained("caption", architecture, codec(shape), RECIPE, ending)


def told(found):
    """Texts, subwords and whether they are complete: what must be the same everywhere."""
    if isinstance(found, list):
        return [told(one) for one in found]
    return found.text, found.tokens, found.complete
