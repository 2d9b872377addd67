"""Recurrent layers as ONNX nodes, against NumPy cells."""

import keras
import numpy as np
import pytest
from onnx import TensorProto, helper

from export.formats.onnx.builder import Builder
from export.formats.onnx.graph import graphs
from export.formats.onnx.nodes import LEAST_UNITS, LEAST_UNITS_SCAN, activations, build, choose
from export.tracing.cells import Cell
from tests import cells
from tests.export.formats.onnx.handmade import model_of, run, values

FEATURES, UNITS, BATCH, TIME = 3, 4, 3, 6
LENGTHS = np.int32([6, 1, 4])
GATES = {"rnn": 1, "lstm": 4, "gru": 3, "gru_before": 3}
tanh, sigmoid = keras.activations.tanh, keras.activations.sigmoid


def cell_of(kind, seed=0, units=UNITS, activation=tanh, gate=sigmoid):
    rng, width = np.random.default_rng(seed), GATES[kind] * units
    bias = (2, width) if kind == "gru" else (width,)
    shapes = (FEATURES, width), (units, width), bias
    weights = [rng.normal(0.1, 0.5, shape).astype(np.float32) for shape in shapes]
    name = kind.removesuffix("_before")
    return Cell(name, units, *weights, activation, None if kind == "rnn" else gate, kind == "gru")


def truth(kind, cell, x, state, reverse, lengths=None):
    """Outputs in the order of time, and the last state."""
    mask = None if lengths is None else np.arange(x.shape[1]) < lengths[:, None]
    weights = cell.kernel, cell.recurrent_kernel, cell.bias
    hidden, last = cells.over_time(kind, x, weights, state, mask, reverse)
    return hidden[:, ::-1] if reverse else hidden, last


def check(kind, layer, tolerance, lengths=None, time=TIME):
    """Build a layer, run it, and compare outputs at valid steps and last states; return the kinds of nodes."""
    rng, count = np.random.default_rng(5), 2 if kind == "lstm" else 1
    x = rng.normal(0, 1, (BATCH, time, FEATURES)).astype(np.float32)
    units = layer.cells[0].units
    states = [rng.uniform(-1, 1, (count, BATCH, units)).astype(np.float32) for _ in layer.cells]
    names = [[f"s{i}_{k}" for k in range(count)] for i in range(len(states))]
    b = Builder("layer")
    hidden, last = build(b, layer, "x", names, "" if lengths is None else "lengths")
    results = [b.one("Identity", name) for name in (*hidden, *(name for each in last for name in each))]
    inputs = values(x=x.shape, **{name: (BATCH, units) for each in names for name in each})
    more = [] if lengths is None else [helper.make_tensor_value_info("lengths", TensorProto.INT32, [BATCH])]
    model = model_of(b.nodes, inputs + more, values(**dict.fromkeys(results)), b.constants)
    arrays = [x, *(array for state in states for array in state), *([] if lengths is None else [lengths])]
    found = run(model, *arrays)
    valid = np.arange(time) < (np.full(BATCH, time) if lengths is None else lengths)[:, None]
    for i, (cell, reverse, state) in enumerate(zip(layer.cells, layer.reverse, states, strict=True)):
        outputs, ends = truth(kind, cell, x, list(state), reverse, lengths)
        np.testing.assert_allclose(found[i][valid], outputs[valid], atol=tolerance)
        mine = found[len(states) + count * i :][:count]
        for a, z in zip(mine, ends, strict=True):
            np.testing.assert_allclose(a, z, atol=tolerance)
    return {node.op_type for one in graphs(model.graph) for node in one.node}


