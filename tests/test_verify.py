"""Every check of `export.verification.verify` has a negative control: one thing is broken, and that very check must fail."""

from dataclasses import replace

import numpy as np
import pytest

import export
from export import saving
from export.engine import BoundEngine
from export.formats import Options, formats
from export.formats import onnx as onnx_format
from export.signature import Face, Tensor
from export.tracing.source import Source
from export.verification import verify
from tests import cells
from tests.conftest import CODEC, FEATURES, NAMES, UNITS, tiny_model, user_model
from zoo.core.card import Card, lost
from zoo.core.recipe import Recipe
from zoo.errors import CodecError, DataError, VerificationError
from zoo.models.making import make
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.datasets import JSB_16TH

TOLERANCE = 1e-5


def weights_of(layer):
    return [np.array(weight) for weight in layer.get_weights()]


def zoo_run(weights=None):
    """The tiny model of the zoo in NumPy, perhaps with other weights of its LSTM."""
    model = tiny_model()
    if weights is not None:
        model.engine.network.get_layer("recurrent_0").set_weights(weights)

    def run(arrays):
        y, new = cells.forward(model, arrays[0], arrays[1:])
        return [a.astype(np.float32) for a in (y, *new)]

    return run


def user_run(weights=None):
    weights = weights or weights_of(user_model().layers[0])

    def run(arrays):
        y, new = cells.over_time("lstm", arrays[0], weights, arrays[1:])
        return [a.astype(np.float32) for a in (y, *new)]

    return run


RUNS = {"zoo": zoo_run, "user": user_run}


@pytest.fixture(scope="session")
def faces(tiny):
    """A model of the zoo, and one of a user with its states shown."""
    _, build = saving._source(tiny, None)
    sources = {"zoo": build(False), "user": Source(user_model(), every_state=True)}
    for source in sources.values():
        source.run = remembered(source.run)
    return {name: Face(source, source.signature("sequence")) for name, source in sources.items()}


def remembered(function):
    found = {}

    def run(arrays):
        key = tuple((a.shape, a.tobytes()) for a in arrays)
        if key not in found:
            found[key] = function(arrays)
        return found[key]

    return run


BOTH = pytest.mark.parametrize("which", RUNS)


def with_gate(which, gate, change, arrays=(0, 1, 2)):
    """Change one of LSTM's four gates in some of kernel, recurrent kernel and bias."""
    layer = tiny_model().engine.network.get_layer("recurrent_0") if which == "zoo" else user_model().layers[0]
    weights = weights_of(layer)
    units = weights[1].shape[0]
    for i in arrays:
        part = weights[i][..., gate * units : (gate + 1) * units]
        part[...] = change(part)
    return RUNS[which](weights)


def swapped_in(run, inputs, _):
    return run([inputs[0], *inputs[:0:-1]])


def swapped_out(run, inputs, _):
    y, *state = run(inputs)
    return [y, *state[::-1]]


def dropped(run, inputs, _):
    return run([inputs[0], *(np.zeros_like(s) for s in inputs[1:])])


def frozen(run, inputs, _):
    return [run(inputs)[0], *inputs[1:]]


def reversed_time(run, inputs, _):
    y, *state = run([inputs[0][:, ::-1], *inputs[1:]])
    return [y[:, ::-1], *state]


def permuted(run, inputs, _):
    y, *state = run(inputs)
    return [np.roll(y, 1, -1), *state]


def nan(run, inputs, _):
    y, *state = run(inputs)
    return [np.where(np.arange(y.shape[-1]) == 1, np.nan, y).astype(np.float32), *state]


def last_only(run, inputs, _):
    y, *state = run(inputs)
    return [y[:, -1:], *state]


def rows_mixed(run, inputs, _):
    return [array[::-1] for array in run(inputs)]


def first_row_only(run, inputs, _):
    return [np.repeat(array[:1], len(array), 0) for array in run(inputs)]


def long_ones_cut(run, inputs, _):
    y, *state = run(inputs)
    return [np.where(np.arange(y.shape[1])[:, None] < 32, y, 0), *state]


def output_missing(run, inputs, _):
    return run(inputs)[:-1]


def output_added(run, inputs, _):
    return [*run(inputs), inputs[1]]


def remembers(run, inputs, calls):
    y, *state = run(inputs)
    return [y + np.float32(1e-6 * calls), *state]


