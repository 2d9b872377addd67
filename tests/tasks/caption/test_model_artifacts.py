import numpy as np
import pytest

import export
import zoo
from export.preset_graph import add_graph
from tests.media.films import SHAPE, film
from tests.tasks.caption.captioners import FEATURES, piece, tiny, told
from zoo.networks.transfer import weights
from zoo.presets.preset import write

pytestmark = pytest.mark.usefixtures("quick")
NAMES = {"onnx": "m.onnx", "tflite": "m.tflite", "saved_model": "m"}


@pytest.mark.parametrize(("architecture", "shape"), [("gru", SHAPE), ("bilstm", (*SHAPE, 3)), ("lstm", (FEATURES,))])
def test_a_preset_on_both_engines(architecture, shape, tmp_path):
    one = tiny(architecture, shape)
    write(tmp_path / "p", one.card, one.codec, weights(one.network), add_graph=add_graph)
    clip = piece(9, shape=shape).clip.pixels
    for engine in ("onnx", "keras"):
        found = zoo.load(tmp_path / "p", engine=engine)
        assert told(found.caption(clip, n=3)) == told(one.caption(clip, n=3))


@pytest.mark.parametrize(("architecture", "name", "options"), [
    ("gru", "onnx", {"form": "step"}), ("bilstm", "onnx", {"form": "generate"}), ("bilstm", "tflite", {"form": "step"}),
    ("gru", "tflite", {"form": "generate", "batch": 1, "steps": 40}), ("lstm", "saved_model", {"form": "generate"}),
])  # fmt: skip
def test_artifacts_say_the_same(architecture, name, options, tmp_path):
    one = tiny(architecture)
    export.save(one, tmp_path / NAMES[name], **options)
    opened = zoo.load(tmp_path / NAMES[name])
    inside = options.get("form") == "generate"
    for length in (4, 11):
        clip = film(length, seed=length)
        asked = {"beam_width": 1} if inside else {}
        assert told(opened.caption(clip, **asked)) == told(one.caption(clip, **asked))
    assert opened.trial(9, 1) == one.trial(9, 1)


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_int8(name, tmp_path, monkeypatch):
    monkeypatch.delenv("ZOO_DATA", raising=False)
    export.save(tiny(), tmp_path / NAMES[name], form="step", quantize="int8")
    assert isinstance(zoo.load(tmp_path / NAMES[name]).caption(film(8)).text, str)
    assert np.prod(SHAPE) == 384
