import numpy as np

from tests.media.films import SHAPE, film
from tests.tasks.video.labelers import codec_for
from zoo.media import augment
from zoo.media.clips import Clip, Span, whole


def test_augmentation_is_drawn_from_its_generator_alone():
    clip = Clip(
        film(40), SHAPE, (Span("rest", 0, 10), Span("up", 10, 25.5), Span("rest", 25.5, float("inf"))), mirrored=True
    )
    a, b, c = (augment.changed(clip, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a.frames, b.frames)
    assert not np.array_equal(a.frames, c.frames)
    assert a.frames.shape == clip.frames.shape
    assert [s.label for s in a.spans] == ["rest", "up", "rest"]
    assert a.spans[1].start == a.spans[0].end != 10
    assert augment.changed(clip, np.random.default_rng(0), 0) is clip


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
        clip = Clip(frames, SHAPE, whole("up"), mirrored=mirrored)
        rows = [augment.changed(clip, np.random.default_rng(seed)).frames[0, 0] for seed in range(12)]
        ways = {bool(row[-1] < row[0]) for row in rows}
        assert (True in ways) == mirrored