FAULTS = {
    "h and c swapped in": (swapped_in, "parity"),
    "h and c swapped out": (swapped_out, "parity"),
    "state dropped": (dropped, "parity"),
    "state not moved on": (frozen, "parity"),
    "time reversed": (reversed_time, "parity"),
    "labels permuted": (permuted, "parity"),
    "not a number": (nan, "parity"),
    "time axis collapsed": (last_only, "parity"),
    "rows mixed": (rows_mixed, "parity"),
    "first row for all": (first_row_only, "parity"),
    "long ones cut": (long_ones_cut, "parity"),
    "output missing": (output_missing, "parity"),
    "output added": (output_added, "parity"),
    "hidden state": (remembers, "repeat"),
}


def broken(run, fault):
    """A function around another, with a fault in it that may count the calls."""
    calls = []

    def call(inputs):
        calls.append(1)
        return fault(run, list(inputs), len(calls))

    return call


def failed_check(check, *args):
    with pytest.raises(VerificationError) as caught:
        check(*args)
    return caught.value.check


@BOTH
def test_checks_pass_without_a_fault(faces, which):
    measured, tried = verify.check_parity(faces[which], RUNS[which](), TOLERANCE)
    assert tried == [f"batch {batch}, time {time}" for batch, time in sorted(verify.SHAPES)]
    assert 0 < measured["parity"] <= measured["error"] <= TOLERANCE
    for whole in (verify.CHAIN_STEPS, 0):
        assert 0 < verify.check_chain(faces[which], RUNS[which](), TOLERANCE, whole) <= TOLERANCE


@BOTH
@pytest.mark.parametrize("name", FAULTS)
def test_parity_check_fails(faces, which, name):
    fault, check = FAULTS[name]
    assert failed_check(verify.check_parity, faces[which], broken(RUNS[which](), fault), TOLERANCE) == check


@BOTH
@pytest.mark.parametrize("gate", range(4))
@pytest.mark.parametrize("array", [0, 1, 2], ids=["kernel", "recurrent_kernel", "bias"])
def test_parity_check_fails_where_a_gate_is_scaled_by_one_percent(faces, which, gate, array):
    run = with_gate(which, gate, lambda part: part * 1.01, [array])
    for tolerance in (verify.TOLERANCES["zoo"], verify.TOLERANCES["float32"]):
        assert failed_check(verify.check_parity, faces[which], run, tolerance) == "parity"


def test_parity_check_looks_at_the_inputs_given():
    given = np.random.default_rng(3).normal(0, 1, (3, 6, 3)).astype(np.float32)
    source = Source(user_model(), given, every_state=True)
    face = Face(source, source.signature("sequence"))

    def fault(run, inputs, _):
        y, *state = run(inputs)
        return [y * 2 if np.array_equal(inputs[0], given) else y, *state]

    with pytest.raises(VerificationError, match="at the inputs given") as caught:
        verify.check_parity(face, broken(user_run(), fault), TOLERANCE)
    assert caught.value.check == "parity"


def test_parity_check_tries_several_lengths_wherever_time_is():
    """Also where an input without an axis of time comes first."""
    import keras

    still, moving = keras.Input((2,), name="a"), keras.Input((None, FEATURES), name="b")
    hidden = keras.layers.SimpleRNN(UNITS, return_sequences=True)(moving)
    source = Source(keras.Model([still, moving], [hidden, keras.layers.Dense(2)(still)]))
    face, run = Face(source, source.signature("sequence")), source.run
    seen = set()

    def fault(arrays):
        seen.add(arrays[1].shape[1])
        y, *rest = run(arrays)
        return [np.where(np.arange(y.shape[1])[:, None] < 32, y, 0), *rest]

    assert failed_check(verify.check_parity, face, fault, TOLERANCE) == "parity"
    assert seen & {33, 50}


def test_parity_check_fails_if_nothing_could_be_compared(faces, monkeypatch):
    def refuse(_):
        raise ValueError("no length is right")

    monkeypatch.setattr(faces["user"].source, "run", refuse)
    assert failed_check(verify.check_parity, faces["user"], user_run(), TOLERANCE) == "parity"


