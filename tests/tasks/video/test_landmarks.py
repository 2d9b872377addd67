import numpy as np
import pytest

from zoo.tasks.video import landmarks
from zoo.tasks.video.task import TASK


@pytest.mark.parametrize(("name", "joints", "pairs"), [("mediapipe", 33, 16), ("kinect", 20, 8)])
def test_sets_are_symmetric_bodies(name, joints, pairs):
    body = landmarks.of({"set": name})
    assert (len(body.joints), body.features, len(body.pairs)) == (joints, 3 * joints, pairs)
    assert all("hip" in joint for joint in body.origin)
    assert (body.mirror[body.mirror] == np.arange(joints)).all()
    assert body.joints[body.mirror[body.joints.index("left_knee")]] == "right_knee"
    assert name in next(row.metadata["help"] for row in TASK.recipe("").rows.values() if row.name == "landmarks")
    assert landmarks.of(body.to_json()).same(body)
    assert len(body.columns()) == joints


@pytest.mark.parametrize(("names", "pairs"), [
    (["left_hand", "right_hand"], 1), (["LeftHand", "RightHand"], 1), (["l_hand", "r_hand"], 1), (["HAND-L", "HAND-R"], 1),
    (["mouth_left", "mouth_right", "nose"], 1), (["left_hand", "right_foot"], 0), (["elbow", "collar"], 0),
])  # fmt: skip
def test_pairs_are_found_by_names(names, pairs):
    assert len(landmarks.found_pairs(names)) == pairs
