"""Integer activations, and the layers that keep numbers of floating point."""

import numpy as np
import pytest

import export
from export.formats.tflite.litert import interpreter
from export.verification.compare import TOLERANCES
from tests.conftest import randomized
from tests.zoo_of_layers import L, seq

STEPS, WIDE = 4, 6
OPTIONS = {"quantize": "int8", "batch": 1, "steps": STEPS}


def samples(size, count=60):
    rng = np.random.default_rng(0)
    scales = 10.0 ** rng.uniform(-3, 0, (count, 1, 1, 1))
    return [*(scales * rng.normal(size=(count, 1, STEPS, size))).astype(np.float32)]


def types(path):
    """Operator → types of what it returns."""
    opened, found = interpreter(path.read_bytes(), 1), {}
    tensors = {tensor["index"]: np.dtype(tensor["dtype"]).name for tensor in opened.get_tensor_details()}
    for operator in opened._get_ops_details():
        found.setdefault(operator["op_name"], set()).update(tensors[index] for index in operator["outputs"])
    return found


@pytest.mark.parametrize("kind", ["LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"])
def test_what_divides_by_its_inputs_keeps_floats(kind, tmp_path):
    """Quantized like the rest, a file would be one that the runtime ends the process over, or far from the model."""
    options = {"groups": 2} if kind == "GroupNormalization" else {}
    scaled = L.TimeDistributed(L.GroupNormalization(2, name="scaled")) if options else getattr(L, kind)(name="scaled")
    model = randomized(seq(L.Dense(8, name="before"), scaled, L.GRU(8, name="cell"), L.Dense(3), shape=(None, WIDE)))
    report = export.save(model, tmp_path / "a.tflite", representative=samples(WIDE), **OPTIONS)
    assert report.differences["sequence"]["parity"] <= TOLERANCES["int8"]
    found = types(tmp_path / "a.tflite")
    assert found["LOGISTIC"] == {"int8"}
    assert found.get("RSQRT", {"float32"}) == found.get("SQRT", {"float32"}) == {"float32"}


def test_layers_say_so_themselves(tmp_path):
    import keras

    from zoo.layers.sound import LogMel

    assert LogMel.keeps_float

    class Power(L.Layer):
        keeps_float = True

        def call(self, x):
            return keras.ops.exp(x) + 1e-6

    model = randomized(seq(Power(name="power"), L.GRU(8, name="cell"), shape=(None, WIDE)))
    export.save(model, tmp_path / "a.tflite", representative=samples(WIDE), **OPTIONS)
    assert types(tmp_path / "a.tflite")["EXP"] == {"float32"}
    assert types(tmp_path / "a.tflite")["LOGISTIC"] == {"int8"}


def test_whole_keyword_networks(tmp_path):
    """Samples in, integers from the convolutions on."""
    import zoo
    from tests.tasks.keyword.spotters import tiny
    from zoo.tasks.keyword.clips import STEPS as SECOND

    model = tiny()
    given = [model.codec.example(np.random.default_rng(seed), 1, SECOND) for seed in range(20)]
    path = tmp_path / "a.tflite"
    export.save(model, path, quantize="int8", batch=1, steps=SECOND, representative=given)
    kinds = types(path)
    assert kinds["LOG"] == {"float32"}
    assert kinds["CONV_2D"] == kinds["LOGISTIC"] == {"int8"}
    found = zoo.load(path).spot(given[0].ravel())
    assert found.seconds == pytest.approx(1)
