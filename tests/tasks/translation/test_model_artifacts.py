import pytest

import export
import zoo
from export.preset_graph import add_graph
from tests.tasks.translation.translators import SENTENCES, tiny, told
from zoo.networks.transfer import weights
from zoo.presets.preset import write

pytestmark = pytest.mark.usefixtures("quick")
NAMES = {"onnx": "m.onnx", "tflite": "m.tflite", "saved_model": "m"}
SEARCHES = ({}, {"beam_width": 1}, {"n": 3, "length_penalty": 0.5})


@pytest.mark.parametrize("architecture", ["gru", "bilstm"])
def test_a_preset_on_both_engines(architecture, tmp_path):
    """Two graphs, of which the decoder says what the encoder hashes to."""
    one = tiny(architecture)
    write(tmp_path / "p", one.card, one.codec, weights(one.network), add_graph=add_graph)
    for engine in ("onnx", "keras"):
        found = zoo.load(tmp_path / "p", engine=engine)
        for asked in SEARCHES:
            assert told(found.translate(list(SENTENCES), **asked)) == told(one.translate(list(SENTENCES), **asked))
    (tmp_path / "p/encoder.onnx").write_bytes((tmp_path / "p/graph.onnx").read_bytes())
    with pytest.raises(zoo.PresetError, match="encoder.onnx has sha256 .*; write it again"):
        zoo.load(tmp_path / "p")


@pytest.mark.parametrize(("architecture", "name", "options"), [
    ("gru", "onnx", {"form": "step"}), ("bilstm", "onnx", {}), ("lstm", "tflite", {"form": "step"}),
    ("bilstm", "tflite", {"form": "step", "batch": 2}), ("gru", "saved_model", {"form": "step"}),
    ("gru", "onnx", {"form": "generate"}), ("bilstm", "onnx", {"form": "generate", "batch": 2}),
    ("gru", "tflite", {"form": "generate", "batch": 1, "steps": 80}), ("lstm", "saved_model", {"form": "generate"}),
])  # fmt: skip
def test_artifacts_translate_the_same(architecture, name, options, tmp_path):
    one = tiny(architecture)
    export.save(one, tmp_path / NAMES[name], **options)
    opened = zoo.load(tmp_path / NAMES[name])
    inside = options.get("form") == "generate"
    for asked in SEARCHES[:1] if inside else SEARCHES:
        expected = one.translate(list(SENTENCES), **({"beam_width": 1} if inside else asked))
        assert told(opened.translate(list(SENTENCES), **asked)) == told(expected)
    assert opened.trial(9, 1) == one.trial(9, 1)


@pytest.mark.parametrize(
    ("name", "form"), [("onnx", "step"), ("onnx", "generate"), ("tflite", "step"), ("tflite", "generate")]
)
def test_int8(name, form, tmp_path, monkeypatch):
    monkeypatch.delenv("ZOO_DATA", raising=False)
    export.save(tiny(), tmp_path / NAMES[name], form=form, quantize="int8")
    assert "int8" in export.inspect(tmp_path / NAMES[name]).precision
    assert zoo.load(tmp_path / NAMES[name]).translate(SENTENCES[0]).source == SENTENCES[0]
