"""Every model of the coverage table in every format: the artifact against Keras itself, at shapes never traced."""

import itertools

import keras
import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import export
from export.formats import Face, Options, formats
from export.tracing.source import Source
from export.verification.checks import check_structure
from tests.zoo_of_layers import CELLS, INPUTS, MODELS, D, L, build, randomize, seq

SHAPES = ((1, 3), (4, 6), (2, 1))


BLOCKS = ("rnn plain", "rnn masked", "lstm bidirectional", "gru given states")
CROSSING = ((1, 3), (4, 11), (2, 1))


@pytest.fixture(autouse=True)
def small_blocks(request, monkeypatch):
    """Let TFLite's loops cross their blocks at short lengths, in some models; convert the others faster, without blocks."""
    if "blocks" not in request.node.name:
        crossing = any(f"[{name}]" in request.node.name for name in BLOCKS)
        monkeypatch.setattr("export.tracing.loops.SIZES", (4,) if crossing else ())


def sample(tensor, rng, batch, time):
    shape = (batch, *((time if tensor.shape[1] is None else tensor.shape[1],) if len(tensor.shape) > 1 else ()))
    shape += tensor.shape[2:]
    if tensor.dtype == "bool":
        return rng.random(shape) < 0.6
    if (len(shape) == 2 and tensor.shape[1] is None) or "int" in tensor.dtype:  # ids
        values = rng.integers(0, 7, shape)
    else:
        values = rng.normal(0, 1, shape)
        if len(shape) == 3:
            values[rng.random(shape[:2]) < 0.3] = 0  # masked steps anywhere, and rows without a valid one
            values[-1] *= batch == 1
    return values.astype(tensor.dtype)


