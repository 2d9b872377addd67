"""Every check of `export.verify` has a negative control: one thing is broken, and that very check must fail."""

from dataclasses import replace

import numpy as np
import pytest

import export
from export import verify
from export.formats import BoundEngine, Tensor, formats
from tests.conftest import CODEC, NAMES, tiny_model
from zoo.architectures import ARCHITECTURES
from zoo.errors import VerificationError
from zoo.models import make
from zoo.networks import KerasEngine, set_weights, weights
from zoo.tasks.music import MusicCodec

TOLERANCE = 1e-5


class Broken:
    """An engine around another, with a fault in it."""

    name = "broken"

    def __init__(self, engine, fault):
        self.engine, self.fault, self.calls = engine, fault, 0
        self.initial_state = engine.initial_state

    def step(self, x, state):
        self.calls += 1
        return self.fault(self.engine, x, list(state), self.calls)


def scaled_gate(gate):
    """Scale one of LSTM's four gates by one percent."""

    def fault(engine, x, state, _):
        other = KerasEngine(tiny_model().engine.network)
        arrays = weights(other.network, "float32")
        name = next(n for n in arrays if n.endswith("recurrent_kernel"))
        units = arrays[name].shape[0]
        arrays[name][:, gate * units : (gate + 1) * units] *= 1.01
        set_weights(other.network, arrays)
        return other.step(x, state)

    return fault


def swapped(engine, x, state, _):
    y, new = engine.step(x, state)
    return y, new[::-1]


def swapped_in(engine, x, state, _):
    return engine.step(x, state[::-1])


def dropped(engine, x, state, _):
    return engine.step(x, [np.zeros_like(s) for s in state])


def frozen(engine, x, state, _):
    return engine.step(x, state)[0], state


def reversed_time(engine, x, state, _):
    y, new = engine.step(x[:, ::-1], state)
    return y[:, ::-1], new


def permuted(engine, x, state, _):
    y, new = engine.step(x, state)
    return np.roll(y, 1, -1), new


def nan(engine, x, state, _):
    y, new = engine.step(x, state)
    return y * np.nan, new


def last_only(engine, x, state, _):
    y, new = engine.step(x, state)
    return y[:, -1:], new


def remembers(engine, x, state, calls):
    y, new = engine.step(x, state)
    return y + 1e-6 * calls, new


FAULTS = {
    "gate i scaled": (scaled_gate(0), "parity"),
    "gate f scaled": (scaled_gate(1), "parity"),
    "gate c scaled": (scaled_gate(2), "parity"),
    "gate o scaled": (scaled_gate(3), "parity"),
    "h and c swapped in": (swapped_in, "parity"),
    "h and c swapped out": (swapped, "parity"),
    "state dropped": (dropped, "parity"),
    "state not moved on": (frozen, "parity"),
    "time reversed": (reversed_time, "parity"),
    "labels permuted": (permuted, "parity"),
    "not a number": (nan, "parity"),
    "time axis collapsed": (last_only, "parity"),
    "hidden state": (remembers, "repeat"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_parity_check_fails(tiny, name):
    fault, check = FAULTS[name]
    with pytest.raises(VerificationError) as caught:
        verify.check_parity(tiny.engine, Broken(tiny.engine, fault), CODEC, TOLERANCE)
    assert caught.value.check == check


def test_parity_check_passes_without_a_fault(tiny):
    sound = Broken(tiny.engine, lambda engine, x, state, _: engine.step(x, state))
    assert verify.check_parity(tiny.engine, sound, CODEC, TOLERANCE) <= TOLERANCE
    assert verify.check_chain(tiny.engine, sound, CODEC, TOLERANCE) <= TOLERANCE


def forgets(engine, x, state, calls):
    """Drop the state once, deep in the chain."""
    return engine.step(x, [np.zeros_like(s) for s in state] if calls == 150 else state)


@pytest.mark.parametrize("fault", [forgets, frozen, dropped, swapped])
def test_chain_check_fails(tiny, fault):
    with pytest.raises(VerificationError) as caught:
        verify.check_chain(tiny.engine, Broken(tiny.engine, fault), CODEC, TOLERANCE)
    assert caught.value.check == "chain"


def test_decode_check_fails_where_labels_moved(tiny):
    moved = make(tiny.card, MusicCodec(3, CODEC.low + 1, CODEC.high + 1), tiny.engine)
    verify.check_decode(tiny, make(tiny.card, tiny.codec, tiny.engine))
    with pytest.raises(VerificationError) as caught:
        verify.check_decode(tiny, moved)
    assert caught.value.check == "decode"


def renamed(s):
    return replace(s, inputs=(s.inputs[0], replace(s.inputs[1], name="hidden"), s.inputs[2]))


SIGNATURE_FAULTS = {
    "renamed input": renamed,
    "inputs in another order": lambda s: replace(s, inputs=s.inputs[::-1]),
    "batch fixed": lambda s: replace(
        s, inputs=(replace(s.inputs[0], shape=(1, *s.inputs[0].shape[1:])), *s.inputs[1:])
    ),
    "time fixed": lambda s: replace(s, inputs=(replace(s.inputs[0], shape=(None, 9, CODEC.features)), *s.inputs[1:])),
    "another dtype": lambda s: replace(s, inputs=(replace(s.inputs[0], dtype="int64"), *s.inputs[1:])),
    "another form": lambda s: replace(s, form="step"),
    "output missing": lambda s: replace(s, outputs=s.outputs[:-1]),
    "output added": lambda s: replace(s, outputs=(*s.outputs, Tensor("z", (None,), "float32"))),
    "output of other size": lambda s: replace(
        s, outputs=(replace(s.outputs[0], shape=(None, None, 5)), *s.outputs[1:])
    ),
}


@pytest.mark.parametrize("name", SIGNATURE_FAULTS)
def test_signature_check_fails(tiny, name):
    expected = verify.expected_signature(tiny.engine.network, "sequence")
    verify.check_signature(expected, expected)
    with pytest.raises(VerificationError) as caught:
        verify.check_signature(expected, SIGNATURE_FAULTS[name](expected))
    assert caught.value.check == "signature"


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("onnx", ["LSTM", "Loop"]),
        ("onnx", ["MatMul"]),
        ("onnx", ["LSTM", "LSTM"]),
        ("tflite", ["CUSTOM FlexTensorListReserve"]),
        ("saved_model", ["CudnnRNNV3"]),
    ],
)
def test_structure_check_fails(name, operators):
    with pytest.raises(VerificationError) as caught:
        verify.check_structure(formats()[name], ARCHITECTURES["lstm"], operators)
    assert caught.value.check == "structure"


@pytest.mark.parametrize("name", NAMES)
def test_save_writes_nothing_that_fails(sealed, tmp_path, monkeypatch, name):
    """A converter that loses the state must leave no artifact behind."""
    row = formats()[name]

    def open_broken(path):
        engine = row.open(path)
        run = engine.run
        return BoundEngine(engine.name, engine.signature, lambda a: run([a[0], *(0 * s for s in a[1:])]))

    monkeypatch.setitem(formats(), name, replace(row, open=open_broken))
    with pytest.raises(VerificationError, match="parity check failed"):
        export.save(sealed, tmp_path / NAMES[name])
    assert list(tmp_path.iterdir()) == []