def test_infinite_reference_is_no_agreement(faces, monkeypatch):
    """What cannot be compared has not passed."""
    broken_model = faces["user"].source.run
    monkeypatch.setattr(faces["user"].source, "run", lambda a: [np.full_like(t, np.nan) for t in broken_model(a)])
    assert failed_check(verify.check_parity, faces["user"], user_run(), TOLERANCE) == "parity"


def forgets(run, inputs, calls):
    """Drop the state once: deep in a long chain, in the middle of a short one."""
    return dropped(run, inputs, calls) if calls in (2, 150) else run(inputs)


@BOTH
@pytest.mark.parametrize("whole", [verify.CHAIN_STEPS, 0], ids=["single steps", "chunks"])
@pytest.mark.parametrize("fault", [forgets, frozen, dropped, swapped_in, swapped_out])
def test_chain_check_fails(faces, which, whole, fault):
    run = broken(RUNS[which](), fault)
    assert failed_check(verify.check_chain, faces[which], run, TOLERANCE, whole) == "chain"


def test_chain_check_fails_deep_in_the_chain(faces):
    run = broken(user_run(), lambda run, inputs, calls: dropped(run, inputs, calls) if calls == 150 else run(inputs))
    assert failed_check(verify.check_chain, faces["user"], run, TOLERANCE, verify.CHAIN_STEPS) == "chain"


GATES = pytest.mark.parametrize("gate", range(4))


@BOTH
@GATES
def test_a_whole_gate_zeroed_fails_at_the_tolerance_of_int8(faces, which, gate):
    run = with_gate(which, gate, np.zeros_like)
    tolerance = verify.TOLERANCES["int8"]
    assert failed_check(verify.check_parity, faces[which], run, tolerance, verify.rms_difference) == "parity"


@BOTH
@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"hidden state"}))
def test_faults_of_wiring_fail_at_the_tolerance_of_int8(faces, which, name):
    run = broken(RUNS[which](), FAULTS[name][0])
    tolerance = verify.TOLERANCES["int8"]
    assert failed_check(verify.check_parity, faces[which], run, tolerance, verify.rms_difference) == "parity"


def usual(face, count=3):
    """Inputs that a whole-number artifact might be made for."""
    rng = np.random.default_rng(5)
    return [face.source.sample(rng, 2, 40) for _ in range(count)]


@BOTH
def test_usual_inputs_pass_without_a_fault(faces, which):
    measured, tried = verify.check_usual(faces[which], RUNS[which](), TOLERANCE, usual(faces[which]))
    assert tried == ["representative inputs"]
    assert 0 < measured["parity"] <= TOLERANCE
    assert 0 < measured["chain"] <= TOLERANCE
    assert measured["error"] > 0


@BOTH
@pytest.mark.parametrize("name", FAULTS)
def test_faults_fail_at_usual_inputs(faces, which, name):
    fault, check = FAULTS[name]
    run = broken(RUNS[which](), fault)
    assert failed_check(verify.check_usual, faces[which], run, verify.TOLERANCES["int8"], usual(faces[which])) == check


@BOTH
@GATES
def test_a_whole_gate_zeroed_fails_at_usual_inputs(faces, which, gate):
    run = with_gate(which, gate, np.zeros_like)
    samples, tolerance = usual(faces[which]), verify.TOLERANCES["int8"]
    assert failed_check(verify.check_usual, faces[which], run, tolerance, samples) == "parity"


@BOTH
def test_states_lost_after_a_single_usual_input_fail(faces, which):
    [sample] = usual(faces[which], 1)
    sample = [sample[0], *(np.zeros_like(state) for state in sample[1:])]
    run = broken(RUNS[which](), dropped)
    assert failed_check(verify.check_usual, faces[which], run, verify.TOLERANCES["int8"], [sample]) == "chain"


def test_states_lost_between_usual_inputs_fail(faces):
    def fault(run, inputs, calls):  # the first six calls are those of the parity check, the others of the chain
        return dropped(run, inputs, calls) if calls in (8, 12) else run(inputs)

    run = broken(user_run(), fault)
    assert failed_check(verify.check_usual, faces["user"], run, TOLERANCE, usual(faces["user"])) == "chain"


