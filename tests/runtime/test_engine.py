"""Artifacts of a user's models, called."""

import time

import numpy as np
import pytest

import export
from tests.conftest import FEATURES, NAMES, UNITS, randomized
from tests.export.artifacts import EVERY_FORMAT, check_threads, in_threads
from tests.export.models import example, several, truth
from zoo.errors import ArgumentError, ArtifactError
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Signature, Tensor


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


@EVERY_FORMAT
def test_unknown_id_is_an_argument_error(few_shapes, tmp_path, name):
    import keras

    model = keras.Sequential([keras.Input((None,), dtype="int32"), keras.layers.Embedding(9, 3), keras.layers.GRU(2)])
    export.save(model, tmp_path / NAMES[name])
    with pytest.raises(ArgumentError, match="an id it does not know"):
        export.load(tmp_path / NAMES[name])(np.full((1, 4), 5000))


@EVERY_FORMAT
def test_threads_may_share_an_artifact_of_any_length(saved, name):
    run = export.load(saved("plain", name))
    assert run.concurrent
    check_threads(lambda i: run(example(1 + i % 3, 1 + 7 * i)), calls=2 if name == "saved_model" else 12)
    np.testing.assert_allclose(run(example(2, 9)), truth(example(2, 9))[0], atol=1e-6)


def test_threads_may_share_an_artifact_of_fixed_shape(saved):
    run, x = export.load(saved("fixed", "tflite")), example()
    check_threads(lambda i: run(x * i))


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_threads_may_share_an_int8_artifact(few_shapes, tmp_path, name):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.LSTM(64, return_sequences=True)])
    export.save(randomized(model), tmp_path / NAMES[name], quantize="int8")
    run = export.load(tmp_path / NAMES[name])
    check_threads(lambda i: run(example(1 + i % 2, 1 + 5 * i)), calls=6)


@pytest.mark.parametrize("concurrent", [True, False])
def test_runtimes_that_are_for_one_thread_get_one_call_at_a_time(concurrent):
    inside, most = [], []

    def run(arrays):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()
        return arrays

    x = Tensor("x", (None,), "float32")
    engine = BoundEngine("mine", Signature("sequence", (x,), (x,)), run, **({"concurrent": True} if concurrent else {}))
    assert engine.concurrent == concurrent
    in_threads(lambda i: engine([i]), calls=3)
    assert (max(most) > 1) == concurrent


OPTIONS = {
    "onnx": (
        {"threads": 2},
        {"providers": ["CPUExecutionProvider"]},
        {"threads": 2, "providers": ("CPUExecutionProvider",)},
    ),
    "tflite": ({"threads": 2},),
}


@pytest.mark.parametrize(("name", "options"), [(name, each) for name, several in OPTIONS.items() for each in several])
def test_options_of_runtimes(saved, name, options):
    np.testing.assert_allclose(export.load(saved("plain", name), **options)(example()), truth(example())[0], atol=1e-6)


@pytest.mark.parametrize(("name", "options", "message"), [
    ("onnx", {"threads": 0}, "threads=0: give a whole number of at least 1"),
    ("onnx", {"providers": "CPUExecutionProvider"}, r"providers='CPU\w+': give a list of names, such as"),
    ("onnx", {"providers": []}, r"providers=\[\]: give a list of names"),
    ("onnx", {"providers": [1]}, r"providers=\[1\]: give a list of names"),
    ("onnx", {"providers": ["NoneSuch"]}, r"NoneSuch is not available; the installed ONNX Runtime has .*CPUExecutionProvider"),
    ("tflite", {"providers": ["CPUExecutionProvider"]}, "providers=: they are for ONNX Runtime"),
    ("saved_model", {"providers": ["CPUExecutionProvider"]}, "providers=: they are for ONNX Runtime"),
    ("saved_model", {"threads": 2}, r"threads=2: .* whole process.*set_intra_op_parallelism_threads\(2\)"),
])  # fmt: skip
def test_options_that_a_runtime_does_not_have(saved, name, options, message):
    with pytest.raises(ArgumentError, match=message):
        export.load(saved("plain", name), **options)


@pytest.mark.parametrize(
    ("y", "h"),
    [((5, 1, 3), (2, 4)), ((2, 1, 7), (2, 4)), ((2, 1, 3), (1, 4)), ((2, 1, 3), (2, 5)), ((3,), (2, 4))],
    ids=["batch", "classes", "batch of the state", "state", "axes"],
)
def test_a_network_that_returns_other_sizes_is_damaged(y, h):
    x, state = Tensor("x", (None, None, 1), "int32"), Tensor("h0_0", (None, 4), "float32")
    outputs = (Tensor("y", (None, None, 3), "float32"), Tensor("hn_0", (None, 4), "float32"))
    run = BoundEngine("onnx", Signature("sequence", (x, state), outputs), lambda _: [np.zeros(y), np.zeros(h)])
    with pytest.raises(ArtifactError, match=r"the network is damaged: of x \(2, 1, 1\) it returns"):
        run.step(np.zeros((2, 1, 1), np.int32), run.initial_state(2))
