import json
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

import export
from export.formats import formats, of_path
from tests.conftest import NAMES, ROOT, random_score
from zoo.errors import ArgumentError, ArtifactError, DataError, ExportError

BOTH = [(name, form) for name in NAMES for form in ("sequence", "step")]


def everything(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("key", BOTH)
def test_artifact_plays_the_same_notes(artifacts, sealed, key):
    opened = export.load(artifacts[key])
    assert opened.card == sealed.card
    assert opened.codec.to_json() == sealed.codec.to_json()
    for options in (
        {"bars": 32, "seed": 3},
        {"steps": 9, "prompt": random_score(1, 6), "fixed": {0: [60] * 4}, "n": 2, "seed": 1},
    ):
        assert opened.generate(**options) == sealed.generate(**options)


@pytest.mark.parametrize("key", BOTH)
def test_face_is_the_same_everywhere(artifacts, key):
    signature = export.load(artifacts[key]).engine.signature
    assert signature.form == key[1]
    assert [t.name for t in signature.inputs] == ["x", "h0_0", "c0_0"]
    assert [t.name for t in signature.outputs] == ["y", "hn_0", "cn_0"]
    assert signature.inputs[0].shape[:2] == (None, None if key[1] == "sequence" else 1)


@pytest.mark.parametrize("key", BOTH)
def test_score_is_the_same(artifacts, sealed, key):
    pieces = [random_score(i, 6 + i) for i in range(3)]
    found, expected = export.load(artifacts[key]).score(pieces), sealed.score(pieces)
    assert found == pytest.approx(expected, rel=1e-6)


def test_structure(artifacts):
    operators = formats()["onnx"].operators(artifacts["onnx", "sequence"])
    assert operators.count("LSTM") == 1
    assert "Loop" not in operators
    tflite = formats()["tflite"].operators(artifacts["tflite", "sequence"])
    assert tflite.count("WHILE") == 1
    assert not [name for name in tflite if name.startswith("CUSTOM")]
    assert "WHILE" not in formats()["tflite"].operators(artifacts["tflite", "step"])


def test_manifest_is_where_each_format_has_it(artifacts):
    import onnx

    properties = {p.key: p.value for p in onnx.load(artifacts["onnx", "sequence"]).metadata_props}
    with zipfile.ZipFile(artifacts["tflite", "sequence"]) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    assets = json.loads((artifacts["saved_model", "sequence"] / "assets/manifest.json").read_text())
    for found in (properties, members, assets):
        assert json.loads(found["card"])["name"] == "lstm_music"
        measured = json.loads(found["export"])
        assert 0 < measured["differences"]["parity"] <= measured["tolerance"] <= 1e-5
    onnx.checker.check_model(onnx.load(artifacts["onnx", "sequence"]))


def test_saved_model_loads_with_bare_tensorflow(artifacts):
    code = f"""
        import sys
        sys.modules["keras"] = None
        import tensorflow as tf
        loaded = tf.saved_model.load({str(artifacts["saved_model", "sequence"])!r})
        out = loaded.signatures["sequence"](x=tf.zeros((2, 5, 8), tf.int32), h0_0=tf.zeros((2, 12)), c0_0=tf.zeros((2, 12)))
        assert sorted(out) == ["cn_0", "hn_0", "y"] and out["y"].shape[:2] == (2, 5)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=ROOT)


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_opens_without_tensorflow_and_keras(artifacts, sealed, tmp_path, name):
    prompt = random_score(4, 5)
    expected = sealed.generate(steps=8, seed=2, prompt=prompt).save(tmp_path / "expected.mid")
    code = f"""
        import sys
        for blocked in ("tensorflow", "keras", "tf2onnx", "jax", "torch", "onnx" if {name!r} == "tflite" else "tflite_runtime"):
            sys.modules[blocked] = None
        import export, zoo
        opened = export.load({str(artifacts[name, "sequence"])!r})
        prompt = zoo.Score({prompt.grid.tolist()!r})
        opened.generate(steps=8, seed=2, prompt=prompt).save({str(tmp_path / "found.mid")!r})
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=ROOT)
    assert (tmp_path / "found.mid").read_bytes() == expected.read_bytes()


