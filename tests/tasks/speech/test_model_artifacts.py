import json

import numpy as np
import pytest

import export
from tests.media.sounds import sound, written
from tests.tasks.speech.recognizers import tiny
from zoo.core.card import codec_json
from zoo.core.mel import STEP
from zoo.errors import ArgumentError, UnsupportedLayer
from zoo.media.audio import RATE_HZ
from zoo.tasks.speech.codec import VOCABULARY

pytestmark = pytest.mark.usefixtures("quick")
NAMES = {"onnx": "m.onnx", "tflite": "m.tflite", "saved_model": "m"}


@pytest.mark.parametrize(("architecture", "name", "form"), [
    ("gru", "onnx", "step"), ("gru", "tflite", "step"), ("bilstm", "onnx", "sequence"),
    ("lstm", "saved_model", "sequence"),
])  # fmt: skip
def test_artifacts_hear_the_same(architecture, name, form, tmp_path):
    one, wave = tiny(architecture), sound(1.1, seed=6)
    report = export.save(one, tmp_path / NAMES[name], form=form)
    opened = export.load(tmp_path / NAMES[name])
    assert report.signatures[form].inputs[0].shape[2] == STEP
    expected, found = one.transcribe(wave), opened.transcribe(wave)
    assert found == expected
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)
    trials = [one.trial(64, seed) for seed in range(6)]  # what a saved artifact is compared by
    assert trials == [opened.trial(64, seed) for seed in range(6)]
    assert len(set(trials)) > 1
    about = json.loads(codec_json(opened.codec))
    assert (about["vocabulary"], about["blank"], about["sample_rate_hz"]) == (VOCABULARY, 28, RATE_HZ)
    if not opened.codec.bidirectional:
        assert list(opened.stream([wave]))[-1].text == expected.text


def test_what_reads_both_ways_has_no_step_form(tmp_path):
    with pytest.raises(UnsupportedLayer):
        export.save(tiny("bilstm"), tmp_path / "m.onnx", form="step")


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_int8_leaves_the_front_end_alone(name, tmp_path, gru):
    """States below the recurrent layers come from the front end: in int8 they are still exact."""
    export.save(gru, tmp_path / NAMES[name], quantize="int8")
    x = gru.codec.example(np.random.default_rng(0), 1, 20)
    expected = gru.engine.step(x, gru.engine.initial_state(1))[1]
    engine = export.load(tmp_path / NAMES[name]).engine
    found = engine.step(x, engine.initial_state(1))[1]
    for a, b in zip(found[:3], expected[:3], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_artifacts_of_fixed_length_say_so(tmp_path, gru):
    export.save(gru, tmp_path / "m.tflite", batch=1, steps=50)
    fixed = export.load(tmp_path / "m.tflite")
    for use in (fixed.transcribe, fixed.stream):
        with pytest.raises(ArgumentError, match="50 steps a call"):
            use([sound(2.0)] if use == fixed.stream else sound(2.0))


def test_artifact_needs_no_tensorflow_nor_librosa(tmp_path, gru):
    import subprocess
    import sys

    export.save(gru, tmp_path / "m.onnx")
    written(tmp_path / "take.wav", sound())
    code = (
        "import sys, export; print(export.load('m.onnx').transcribe('take.wav').seconds); "
        "sys.exit(', '.join({'tensorflow', 'keras', 'librosa', 'soxr', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1.0\n"), done.stderr


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_float16_has_the_floor_of_silence(name, tmp_path, gru):
    """The floor of power is far below what float16 tells from zero, whose logarithm is none."""
    export.save(gru, tmp_path / NAMES[name], quantize="float16")
    silent = np.zeros((1, 12, STEP), np.float32)
    engine = export.load(tmp_path / NAMES[name]).engine
    expected, _ = gru.engine.step(silent, gru.engine.initial_state(1))
    np.testing.assert_allclose(engine.step(silent, engine.initial_state(1))[0], expected, atol=0.1)