WAYS = {"forward": [False], "backward": [True], "both": [False, True], "both, backward first": [True, False]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("recurrence", ["native", "scan"])
def test_layers_compute_the_equations(kind, way, recurrence):
    """Rows of one length and of several; each direction with its own weights and states."""
    layer = choose([cell_of(kind, seed) for seed, _ in enumerate(WAYS[way])], WAYS[way], None, recurrence, False)
    assert layer.form == ("scan" if recurrence == "scan" and kind != "lstm" else "native")
    for lengths in (None, LENGTHS):
        operators = check(kind, layer, 2e-6, lengths)
        native = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "gru_before": "GRU"}[kind]
        assert {native, "Scan"} & operators == {"Scan" if layer.form == "scan" else native}


@pytest.mark.parametrize("kind", ["rnn", "gru", "gru_before"])
def test_a_single_step_needs_no_loop(kind):
    layer = choose([cell_of(kind)], [False], None, "scan", True)
    assert layer.form == "single"
    assert not {"Scan", "RNN", "GRU"} & check(kind, layer, 2e-6, time=1)


@pytest.mark.parametrize(("kind", "form"), [("lstm", "quantized"), ("gru", "scan"), ("rnn", "scan")])
def test_int8_of_large_layers_is_near(kind, form):
    """Both directions, so that a scale of the other one would show."""
    pair = [cell_of(kind, seed, LEAST_UNITS[kind]) for seed in range(2)]
    pair = [Cell(c.kind, c.units, c.kernel, 0.1 * c.recurrent_kernel, c.bias, tanh, c.gate_activation, c.reset_after)
            for c in pair]  # fmt: skip
    layer = choose(pair, [False, True], "int8", None, False)
    assert (layer.form, layer.product) == (form, "dynamic")
    operators = check(kind, layer, 0.06, LENGTHS)
    assert operators & {"DynamicQuantizeLSTM", "DynamicQuantizeMatMul"}


@pytest.mark.parametrize(("quantize", "tolerance"), [("float16", 2e-3), ("int8", 0.03)])
@pytest.mark.parametrize("kind", GATES)
def test_small_layers_only_store_fewer_bits(kind, quantize, tolerance):
    layer = choose([cell_of(kind)], [False], quantize, None, False)
    assert (layer.form, layer.product) == ("native", {"int8": "weights"}.get(quantize, quantize))
    assert "Cast" in check(kind, layer, tolerance)
    with pytest.raises(AssertionError):  # they are rounded indeed
        check(kind, layer, 2e-6)


@pytest.mark.parametrize(
    ("kind", "units", "form", "product"),
    [
        ("lstm", LEAST_UNITS["lstm"] - 1, "native", "weights"),
        ("lstm", LEAST_UNITS["lstm"], "quantized", "dynamic"),
        ("gru", LEAST_UNITS["gru"] - 1, "native", "weights"),
        ("gru", LEAST_UNITS["gru"], "scan", "dynamic"),
        ("rnn", LEAST_UNITS_SCAN - 1, "native", "weights"),
        ("rnn", LEAST_UNITS_SCAN, "scan", "weights"),
        ("rnn", LEAST_UNITS["rnn"], "scan", "dynamic"),
    ],
)
def test_form_of_int8_by_size(kind, units, form, product):
    layer = choose([cell_of(kind, 0, units)], [False], "int8", None, False)
    assert (layer.form, layer.product) == (form, product)
    alone = choose([cell_of(kind, 0, units)], [False], "int8", None, True)
    assert alone.form == ("single" if form == "scan" else form)


def test_activations_by_hand():
    """In the order of the node's own list: gates first, and for LSTM twice the other one."""
    relu, softsign = keras.activations.relu, keras.activations.softsign
    assert activations(cell_of("rnn", activation=relu)) == ["relu"]
    assert activations(cell_of("lstm", activation=relu, gate=softsign)) == ["softsign", "relu", "relu"]
    assert activations(cell_of("gru", activation=relu, gate=softsign)) == ["softsign", "relu"]
    assert activations(cell_of("gru", activation=keras.activations.silu)) == []
    assert activations(cell_of("rnn", activation=lambda x: x)) == []
