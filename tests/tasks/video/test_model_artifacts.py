import subprocess
import sys

import numpy as np
import pytest

import export
from tests.media.films import SHAPE, film, written
from tests.tasks.video.labelers import tiny
from zoo.errors import UnsupportedLayer
from zoo.media.clips import Clip
from zoo.tasks.video import landmarks

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("architecture", ["gru", "bilstm"])
@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ""])
def test_artifacts_label_films(architecture, suffix, tmp_path):
    model = tiny(architecture)
    path = written(tmp_path / "film.mp4", film(40, (32, 48)))
    expected = model.label(path)
    for form in ("sequence", "step"):
        target = tmp_path / f"{form}{suffix}"
        if form == "step" and model.codec.bidirectional:
            with pytest.raises(UnsupportedLayer, match="backwards"):
                export.save(model, target, form=form)
            continue
        export.save(model, target, form=form)
        opened = export.load(target)
        assert opened.engine.inputs[0].dtype == "uint8"
        assert opened.engine.inputs[0].shape[2:] == SHAPE
        found = opened.label(path)
        assert [run.label for run in found.runs] == [run.label for run in expected.runs]
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ""])
def test_artifacts_label_landmarks(suffix, tmp_path):
    """Normalized, and masked where some are missing, inside of the artifact."""
    body = landmarks.of({"joints": ["hip", "head", "hand"], "axes": 2, "size": [["hip", "head"]]})
    model = tiny("gru", shape=(6,), landmarks=body)
    export.save(model, tmp_path / f"m{suffix}", form="step")
    x = np.random.default_rng(0).normal(300, 50, size=(1, 20, 6)).astype(np.float32)
    x[:, ::3, 2:4], x[:, ::4, :2] = np.nan, np.nan
    engines = model.engine, export.load(tmp_path / f"m{suffix}").engine
    ours, theirs = ([], [])
    for engine, rows in zip(engines, (ours, theirs), strict=True):
        state = engine.initial_state(1)
        for frame in range(20):
            y, state = engine.step(x[:, frame : frame + 1], state)
            rows.append(y)
    np.testing.assert_allclose(theirs, ours, atol=1e-4)


def test_whole_number_artifacts_of_fixed_length_label_any_film(tmp_path):
    model = tiny("gru")
    samples = [model.codec.encode([Clip(film(20, seed=i), SHAPE)])[0] for i in range(12)]
    export.save(model, tmp_path / "full.tflite", quantize="int8", batch=1, steps=22, representative=samples)
    opened = export.load(tmp_path / "full.tflite")
    for count in (20, 7, 50):
        clip = film(count, seed=40)
        told = opened.label(clip).probabilities.argmax(1) == model.label(clip).probabilities.argmax(1)
        assert told.mean() > 0.7
    seen = opened.logits([Clip(film(20), SHAPE)])[0]
    np.testing.assert_allclose(
        np.exp(seen - np.logaddexp.reduce(seen, 1, keepdims=True)), opened.label(film(20)).probabilities, atol=1e-5
    )


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_artifacts_need_no_tensorflow(tmp_path, gru, suffix):
    export.save(gru, tmp_path / f"m{suffix}", form="step")
    written(tmp_path / "clip.mp4", film(10, (32, 48)))
    code = (
        f"import sys, export; print(export.load('m{suffix}').label('clip.mp4').seconds); "
        "sys.exit(', '.join({'tensorflow', 'keras', 'librosa', 'matplotlib', 'PIL'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0.4\n"), done.stderr
