import functools
import inspect as python_inspect
import json
import re
import shutil
import subprocess
import sys
import textwrap
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import export
from export import artifact, saving
from export.formats import formats, of_path
from export.formats import onnx as onnx_format
from export.signature import Tensor
from export.tracing.cells import walk
from export.verification import verify
from tests import cells
from tests.conftest import CODEC, FEATURES, NAMES, ROOT, UNITS, random_score, randomized, user_model
from zoo.errors import ArgumentError, ArtifactError, DataError, ExportError, UnsupportedLayer, VerificationError

BOTH = [(name, form) for name in NAMES for form in ("sequence", "step")]
EVERY_FORMAT = pytest.mark.parametrize("name", NAMES)


def everything(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def copied(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target))


def load_quietly(path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return export.load(path)


def python(code: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


# Models of the zoo.


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
def test_face_is_the_same_everywhere(artifacts, key):
    signature = export.load(artifacts[key]).engine.signature
    assert signature.form == key[1]
    assert [t.name for t in signature.inputs] == ["x", "h0_0", "c0_0"]
    assert [t.name for t in signature.outputs] == ["y", "hn_0", "cn_0"]
    assert signature.inputs[0].shape[:2] == (None, None if key[1] == "sequence" else 1)


@pytest.mark.parametrize("key", BOTH)
def test_score_is_the_same(artifacts, sealed, key):
    pieces = [random_score(i, 6 + i) for i in range(3)]
    found, expected = export.load(artifacts[key]).measure(pieces), sealed.measure(pieces)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("key", BOTH)
def test_any_batch_and_length(artifacts, sealed, key):
    engine = export.load(artifacts[key]).engine
    rng = np.random.default_rng(8)
    for batch, time in ((1, 1), (3, 17), (8, 2), (1, 300)):
        x = sealed.codec.example(rng, batch, time)
        state = [rng.uniform(-1, 1, s.shape).astype(np.float32) for s in engine.initial_state(batch)]
        for a, b in zip(engine.step(x, state)[1], sealed.engine.step(x, state)[1], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


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


@pytest.fixture(scope="session")
def child(artifacts, tmp_path_factory):
    """Two deeds in one other process, since importing TensorFlow takes long: what it said, how it ended, its folder."""
    folder = tmp_path_factory.mktemp("child")
    code = f"""
        import os, sys
        sys.modules["keras"] = None
        import tensorflow as tf
        loaded = tf.saved_model.load({str(artifacts["saved_model", "sequence"])!r})
        assert sorted(loaded.signatures) == ["generate", "sequence", "serving_default", "step"]
        for form, time in (("sequence", 5), ("serving_default", 3), ("step", 1)):
            x, state = tf.zeros((2, time, {CODEC.features}), tf.int32), tf.zeros((2, 12))
            out = loaded.signatures[form](x=x, h0_0=state, c0_0=state)
            assert sorted(out) == ["cn_0", "hn_0", "y"] and out["y"].shape[:2] == (2, time)
        print("bare TensorFlow runs it", flush=True)

        del sys.modules["keras"]
        from tests.conftest import user_model
        import export, export.saving
        export.saving.verify = lambda *a: os._exit(9)
        export.save(user_model(), {str(folder / "a.onnx")!r})
    """
    done = python(code)
    return done.stdout + done.stderr, done.returncode, folder


def test_saved_model_loads_with_bare_tensorflow(child):
    assert "bare TensorFlow runs it" in child[0]


def test_killed_export_leaves_nothing_under_the_name(child):
    """The process dies in the middle of verification."""
    said, ended, folder = child
    assert ended == 9, said
    assert not (folder / "a.onnx").exists()
    assert any(name.startswith(".a.onnx") for name in everything(folder))  # it had begun


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


# Damage.


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
        manifest.write_text(json.dumps({**texts, "sha256": artifact._digest(tmp_path / "evil", texts)}))
    with pytest.raises(ArtifactError, match="only pure computation"):
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


# Places.


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


@EVERY_FORMAT
def test_full_disk_leaves_the_old_artifact(saved, user, tmp_path, monkeypatch, name):
    row = formats()[name]
    target = copied(saved("plain", name), tmp_path / NAMES[name])

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(formats(), name, replace(row, embed=full))
    with pytest.raises(DataError, match="No space left"):
        export.save(user, target)
    assert everything(tmp_path) == [NAMES[name]]
    export.load(target)


# Models of a user.


def several():
    """Two inputs, two outputs with names, a mask; whole numbers and a layer shared by two calls."""
    import keras
    from keras import layers

    frames = keras.Input((None, FEATURES), name="frames")
    words = keras.Input((None,), dtype="int32", name="words")
    shared = layers.Dense(FEATURES)
    hidden = layers.GRU(UNITS, return_sequences=True)(shared(frames))
    heard = layers.Bidirectional(layers.LSTM(2))(shared(layers.Embedding(9, FEATURES, mask_zero=True)(words)))
    both = layers.Concatenate()([layers.GlobalAveragePooling1D()(hidden), heard])
    outputs = {"scores": layers.Dense(2)(hidden), "labels": keras.ops.cast(layers.Dense(5)(both) > 0, "int32")}
    return randomized(keras.Model({"frames": frames, "words": words}, outputs, name="several"))


@pytest.fixture(scope="session")
def several_inputs():
    rng = np.random.default_rng(5)
    words = rng.integers(1, 9, (2, 6)).astype(np.int32)
    words[0, 4:] = 0
    return {"frames": rng.normal(0, 1, (2, 7, FEATURES)).astype(np.float32), "words": words}


MAKE = {
    "plain": (user_model, {}),
    "state": (user_model, {"state": True}),
    "step": (user_model, {"form": "step"}),
    "fixed": (user_model, {"batch": 2, "steps": 5}),
    "several": (several, {}),
}


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Model → format → the report of its export, made when it is asked for."""
    folder = tmp_path_factory.mktemp("user")
    models = functools.cache(lambda make: make())

    @functools.cache
    def save(model, name):
        make, options = MAKE[model]
        return export.save(models(make), folder / f"{model}{formats()[name].suffix}", **options)

    return save


@pytest.fixture(scope="session")
def saved(reports):
    return lambda model, name: reports(model, name).path


def example(batch=2, time=5):
    return np.random.default_rng(time).normal(0, 1, (batch, time, FEATURES)).astype(np.float32)


def truth(x, state=None):
    weights = user_model().layers[0].get_weights()
    return cells.over_time("lstm", x, weights, state or [np.zeros((len(x), UNITS))] * 2)


@EVERY_FORMAT
def test_one_output_is_an_array(saved, name):
    run = export.load(saved("plain", name))
    for x in (example(), example(1, 1), example(3, 40)):
        found = run(x)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, truth(x)[0], atol=1e-6)
        np.testing.assert_array_equal(found, run(x=x))


@EVERY_FORMAT
def test_states_are_zeros_unless_given(saved, name):
    run, x = export.load(saved("state", name)), example()
    state = [np.full((2, UNITS), value, np.float32) for value in (0.5, -0.3)]
    for given in ({}, {"h0_0": state[0]}, {"c0_0": state[1]}, {"h0_0": state[0], "c0_0": state[1]}):
        found = run(x, **given)
        y, (h, c) = truth(x, [given.get(key, np.zeros((2, UNITS))) for key in ("h0_0", "c0_0")])
        assert list(found) == ["y", "hn_0", "cn_0"]
        for key, array in zip(found, (y, h, c), strict=True):
            np.testing.assert_allclose(found[key], array, atol=1e-6)
    by_position = run(x, *state)
    for key in by_position:
        np.testing.assert_array_equal(by_position[key], found[key])
    again = run(x, h0_0=found["hn_0"], c0_0=found["cn_0"])  # what leaves one call enters the next
    np.testing.assert_allclose(again["y"], truth(x, [found["hn_0"], found["cn_0"]])[0], atol=1e-6)


@EVERY_FORMAT
def test_step_by_step(saved, name):
    run, x = export.load(saved("step", name)), example(3, 9)
    state, parts = {}, []
    for t in range(9):
        y, *new = run(x[:, t : t + 1], **state).values()
        state = dict(zip(("h0_0", "c0_0"), new, strict=True))
        parts.append(y)
    np.testing.assert_allclose(np.concatenate(parts, 1), truth(x)[0], atol=1e-6)
    if name == "saved_model":
        for opened in (export.load(saved("plain", name), form="step"), export.load(saved("state", name), form="step")):
            np.testing.assert_allclose(opened(x[:, :1])["y"], parts[0], atol=1e-7)


@EVERY_FORMAT
def test_several_outputs_are_a_dict(saved, several_inputs, name):
    from keras import ops

    run = export.load(saved("several", name))
    assert run.inputs == (Tensor("frames", (None, None, FEATURES), "float32"), Tensor("words", (None, None), "int32"))
    found = run(**several_inputs)
    assert {key: (array.shape, array.dtype.name) for key, array in found.items()} == {
        "labels": ((2, 5), "int32"),
        "scores": ((2, 7, 2), "float32"),
    }
    for key, array in several()(several_inputs).items():
        np.testing.assert_allclose(found[key], ops.convert_to_numpy(array), atol=1e-5)
    by_position = run(*several_inputs.values())
    assert all(np.array_equal(by_position[key], found[key]) for key in found)


@pytest.mark.parametrize("model", MAKE)
def test_names_and_types_are_the_same_in_all_formats(saved, model):
    runs = [export.load(saved(model, name)) for name in NAMES]
    assert len({run.inputs for run in runs}) == 1
    assert len({tuple((t.name, t.dtype) for t in run.outputs) for run in runs}) == 1
    assert len({json.dumps(run.about["signatures"][run.about["form"]]) for run in runs}) == 1
    assert len({repr(run).removeprefix(run.name) for run in runs}) <= 2  # a runtime may know less of an output


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "int32", "uint8"])
@EVERY_FORMAT
def test_numbers_are_taken_as_they_are_usual(saved, several_inputs, name, dtype):
    run = export.load(saved("several", name))
    frames = np.rint(several_inputs["frames"] * 2).clip(0)
    words = several_inputs["words"]
    found = run(frames.astype(dtype), words.astype("int64" if "float" in dtype else dtype))
    expected = run(frames.astype(np.float32), words)
    assert all(np.array_equal(found[key], expected[key]) for key in expected)
    assert np.array_equal(run(frames.tolist(), words.tolist())["scores"], expected["scores"])


X, WORDS = np.zeros((2, 5, FEATURES), np.float32), np.ones((2, 4), np.int32)
BAD_INPUTS = {
    "missing": ("several", (X,), {}, "words: missing; .*frames, words"),
    "all missing": ("several", (), {}, "frames, words: missing"),
    "too many": ("several", (X, WORDS, X), {}, "3 inputs given, .*frames, words"),
    "unknown": ("several", (X,), {"word": WORDS}, "word: unknown.*frames, words"),
    "given twice": ("several", (X,), {"frames": X, "words": WORDS}, "frames: .*by position too"),
    "rank": ("several", (X[0], WORDS), {}, r"frames: shape \(5, 3\) given, float32\[any, any, 3\] wanted"),
    "rank of the second": ("several", (X, WORDS[0]), {}, r"words: shape \(4,\) given, int32\[any, any\] wanted"),
    "features": ("several", (X[..., :2], WORDS), {}, r"frames: shape \(2, 5, 2\) given"),
    "floats for whole numbers": ("several", (X, WORDS * 1.5), {}, "words: float64 given, int32"),
    "complex": ("several", (X * 1j, WORDS), {}, "frames: complex64 given, float32"),
    "text": ("several", (X, [["a"]]), {}, "words: <U1 given, int32"),
    "nothing": ("several", (None, WORDS), {}, "frames: object given"),
    "ragged": ("several", (X, [[1], [1, 2]]), {}, "words"),
    "no rows": ("several", (X[:0], WORDS[:0]), {}, r"frames: shape \(0, 5, 3\) given, which is empty"),
    "no steps": ("several", (X[:, :0], WORDS), {}, "frames: .*empty"),
    "id too large for its type": ("several", (X, WORDS.astype(np.int64) << 40), {}, "words"),
    "unknown state": ("state", (X,), {"h0_1": X}, "h0_1: unknown.*x, h0_0, c0_0"),
    "state of other size": (
        "state",
        (X,),
        {"h0_0": np.zeros((2, 9))},
        r"h0_0: shape \(2, 9\) given, float32\[any, 4\]",
    ),
    "state of another batch": ("state", (X,), {"h0_0": np.zeros((3, UNITS))}, "h0_0"),
    "two steps": ("step", (X,), {}, r"x: shape \(2, 5, 3\) given, float32\[any, 1, 3\] wanted"),
    "other steps than fixed": ("fixed", (X[:, :3],), {}, r"x: shape \(2, 3, 3\) given, float32\[2, 5, 3\] wanted"),
    "other batch than fixed": ("fixed", (X[:1],), {}, r"x: shape \(1, 5, 3\) given"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
@EVERY_FORMAT
def test_bad_inputs_are_named(saved, name, case):
    model, arrays, named, message = BAD_INPUTS[case]
    run = export.load(saved(model, name))
    with pytest.raises(ArgumentError, match=message):
        run(*arrays, **named)
    assert python_inspect.signature(run.run).parameters  # and nothing is broken by it
    run(**{t.name: np.ones([size or 2 for size in t.shape], t.dtype) for t in run.inputs})


@pytest.mark.parametrize("model", ["plain", "state", "step", "fixed", "several", "zoo", "zoo step"])
def test_onnx_is_valid(saved, artifacts, model):
    import onnx

    key = ("onnx", "step" if "step" in model else "sequence")
    loaded = onnx.load(artifacts[key] if "zoo" in model else saved(model, "onnx"))
    assert {entry.domain: entry.version for entry in loaded.opset_import}[""] == 17
    assert loaded.ir_version <= 10
    assert {node.domain for node in loaded.graph.node} <= {"", "ai.onnx"}
    onnx.checker.check_model(loaded, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(loaded, check_type=True, strict_mode=True, data_prop=True)
    for value, tensor in zip(inferred.graph.output, onnx_format.open_(saved(model, "onnx"), None).outputs
                             if "zoo" not in model else (), strict="zoo" not in model):  # fmt: skip
        assert (value.name, len(value.type.tensor_type.shape.dim)) == (tensor.name, len(tensor.shape))
    names = [d.dim_param for value in loaded.graph.input for d in value.type.tensor_type.shape.dim if d.dim_param]
    assert model == "fixed" or "batch" in names


# What is said of an artifact.


@EVERY_FORMAT
def test_report(reports, name):
    report = reports("state", name)
    assert report.size == sum(p.stat().st_size for p in ([report.path, *report.path.rglob("*")]) if p.is_file())
    assert (report.format, report.form, report.quantize) == (name, "sequence", None)
    assert 0 < report.seconds < 60
    assert report.operators["in all"] > 5
    recurrent = {"onnx": "LSTM", "tflite": "WHILE", "saved_model": "StatelessWhile"}[name]
    assert report.operators[recurrent] >= 1
    assert set(report.differences["sequence"]) == {"parity", "error", "chain"}
    assert (
        set(report.signatures)
        == set(report.differences)
        == ({"sequence", "step"} if name == "saved_model" else {"sequence"})
    )
    text = str(report)
    for part in (
        f"{report.operators[recurrent]} {recurrent}",
        f"{report.operators['in all']} in all",
        f"differences from Keras: parity {report.differences['sequence']['parity']:.4g}",
        f"{report.seconds:.1f} s",
        f"{report.size / 1e6:.2f} MB",
        "x float32[any, any, 3], h0_0 float32[any, 4], c0_0 float32[any, 4] → y float32[any, any, 4], hn_0",
        "compared at batch 1, time 1; batch 1, time 50; batch 2, time 7; batch 5, time 33",
        f'export.load("{report.path}")',
        f"zoo inspect {report.path}",
    ):
        assert part in text


def test_saving_replaces_and_reports(user, tmp_path):
    (tmp_path / "a.onnx").write_text("old")
    report = export.save(user, str(tmp_path / "a.onnx"))
    assert report.size == (tmp_path / "a.onnx").stat().st_size
    assert report.operators["LSTM"] == 1
    assert everything(tmp_path) == ["a.onnx"]
    assert export.load(tmp_path / "a.onnx").about["name"] == "user"


@EVERY_FORMAT
def test_inspect_a_user_model(saved, reports, name):
    found, report = export.inspect(saved("state", name)), reports("state", name)
    assert (found.format, found.size, found.path) == (name, report.size, report.path)
    assert found.card is None
    assert found.signatures == report.signatures
    assert found.about["differences"] == report.differences
    assert found.about["versions"]["keras"]
    assert (found.about["name"], found.about["quantize"]) == ("user", None)
    weights = user_model().count_params()
    assert weights <= found.precision["float32"] <= 2 * weights + 99
    assert sum(found.operators.values()) == report.operators["in all"]
    counts = list(found.operators.values())
    assert counts == sorted(counts, reverse=True)
    text = str(found)
    for part in ("float32", "x float32[any, any, 3]", f"{found.size / 1e6:.2f} MB", "tolerance", "keras", "parity"):
        assert part in text


@EVERY_FORMAT
def test_inspect_a_model_of_the_zoo(artifacts, sealed, name):
    found = export.inspect(artifacts[name, "step"])
    assert found.card == sealed.card
    assert found.about["form"] == "step"
    assert list(found.signatures) == ["step"]
    assert "lstm_music" in str(found)


@pytest.mark.parametrize(
    ("name", "how"), [("onnx", "int8"), ("onnx", "float16"), ("tflite", "int8"), ("tflite", "float16")]
)
def test_inspect_tells_the_precision(tmp_path, name, how):
    import keras

    layers = [keras.Input((None, FEATURES)), keras.layers.LSTM(64), keras.layers.Dense(3)]
    path = tmp_path / f"a{formats()[name].suffix}"
    report = export.save(randomized(keras.Sequential(layers)), path, quantize=how)
    found = export.inspect(path)
    assert found.precision[how] >= 64 * 4 * 64
    assert found.precision.get("float32", 0) < 64 * 64
    assert report.quantize == found.about["quantize"] == how
    assert how in str(report)
    assert how in str(found)
    assert 0 < report.differences["sequence"]["parity"] <= verify.TOLERANCES[how]


# Artifacts of other tools.


def foreign_onnx(folder, metadata=()):
    import onnx
    from onnx import TensorProto, helper

    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 3]) for n in ("a", "b")]
    output = helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["sum"])], "plain", inputs, [output])
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, folder / "foreign.onnx")
    return folder / "foreign.onnx"


def dense_module(variable=False):
    import tensorflow as tf

    class Dense(tf.Module):
        def __init__(self):
            super().__init__()
            kernel = tf.reshape(tf.range(6.0), (3, 2))
            self.kernel = tf.Variable(kernel) if variable else kernel

        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, "a")])
        def run(self, a):
            return {"z": a @ self.kernel}

    return Dense()


def foreign_tflite(folder, signed=True):
    import tensorflow as tf

    module, path = dense_module(), folder / "foreign.tflite"
    tf.saved_model.save(module, str(folder / "for_tflite"), signatures={"my_function": module.run})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "for_tflite"), signature_keys=["my_function"])
    path.write_bytes(converter.convert())
    if not signed:
        unsign(path)
    return path


def unsign(path):
    """Take the names away, as older converters gave none."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    model.signatureDefs = []
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def foreign_saved_model(folder, name="serving_default", variable=False):
    import tensorflow as tf

    module = dense_module(variable)
    tf.saved_model.save(module, str(folder / "foreign"), signatures={name: module.run})
    return folder / "foreign"


A = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]], np.float32)
Z = A @ np.arange(6.0).reshape(3, 2)
FOREIGN = {
    "onnx": (foreign_onnx, (A, A), 2 * A),
    "onnx with metadata": (lambda folder: foreign_onnx(folder, {"author": "me"}), (A, A), 2 * A),
    "tflite": (foreign_tflite, (A,), Z),
    "saved model": (foreign_saved_model, (A,), Z),
    "saved model with a name of its own": (lambda folder: foreign_saved_model(folder, "mine"), (A,), Z),
    "saved model with variables": (lambda folder: foreign_saved_model(folder, variable=True), (A,), Z),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_artifact_of_another_tool_opens_with_a_warning(tmp_path, case):
    make, inputs, expected = FOREIGN[case]
    path = make(tmp_path)
    with pytest.warns(
        UserWarning, match=rf"{path.name} was not written by export\.save: no checksum.*agreement"
    ) as caught:
        run = export.load(path)
    assert caught[0].filename == __file__
    assert run.about is None
    np.testing.assert_allclose(run(*inputs), expected)
    np.testing.assert_allclose(run(*[array.astype(np.float64) for array in inputs]), expected)
    names = [tensor.name for tensor in run.inputs]
    np.testing.assert_allclose(run(**dict(zip(names, inputs, strict=True))), expected)
    with pytest.raises(ArgumentError, match=f"{names[-1]}: missing"):
        run(*inputs[:-1])


@pytest.mark.parametrize("case", FOREIGN)
def test_inspect_an_artifact_of_another_tool(tmp_path, case):
    path = FOREIGN[case][0](tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the text says it already
        found = export.inspect(path)
    assert found.about is found.card is None
    [signature] = found.signatures.values()
    assert all(tensor.name and tensor.dtype == "float32" for tensor in (*signature.inputs, *signature.outputs))
    assert found.size > 0
    if "onnx" not in case:
        assert found.precision["float32"] >= 6
    assert {"onnx": "Add", "tflite": "FULLY_CONNECTED"}.get(case.partition(" ")[0], "MatMul") in found.operators
    assert "was not written by export.save" in str(found)


def test_artifact_of_another_tool_has_no_form(tmp_path):
    path = foreign_onnx(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ArgumentError, match="form='step'"):
            export.load(path, form="step")


def test_tflite_without_a_signature_runs_by_position(tmp_path):
    path = foreign_tflite(tmp_path, signed=False)
    with pytest.warns(UserWarning, match="was not written by export.save"):
        run = export.load(path)
    for batch in (1, 3):
        np.testing.assert_allclose(run(np.repeat(A, batch, axis=0)), np.repeat(Z, batch, axis=0), rtol=1e-5)
    found = export.inspect(path)
    assert "FULLY_CONNECTED" in found.operators
    assert "was not written by export.save" in str(found)


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


# What cannot be exported.


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


SAMPLE = [np.zeros((1, 5, FEATURES), np.float32)]
BAD_OPTIONS = [
    ("a.onnx", {"quantize": "int4"}, "quantize='int4': onnx takes float16, int8"),
    ("a.tflite", {"quantize": "int4"}, "quantize='int4': tflite takes float16, int8"),
    ("a", {"quantize": "int8"}, "quantize='int8': saved_model takes no such option"),
    ("a.onnx", {"recurrence": "x"}, "recurrence='x': onnx takes native, scan"),
    ("a.onnx", {"recurrence": "fused"}, "onnx takes native, scan"),
    ("a.tflite", {"recurrence": "x"}, "recurrence='x': tflite takes loop, fused"),
    ("a", {"recurrence": "scan"}, "recurrence='scan': saved_model takes no such option"),
    ("a.tflite", {"recurrence": "fused"}, "recurrence='fused'.*batch= and steps="),
    ("a.tflite", {"recurrence": "fused", "batch": 1}, "recurrence='fused'.*batch= and steps="),
    ("a.onnx", {"form": "loop"}, "form='loop': give one of sequence, step"),
    ("a.onnx", {"format": "pb"}, "format='pb': give one of .*onnx"),
    ("a.onnx", {"steps": 0}, "steps=0: give a whole number of at least 1"),
    ("a.onnx", {"steps": 2.5}, "steps=2.5: give a whole number"),
    ("a.onnx", {"batch": -1}, "batch=-1: give a whole number of at least 1"),
    ("a.onnx", {"batch": "two"}, "batch='two': give a whole number"),
    ("a.onnx", {"form": "step", "steps": 5}, "steps=5: the step form has one"),
    ("a.tflite", {"representative": SAMPLE}, "representative=.*quantize='int8', batch= and steps="),
    ("a.tflite", {"representative": SAMPLE, "quantize": "int8"}, "representative=.*batch= and steps="),
    ("a.tflite", {"representative": SAMPLE, "batch": 1, "steps": 5}, "representative=.*quantize='int8'"),
    ("a.onnx", {"representative": SAMPLE, "quantize": "int8", "batch": 1, "steps": 5}, "representative="),
    ("a", {"representative": SAMPLE, "batch": 1, "steps": 5}, "representative="),
    ("a.tflite", {"representative": [], "quantize": "int8", "batch": 1, "steps": 5}, "representative=: it is empty"),
    ("a.tflite", {"representative": 5, "quantize": "int8", "batch": 1, "steps": 5}, "representative=5: give inputs"),
    ("a.tflite", {"representative": SAMPLE, "quantize": "int8", "batch": 1, "steps": 4}, r"x: shape \(1, 5, 3\) given"),
    ("a.onnx", {"inputs": 3}, "inputs=3: give an array"),
    ("a.onnx", {"inputs": np.zeros((1, 5, FEATURES + 1))}, "user.*give inputs="),
]


@pytest.mark.parametrize(("file", "options", "message"), BAD_OPTIONS, ids=[f"{f} {list(o)}" for f, o, _ in BAD_OPTIONS])
def test_bad_options_name_what_is_accepted(user, tmp_path, file, options, message):
    with pytest.raises(ArgumentError, match=message):
        export.save(user, tmp_path / file, **options)
    assert everything(tmp_path) == []


@pytest.mark.parametrize("what", ["object", "function", "name", "layer", "module", "artifact", "nothing"])
def test_what_is_no_keras_model(saved, tmp_path, what):
    import keras

    things = {
        "object": object(),
        "function": len,
        "name": "lstm_music",
        "layer": keras.layers.LSTM(3),
        "module": dense_module(),
        "artifact": export.load(saved("plain", "onnx")),
        "nothing": None,
    }
    with pytest.raises(ExportError, match=r"keras\.Model|Keras model|zoo\.load"):
        export.save(things[what], tmp_path / "a.onnx")
    assert everything(tmp_path) == []


def refused(which):
    import keras
    from keras import layers

    class OwnCell(layers.Layer):
        state_size = output_size = 2

        def call(self, inputs, states, training=False):
            return states[0] + 1, states

    @keras.saving.register_keras_serializable("tests")
    class OwnLSTM(layers.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return 2 * super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    table = {
        "custom cell": lambda: layers.RNN(OwnCell(), name="mine"),
        "own call": lambda: OwnLSTM(3, name="mine"),
        "own call in both directions": lambda: layers.Bidirectional(OwnLSTM(3, name="mine")),
    }
    inner = keras.Sequential([keras.Input((None, FEATURES)), table[which]()], name="inner")
    return keras.Sequential([keras.Input((None, FEATURES)), inner], name="outer")


@pytest.mark.parametrize("which", ["custom cell", "own call", "own call in both directions"])
@EVERY_FORMAT
def test_what_is_not_keras_is_refused_by_path(tmp_path, which, name):
    path = "inner/bidirectional[_0-9]*/forward_mine" if "directions" in which else "inner/mine"
    with pytest.raises(
        UnsupportedLayer, match=rf"{path} .*(OwnCell|OwnLSTM).*not Keras's own|{path} \(OwnLSTM\) has its own call"
    ):
        export.save(refused(which), tmp_path / NAMES[name])
    assert everything(tmp_path) == []


def both_directions():
    import keras
    from keras import layers

    stack = [keras.Input((None, FEATURES)), layers.Bidirectional(layers.GRU(2, return_sequences=True), name="both")]
    return keras.Sequential([keras.Input((None, FEATURES)), keras.Sequential(stack, name="inner")])


@EVERY_FORMAT
def test_step_form_of_what_reads_backwards_is_refused_by_path(tmp_path, name):
    with pytest.raises(UnsupportedLayer, match="inner/both reads its input backwards"):
        export.save(both_directions(), tmp_path / NAMES[name], form="step")
    assert everything(tmp_path) == []


def test_saved_model_of_what_reads_backwards_has_no_step(tmp_path):
    report = export.save(both_directions(), tmp_path / "a")
    assert list(report.signatures) == ["sequence"]
    assert any("no signature `step`" in note and "inner/both" in note for note in report.notes)
    assert "inner/both" in str(report)
    with pytest.raises(ArgumentError, match="has sequence"):
        export.load(tmp_path / "a", form="step")


def around(function):
    """A recurrent model with a function of one's own after it."""
    import keras

    x = keras.Input((None, FEATURES))
    return keras.Model(x, keras.layers.Lambda(function, name="own")(keras.layers.GRU(2, return_sequences=True)(x)))


def argmax(x):
    import keras

    return keras.ops.argmax(x, axis=-1)


def python_function(x):
    import tensorflow as tf

    return tf.ensure_shape(tf.numpy_function(lambda a: a, [x], tf.float32), x.shape)


def random_numbers(x):
    import tensorflow as tf

    return x + tf.random.uniform(tf.shape(x))


@pytest.mark.parametrize(
    ("name", "function", "error", "message"),
    [
        ("onnx", argmax, UnsupportedLayer, "own.*onnx has no operator Bit"),
        ("tflite", argmax, UnsupportedLayer, "own.*tflite has no operator Bit"),
        ("onnx", python_function, ExportError, "PyFunc"),
        ("tflite", python_function, ExportError, "PyFunc"),
        ("saved_model", python_function, VerificationError, "must not contain PyFunc"),
        ("onnx", random_numbers, VerificationError, "repeat check failed"),
        ("tflite", random_numbers, VerificationError, "repeat check failed"),
        ("saved_model", random_numbers, ExportError, "RandomUniform"),
    ],
)
def test_what_no_format_can_hold_is_named(few_shapes, tmp_path, name, function, error, message):
    with pytest.raises(error, match=message):
        export.save(around(function), tmp_path / NAMES[name])
    assert everything(tmp_path) == []


def subclassed():
    import keras
    from keras import layers

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__(name="subclassed")
            self.embedding, self.lstm = layers.Embedding(9, FEATURES), layers.LSTM(UNITS)

        def call(self, words, scale=None):
            hidden = self.lstm(self.embedding(words))
            return hidden if scale is None else hidden * scale

    model = Subclassed()
    model.embedding.build((None, None))
    model.lstm.build((None, None, FEATURES))
    model.built = True
    return randomized(model)


def test_subclassed_model_says_that_it_needs_inputs(tmp_path):
    import keras

    with pytest.raises(ArgumentError, match=r"'subclassed' does not say what it takes: give inputs=.*keras\.Input"):
        export.save(subclassed(), tmp_path / "a.onnx")
    assert everything(tmp_path) == []
    called = subclassed()
    called.built = False
    called(np.zeros((2, 5), np.int32))  # Keras notes the shape alone
    with pytest.raises(ArgumentError, match="give inputs="):
        export.save(called, tmp_path / "a.onnx")
    unbuilt = keras.Sequential([keras.layers.LSTM(2)], name="early")
    with pytest.raises(ArgumentError, match="'early' has no weights yet"):
        export.save(unbuilt, tmp_path / "a.onnx")


@pytest.mark.parametrize("given", ["Input", "InputSpec", "TensorSpec", "array"])
def test_subclassed_model_with_inputs(tmp_path, given):
    import keras
    import tensorflow as tf

    words = np.random.default_rng(0).integers(0, 9, (2, 6)).astype(np.int32)
    inputs = {
        "Input": keras.Input((None,), dtype="int32", name="words"),
        "InputSpec": keras.InputSpec("int32", (None, None), name="words"),
        "TensorSpec": tf.TensorSpec((None, None), tf.int32, "words"),
        "array": words,
    }[given]
    model = subclassed()
    report = export.save(model, tmp_path / "a.onnx", inputs=inputs)
    run = export.load(tmp_path / "a.onnx")
    assert run.inputs == (Tensor("x" if given == "array" else "words", (None, None), "int32"),)
    assert report.operators["LSTM"] == 1
    for ids in (words, words[:1, :2]):
        np.testing.assert_allclose(run(ids), model(ids), atol=1e-6)


@EVERY_FORMAT
def test_subclassed_model_with_named_inputs(tmp_path, name):
    words, scale = np.ones((2, 6), np.int32), np.array([[2.0], [3.0]], np.float32)
    model = subclassed()
    export.save(model, tmp_path / NAMES[name], inputs={"words": words, "scale": scale})
    run = export.load(tmp_path / NAMES[name])
    np.testing.assert_allclose(run(words=words, scale=scale), model(words, scale), atol=1e-6)
    assert not np.allclose(run(words=words, scale=scale), model(words))


# The model is left exactly as it was.


def everything_in_it():
    """Layers of every kind that lowering touches: wrapped, nested, stateful, masked, in half precision."""
    import keras
    from keras import layers

    x = keras.Input((None, FEATURES), batch_size=2, name="x")
    hidden = layers.Masking()(x)
    hidden = layers.Bidirectional(layers.LSTM(2, return_sequences=True, dropout=0.1, dtype="mixed_float16"))(hidden)
    hidden = layers.TimeDistributed(layers.Dense(2))(hidden)
    gru = layers.GRU(2, stateful=True)
    hidden = keras.Sequential([keras.Input((None, 2), batch_size=2), gru])(hidden)
    model = randomized(keras.Model(x, hidden))
    model(np.zeros((2, 3, FEATURES), np.float32))  # what Keras sets up on the first call
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            layer.reset_state()
    return model


def snapshot(model):
    """All that one can see of a model: containers by identity and content, numbers by value."""

    def seen(value):
        if isinstance(value, (list, tuple)):
            return [id(value), *map(seen, value)]
        if isinstance(value, dict):
            return {"": id(value), **{key: seen(inner) for key, inner in value.items()}}
        return value if isinstance(value, (bool, int, float, str, type(None))) else id(value)

    return {
        "config": json.dumps(model.get_config(), default=str),
        "weights": [np.array(variable).tolist() for variable in model.weights],
        "vars": {path: {key: seen(value) for key, value in vars(layer).items()} for path, layer in walk(model)},
        "policies": {path: layer.dtype_policy.name for path, layer in walk(model)},
    }


@pytest.fixture(scope="session")
def touched():
    return everything_in_it()


@pytest.fixture
def few_shapes(monkeypatch):
    """Verify quickly where something else is tested."""
    monkeypatch.setattr(verify, "SHAPES", ((2, 3),))
    monkeypatch.setattr(verify, "CHUNKS", (1, 2))


def broken_trace(monkeypatch):
    def stop(*_):
        raise RuntimeError("in the middle of it")

    monkeypatch.setattr(onnx_format, "choose", stop)


def broken_check(monkeypatch):
    monkeypatch.setattr(saving, "verify", lambda *_: (_ for _ in ()).throw(VerificationError("parity", "no")))


def interrupted(monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(onnx_format, "_stand_in", stop)


@pytest.mark.parametrize(
    ("file", "options", "change", "error"),
    [
        ("a.onnx", {}, None, None),
        ("a.tflite", {}, None, None),
        ("a", {}, None, None),
        ("a.onnx", {"form": "step"}, None, UnsupportedLayer),
        ("a.tflite", {"recurrence": "fused", "batch": 2, "steps": 3}, None, UnsupportedLayer),
        ("a.onnx", {}, broken_trace, ExportError),
        ("a.onnx", {}, broken_check, VerificationError),
        ("a.onnx", {}, interrupted, KeyboardInterrupt),
        ("a.onnx", {"inputs": np.zeros((2, 3, 1))}, None, ArgumentError),
    ],
    ids=["onnx", "tflite", "saved_model", "step", "fused", "broken trace", "broken check", "interrupted", "bad inputs"],
)
def test_model_is_left_as_it_was(touched, few_shapes, tmp_path, monkeypatch, file, options, change, error):
    before = snapshot(touched)
    if change:
        change(monkeypatch)
    if error is None:
        export.save(touched, tmp_path / file, **options)
    else:
        with pytest.raises(error):
            export.save(touched, tmp_path / file, **options)
    after = snapshot(touched)
    assert after["config"] == before["config"]
    assert after["weights"] == before["weights"]
    assert after["policies"] == before["policies"]
    for path, found in after["vars"].items():
        assert "call" not in found, path
        assert found == before["vars"][path], path
    assert [layer.use_cudnn for _, layer in walk(touched) if hasattr(layer, "use_cudnn")] == ["auto"] * 3
    assert sum(getattr(layer, "stateful", False) for _, layer in walk(touched)) == 1
    assert everything(tmp_path) == ([] if error else [file])


def test_random_numbers_of_the_model_are_not_used_up(touched, tmp_path):
    """Training goes on as if there had been no export."""
    seeds = [variable for variable in touched.variables if "seed" in variable.path]
    assert seeds
    before = [np.array(variable).tolist() for variable in seeds]
    with pytest.raises(UnsupportedLayer):
        export.save(touched, tmp_path / "a.onnx", form="step")
    assert [np.array(variable).tolist() for variable in seeds] == before


def test_model_computes_what_it_did(touched, tmp_path):
    x = np.random.default_rng(0).normal(0, 1, (2, 4, FEATURES)).astype(np.float32)
    stateful = [layer for layer in touched._flatten_layers() if getattr(layer, "stateful", False)]

    def outputs():
        for layer in stateful:
            layer.reset_state()
        return [np.array(touched(x)), np.array(touched(x)), touched.predict(x, verbose=0)]

    before = outputs()
    assert not np.allclose(before[0], before[1])  # the state goes on from call to call
    with pytest.raises(UnsupportedLayer):
        export.save(touched, tmp_path / "a.onnx", form="step")
    after = outputs()
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


# A machine with a GPU.


def gpu_model():
    """Layers that Keras computes with cuDNN where there is a GPU."""
    import keras
    from keras import layers

    stack = [keras.Input((None, FEATURES)), layers.LSTM(2, return_sequences=True), layers.Bidirectional(layers.GRU(2))]
    return randomized(keras.Sequential(stack))


def claim_gpu(monkeypatch):
    import tensorflow as tf

    for name in ("list_physical_devices", "list_logical_devices"):
        real = getattr(tf.config, name)

        def devices(device_type=None, real=real):
            gpu = [tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")]
            return gpu if device_type == "GPU" else real(device_type) + (gpu if device_type is None else [])

        monkeypatch.setattr(tf.config, name, devices)
    assert sys.modules["keras.src.backend.tensorflow.rnn"]._is_gpu_available()


def network_of(path: Path, name: str) -> object:
    """The artifact without its manifest; in ONNX without names and order, which are tf2onnx's, not the same twice."""
    content = path.read_bytes()[: int(formats()[name].manifest(path)["bytes"])]
    if name != "onnx":
        return content
    import onnx

    graph = onnx.load_from_string(content).graph
    parts = [re.sub(r"(?m)^ *(name|input|output): .*$", "", str(part)) for part in (*graph.node, *graph.initializer)]
    return sorted(parts)


@EVERY_FORMAT
def test_gpu_of_the_exporting_machine_is_not_seen(few_shapes, tmp_path, monkeypatch, name):
    import tensorflow as tf

    model, (there, here) = gpu_model(), [tmp_path / f"{p}{formats()[name].suffix}" for p in ("there", "here")]
    export.save(model, here)
    claim_gpu(monkeypatch)
    traced = tf.function(model).get_concrete_function(tf.TensorSpec((None, None, FEATURES)))
    assert [node for node in traced.graph.as_graph_def().node if node.op.startswith("Cudnn")]  # what Keras would do
    export.save(model, there)
    operators = [formats()[name].operators(path) for path in (there, here)]
    assert sorted(operators[0]) == sorted(operators[1])
    assert not [operator for operator in operators[0] if operator.startswith("Cudnn")]
    if name != "saved_model":
        assert network_of(there, name) == network_of(here, name)
    monkeypatch.undo()
    x = example()
    np.testing.assert_array_equal(export.load(there)(x), export.load(here)(x))


def test_failed_export_leaves_a_model_that_trains(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.LSTM(2, dropout=0.5, recurrent_dropout=0.5)])
    with pytest.raises(ArgumentError, match="give inputs="):
        export.save(model, tmp_path / "a.onnx", inputs=np.zeros((2, 3, 1)))
    model(np.zeros((2, 3, FEATURES)), training=True)
    model(np.zeros((5, 3, FEATURES)), training=True)


@EVERY_FORMAT
def test_names_that_other_tools_do_not_take(few_shapes, tmp_path, name):
    import keras

    inputs = [keras.Input((None, FEATURES), name=each) for each in ("class", "self", "a.b", "1st")]
    model = keras.Model(inputs, keras.layers.SimpleRNN(2, name="Class")(keras.layers.Add()(inputs)))
    export.save(model, tmp_path / NAMES[name])
    run = export.load(tmp_path / NAMES[name])
    assert [tensor.name for tensor in run.inputs] == ["class_", "self_", "a_b", "x_1st"]
    ones = np.ones((1, 2, FEATURES), np.float32)
    found = run(class_=ones, self_=2 * ones, a_b=ones, x_1st=ones)
    np.testing.assert_allclose(found, model([ones, 2 * ones, ones, ones]), atol=1e-5)


def test_names_that_differ_in_case_alone(tmp_path):
    import keras

    inputs = [keras.Input((None, FEATURES), name=each) for each in ("left", "Left")]
    model = keras.Model(inputs, keras.layers.SimpleRNN(2)(keras.layers.Add()(inputs)))
    with pytest.raises(ArgumentError, match="Left, left"):
        export.save(model, tmp_path / "a.onnx")


def test_text_of_errors_has_no_address():
    """Messages name things as a user knows them."""
    with pytest.raises(ExportError) as caught:
        export.save(object(), "a.onnx")
    assert not re.search("0x[0-9a-f]{6}", str(caught.value))


# What was once wrong.


def two_steps(x):
    """A layer that sees two steps."""
    import tensorflow as tf

    return x + tf.concat((tf.zeros_like(x[:, :1]), x[:, :-1]), 1)


def test_step_form_needs_states_that_come_back(few_shapes, tmp_path):
    import keras

    x, s = keras.Input((None, FEATURES), name="x"), keras.Input((UNITS,), name="s")
    with pytest.raises(UnsupportedLayer, match="mine is given its state and does not return it.*return_state=True"):
        export.save(keras.Model([x, s], keras.layers.GRU(UNITS, name="mine")(x, initial_state=s)),
                    tmp_path / "a.onnx", form="step")  # fmt: skip
    y, last = keras.layers.GRU(UNITS, return_state=True)(x, initial_state=s)
    report = export.save(keras.Model([x, s], [y, last]), tmp_path / "a.onnx", form="step")
    assert "yours to pass on" in str(report)


def test_step_form_of_what_sees_several_steps(few_shapes, tmp_path):
    with pytest.raises(UnsupportedLayer, match="something else step by step.*export form='sequence'"):
        export.save(around(two_steps), tmp_path / "a.onnx", form="step")


def test_layer_that_cannot_be_traced_is_named(tmp_path):
    import keras

    class Choosing(keras.layers.Layer):
        def call(self, x):
            return x if float(keras.ops.sum(x)) > 0 else -x

    class Outer(keras.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.choosing, self.lstm = Choosing(name="choosing"), keras.layers.LSTM(2)

        def call(self, x):
            return self.lstm(self.choosing(x))

    model = Outer()
    model(np.zeros((1, 4, FEATURES), np.float32))
    with pytest.raises(UnsupportedLayer, match="^choosing runs, but cannot be traced"):
        export.save(model, tmp_path / "a.onnx", inputs=keras.Input((None, FEATURES)))


def test_activity_regularizer_leaves_nothing_behind(few_shapes, tmp_path):
    import keras

    layer = keras.layers.LSTM(2, activity_regularizer="l2")
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model(np.ones((1, 2, FEATURES)))
    before = [float(loss) for loss in model.losses]
    export.save(model, tmp_path / "a.onnx")
    assert [float(loss) for loss in model.losses] == before


@EVERY_FORMAT
def test_small_integers_go_in(few_shapes, tmp_path, name):
    import keras

    frames = keras.Input((None, 4), dtype="uint8", name="frames")
    model = keras.Model(frames, keras.layers.LSTM(2)(keras.layers.Rescaling(1 / 255)(frames)))
    export.save(model, tmp_path / NAMES[name])
    run, array = export.load(tmp_path / NAMES[name]), np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert run.inputs[0].dtype == "uint8"
    np.testing.assert_allclose(run(array.tolist()), model(array), atol=1e-6)
    with pytest.raises(ArgumentError, match="300 does not fit into uint8"):
        run(np.full((1, 2, 4), 300))


def test_length_of_an_example_that_is_no_other_is_told(few_shapes, tmp_path):
    import keras

    class Fixed(keras.Model):
        def __init__(self):
            super().__init__()
            self.lstm = keras.layers.LSTM(2, return_sequences=True)
            self.places = self.add_weight(shape=(6, 2))

        def call(self, x):
            return self.lstm(x) + self.places

    model, x = Fixed(), np.zeros((1, 6, FEATURES), np.float32)
    model(x)
    report = export.save(model, tmp_path / "a.onnx", inputs=x)
    assert report.signatures["sequence"].inputs[0].shape == (None, 6, FEATURES)
    assert "x: fixed to the length of the example" in str(report)
    with pytest.raises(ArgumentError, match="steps=10: the model takes 6"):
        export.save(model, tmp_path / "a.onnx", inputs=x, steps=10)
    with pytest.raises(ArgumentError, match="steps=10: the model takes 6"):
        export.benchmark(model, steps=10, inputs=x)


def test_input_named_as_a_state_must_be_one(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES), name="h0_0"), keras.layers.LSTM(2)])
    with pytest.raises(ArgumentError, match="an input is called h0_0.*rename"):
        export.save(model, tmp_path / "a.onnx")


def test_step_of_an_artifact_without_time(few_shapes, tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.LSTM(2)])
    export.save(randomized(model), tmp_path / "a.onnx", form="step")
    run, x = export.load(tmp_path / "a.onnx"), np.random.default_rng(0).normal(0, 1, (2, 5, FEATURES)).astype("float32")
    np.testing.assert_allclose(run.step(x, run.initial_state(2))[0], model(x), atol=1e-6)
    a, b = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    two = keras.Model([a, b], keras.layers.LSTM(2)(keras.layers.Add()([a, b])))
    export.save(two, tmp_path / "b.onnx", form="step")
    with pytest.raises(ArgumentError, match=r"step\(\) is for one input"):
        export.load(tmp_path / "b.onnx").step(x, [])


def test_tflite_with_flex_says_what_it_needs(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.LSTM(2, return_sequences=True)])
    import tensorflow as tf

    function = tf.function(lambda x: model(x), input_signature=[tf.TensorSpec((None, None, FEATURES))])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    converter._experimental_lower_tensor_list_ops = False
    (tmp_path / "flex.tflite").write_bytes(converter.convert())
    with pytest.raises(ArtifactError, match="Flex delegate for FlexTensorList"):
        export.load(tmp_path / "flex.tflite")
    assert any("Flex" in name for name in export.inspect(tmp_path / "flex.tflite").operators)


