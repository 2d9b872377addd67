import numpy as np

from tests.media.films import SHAPE, film
from zoo.tasks.video import clips
from zoo.tasks.video.clips import Clip, Span


def test_prepared_clips_are_read_from_the_disk(tmp_path):
    clip = Clip(film(6), SHAPE, (Span("up", 0, 2.5), Span("left", 2.5, float("inf"))), "a")
    clips.store([("train", clip), ("valid", clip)], tmp_path)
    found = clips.stored(tmp_path)
    assert set(found) == {"train", "valid"}
    again = found["train"][0]
    assert (again.spans, again.name, len(again), again.shape) == (clip.spans, "a", 6, SHAPE)
    assert np.array_equal(again.pixels, clip.frames)
