"""Damaged artifacts."""

import json
import shutil
from pathlib import Path

import pytest

import export
from export import artifact
from export.formats import formats
from tests.export.artifacts import EVERY_FORMAT, copied, load_quietly
from zoo.errors import ArtifactError


def corrupt(path: Path, how: str, network: int) -> None:
    """Damage an artifact; a file has so many bytes of network, and the manifest behind them."""
    file = path / "saved_model.pb" if path.is_dir() else path
    data = bytearray(file.read_bytes())
    if how == "flipped early":
        data[len(data) // 3] ^= 0x55
    elif how == "flipped late":
        data[(network + len(data)) // 2 if file == path else -900] ^= 0x55
    elif how == "truncated":
        data = data[: len(data) // 2]
    elif how == "tail cut":
        data = data[:-9]
    elif how == "empty":
        data = bytearray()
    elif how == "other content":
        data = bytearray(b"hello world " * 40)
    file.write_bytes(data)


@pytest.mark.parametrize("how", ["flipped early", "flipped late", "truncated", "tail cut", "empty", "other content"])
@pytest.mark.parametrize("which", ["zoo", "user"])
@EVERY_FORMAT
def test_damaged_artifact_gives_an_artifact_error(artifacts, saved, tmp_path, name, which, how):
    source = artifacts[name, "sequence"] if which == "zoo" else saved("plain", name)
    target = copied(source, tmp_path / source.name)
    export.load(target)
    corrupt(target, how, int(formats()[name].manifest(target)["bytes"]))
    for function in (export.load, export.inspect):
        with pytest.raises(ArtifactError, match=target.name):
            function(target)


@pytest.mark.parametrize("which", ["zoo", "user"])
@EVERY_FORMAT
def test_lost_manifest_is_found(artifacts, saved, tmp_path, name, which):
    """The network alone is no artifact of another tool: it is ours, damaged."""
    source = artifacts[name, "sequence"] if which == "zoo" else saved("plain", name)
    target = copied(source, tmp_path / source.name)
    if target.is_dir():
        (target / "assets/manifest.json").unlink()
    else:
        size = int(formats()[name].manifest(target)["bytes"])
        target.write_bytes(target.read_bytes()[:size])
    with pytest.raises(ArtifactError, match=r"has lost .*export\.save"):
        export.load(target)


def test_edited_manifest_is_found(artifacts, saved, tmp_path):
    target = copied(artifacts["saved_model", "sequence"], tmp_path / "model")
    manifest = target / "assets/manifest.json"
    good = json.loads(manifest.read_text())
    for bad in ({**good, "codec": good["codec"].replace("50", "51")}, {**good, "bytes": "many"}, {"card": 1}, [], {}):
        manifest.write_text(json.dumps(bad))
        with pytest.raises(ArtifactError):
            export.load(target)
    manifest.unlink()
    with pytest.raises(ArtifactError, match=r"export\.save"):
        export.load(target)
    target = copied(saved("plain", "saved_model"), tmp_path / "plain")
    manifest = target / "assets/manifest.json"
    good = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**good, "export": good["export"].replace("float32", "float64")}))
    with pytest.raises(ArtifactError, match="damaged"):
        export.load(target)


def write_file(tf, x):
    tf.io.write_file(x, "gotcha")


def save_tensor(tf, x):
    tf.raw_ops.SaveV2(prefix=x, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)])


def call_python(tf, x):
    tf.py_function(print, [x], [])


def read_file(tf, x):
    return tf.io.read_file(x)


@pytest.mark.parametrize("deed", [write_file, save_tensor, call_python, read_file])
@pytest.mark.parametrize("signature", ["sequence", "serving_default"])
def test_saved_model_that_does_more_than_compute_is_refused(artifacts, tmp_path, deed, signature):
    """Whether it claims to be ours or not."""
    import tensorflow as tf

    class Evil(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((), tf.string, "x")])
        def run(self, x):
            return {"y": deed(tf, x) if deed is read_file else (deed(tf, x), x)[1]}

    evil = Evil()
    tf.saved_model.save(evil, str(tmp_path / "evil"), signatures={signature: evil.run})
    if signature == "sequence":
        shutil.copytree(artifacts["saved_model", "sequence"] / "assets", tmp_path / "evil/assets", dirs_exist_ok=True)
        manifest = tmp_path / "evil/assets/manifest.json"
        texts = json.loads(manifest.read_text())
        digest = artifact._digest(tmp_path / "evil", texts, formats()["saved_model"])
        manifest.write_text(json.dumps({**texts, "sha256": digest}))
    with pytest.raises(ArtifactError, match={"sequence": "Only what computes"}.get(signature, "is a program")):
        load_quietly(tmp_path / "evil")


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_no_single_damaged_byte_goes_unnoticed_or_escapes(artifacts, tmp_path, sealed, name):
    """Flip the top bit of bytes all over the file: a named error, or (in a field nobody reads) the same model."""
    good = artifacts[name, "sequence"].read_bytes()
    target = tmp_path / "flipped"
    refused = 0
    for at in range(9, len(good), len(good) // 60):
        target.write_bytes(good[:at] + bytes([good[at] ^ 0x80]) + good[at + 1 :])
        try:
            assert export.load(target).generate(steps=2, seed=1) == sealed.generate(steps=2, seed=1)
        except ArtifactError:
            refused += 1
    assert refused >= 55
