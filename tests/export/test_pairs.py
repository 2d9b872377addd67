import numpy as np
import pytest

import export
from tests.conftest import user_model
from tests.export.pairs import CLASSES, attending, characters
from tests.tasks.translation.translators import tiny
from zoo.errors import ArgumentError, ExportError


def network(inputs, outputs):
    """A Keras model of these shapes."""
    import keras
    from keras import layers, ops

    entering = [keras.Input(shape) for shape in inputs]
    first = ops.mean(layers.Flatten()(ops.ones_like(entering[-1])), -1, keepdims=True)
    made = [
        layers.Reshape((1, s[1]))(layers.Dense(s[1])(first)) if len(s) == 2 else layers.Dense(s[0])(first)
        for s in outputs
    ]
    return keras.Model(entering, made)


ENCODER = lambda: characters()[0]  # noqa: E731
DECODER = lambda: characters()[1]  # noqa: E731
REFUSED = {
    "one": (lambda: (ENCODER(),), {}, ExportError, "give two Keras models"),
    "three": (lambda: [ENCODER(), DECODER(), DECODER()], {}, ExportError, "give two Keras models"),
    "no models": (lambda: ("a", "b"), {}, ExportError, r"\(str, str\)"),
    "swapped": (lambda: (DECODER(), ENCODER()), {}, ArgumentError, "must be what the encoder returns"),
    "of another": (lambda: (attending()[0], DECODER()), {}, ArgumentError, "the encoder returns .*, the decoder takes"),
    "no states": (
        lambda: (network([(None, 2)], [(None, 3)]), network([(None, 2), (None, 3)], [(None, 4)])), {}, ArgumentError,
        "must return the states that it takes",
    ),
    "states of other sizes": (
        lambda: (network([(None, 2)], [(3,)]), network([(None, 2), (3,)], [(None, 4), (5,)])), {}, ArgumentError,
        "must return the states that it takes",
    ),
    "no begin": (characters, {"form": "generate"}, ArgumentError, "begin= and end="),
    "no end": (characters, {"form": "generate", "begin": 1}, ArgumentError, "end=None"),
    "no id": (characters, {"form": "generate", "begin": 1, "end": CLASSES}, ArgumentError, "an id from 0 to 5"),
    "half an id": (characters, {"form": "generate", "begin": 1.0, "end": 2}, ArgumentError, "begin=1.0"),
    "not one-hot": (
        lambda: (network([(None, 2)], [(3,)]), network([(None, 2), (3,)], [(None, 4), (3,)])),
        {"form": "generate", "begin": 1, "end": 2}, ArgumentError, "vectors of 4 with a 1",
    ),
    "calibrated": (characters, {"representative": [np.zeros((1, 2))], "quantize": "int8"}, ArgumentError, "representative"),
    "state": (characters, {"state": True}, ArgumentError, "state, inputs"),
    "one model": (user_model, {"begin": 1, "end": 2}, ArgumentError, "for an encoder and a decoder"),
    "of the zoo": (tiny, {"begin": 1, "end": 2}, ArgumentError, "has its own"),
    "steps of the zoo": (tiny, {"steps": 4}, ArgumentError, "one step at a time"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case, tmp_path):
    make, options, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        export.save(make(), tmp_path / "m.tflite" if "representative" in options else tmp_path / "m.onnx", **options)
    assert not list(tmp_path.iterdir())


def test_a_benchmark_takes_one_network():
    with pytest.raises(ArgumentError, match="two networks"):
        export.benchmark(characters())