@BOTH
def test_rounded_weights_pass_at_the_tolerance_of_int8(faces, which):
    def rounded(part):
        scale = np.abs(part).max() / 127
        return np.rint(part / scale) * scale

    for gate in range(4):
        run = with_gate(which, gate, rounded)
        measured, _ = verify.check_parity(faces[which], run, verify.TOLERANCES["float16"], verify.rms_difference)
        assert measured["parity"] > 1e-5
        assert failed_check(verify.check_parity, faces[which], run, TOLERANCE) == "parity"


def test_differences():
    a = np.array([[1.0, 1000.0]], np.float32)
    for compare in (verify.difference, verify.rms_difference):
        assert compare(a, a) == 0
        assert compare(a, a[:, :1]) == compare(a, np.full_like(a, np.inf)) == float("inf")
        assert compare(a[:0], a[:0]) == 0
    assert verify.difference(a, a + np.float32([[0, 1]])) == pytest.approx(1e-3)
    assert verify.difference(np.float32([0.1]), np.float32([0.2])) == pytest.approx(0.1)  # small values: as they are
    assert verify.difference(np.array([1, 2]), np.array([1, 3])) == float("inf")
    assert verify.rms_difference(np.float32([0.1]), np.float32([0.2])) == pytest.approx(1)
    assert verify.rms_difference(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])) == 0.25


def test_small_values_beside_large_ones_count():
    """Features as they are (a time stamp) beside a layer's output: losing the layer is not a rounding error."""
    expected, found = np.float32([[1e6, 0.5]]), np.float32([[1e6, -0.5]])
    assert verify.difference(expected, found) > verify.TOLERANCES["float32"]


def test_decode_check_fails_where_labels_moved(tiny):
    moved = make(tiny.card, MusicCodec(3, CODEC.low + 1, CODEC.high + 1), tiny.engine)
    verify.check_decode(tiny, make(tiny.card, tiny.codec, tiny.engine))
    assert failed_check(verify.check_decode, tiny, moved) == "decode"


class Measured:
    """A model that is as good as it is told."""

    def __init__(self, value, data=""):
        self.value = value
        self.card = Card("lstm_music", "lstm", "music", Recipe(1, 1), data={"name": data} if data else {})

    def evaluate(self, split, progress):
        if isinstance(self.value, Exception):
            raise self.value
        return {"nats_per_step": self.value, "nats_per_token": 99.0}


def test_metric_check():
    measured = verify.check_metric(Measured(2.0), Measured(2.019))
    assert measured == {"valid nats_per_step before": 2.0, "valid nats_per_step after": 2.019}
    assert list(verify.check_metric(Measured(2.0), Measured(1.0)).values()) == [2.0, 1.0]
    assert verify.check_metric(Measured(2.0), Measured(DataError("no data"))) == {}
    assert verify.check_metric(Measured(2.0, "own files (folk)"), Measured(20.0)) == {}  # not a metric of theirs
    assert verify.check_metric(Measured(2.0), Measured(CodecError("another vocabulary"))) == {}
    assert verify.check_metric(Measured(2.0, JSB_16TH.name), Measured(2.0)) == dict.fromkeys(measured, 2.0)
    for worse in (2.021, 20.0, float("nan"), float("inf")):
        assert failed_check(verify.check_metric, Measured(2.0), Measured(worse)) == "metric"


def test_of_what_is_correct_more_is_better():
    assert (lost("frames_correct", 92.0, 91.0), lost("an4_cer", 5.0, 6.0), lost("nats", 2.0, 1.5)) == (1.0, 1.0, -0.5)


def first_input(s, **changes):
    return replace(s, inputs=(replace(s.inputs[0], **changes), *s.inputs[1:]))


def first_output(s, **changes):
    return replace(s, outputs=(replace(s.outputs[0], **changes), *s.outputs[1:]))


