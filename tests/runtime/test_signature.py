import inspect as python_inspect
import json

import numpy as np
import pytest

import export
from tests.conftest import FEATURES, NAMES, UNITS
from tests.export.artifacts import BOTH, EVERY_FORMAT
from tests.export.models import MAKE
from zoo.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("key", BOTH)
def test_face_is_the_same_everywhere(artifacts, key):
    signature = export.load(artifacts[key]).engine.signature
    assert signature.form == key[1]
    assert [t.name for t in signature.inputs] == ["x", "h0_0", "c0_0"]
    assert [t.name for t in signature.outputs] == ["y", "hn_0", "cn_0"]
    assert signature.inputs[0].shape[:2] == (None, None if key[1] == "sequence" else 1)


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
