import json

import pytest

from zoo.errors import ArgumentError, DataError
from zoo.tasks.video import landmark_file, landmarks

ARM = {"joints": ["pelvis", "neck", "hand.l", "hand.r"], "axes": 2, "size": [["pelvis", "neck"]]}


def test_files_describe_landmarks(tmp_path):
    assert landmark_file.read(tmp_path) is None
    assert landmark_file.read(tmp_path, "kinect").joints[0] == "hip_center"
    (tmp_path / "landmarks.json").write_text(json.dumps(ARM | {"mirrored_labels": {"wave left": "wave right"}}))
    found = landmark_file.read(tmp_path, "kinect")  # the file says more than a name
    assert (found.origin, found.pairs, found.mirror.tolist()) == (("pelvis",), (("hand.l", "hand.r"),), [0, 1, 3, 2])
    labels = ("wave left", "wave right", "bow")
    assert [found.mirrored_label(label) for label in labels] == ["wave right", "wave left", "bow"]
    assert found.same(landmarks.of(ARM))
    assert not found.same(landmarks.of({**ARM, "axes": 3}))
    (tmp_path / "landmarks.json").write_text(json.dumps({"set": "mediapipe", "axes": 2}))
    assert landmark_file.read(tmp_path).features == 66


@pytest.mark.parametrize(("content", "message"), [
    ({}, "give joints, a list of names in their order, or set"), ({"set": "kinect", **ARM}, "or set"),
    ({"set": "openpose"}, "'mediapipe', 'kinect'"), (ARM | {"origin": ["hip"]}, "hip: no such joint"),
    (ARM | {"axes": 4}, "axes=4"), (ARM | {"vertical": "z"}, "2 axes have x and y"), (ARM | {"size": [["neck"]]}, "size"),
    (ARM | {"pairs": [["hand.l", "hand.r"], ["hand.l", "neck"]]}, "hand.l is in two"), (ARM | {"joints": ["a", "a"]}, "joints"),
])  # fmt: skip
def test_files_are_refused_by_name(tmp_path, content, message):
    (tmp_path / "landmarks.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"landmarks\.json: .*{message}"):
        landmark_file.read(tmp_path)


def test_unknown_sets_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"landmarks='openpose': give mediapipe, kinect, or landmarks\.json"):
        landmark_file.read(tmp_path, "openpose")
    assert landmark_file.read(tmp_path, landmarks.of(ARM)).joints[0] == "pelvis"
