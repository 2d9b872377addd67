import numpy as np

from tests.media.films import SHAPE, film
from tests.tasks.video.labelers import codec_for
from zoo.tasks.video import augment
from zoo.tasks.video.clips import Clip, Span, whole


def test_augmentation_is_drawn_from_its_generator_alone():
    clip = Clip(
        film(40), SHAPE, (Span("rest", 0, 10), Span("up", 10, 25.5), Span("rest", 25.5, float("inf"))), mirrored=True
    )
    change = augment.changed([clip])
    a, b, c = (change(0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a.frames, b.frames)
    assert not np.array_equal(a.frames, c.frames)
    assert a.frames.shape == clip.frames.shape
    assert [s.label for s in a.spans] == ["rest", "up", "rest"]
    assert a.spans[1].start == a.spans[0].end != 10
    assert augment.changed([clip], 0)(0, np.random.default_rng(0)) is clip


def test_labels_go_with_the_frames_when_time_is_warped():
    """Frames that show their own label: after the warp they still do, but near the borders."""
    ids = np.repeat([10, 120, 240], [15, 12, 13]).astype(np.uint8)
    spans = (Span("rest", 0, 15), Span("up", 15, 27), Span("down", 27, float("inf")))
    codec = codec_for()
    for seed in range(20):
        frames, moved = augment.warped(
            np.broadcast_to(ids[:, None, None], (40, *SHAPE)), spans, np.random.default_rng(seed), 1.0
        )
        told = codec.tokens(Clip(frames, SHAPE, moved))
        shown = np.searchsorted([10, 120, 240], frames[:, 0, 0])
        assert (told != shown).sum() <= 2 + augment.HIDDEN * augment.LONGEST
        assert frames.shape == (40, *SHAPE)


def test_only_where_it_does_not_matter_left_and_right_are_exchanged():
    frames = np.broadcast_to(np.linspace(0, 255, 24).astype(np.uint8), (5, *SHAPE))
    for mirrored in (True, False):
        change = augment.changed([Clip(frames, SHAPE, whole("up"), mirrored=mirrored)])
        ways = {
            bool(
                change(0, np.random.default_rng(s)).frames[0, 0, -1]
                < change(0, np.random.default_rng(s)).frames[0, 0, 0]
            )
            for s in range(12)
        }
        assert (True in ways) == mirrored


def test_rare_labels_are_drawn_more_often():
    few = [Clip(film(4), SHAPE, whole("up"), name="rare")] * 2
    many = [Clip(film(4), SHAPE, whole("left"), name="common")] * 48
    change, rng = augment.changed([*few, *many], 0), np.random.default_rng(0)
    names = [change(i % 50, rng).name for i in range(400)]
    share = names.count("rare") / 400
    assert 0.12 < share < 0.24  # 2 of 50 are 4 %; by the root of 24 they are 17 %
    assert augment.shares([*few, *few]) is None