SIGNATURE_FAULTS = {
    "renamed input": lambda s: first_input(s, name="input"),
    "renamed state": lambda s: replace(s, inputs=(s.inputs[0], replace(s.inputs[1], name="hidden"), s.inputs[2])),
    "renamed output": lambda s: first_output(s, name="logits"),
    "inputs in another order": lambda s: replace(s, inputs=s.inputs[::-1]),
    "outputs in another order": lambda s: replace(s, outputs=s.outputs[::-1]),
    "batch fixed": lambda s: first_input(s, shape=(1, *s.inputs[0].shape[1:])),
    "time fixed": lambda s: first_input(s, shape=(None, 9, s.inputs[0].shape[2])),
    "features free": lambda s: first_input(s, shape=(None, None, None)),
    "axis added": lambda s: first_input(s, shape=(*s.inputs[0].shape, None)),
    "another dtype": lambda s: first_input(s, dtype="int64"),
    "another dtype out": lambda s: first_output(s, dtype="float16"),
    "another form": lambda s: replace(s, form="step"),
    "input missing": lambda s: replace(s, inputs=s.inputs[:-1]),
    "output missing": lambda s: replace(s, outputs=s.outputs[:-1]),
    "output added": lambda s: replace(s, outputs=(*s.outputs, Tensor("z", (None,), "float32"))),
    "output of other size": lambda s: first_output(s, shape=(None, None, 5)),
    "output with another axis": lambda s: first_output(s, shape=(None, None)),
    "time of output fixed": lambda s: first_output(s, shape=(None, 1, s.outputs[0].shape[2])),
    "batch of output fixed": lambda s: first_output(s, shape=(1, *s.outputs[0].shape[1:])),
}


@BOTH
@pytest.mark.parametrize("name", SIGNATURE_FAULTS)
def test_signature_check_fails(faces, which, name):
    expected = faces[which].signature
    verify.check_signature(expected, expected)
    assert failed_check(verify.check_signature, expected, SIGNATURE_FAULTS[name](expected)) == "signature"


def test_signature_check_lets_a_runtime_know_less_of_an_output(faces):
    expected = faces["user"].signature
    verify.check_signature(expected, first_output(expected, shape=(None, None, None)))


LOOSE, FUSED, SCAN = Options(), Options(recurrence="fused"), Options(recurrence="scan")


@pytest.mark.parametrize(
    ("name", "options", "operators"),
    [
        ("onnx", LOOSE, ["LSTM", "Loop"]),
        ("onnx", LOOSE, ["Loop"]),
        ("onnx", LOOSE, ["LSTM", "Scan"]),
        ("onnx", LOOSE, ["MatMul"]),
        ("onnx", LOOSE, ["LSTM", "LSTM"]),
        ("onnx", LOOSE, ["GRU"]),
        ("onnx", LOOSE, ["LSTM", "PyFunc"]),
        ("onnx", LOOSE, ["LSTM", "Recurrent"]),
        ("onnx", Options(quantize="int8"), ["LSTM", "DynamicQuantizeLSTM"]),
        ("tflite", LOOSE, ["CUSTOM FlexTensorListReserve"]),
        ("tflite", LOOSE, ["WHILE", "FlexWhile"]),
        ("tflite", LOOSE, ["UNIDIRECTIONAL_SEQUENCE_LSTM"]),
        ("tflite", FUSED, ["WHILE"]),
        ("tflite", FUSED, ["UNIDIRECTIONAL_SEQUENCE_LSTM"] * 2),
        ("saved_model", LOOSE, ["While", "CudnnRNNV3"]),
        ("saved_model", LOOSE, ["EagerPyFunc"]),
        ("saved_model", LOOSE, ["PyFunc"]),
    ],
)
def test_structure_check_fails(faces, name, options, operators):
    row = formats()[name]
    expected = row.expected([faces["user"]], options)
    assert failed_check(verify.check_structure, name, expected, row.forbidden, operators) == "structure"


@pytest.mark.parametrize(
    ("name", "options", "operators"),
    [
        ("onnx", LOOSE, ["LSTM", "MatMul"]),
        ("onnx", SCAN, ["LSTM"]),
        ("tflite", LOOSE, ["WHILE"]),
        ("tflite", FUSED, ["UNIDIRECTIONAL_SEQUENCE_LSTM"]),
        ("saved_model", LOOSE, ["StatelessWhile"]),
    ],
)
def test_structure_check_passes(faces, name, options, operators):
    row = formats()[name]
    verify.check_structure(name, row.expected([faces["user"]], options), row.forbidden, operators)


@pytest.mark.parametrize(
    ("fault", "check"),
    [(None, ""), (permuted, "parity"), (remembers, "repeat"), (dropped, "parity"), ("signature", "signature")],
)
def test_verify_names_the_first_check_that_fails(faces, fault, check):
    face = faces["user"]
    signature = first_input(face.signature, name="input") if fault == "signature" else face.signature
    run = broken(user_run(), fault) if callable(fault) else user_run()
    candidate = BoundEngine("numpy", signature, run)
    if check:
        assert failed_check(verify.verify, face, candidate, Options()) == check
    else:
        assert set(verify.verify(face, candidate, Options())[0]) == {"parity", "error", "chain"}


