"""Which forms an artifact gets, and what is noted about them."""

import keras
import numpy as np
import pytest
from keras import layers

from export.faces import faces_of, open_source, single_steps
from export.formats import formats
from export.tracing.source import Source
from tests import cells
from tests.conftest import CODEC, FEATURES, UNITS, randomized, tiny_model
from tests.export.models import around
from zoo.errors import ExportError, UnsupportedLayer
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Signature, Tensor


def gru(*before, shape=(None, FEATURES)):
    stack = [keras.Input(shape), *before, layers.GRU(UNITS, return_sequences=True)]
    return randomized(keras.Sequential(stack))


def forms(name, model, form="sequence", steps=None, state=False):
    known, build = open_source(model, None)
    faces, notes = faces_of(formats()[name], build, known, form, None, steps, state)
    return [(face.form, len(face.signature.states)) for face in faces], notes


def test_open_source_tells_models_of_the_zoo_from_others(tiny):
    model, build = open_source(tiny, None)
    assert model is tiny
    x, *state = build(False).inputs
    assert [tensor.name for tensor in (x, *state)] == ["x", "h0_0", "c0_0"]
    assert (x.dtype, x.shape) == ("int32", (None, None, CODEC.features))
    drawn = build(False).sample(np.random.default_rng(0), 2, 5)[0]
    assert drawn.shape == (2, 5, CODEC.features)  # an example of the codec, not random numbers
    model, build = open_source(gru(), None)
    assert model is None
    assert [len(build(every).slots) for every in (False, True)] == [0, 1]


def test_an_artifact_is_not_exported_again(tiny):
    opened = BoundEngine("onnx", Signature("sequence", (Tensor("x", (None,), "float32"),), ()), lambda arrays: arrays)
    with pytest.raises(ExportError, match="onnx artifact: x .* is an artifact already: export the Keras model"):
        open_source(opened, None)


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("onnx", {}, [("sequence", 2)]),
        ("saved_model", {}, [("sequence", 2), ("step", 2), ("generate", 0)]),
        ("saved_model", {"steps": 3}, [("sequence", 2)]),
        ("saved_model", {"form": "step"}, [("step", 2)]),
        ("saved_model", {"form": "generate"}, [("generate", 0)]),
    ],
)
def test_forms_of_a_model_that_generates(tiny, name, options, found):
    assert forms(name, tiny, **options) == (found, [])


def test_forms_of_a_user_s_model():
    """Its states show where they are asked for, and in single steps."""
    assert forms("saved_model", gru()) == ([("sequence", 0), ("step", 1)], [])
    assert forms("onnx", gru(), state=True) == ([("sequence", 1)], [])


def test_forms_of_models_without_single_steps():
    """One has no state to keep, another gives no step before the last."""
    found, [note] = forms("saved_model", randomized(keras.Sequential([keras.Input((None, FEATURES)), layers.Dense(2)])))
    assert (found, note) == ([("sequence", 0)], "no signature `step`: it keeps no state")
    found, [note] = forms("saved_model", tiny_model("bilstm"))
    assert found == [("sequence", 0)]
    assert note.startswith("no signature `step`: ")
    assert "reads its input backwards" in note


def test_single_steps_by_hand():
    """A chain of them computes the equations."""
    model = gru()
    face = single_steps(Source(model, every_state=True), 2)
    assert face.signature == Signature(
        "step",
        (Tensor("x", (2, 1, FEATURES), "float32"), Tensor("h0_0", (2, UNITS), "float32")),
        (Tensor("y", (2, 1, UNITS), "float32"), Tensor("hn_0", (2, UNITS), "float32")),
    )
    x, h = np.random.default_rng(0).normal(0, 1, (2, 5, FEATURES)).astype(np.float32), np.zeros((2, UNITS), np.float32)
    expected, _ = cells.over_time("gru", x, model.layers[0].get_weights(), [h])
    for t in range(5):
        y, h = face.source.run([x[:, t : t + 1], h])
        np.testing.assert_allclose(y[:, 0], expected[:, t], atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gru(shape=(6, FEATURES)), r"the model takes 6 steps, no other number: .*keras\.Input\(\(None, …\)\)"),
        (lambda: gru(layers.Conv1D(2, 3)), r"does not take single steps \(\w+: .+\)$"),
        (lambda: gru(layers.Conv1D(2, 3, padding="causal")), "computes something else step by step"),
        (
            lambda: around(lambda x: x - keras.ops.mean(x, axis=1, keepdims=True)),
            "computes something else step by step",
        ),
    ],
    ids=["fixed", "too short", "sees earlier steps", "sees all steps"],
)
def test_models_that_are_not_causal_step_by_step_are_refused(make, message):
    with pytest.raises(UnsupportedLayer, match=message):
        single_steps(Source(make(), every_state=True), None)
