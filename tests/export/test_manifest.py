"""Manifests whose checksums are right and whose content cannot be: refused by name when an artifact is opened."""

import json
import os
import shutil

import numpy as np
import pytest

import export
from export.formats import formats
from export.manifest import About, Sides
from tests.conftest import ROOT
from tests.fuzz.documents import Manifests
from zoo.core.validation import checked
from zoo.errors import ArgumentError, ArtifactError
from zoo.runtime.signature import Tensor

OLD = ROOT / "tests/data/v0_1"  # in every form, small


@pytest.fixture(scope="module")
def manifests(tmp_path_factory):
    return Manifests(OLD / "lstm_music.onnx", tmp_path_factory.mktemp("manifests"))


def refused(manifests, part, text, *words):
    for function in (export.load, export.inspect):
        manifests.write(part, text)
        with pytest.raises(ArtifactError) as caught:
            function(manifests.target)
        for word in ("mutant.onnx", *words):
            assert word in str(caught.value), caught.value
        assert len(str(caught.value)) < 1000


def test_good_manifest(manifests):
    content = manifests.contents("export")
    about = checked(About, content)
    assert about.signatures["sequence"].inputs[1] == Tensor("h0_0", (None, 8), "float32")
    assert isinstance(about.signatures["sequence"], Sides)
    manifests.write("export", json.dumps(content))
    assert export.load(manifests.target).engine.about == content


def side(**changes):
    tensor = {"name": "x", "shape": [None, None, 18], "dtype": "int32"} | changes
    return {"signatures": {"sequence": {"inputs": [tensor], "outputs": [tensor]}}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"form": "loop"}, ("form='loop'", "'sequence'")),
        ({"form": "step"}, ("form='step'", "the signatures are of sequence")),
        ({"form": None}, ("form=None",)),
        ({"format": 3}, ("format=3: give a text",)),
        ({"signatures": {}}, ("signatures has 0 items",)),
        ({"signatures": {"loop": side()["signatures"]["sequence"]}}, ("signatures of 'loop'",)),
        ({"signatures": []}, ("signatures=a list of 0: give an object",)),
        (side(shape=[None, -1]), ("signatures.sequence.inputs[0].shape[1]=-1",)),
        (side(shape=[10**12]), ("shape[0]=1000000000000",)),
        (side(shape=[1] * 33), ("shape has 33 items",)),
        (side(shape="any"), ("shape='any': give a list",)),
        (side(name=""), ("name has 0 characters",)),
        (side(dtype="int32; x"), ("dtype='int32; x'",)),
        (side(size=1), ("unknown fields of signatures.sequence.inputs[0]: size",)),
        ({"tolerance": -1}, ("tolerance=-1",)),
        ({"tolerance": "1e-5"}, ("tolerance='1e-5'",)),
        ({"differences": {"sequence": {"parity": None}}}, ("differences.sequence.parity=None",)),
        ({"notes": "none"}, ("notes='none': give a list",)),
        ({"versions": {"keras": 3}}, ("versions.keras=3",)),
        ({"x": [{"name": "voice", "offset": -1, "size": 4}]}, ("x[0].offset=-1",)),
        ({"later": 1}, ("unknown fields: later; there are: format",)),
    ],
)
def test_what_cannot_be_is_refused_by_name(manifests, changes, words):
    refused(manifests, "export", json.dumps(manifests.contents("export") | changes), *words)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "NaN", "[" * 100_000, '{"form": 1, "form": 2}', '"\\ud800"'])
def test_texts_that_are_none(manifests, text):
    refused(manifests, "export", text, "the manifest cannot be used")


@pytest.mark.parametrize("name", ["export", "sha256", "bytes", "card", "codec"])
def test_texts_that_are_missing(manifests, name):
    manifests.write(name, None)
    with pytest.raises(ArtifactError, match=f"carries no {name}|a card or a codec, and not both"):
        export.load(manifests.target)


@pytest.mark.parametrize("text", ["", "-1", "1e3", "9" * 400, "abc", "٣", "5 ", "0x10", "9999999999"])
def test_sizes_that_cannot_be(manifests, text):
    refused(manifests, "bytes", text, "bytes=")


def test_network_of_another_signature(manifests):
    """What the runtime finds must be what the manifest says."""
    for name, shape in (("h0_0", [None, 9]), ("x", [None, None, 17])):
        content = manifests.contents("export")
        for tensor in content["signatures"]["sequence"]["inputs"]:
            tensor.update({"shape": shape} if tensor["name"] == name else {})
        manifests.write("export", json.dumps(content))
        with pytest.raises(ArtifactError, match="signature check failed"):
            export.load(manifests.target)


@pytest.mark.parametrize(
    ("part", "changes", "reason"),
    [
        ("codec", {"voices": 3}, "the codec has inputs .* the network"),
        ("codec", {"high": 81}, "42 classes"),
        ("codec", {"high": 10**9}, "high=1000000000"),
        ("codec", {"steps_per_beat": 17}, "the codec has other columns of x than the manifest"),
        ("codec", {"masked": True}, "another direction than lstm"),
        ("card", {"task": "text"}, "the codec cannot be used: .* type=.music.: give one of .text."),
        ("card", {"task": "weather"}, "task 'weather' is unknown here"),
        ("card", {"recipe": {"units": -1, "embedding": 2}}, "units=-1"),
        ("card", {"metrics": [1]}, "metrics=a list of 1"),
    ],
)
def test_card_and_codec_of_another_network(manifests, part, changes, reason):
    manifests.write(part, json.dumps(manifests.contents(part) | changes))
    with pytest.raises(ArtifactError, match=reason):
        export.load(manifests.target)


def test_values_that_the_network_does_not_take_are_an_argument_error(manifests):
    """A runtime may still refuse what the manifest allows: the codec is not the network."""
    manifests.write("export", json.dumps(manifests.contents("export") | {"x": []}))
    engine = export.load(manifests.target).engine
    x = np.full((1, 3, 18), 10_000, np.int32)
    with pytest.raises(ArgumentError, match="the network does not take these values"):
        engine.step(x, engine.initial_state(1))


@pytest.mark.timeout(30)
def test_pipes_and_devices_are_no_artifacts(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    (tmp_path / "zero.tflite").symlink_to("/dev/zero")
    (tmp_path / "circle.onnx").symlink_to(tmp_path / "circle.onnx")
    for inside in ("saved_model.pb", "assets/manifest.json", "variables/variables.index"):
        folder = tmp_path / inside.replace("/", "_")
        shutil.copytree(OLD / "lstm_music", folder)
        (folder / inside).unlink(missing_ok=True)
        (folder / inside).parent.mkdir(exist_ok=True)
        os.mkfifo(folder / inside)
    for path in tmp_path.iterdir():
        for function in (export.load, export.inspect):
            with pytest.raises(ArtifactError, match="is a pipe or a device|does not exist"):
                function(path)


def test_every_format_checks_its_manifest(tmp_path):
    """It is read in one place, whatever the format."""
    for name in ("lstm_music.tflite", "lstm_music"):
        subject = Manifests(OLD / name, tmp_path, formats()["tflite" if name.endswith("tflite") else "saved_model"])
        subject.write("export", json.dumps(subject.contents("export") | {"form": "loop"}))
        with pytest.raises(ArtifactError, match="form='loop'"):
            export.load(subject.target)