def test_verify_runs_the_chain(faces):
    """A fault that only the chain can see: from zeros, which parity never starts from."""

    def fault(run, inputs, _):
        y, *state = run(inputs)
        return [y, *(s * np.any(inputs[1]) for s in state)]

    candidate = BoundEngine("numpy", faces["user"].signature, broken(user_run(), fault))
    assert failed_check(verify.verify, faces["user"], candidate, Options()) == "chain"


def test_verify_of_a_quantized_model_of_the_zoo_asks_for_its_metric(faces, tiny, monkeypatch):
    candidate = BoundEngine("numpy", faces["zoo"].signature, zoo_run())
    monkeypatch.setattr(verify, "CHAIN_STEPS", 20)
    losses = {tiny.engine.name: 2.0, "numpy": 2.03}
    monkeypatch.setattr(type(tiny), "evaluate", lambda self, *_, **__: {"nats_per_step": losses[self.engine.name]})
    assert failed_check(verify.verify, faces["zoo"], candidate, Options("int8"), tiny) == "metric"
    losses["numpy"] = 2.01
    measured, _ = verify.verify(faces["zoo"], candidate, Options("int8"), tiny)
    assert list(measured.values())[-2:] == [2.0, 2.01]
    assert set(verify.verify(faces["zoo"], candidate, Options(), tiny)[0]) == {"parity", "error", "chain"}


def test_verify_of_a_model_of_the_zoo_asks_what_it_plays(faces, tiny):
    moved = make(tiny.card, MusicCodec(3, CODEC.low + 1, CODEC.high + 1), tiny.engine)
    candidate = BoundEngine("numpy", faces["zoo"].signature, zoo_run())
    moved.trial = tiny.trial  # what Keras plays, while the artifact gets the codec of the moved one
    assert failed_check(verify.verify, faces["zoo"], candidate, Options(), moved) == "decode"


def test_tolerances(tiny):
    assert verify.tolerance_of(Options(), tiny) == 1e-5
    assert verify.tolerance_of(Options(), None) == 1e-4
    assert verify.tolerance_of(Options("float16"), tiny) < verify.tolerance_of(Options("int8"), None) <= 0.2
    assert verify.tolerance_of(Options("int8", None, [[np.zeros(1)]]), None) <= 0.5


@pytest.mark.parametrize("name", NAMES)
def test_save_writes_nothing_that_fails(user, tmp_path, monkeypatch, name):
    """A converter that loses the state must leave no artifact behind."""
    row = formats()[name]

    def open_broken(path, signature):
        engine = row.open(path, signature)
        run = engine.run
        return BoundEngine(engine.name, engine.signature, lambda a: run([a[0], *(0 * s for s in a[1:])]))

    monkeypatch.setitem(formats(), name, replace(row, open=open_broken))
    with pytest.raises(VerificationError, match="parity check failed"):
        export.save(user, tmp_path / NAMES[name], state=True)
    assert list(tmp_path.iterdir()) == []


def test_save_writes_no_loop_where_there_is_a_node(user, tmp_path, monkeypatch):
    row = formats()["onnx"]

    def convert(*args):
        with monkeypatch.context() as patch:
            patch.setattr(onnx_format, "expressible", lambda _: False)
            row.convert(*args)

    monkeypatch.setitem(formats(), "onnx", replace(row, convert=convert))
    with pytest.raises(VerificationError, match="Loop") as caught:
        export.save(user, tmp_path / "a.onnx")
    assert caught.value.check == "structure"
    assert list(tmp_path.iterdir()) == []


def test_save_writes_no_model_of_the_zoo_that_quantization_spoils(sealed, tmp_path, monkeypatch):
    losses = iter([2.0, 2.5])
    monkeypatch.setattr(type(sealed), "evaluate", lambda *_, **__: {"nats_per_step": next(losses)})
    with pytest.raises(VerificationError, match=r"from 2\.0000 to 2\.5000") as caught:
        export.save(sealed, tmp_path / "a.onnx", quantize="int8")
    assert caught.value.check == "metric"
    assert list(tmp_path.iterdir()) == []
