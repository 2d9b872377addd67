import json
import shutil
import zipfile

import numpy as np
import pytest

import export
from export.formats import formats
from tests.conftest import NAMES, random_score
from tests.export.artifacts import BOTH, check_threads, python
from zoo.errors import ArgumentError, ArtifactError

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("key", BOTH)
def test_artifact_plays_the_same_notes(artifacts, sealed, key):
    opened = export.load(artifacts[key])
    assert opened.card == sealed.card
    assert opened.codec.to_json() == sealed.codec.to_json()
    for options in (
        {"bars": 8, "seed": 3},
        {"steps": 9, "prompt": random_score(1, 6), "fixed": {0: [60] * 4}, "n": 2, "seed": 1},
    ):
        assert opened.generate(**options) == sealed.generate(**options)


@pytest.mark.parametrize("key", BOTH)
def test_score_is_the_same(artifacts, sealed, key):
    pieces = [random_score(i, 6 + i) for i in range(3)]
    found, expected = export.load(artifacts[key]).measure(pieces), sealed.measure(pieces)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_threads_may_share_a_model_of_the_zoo(artifacts, name):
    opened = export.load(artifacts[name, "sequence"])
    assert opened.engine.concurrent
    check_threads(lambda i: opened.generate(steps=2 + i % 3, seed=i).grid, calls=1)


@pytest.mark.parametrize("key", BOTH)
def test_any_batch_and_length(artifacts, sealed, key):
    engine = export.load(artifacts[key]).engine
    rng = np.random.default_rng(8)
    for batch, time in ((1, 1), (3, 17), (8, 2), (1, 300)):
        x = sealed.codec.example(rng, batch, time)
        state = [rng.uniform(-1, 1, s.shape).astype(np.float32) for s in engine.initial_state(batch)]
        for a, b in zip(engine.step(x, state)[1], sealed.engine.step(x, state)[1], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("key", BOTH)
def test_inputs_and_outputs_stand_in_the_order_of_the_signature(artifacts, key):
    """A SavedModel has no order."""
    engine = export.load(artifacts[key]).engine
    names = [tensor.name for tensor in engine.inputs], [tensor.name for tensor in engine.outputs]
    assert names == (["x", "h0_0", "c0_0"], ["y", "hn_0", "cn_0"])
    assert engine.order is None if key[0] == "saved_model" else tuple(engine.order) == names


def test_structure(artifacts):
    operators = formats()["onnx"].operators(artifacts["onnx", "sequence"])
    assert operators.count("LSTM") == 1
    assert "Loop" not in operators
    tflite = formats()["tflite"].operators(artifacts["tflite", "sequence"])
    assert "WHILE" in tflite
    assert not [name for name in tflite if name.startswith("CUSTOM")]
    assert "WHILE" not in formats()["tflite"].operators(artifacts["tflite", "step"])
    assert not [
        name for name in formats()["saved_model"].operators(artifacts["saved_model", "step"]) if "Cudnn" in name
    ]


def test_manifest_is_where_each_format_has_it(artifacts):
    import onnx

    properties = {p.key: p.value for p in onnx.load(artifacts["onnx", "sequence"]).metadata_props}
    with zipfile.ZipFile(artifacts["tflite", "sequence"]) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    assets = json.loads((artifacts["saved_model", "sequence"] / "assets/manifest.json").read_text())
    for found in (properties, members, assets):
        assert json.loads(found["card"])["name"] == "lstm_music"
        about = json.loads(found["export"])
        for measured in about["differences"].values():
            assert 0 < measured["parity"] <= about["tolerance"] <= 1e-5
            assert 0 < measured["chain"] <= about["tolerance"]
    assert sorted(about["differences"]) == ["generate", "sequence", "step"]


def test_saved_model_has_both_forms(artifacts, sealed):
    path = artifacts["saved_model", "sequence"]
    stepped = export.load(path, form="step")
    assert stepped.engine.signature.inputs[0].shape[1] == 1
    assert (
        export.load(path).engine.signature.form
        == export.load(path, form="sequence").engine.signature.form
        == "sequence"
    )
    assert stepped.generate(steps=5, seed=1) == sealed.generate(steps=5, seed=1)
    with pytest.raises(ArgumentError, match="form='loop': .* has sequence, step, generate"):
        export.load(path, form="loop")
    with pytest.raises(ArgumentError, match="form='sequence': .* has step"):
        export.load(artifacts["onnx", "step"], form="sequence")


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_opens_without_tensorflow_and_keras(artifacts, sealed, saved, several_inputs, tmp_path, name):
    prompt = random_score(4, 5)
    expected = sealed.generate(steps=8, seed=2, prompt=prompt).save(tmp_path / "expected.mid")
    np.savez(tmp_path / "inputs.npz", **several_inputs)
    code = f"""
        import sys
        for blocked in ("tensorflow", "keras", "tf2onnx", "jax", "torch", "onnx" if {name!r} == "tflite" else "tflite_runtime"):
            sys.modules[blocked] = None
        import export, numpy, zoo
        opened = export.load({str(artifacts[name, "sequence"])!r})
        prompt = zoo.Score({prompt.grid.tolist()!r})
        opened.generate(steps=8, seed=2, prompt=prompt).save({str(tmp_path / "found.mid")!r})
        run = export.load({str(saved("several", name))!r})
        with numpy.load({str(tmp_path / "inputs.npz")!r}) as inputs:
            numpy.savez({str(tmp_path / "outputs.npz")!r}, **run(**inputs))
    """
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "found.mid").read_bytes() == expected.read_bytes()
    here = export.load(saved("several", name))(**several_inputs)
    with np.load(tmp_path / "outputs.npz") as outputs:
        assert list(outputs) == list(here)
        for key, array in outputs.items():
            np.testing.assert_array_equal(array, here[key])


def test_what_is_no_artifact(tmp_path):
    import onnx

    graph = onnx.helper.make_graph([], "empty", [], [])
    onnx.save(onnx.helper.make_model(graph, ir_version=9, producer_name="rnn-zoo"), tmp_path / "ours.onnx")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/notes.txt").write_text("hello")
    (tmp_path / "text.tflite").write_text("hello")
    for name in ("ours.onnx", "empty", "folder", "text.tflite"):
        for function in (export.load, export.inspect):
            with pytest.raises(ArtifactError, match=name):
                function(tmp_path / name)
    for function in (export.load, export.inspect):
        with pytest.raises(ArtifactError, match=r"nothing\.onnx does not exist: .*zoo export"):
            function(tmp_path / "nothing.onnx")


def test_keras_file_is_no_artifact(user, tmp_path):
    user.save(tmp_path / "mine.keras")
    user.save(tmp_path / "mine.h5")
    shutil.copy(tmp_path / "mine.h5", tmp_path / "renamed.model")
    for name in ("mine.keras", "mine.h5", "renamed.model"):
        for function in (export.load, export.inspect):
            with pytest.raises(ArtifactError, match=r"is a Keras model, not an artifact: export\.read .*`zoo export"):
                function(tmp_path / name)
