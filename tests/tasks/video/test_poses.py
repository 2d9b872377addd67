import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.video import landmarks, poses

BODY = landmarks.of({"joints": ["hip", "hand"], "axes": 2})
NAN = np.nan
FRAMES = np.array(
    [[0, 0, 0, 0], [1, 1, NAN, 5], [2, 2, 2, 2], [0, 0, 0, 0], [NAN, 3, 6, 6], [8, 8, 8, 8], [0, 0, NAN, NAN]],
    np.float32,
)
"""The first and fourth frames are empty, the last is too; a joint is missing in the second and the fifth."""
AHEAD = [[1, 1, 2, 2], [1, 1, 2, 2], [2, 2, 2, 2], [4, 4, 4, 4], [6, 6, 6, 6], [8, 8, 8, 8], [8, 8, 8, 8]]
HELD = [[NAN] * 4, [1, 1, NAN, NAN], [2, 2, 2, 2], [2, 2, 2, 2], [2, 2, 6, 6], [8, 8, 8, 8], [8, 8, 8, 8]]


def test_missing_landmarks_are_found():
    assert poses.missing(FRAMES, BODY).tolist() == [
        [True, True], [False, True], [False, False], [True, True], [True, False], [False, False], [True, True],
    ]  # fmt: skip
    assert not poses.missing(np.array([[0, 0, 1, 1]]), BODY).any()  # a joint at the origin is there


@pytest.mark.parametrize(("ahead", "wanted"), [(True, AHEAD), (False, HELD)])
def test_gaps_are_filled(ahead, wanted):
    found = np.stack(list(poses.filled(FRAMES, BODY, ahead)))
    np.testing.assert_allclose(found, wanted)
    assert np.isnan(FRAMES).sum() == 4  # the frames themselves stay as they are


def test_joints_never_seen_are_left_to_the_network(monkeypatch):
    """And no frame waits for them longer than for a gap."""
    monkeypatch.setattr(poses, "LONGEST_GAP", 3)
    frames = np.tile(np.array([1, 1, NAN, NAN], np.float32), (9, 1))
    frames[4] = NAN
    found = poses.filled(iter(frames), BODY, ahead=True)
    np.testing.assert_array_equal(np.stack(list(found)), np.tile([1, 1, NAN, NAN], (9, 1)))


def test_what_is_missing_is_reported():
    assert poses.report(np.ones((3, 4)), BODY) == ""
    told = poses.report(FRAMES, BODY)
    assert told == "3 of 7 frames have no landmarks: filled from those around them; hip, hand missing in some frames: " \
        "filled from others"  # fmt: skip
    assert poses.report([[1, 1, NAN, NAN]], BODY) == "hand never seen: masked"
    with pytest.raises(CodecError, match="no landmark is in any of the 2 frames"):
        poses.report(np.zeros((2, 4)), BODY)


def test_films_without_a_landmark_are_refused_by_name():
    empty = poses.filled(np.zeros((5, 4), np.float32), BODY, ahead=False)
    with pytest.raises(CodecError, match=r"a\.npy: no landmark is in any of the 5 frames"):
        list(poses.needed(empty, "a.npy"))
    assert len(list(poses.needed(poses.filled(FRAMES, BODY, True), "a.npy"))) == 7
    assert not list(poses.needed(iter([]), "a.npy"))
