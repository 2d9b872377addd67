"""Every check has a negative control: one thing is broken, and that very check must fail."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

import export
import zoo
from export.formats import Face, Options, formats
from export.formats import onnx as onnx_format
from export.formats.tflite import flatbuffer
from export.tracing.source import Source
from export.verification import compare, verify
from tests.conftest import CODEC, NAMES, tiny_model
from tests.export.verification.faults import (
    broken,
    dropped,
    failed_check,
    first_input,
    permuted,
    remembers,
    user_run,
    zoo_run,
)
from zoo.core.card import Card
from zoo.core.recipe import Recipe
from zoo.errors import CodecError, DataError, VerificationError
from zoo.models.model import Model, make
from zoo.runtime.engine import BoundEngine
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.datasets import JSB_16TH


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


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_save_writes_nothing_that_stands_in_another_order(user, tmp_path, monkeypatch, name):
    """Names alone would not show it: TFLite's signatures find tensors wherever they stand."""
    row = formats()[name]

    def convert(faces, path, options):
        row.convert(faces, path, options)
        if name == "tflite":
            signature = faces[0].signature
            flatbuffer.slim(path, replace(signature, inputs=signature.inputs[::-1]))
        else:
            model = onnx.load(path)
            inputs = list(model.graph.input)[::-1]
            del model.graph.input[:]
            model.graph.input.extend(inputs)
            path.write_bytes(model.SerializeToString())

    monkeypatch.setitem(formats(), name, replace(row, convert=convert))
    with pytest.raises(VerificationError, match="inputs stand as c0_0, h0_0, x instead of x, h0_0, c0_0") as caught:
        export.save(user, tmp_path / NAMES[name], state=True)
    assert caught.value.check == "order"
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


LSTM = {
    "caption": 1e-4,
    "forecast": 1e-5,
    "keyword": 5e-5,
    "music": 1e-5,
    "text": 1e-5,
    "speech": 5e-5,
    "translation": 1e-5,
    "video": 1e-4,
}
RNN = {
    "caption": 5e-4,
    "forecast": 5e-5,
    "keyword": 5e-5,
    "music": 5e-5,
    "text": 5e-5,
    "speech": 5e-5,
    "translation": 5e-5,
    "video": 5e-4,
}
"""Task → tolerance of LSTM and GRU cells, and of vanilla ones, as artifacts have been held to since there are any."""


@pytest.mark.parametrize("name", zoo.list_models())
def test_tolerance_of_every_model(name):
    architecture, _, task = name.rpartition("_")
    model = Model(Card(name, architecture, task, Recipe(1, 1), 0), None, None)
    assert verify.tolerance_of(Options(), model) == (RNN if architecture == "rnn" else LSTM)[task]
    assert verify.tolerance_of(Options("float16"), model) == 0.02
    assert verify.tolerance_of(Options("int8"), model) == 0.2


def test_tolerance_of_a_user_s_model():
    assert [verify.tolerance_of(Options(how), None) for how in (None, "float16", "int8")] == [1e-4, 0.02, 0.2]


def test_a_task_never_asks_for_less_than_its_cells_need(monkeypatch):
    monkeypatch.setattr(verify, "TOLERANCES", {**compare.TOLERANCES, "zoo lstm": 1e-3})
    assert verify.tolerance_of(Options(), Model(zoo.info("lstm_speech"), None, None)) == 1e-3


def test_only_models_that_read_any_number_of_steps_at_once_take_fixed_ones(tiny):
    from zoo.tasks.video.model import Labeler

    assert Labeler.fixed_steps
    assert not tiny.fixed_steps


def test_a_quantized_model_of_fixed_steps_is_measured(tiny, monkeypatch):
    """In verification the class of the model says whether a fixed shape can be measured; no task is asked for."""
    network = tiny.engine.network
    names = [t.name for t in network.inputs], ["y", "hn_0", "cn_0"]
    source = Source(network, names=names, example=tiny.codec.example)
    face = Face(source, source.signature("sequence", 1, 6))
    opened = type("Opened", (), {"signature": face.signature, "run": staticmethod(source.run)})()
    measured = []
    monkeypatch.setattr(verify, "check_metric", lambda *_: measured.append(1) or {"metric": 1.0})
    for fixed in (False, True):
        model = tiny_model()
        monkeypatch.setattr(type(model), "fixed_steps", fixed)
        found, _ = verify.verify(face, opened, Options("int8"), replace(model, card=tiny.card))
        assert ("metric" in found) == fixed
    assert len(measured) == 1
    assert np.isfinite(found["parity"])
