"""Damaged artifacts."""

import dataclasses
import hashlib
import json
import os
import shutil
import zlib
from pathlib import Path

import pytest

import export
from export import artifact
from export.formats import formats
from tests.export.artifacts import EVERY_FORMAT, copied, load_quietly
from zoo.errors import ArtifactError, PluginError


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
def test_no_damaged_byte_goes_unnoticed(artifacts, tmp_path, name):
    """Bytes all over the file: changed, missing, or between the others, those that nobody reads too."""
    good = artifacts[name, "sequence"].read_bytes()
    target = tmp_path / "a.bin"
    tail = int(formats()[name].manifest(artifacts[name, "sequence"])["bytes"])
    places = [*range(9, len(good), len(good) // 60), *range(tail - 4, len(good), 29), len(good) - 1]
    for at in places:
        for middle in (bytes([good[at] ^ 0x80]), bytes([good[at] ^ 1]), b"", good[at : at + 1] + b"\0"):
            target.write_bytes(good[:at] + middle + good[at + 1 :])
            with pytest.raises(ArtifactError, match=r"a\.bin"):
                artifact.read_manifest(target)
    for content in (good + b"\0", good + good[tail:], good[:tail] + bytes(64) + good[tail:]):
        target.write_bytes(content)
        with pytest.raises(ArtifactError, match="damaged"):
            artifact.read_manifest(target)


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_the_checksum_is_that_of_the_file_with_zeros_in_its_place(artifacts, name):
    path = artifacts[name, "sequence"]
    content, digest = path.read_bytes(), formats()[name].manifest(path)["sha256"]
    assert content.count(digest.encode()) == 1
    assert hashlib.sha256(content.replace(digest.encode(), b"0" * 64)).hexdigest() == digest


def test_onnx_is_not_parsed_before_its_checksum_is_right(artifacts, tmp_path, monkeypatch):
    target = tmp_path / "a.onnx"
    good = artifacts["onnx", "sequence"].read_bytes()
    target.write_bytes(good[:-200] + bytes([good[-200] ^ 1]) + good[-199:])
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: pytest.fail("it was parsed"))
    for function in (export.load, export.inspect):
        with pytest.raises(ArtifactError, match="damaged"):
            function(target)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".json", ""])
def test_only_regular_files_are_opened(tmp_path, suffix):
    """A pipe would wait for ever, /dev/zero never ends, and a file of 3 GB takes none on the disk."""
    os.mkfifo(tmp_path / f"pipe{suffix}")
    (tmp_path / f"device{suffix}").symlink_to("/dev/zero")
    with (tmp_path / f"large{suffix}").open("wb") as stream:
        stream.write(b"\x08\x08\0\0TFL3")
        stream.truncate(3 << 30)
    for name in ("pipe", "device", "large"):
        for function in (export.load, export.inspect):
            with pytest.raises(ArtifactError, match=name):
                function(tmp_path / f"{name}{suffix}")


def test_a_format_whose_manifest_hides_the_checksum_is_refused(tmp_path):
    """Other packages write manifests, too."""
    path = tmp_path / "a.packed"

    def embed(target, manifest):
        target.write_bytes(target.read_bytes() + zlib.compress(json.dumps(manifest).encode()))

    path.write_bytes(b"network")
    row = dataclasses.replace(formats()["onnx"], name="packed", embed=embed)
    with pytest.raises(PluginError, match="format packed: embed must write the 64 digits of sha256 as they are"):
        artifact.seal(path, row, None, {})


def test_files_of_file_managers_do_no_damage(artifacts, tmp_path):
    target = copied(artifacts["saved_model", "step"], tmp_path / "copy")
    for name in (".DS_Store", "assets/._manifest.json", "Thumbs.db"):
        (target / name).write_bytes(b"x")
    assert export.inspect(target).format == "saved_model"
    (target / "other").write_bytes(b"x")
    with pytest.raises(ArtifactError, match="damaged"):
        export.inspect(target)


def test_folders_that_are_no_artifacts_are_not_searched(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArtifactError, match="is a folder, but not an artifact"):
        export.inspect(tmp_path)
    with pytest.raises(ArtifactError, match="does not exist"):
        export.load("")
