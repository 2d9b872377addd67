"""Layers one by one: wrappers, cells, merges, names."""

from pathlib import Path

import keras
import numpy as np
import pytest

import export
from export.legacy.activations import hard_sigmoid_keras2
from export.legacy.files import Stored
from export.legacy.layers import MERGES, safe_name
from export.legacy.models import Builder
from tests.export.legacy.keras1_files import layer, write
from zoo.errors import ModelFileError

A, B = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
HARD = "hard_sigmoid computes clip(0.2 x + 0.5, 0, 1), as in Keras 2"


def builder(portable=False, custom=None, version="2.2.4"):
    return Builder(Stored(Path("m.h5"), "hdf5", version), custom or {}, portable=portable)


def test_a_layer_says_what_it_became():
    made = builder()
    part = made.layer(layer("CuDNNLSTM", "scope/a", units=3, trainable=False), "net")
    assert (part.kind, part.name, part.layer.name) == ("CuDNNLSTM", "scope/a", "scope_a")
    assert not part.layer.trainable
    assert made.told == {"CuDNNLSTM became LSTM": ["net/scope/a"], "/ in names became _": ["scope/a"]}
    assert safe_name("a\\b/c") == "a_b_c"


def test_arguments_of_keras_1_are_told():
    made = builder(version="1.2.2")
    part = made.layer(layer("Convolution1D", "a", nb_filter=3, filter_length=2, border_mode="same"), "")
    assert (part.layer.filters, part.layer.kernel_size, part.layer.padding) == (3, (2,), "same")
    assert set(made.told) == {
        "Convolution1D became Conv1D", "nb_filter became filters", "filter_length became kernel_size",
        "border_mode became padding",
    }  # fmt: skip


@pytest.mark.parametrize("portable", [False, True])
def test_the_old_hard_sigmoid(portable):
    """With `portable` the weights can be changed to match, but for the activation of an LSTM's state."""
    made = builder(portable)
    both = {"units": 3, "activation": "hard_sigmoid", "recurrent_activation": "hard_sigmoid"}
    lstm, gru = (made.layer(layer(kind, kind, **both), "") for kind in ("LSTM", "GRU"))
    assert lstm.layer.activation is hard_sigmoid_keras2
    assert lstm.folded == (("recurrent_activation",) if portable else ())
    assert gru.folded == (("activation", "recurrent_activation") if portable else ())
    plain = made.layer(layer("Activation", "plain", activation="hard_sigmoid"), "")
    np.testing.assert_allclose(plain.layer(A), np.clip(0.2 * A + 0.5, 0, 1), atol=1e-6)
    assert made.told[HARD] == ["LSTM", "LSTM", "GRU", "GRU", "plain"]


def test_both_directions_have_parts_of_their_own():
    inner = layer("RNN", "r", cell=[layer("LSTMCell", "c", units=3), layer("GRUCell", "d", units=2, reset_after=True)])
    part = builder().layer(layer("Bidirectional", "a", layer=inner, merge_mode="sum"), "")
    forward, backward = part.children
    assert forward.layer is part.layer.forward_layer
    assert backward.layer is part.layer.backward_layer
    for way in part.children:
        assert [child.kind for child in way.children] == ["LSTMCell", "GRUCell"]
        assert [child.layer for child in way.children] == list(way.layer.cell.cells)


def test_cells_of_a_stack():
    cells = [layer("LSTMCell", "a", units=3), layer("SimpleRNNCell", "b", units=2)]
    stacked = layer("RNN", "r", cell=layer("StackedRNNCells", "s", cells=cells), return_state=True)
    for spec in (stacked, layer("RNN", "r", cell=cells, return_state=True)):
        part = builder().layer(spec, "")
        assert [child.name for child in part.children] == ["a", "b"]
        assert len(part.layer(np.ones((2, 5, 4), np.float32))) == 3
    with pytest.raises(ModelFileError, match=r"net/r \(RNN\): time_major=True takes \(time, batch, features\)"):
        builder().layer(layer("RNN", "r", cell=cells, time_major=True), "net")


MERGED = {
    "concat": np.concatenate([A, B], -1), "sum": A + B, "mul": A * B, "ave": (A + B) / 2, "max": np.maximum(A, B),
    "dot": (A * B).sum(-1, keepdims=True),
    "cos": (A * B).sum(-1, keepdims=True) / np.linalg.norm(A, axis=-1, keepdims=True) / np.linalg.norm(B, axis=-1, keepdims=True),
}  # fmt: skip


@pytest.mark.parametrize("mode", MERGES)
def test_merges_of_keras_1(mode):
    made = builder()
    part = made.layer(layer("Merge", "m", mode=mode, concat_axis=-1, dot_axes=[1]), "")
    np.testing.assert_allclose(part.layer([A, B]), MERGED[mode], atol=1e-5)
    assert list(made.told) == [f"Merge became {MERGES[mode]}"]


def test_merge_by_a_function():
    with pytest.raises(ModelFileError, match=r"net/m \(Merge\): its mode .* is none of concat, sum"):
        builder().layer(layer("Merge", "m", mode="<lambda>"), "net")


@keras.saving.register_keras_serializable("mine")
class Shift(keras.layers.Layer):
    def __init__(self, by=1, **options):
        super().__init__(**options)
        self.by = by

    def call(self, x):
        return x + self.by


@pytest.mark.parametrize(
    ("spec", "custom"),
    [
        (layer("Shift", "a", by=2), {"Shift": Shift}),
        (layer("mine>Shift", "a", by=2), {"Shift": Shift}),
        ({**layer("Shift", "a", by=2), "registered_name": "mine>Shift"}, {}),
    ],
)
def test_classes_of_the_user(spec, custom):
    np.testing.assert_allclose(builder(custom=custom).layer(spec, "").layer(A), A + 2)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (layer("Shift", "a", to=2), "net/a: Shift does not take its stored settings"),
        (layer("Dense", "a", units=-3), r"net/a \(Dense\): Keras 3 does not take its settings"),
        (layer("Unknown", "a"), r"net/a is a layer of a class Unknown.*custom_objects=\{'Unknown': Unknown\}"),
    ],
)
def test_what_cannot_be_built_is_named(spec, message):
    with pytest.raises(ModelFileError, match=message):
        builder(custom={"Shift": Shift}).layer(spec, "net")


def one_layer(path, spec):
    spec["config"]["batch_input_shape"] = [None, 6, 4]
    return write(path, {"class_name": "Sequential", "config": [spec]}, {}, "2.4.0")


@pytest.mark.parametrize("kind", ["TFSMLayer", "TorchModuleWrapper", "JaxLayer", "Pipeline", "Layer", "Wrapper"])
def test_classes_that_run_code_are_not_of_keras_2(kind, tmp_path):
    path = one_layer(tmp_path / "m.h5", layer(kind, "bad", filepath=str(tmp_path)))
    with pytest.raises(ModelFileError, match=f"bad is a layer of a class {kind}"):
        export.read(path)
    path = one_layer(tmp_path / "m.h5", layer("Dense", "bad", units=2, activation={"class_name": kind, "config": {}}))
    with pytest.raises(ModelFileError, match="bad"):
        export.read(path)


@pytest.mark.parametrize(
    "inner", [layer("Masking", "i"), layer("Embedding", "i", input_dim=3, output_dim=2, mask_zero=True)]
)
def test_masks_of_single_steps_are_refused(inner):
    with pytest.raises(ModelFileError, match="Keras 3 drops the masks"):
        builder().layer(layer("TimeDistributed", "t", layer=inner), "net")