def by_keras(model, arrays, names):
    """Call the model as its users do; states of stateful layers start from zeros."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.RNN) and layer.stateful:
            layer.reset_state()
    if names == ["source", "target"]:
        result = model(dict(zip(names, arrays, strict=True)))
    elif model.name.startswith("two_arguments"):
        result = model(*arrays)
    else:
        result = model(arrays if len(arrays) > 1 else arrays[0])
    return [np.asarray(t, np.float32) for t in keras.tree.flatten(result)]


COUNTS = {
    "lstm plain": {"LSTM": 12, "GRU": 0, "RNN": 0, "Loop": 0, "Scan": 0},
    "gru plain": {"LSTM": 0, "GRU": 8, "RNN": 0, "Loop": 0, "Scan": 0},
    "rnn plain": {"LSTM": 0, "GRU": 0, "RNN": 6, "Loop": 0, "Scan": 0},
    "lstm bidirectional": {"LSTM": 7, "Loop": 0, "Scan": 0},
    "gru masked": {"GRU": 7, "Loop": 0, "Scan": 0},
    "lstm activations": {"LSTM": 7, "Loop": 2, "Scan": 0},
    "different directions": {"LSTM": 1, "GRU": 1, "Loop": 0},
    "different activations": {"LSTM": 1, "Loop": 0},
    "conv lstm 2d": {"LSTM": 0, "Loop": 1},
    "loop of its own": {"LSTM": 1, "Loop": 1, "Scan": 0},
    "layers for training alone": {"LSTM": 1, "GRU": 0, "Loop": 0},
    "one direction unused": {"LSTM": 1, "GRU": 0, "Loop": 0},
}
"""Model → nodes in its ONNX file, counted by hand: one for every layer that ONNX has an operator for, also in both
directions; a loop for the others (an activation that ONNX has no name for, a convolutional cell)."""


def check_onnx(path):
    model = onnx.load(path)
    onnx.checker.check_model(model)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)


def check_all_formats(source, cases, folder, tolerance=2e-5, counts=None, left_out=()):
    """Convert a model to every format; compare with the outputs of Keras, and count the nodes of the ONNX file."""
    face = Face(source, source.signature("sequence"))
    for row in (row for name, row in formats().items() if name not in left_out):
        path = folder / f"model{row.suffix}"
        row.convert([face], path, Options())
        operators = row.operators(path)
        check_structure(row.name, row.expected([face], Options()), row.forbidden, operators, row.at_least)
        if row.name == "onnx":
            assert {kind: operators.count(kind) for kind in counts or {}} == (counts or {})
            check_onnx(path)
        engine = row.open(path, face.signature)
        for arrays, expected in cases:
            for tensor, wanted, got in zip(source.outputs, expected, engine.run(arrays), strict=False):
                scale = max(1, np.abs(wanted).max())
                where = f"{row.name} {tensor.name} {arrays[0].shape}"
                assert all(size in (None, real) for size, real in zip(tensor.shape, got.shape, strict=True)), where
                np.testing.assert_allclose(got / scale, wanted / scale, atol=tolerance, err_msg=where)


UNEQUAL = ("cross attention",)
SAVED = ("lstm plain", "lstm masked", "lstm bidirectional", "subclassed", "two arguments", "nested", "mixed_bfloat16",
         "several inputs and outputs", "conv lstm 2d masked", "bidirectional stacked cells", "the zoo's layers", "float64",
         "layers for training alone")  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_artifacts_are_keras(name, tmp_path):
    """The model in all formats; `export.save`'s own checks have tests of their own.

    TFLite files are made from SavedModels, whose loops are only plainer in what is saved as one: a few models of one cell
    are enough to show it, and what has more to it than layers in a row. In TFLite, what an option of a layer means is worked out before
    the cells are run, so that it is shown for one cell, too.
    """
    model = build(name)
    source = Source(model, INPUTS.get(name))
    rng, cases = np.random.default_rng(1), []
    for batch, time in CROSSING if name in BLOCKS else SHAPES:
        # Inputs of their own length where the model takes that, and enough steps for its convolutions.
        times = [
            time + source.least + 2 * i * (name in UNEQUAL or "encoder" in name) for i in range(len(source.inputs))
        ]
        arrays = [sample(tensor, rng, 2 if "stateful" in name else batch, time)
                  for tensor, time in zip(source.inputs, times, strict=True)]  # fmt: skip
        zeros = [np.zeros((len(arrays[0]), *slot.shape), np.float32) for slot in source.slots]
        cases.append((arrays + zeros, by_keras(model, arrays, [t.name for t in source.inputs])))
    tolerance = 3e-2 if "float16" in name else 2e-5  # Keras itself computes in 16 bits there
    left_out = [] if name in SAVED else ["saved_model"]
    if name.startswith(("rnn ", "gru ")) and name not in (*BLOCKS, "gru plain", "gru masked"):
        left_out.append("tflite")
    check_all_formats(source, cases, tmp_path, tolerance, COUNTS.get(name), left_out)


@pytest.mark.parametrize("name", ["gru embedding mask", "attention"])
@pytest.mark.parametrize("format_", ["onnx", "tflite", "saved_model"])
def test_fixed_shape(name, format_, tmp_path):
    path = tmp_path / f"m{formats()[format_].suffix}"
    report = export.save(build(name), path, batch=2, steps=9)
    run = export.load(path)
    assert run.inputs[0].shape[:2] == (2, 9)
    assert report.differences["sequence"]["parity"] < 1e-5


def test_tflite_crosses_its_blocks(tmp_path):
    """Lengths around the rows that the inner loops collect."""
    from export.tracing import loops

    model = build("lstm stateful")
    export.save(model, tmp_path / "m.tflite")
    run = export.load(tmp_path / "m.tflite")
    for time in (loops.SIZES[0] - 1, loops.SIZES[0], loops.SIZES[0] + 1, loops.SIZES[1], loops.SIZES[1] + 1, 600):
        x = np.random.default_rng(time).normal(0, 1, (2, time, D)).astype(np.float32)
        np.testing.assert_allclose(next(iter(run(x).values())), by_keras(model, [x], ["x"])[0], atol=1e-5)


LAYER = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(CELLS)),
        "units": st.integers(1, 5),
        "use_bias": st.booleans(),
        "activation": st.sampled_from(["tanh", "sigmoid", "softsign", "hard_sigmoid", "silu"]),
        "reset_after": st.booleans(),
        "way": st.sampled_from(["forward", "backward", "concat", "sum", "ave"]),
        "behind": st.sampled_from(["nothing", "dense", "normalization", "time distributed"]),
    }
)
BEHIND = {
    "nothing": list,
    "dense": lambda: [L.Dense(3)],
    "normalization": lambda: [L.LayerNormalization()],
    "time distributed": lambda: [L.TimeDistributed(L.Dense(2))],
}


def random_layer(kind, units, reset_after, way, sequences, **options):
    if kind == "gru":
        options["reset_after"] = reset_after
    layer = CELLS[kind](units, return_sequences=sequences, go_backwards=way == "backward", **options)
    return layer if way in ("forward", "backward") else L.Bidirectional(layer, merge_mode=way)


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(plan=st.lists(LAYER, min_size=1, max_size=3), masked=st.booleans(), whole=st.booleans(), seed=st.integers(0, 99))
def test_random_models(plan, masked, whole, seed, tmp_path_factory):
    """One to three recurrent layers of any kind and option, behind a mask or not, with other layers between them."""
    stack = [L.Masking()] if masked else []
    for i, row in enumerate(plan):
        last, options = i == len(plan) - 1, dict(row)
        behind = BEHIND[options.pop("behind")]()
        stack += [random_layer(**options, sequences=whole or not last), *([] if last else behind)]
    model = seq(*stack)
    randomize(model, seed)
    x = np.random.default_rng(seed).normal(0, 1, (3, 7, D)).astype(np.float32)
    x[0, 4:] = x[1, :3] = x[2, 2:4] = 0
    check_all_formats(Source(model), [([x], [np.asarray(model(x))])], tmp_path_factory.mktemp("random"))


@pytest.mark.parametrize(
    ("format_", "kind", "both"),
    [
        *itertools.product(["onnx", "tflite"], CELLS, [False]),
        ("onnx", "gru", True),
    ],
)
def test_int8_and_float16(format_, kind, both, tmp_path):
    """Sizes, and agreement with Keras, of a network with 256 units."""
    wrap = L.Bidirectional if both else (lambda layer: layer)
    layer = wrap(CELLS[kind](256, return_sequences=True))
    model = seq(L.Embedding(65, 64), layer, L.Dense(65), shape=(None,))
    path = tmp_path / f"m{formats()[format_].suffix}"
    sizes = {quantize: export.save(model, path, quantize=quantize).size for quantize in (None, "int8", "float16")}
    assert sizes["int8"] <= 0.30 * sizes[None]
    assert sizes["float16"] <= 0.53 * sizes[None]
    assert export.inspect(path).precision["float16"] > 1e5


@pytest.mark.parametrize("format_", ["onnx", "tflite"])
def test_int8_of_convolutions(format_, tmp_path):
    model = seq(L.Conv1D(64, 5), L.TimeDistributed(L.Dense(64)), L.Reshape((-1, 8, 8, 1)),
                L.TimeDistributed(L.Conv2D(64, 3)), L.TimeDistributed(L.GlobalAveragePooling2D()),
                L.LSTM(64, return_sequences=True), L.Conv1DTranspose(64, 3), shape=(None, 64))  # fmt: skip
    path = tmp_path / f"m{formats()[format_].suffix}"
    sizes = {quantize: export.save(model, path, quantize=quantize).size for quantize in (None, "int8")}
    assert sizes["int8"] <= 0.35 * sizes[None]


@pytest.mark.parametrize("format_", ["onnx", "tflite"])
def test_int8_of_lstm_music_loses_at_most_one_percent(format_, data, tmp_path, monkeypatch):
    """On some pieces of the validation split; the pages of the models have it of all pieces of the test split."""
    import zoo
    from zoo.models.generation import Generator

    measure = Generator.measure
    fewer = lambda self, pieces, progress=False: measure(self, list(pieces)[::8], progress)  # noqa: E731
    monkeypatch.setattr(Generator, "measure", fewer)
    path = tmp_path / f"m{formats()[format_].suffix}"
    measured = export.save(zoo.load("lstm_music"), path, quantize="int8").differences["sequence"]
    before, after = (measured[f"valid nats_per_step {when}"] for when in ("before", "after"))
    assert after <= 1.01 * before
