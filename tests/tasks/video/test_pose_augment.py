import numpy as np
import pytest

from zoo.media.clips import Clip, Span, whole
from zoo.tasks.video import augment, landmarks, pose_augment

KINECT = landmarks.of({"set": "kinect", "mirrored_labels": {"left wave": "right wave"}})


def body(axes=3, frames=30, **options):
    """A clip of a body that does not move, but for its left hand."""
    rng = np.random.default_rng(0)
    points = np.repeat(rng.normal(size=(1, 20, axes)), frames, 0) + 5
    points[:, KINECT.joints.index("left_hand"), 1] += np.linspace(0, 2, frames)
    about = landmarks.of({"set": "kinect", "axes": axes, "mirrored_labels": KINECT.mirrored_labels})
    frames = points.reshape(frames, -1).astype(np.float32)
    return Clip(frames, (20 * axes,), whole("left wave"), landmarks=about, **options)


@pytest.mark.parametrize("axes", [2, 3])
def test_clips_are_changed_by_their_generator_alone(axes):
    clip = body(axes)
    change = augment.changed([clip])
    a, b, c = (change(0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a.frames, b.frames, equal_nan=True)
    assert a.frames.shape != c.frames.shape or not np.array_equal(a.frames, c.frames)
    assert a.frames.dtype == np.float32
    assert a.label == "left wave"
    lengths = {len(change(0, np.random.default_rng(seed))) for seed in range(30)}
    assert 15 <= min(lengths) < 30 <= max(lengths) <= 38
    gaps = [np.isnan(change(0, np.random.default_rng(seed)).frames).all(1).sum() for seed in range(30)]
    assert 0 in gaps
    assert 0 < max(gaps) <= pose_augment.LONGEST
    assert augment.changed([clip], 0)(0, np.random.default_rng(0)) is clip


def test_turns_keep_lengths(monkeypatch):
    """Without noise and proportions a body is only turned, about the vertical axis most."""
    for name in ("PROPORTION", "OFFSET", "NOISE"):
        monkeypatch.setattr(pose_augment, name, 0)
    points = np.random.default_rng(0).normal(size=(4, 20, 3))
    moves = np.zeros(3)
    for seed in range(20):
        turned = pose_augment.moved(points, KINECT, np.random.default_rng(seed), 1.0)
        distances = [np.linalg.norm(p[:, :, None] - p[:, None], axis=-1) for p in (points, turned)]
        np.testing.assert_allclose(*distances, atol=1e-9)
        moves += np.abs(turned - (points - points.mean((0, 1)))).mean((0, 1)) / 20
    assert 0.02 < moves[1] < moves[0] > 0.1


def test_mirror_images_have_their_own_labels():
    points = body().pixels.reshape(-1, 20, 3)
    found, spans = pose_augment.mirrored(points, (Span("left wave", 0, 9), Span("bow", 9, 30)), KINECT)
    assert [span.label for span in spans] == ["right wave", "bow"]
    left, right = (KINECT.joints.index(f"{side}_hand") for side in ("left", "right"))
    np.testing.assert_array_equal(found[:, right], points[:, left] * [-1, 1, 1])
    drawn = {augment.changed([body(mirrored=True)])(0, np.random.default_rng(s)).label for s in range(12)}
    assert drawn == {"left wave", "right wave"}


def test_labels_go_with_the_frames_when_time_is_warped():
    points = np.repeat(np.arange(40.0), 2).reshape(40, 1, 2)
    spans = (Span("up", 0, 15), Span("down", 15, float("inf")))
    for seed in range(10):
        found, moved = pose_augment.resampled(points, spans, np.random.default_rng(seed), 1.0)
        shown = np.where(found[:, 0, 0] < 14.5, "up", "down")
        told = [Clip(found, (2,), moved).label_of(i) for i in range(len(found))]
        assert (shown == told).mean() > 1 - 2 / len(found)
        assert (np.diff(found[:, 0, 0]) > 0).all()


def test_what_is_missing_stays_missing():
    clip = body()
    clip.frames[:, :3], clip.frames[10:14] = np.nan, 0
    for seed in range(5):
        found = pose_augment.changed(clip, KINECT, np.random.default_rng(seed), 1.0).frames
        assert np.isnan(found[:, :3]).all()
        assert np.isnan(found).all(1).sum() >= 2
        assert (np.isfinite(found[:, 3:]).all(1) | np.isnan(found).all(1)).all()