def test_whole_numbers_are_compared_where_they_are_made_for(tmp_path):
    """Calibrated on small inputs, an artifact cannot know others."""
    import keras

    model = randomized(keras.Sequential([keras.Input((None, 6)), keras.layers.LSTM(16), keras.layers.Dense(3)]))
    rng = np.random.default_rng(0)
    samples = [0.2 * rng.normal(0, 1, (1, 4, 6)).astype(np.float32) for _ in range(100)]
    options = {"quantize": "int8", "batch": 1, "steps": 4}
    report = export.save(model, tmp_path / "a.tflite", representative=samples, **options)
    assert "compared at representative inputs\n" in str(report)
    assert 0 < report.differences["sequence"]["parity"] <= verify.TOLERANCES["int8"]


def test_notes_say_what_an_option_did_not_do(few_shapes, user, tmp_path):
    assert "no weight is large enough to be stored as int8" in str(
        export.save(user, tmp_path / "a.tflite", quantize="int8")
    )
    assert "'scan' changed nothing" in str(export.save(user, tmp_path / "a.onnx", recurrence="scan"))
    plain = str(export.save(user, tmp_path / "a.onnx", quantize="int8"))
    assert "changed nothing" not in plain
    assert "no weight" not in plain


@pytest.mark.parametrize("chained", [True, False])
def test_note_where_calls_cannot_be_chained(few_shapes, tmp_path, chained):
    import keras

    x = keras.Input((None, FEATURES))
    before = [] if chained else [keras.layers.Conv1D(UNITS, 3, padding="causal")]
    model = keras.Sequential([x, *before, keras.layers.GRU(UNITS, return_sequences=True)])
    report = export.save(randomized(model), tmp_path / "a.onnx", state=True)
    assert ("cannot be chained" in str(report)) == (not chained)


@EVERY_FORMAT
def test_unknown_id_is_an_argument_error(few_shapes, tmp_path, name):
    import keras

    model = keras.Sequential([keras.Input((None,), dtype="int32"), keras.layers.Embedding(9, 3), keras.layers.GRU(2)])
    export.save(model, tmp_path / NAMES[name])
    with pytest.raises(ArgumentError, match="an id it does not know"):
        export.load(tmp_path / NAMES[name])(np.full((1, 4), 5000))


def test_keras_file_is_no_artifact(user, tmp_path):
    user.save(tmp_path / "mine.keras")
    with pytest.raises(ArtifactError, match="is a Keras model, no artifact: `zoo export"):
        export.inspect(tmp_path / "mine.keras")