def corrupt(path: Path, how: str) -> None:
    file = path / "saved_model.pb" if path.is_dir() else path
    data = bytearray(file.read_bytes())
    if how == "flipped early":
        data[len(data) // 3] ^= 0x55
    elif how == "flipped late":
        data[len(data) - 900] ^= 0x55  # within the manifest of a file
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
@pytest.mark.parametrize("name", NAMES)
def test_damaged_artifact_gives_an_artifact_error(artifacts, tmp_path, name, how):
    import shutil

    source = artifacts[name, "sequence"]
    target = tmp_path / source.name
    shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
    export.load(target)
    corrupt(target, how)
    with pytest.raises(ArtifactError, match=target.name):
        export.load(target)


def test_edited_manifest_is_found(artifacts, tmp_path):
    import shutil

    target = tmp_path / "model"
    shutil.copytree(artifacts["saved_model", "sequence"], target)
    manifest = target / "assets/manifest.json"
    good = json.loads(manifest.read_text())
    for bad in ({**good, "codec": good["codec"].replace("50", "51")}, {**good, "bytes": "many"}, {"card": 1}, [], {}):
        manifest.write_text(json.dumps(bad))
        with pytest.raises(ArtifactError):
            export.load(target)
    manifest.unlink()
    with pytest.raises(ArtifactError, match=r"export\.save"):
        export.load(target)


def test_foreign_model_is_not_ours(tmp_path):
    import onnx

    graph = onnx.helper.make_graph([], "empty", [], [])
    onnx.save(onnx.helper.make_model(graph, ir_version=9), tmp_path / "other.onnx")
    with pytest.raises(ArtifactError):
        export.load(tmp_path / "other.onnx")
    with pytest.raises(ArtifactError, match="does not exist"):
        export.load(tmp_path / "nothing.onnx")


def write_file(tf, x):
    tf.io.write_file(x, "gotcha")


def save_tensor(tf, x):
    tf.raw_ops.SaveV2(prefix=x, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)])


def python(tf, x):
    tf.py_function(print, [x], [])


@pytest.mark.parametrize("deed", [write_file, save_tensor, python])
def test_saved_model_that_does_more_than_compute_is_refused(artifacts, tmp_path, deed):
    import shutil

    import tensorflow as tf

    from export.artifact import _digest

    class Evil(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((), tf.string)])
        def sequence(self, x):
            deed(tf, x)
            return {"y": x}

    evil = Evil()
    tf.saved_model.save(evil, str(tmp_path / "evil"), signatures={"sequence": evil.sequence})
    shutil.copytree(artifacts["saved_model", "sequence"] / "assets", tmp_path / "evil/assets", dirs_exist_ok=True)
    manifest = tmp_path / "evil/assets/manifest.json"
    texts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**texts, "sha256": _digest(tmp_path / "evil", texts)}))
    with pytest.raises(ArtifactError, match="only pure computation"):
        export.load(tmp_path / "evil")


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


def test_places_that_cannot_be_written(sealed, tmp_path):
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "file").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("precious")
    before = everything(tmp_path)
    for name in ("folder.onnx", "file", "full", "file/a.onnx"):
        with pytest.raises(DataError, match="folder|file|write"):
            export.save(sealed, tmp_path / name)
    assert everything(tmp_path) == before
    assert (tmp_path / "file").read_text() == (tmp_path / "full/thesis.txt").read_text() == "precious"


@pytest.mark.parametrize("name", NAMES)
def test_full_disk_leaves_the_old_artifact(artifacts, sealed, tmp_path, monkeypatch, name):
    from dataclasses import replace

    row = formats()[name]
    target = tmp_path / NAMES[name]
    if row.suffix:
        target.write_bytes(artifacts[name, "sequence"].read_bytes())
    else:
        import shutil

        shutil.copytree(artifacts[name, "sequence"], target)

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(formats(), name, replace(row, embed=full))
    with pytest.raises(DataError, match="No space left"):
        export.save(sealed, target)
    assert everything(tmp_path) == [NAMES[name]]
    export.load(target)


def test_killed_export_leaves_nothing_under_the_name(tmp_path):
    """The process dies in the middle of verification."""
    code = f"""
        import os
        from tests.conftest import tiny_model
        import export, export.artifact
        export.artifact.verify = lambda *a: os._exit(9)
        export.save(tiny_model(), {str(tmp_path / "a.onnx")!r})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=False)
    assert done.returncode == 9
    assert not (tmp_path / "a.onnx").exists()


def test_saving_replaces_and_reports(sealed, tmp_path):
    (tmp_path / "a.onnx").write_text("old")
    report = export.save(sealed, tmp_path / "a.onnx")
    assert report.size == (tmp_path / "a.onnx").stat().st_size
    assert report.operators["LSTM"] == 1
    assert "verified against Keras" in str(report)


def test_bad_arguments(sealed, artifacts, tmp_path):
    with pytest.raises(ArgumentError, match="onnx"):
        export.save(sealed, tmp_path / "a.pt")
    with pytest.raises(ArgumentError, match="tflite"):
        export.save(sealed, tmp_path / "a", format="torch")
    with pytest.raises(ArgumentError, match="sequence, step"):
        export.save(sealed, tmp_path / "a.onnx", form="loop")
    with pytest.raises(ExportError, match=r"zoo\.load"):
        export.save(export.load(artifacts["onnx", "sequence"]), tmp_path / "a.onnx")
    assert everything(tmp_path) == []
    assert of_path(Path("x"), "onnx").name == "onnx"


@pytest.mark.parametrize("key", BOTH)
def test_any_batch_and_length(artifacts, sealed, key):
    engine = export.load(artifacts[key]).engine
    rng = np.random.default_rng(8)
    for batch, time in ((1, 1), (3, 17), (8, 2), (1, 300)):
        x = sealed.codec.example(rng, batch, time)
        state = [rng.uniform(-1, 1, s.shape).astype(np.float32) for s in engine.initial_state(batch)]
        for a, b in zip(engine.step(x, state)[1], sealed.engine.step(x, state)[1], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
