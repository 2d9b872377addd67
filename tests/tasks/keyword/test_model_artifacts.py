import numpy as np
import pytest

import export
from tests.media.sounds import sound
from tests.tasks.keyword.spotters import clips, tiny
from zoo.core.mel import STEP

pytestmark = pytest.mark.usefixtures("quick")
NAMES = {"onnx": "m.onnx", "tflite": "m.tflite", "saved_model": "m"}


@pytest.mark.parametrize(("architecture", "name", "form"), [
    ("gru", "onnx", "step"), ("gru", "tflite", "step"), ("bilstm", "tflite", "sequence"),
    ("lstm", "saved_model", "sequence"),
])  # fmt: skip
def test_artifacts_hear_the_same(architecture, name, form, tmp_path):
    one, wave = tiny(architecture), sound(3.0, seed=6)
    report = export.save(one, tmp_path / NAMES[name], form=form)
    opened = export.load(tmp_path / NAMES[name])
    assert report.signatures[form].inputs[0].shape[2] == STEP
    expected, found = (each.spot(wave, min_confidence=0.3) for each in (one, opened))
    assert found.words == pytest.approx(expected.words) or found.words == expected.words
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)
    assert opened.trial(64, 1) == one.trial(64, 1)
    assert opened.measure(clips()) == pytest.approx(one.measure(clips()))
    if not opened.codec.bidirectional:
        assert (*opened.stream([wave], min_confidence=0.3),) == found.words


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_int8_leaves_the_front_end_alone(name, tmp_path, gru_keyword):
    export.save(gru_keyword, tmp_path / NAMES[name], quantize="int8")
    x = gru_keyword.codec.example(np.random.default_rng(0), 1, 20)
    expected = gru_keyword.engine.step(x, gru_keyword.engine.initial_state(1))[1]
    engine = export.load(tmp_path / NAMES[name]).engine
    found = engine.step(x, engine.initial_state(1))[1]
    for a, b in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
