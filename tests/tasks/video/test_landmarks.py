import json

import numpy as np
import pytest

from zoo.errors import ArgumentError, DataError
from zoo.tasks.video import landmarks
from zoo.tasks.video.landmarks import Landmarks
from zoo.tasks.video.task import TASK

ARM = {"joints": ["pelvis", "neck", "hand.l", "hand.r"], "axes": 2, "size": [["pelvis", "neck"]]}


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


def test_files_describe_landmarks(tmp_path):
    assert landmarks.read(tmp_path) is None
    assert landmarks.read(tmp_path, "kinect").joints[0] == "hip_center"
    (tmp_path / "landmarks.json").write_text(json.dumps(ARM | {"mirrored_labels": {"wave left": "wave right"}}))
    found = landmarks.read(tmp_path, "kinect")  # the file says more than a name
    assert (found.origin, found.pairs, found.mirror.tolist()) == (("pelvis",), (("hand.l", "hand.r"),), [0, 1, 3, 2])
    labels = ("wave left", "wave right", "bow")
    assert [found.mirrored_label(label) for label in labels] == ["wave right", "wave left", "bow"]
    assert found.same(landmarks.of(ARM))
    assert not found.same(landmarks.of({**ARM, "axes": 3}))
    (tmp_path / "landmarks.json").write_text(json.dumps({"set": "mediapipe", "axes": 2}))
    assert landmarks.read(tmp_path).features == 66


@pytest.mark.parametrize(("content", "message"), [
    ({}, "give joints, a list of names in their order, or set"), ({"set": "kinect", **ARM}, "or set"),
    ({"set": "openpose"}, "'mediapipe', 'kinect'"), (ARM | {"origin": ["hip"]}, "hip: no such joint"),
    (ARM | {"axes": 4}, "axes=4"), (ARM | {"vertical": "z"}, "2 axes have x and y"), (ARM | {"size": [["neck"]]}, "size"),
    (ARM | {"pairs": [["hand.l", "hand.r"], ["hand.l", "neck"]]}, "hand.l is in two"), (ARM | {"joints": ["a", "a"]}, "joints"),
])  # fmt: skip
def test_files_are_refused_by_name(tmp_path, content, message):
    (tmp_path / "landmarks.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"landmarks\.json: .*{message}"):
        landmarks.read(tmp_path)


def test_unknown_sets_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"landmarks='openpose': give mediapipe, kinect, or landmarks\.json"):
        landmarks.read(tmp_path, "openpose")
    assert isinstance(landmarks.read(tmp_path, landmarks.of(ARM)), Landmarks)
