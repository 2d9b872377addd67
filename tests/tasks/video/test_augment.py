import numpy as np

from tests.media.films import SHAPE, film
from zoo.media.clips import Clip, Span, whole
from zoo.tasks.video import augment


def test_clips_are_changed_as_strongly_as_asked():
    clip = Clip(film(40), SHAPE, (Span("rest", 0, 10), Span("up", 10, float("inf"))))
    assert not np.array_equal(augment.changed([clip])(0, np.random.default_rng(1)).frames, clip.frames)
    assert augment.changed([clip], 0)(0, np.random.default_rng(0)) is clip


def test_rare_labels_are_drawn_more_often():
    few = [Clip(film(4), SHAPE, whole("up"), name="rare")] * 2
    many = [Clip(film(4), SHAPE, whole("left"), name="common")] * 48
    change, rng = augment.changed([*few, *many], 0), np.random.default_rng(0)
    names = [change(i % 50, rng).name for i in range(400)]
    share = names.count("rare") / 400
    assert 0.12 < share < 0.24  # 2 of 50 are 4 %; by the root of 24 they are 17 %
    assert augment.shares([*few, *few]) is None
