import json
from dataclasses import replace

import numpy as np
import pytest

import zoo
from zoo.core.recipe import Recipe
from zoo.errors import MissingExtra, PresetError, VerificationError
from zoo.networks.transfer import weights
from zoo.presets.preset import write


def test_preset_is_the_model_it_was_written_from(preset, tiny):
    model = zoo.load(preset)
    half = weights(tiny.engine.network)  # as stored: float16
    for path, array in weights(model.engine.network).items():
        np.testing.assert_array_equal(array, half[path])
    assert model.codec.to_json() == tiny.codec.to_json()
    assert zoo.info(preset) == model.card


def flip(path, at=-20):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


DAMAGE = {
    "weights flipped": lambda p: flip(p / "weights.safetensors"),
    "weights truncated": lambda p: (p / "weights.safetensors").write_bytes(
        (p / "weights.safetensors").read_bytes()[:100]
    ),
    "weights missing": lambda p: (p / "weights.safetensors").unlink(),
    "weights a folder": lambda p: ((p / "weights.safetensors").unlink(), (p / "weights.safetensors").mkdir()),
    "card edited": lambda p: edit(p / "card.json", epochs=999),
    "card empty": lambda p: (p / "card.json").write_text(""),
    "card not text": lambda p: (p / "card.json").write_bytes(b"\xff\xfe" * 9),
    "card a list": lambda p: (p / "card.json").write_text("[]"),
    "card missing": lambda p: (p / "card.json").unlink(),
    "codec edited": lambda p: edit(p / "codec.json", low=10),
    "codec empty": lambda p: (p / "codec.json").write_text(""),
    "codec missing": lambda p: (p / "codec.json").unlink(),
    "all missing": lambda p: [q.unlink() for q in p.iterdir()],
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_named_with_a_remedy(preset, case):
    DAMAGE[case](preset)
    with pytest.raises(PresetError, match="copy or train the preset again") as caught:
        zoo.load(preset)
    assert str(preset) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"architecture": "lstm9"}, "install the package that adds it, or update rnn-zoo$"),
        ({"recipe": Recipe(units=13, embedding=3)}, "another network"),
    ],
)
def test_card_of_another_network(preset, changes, word):
    card = replace(zoo.info(preset), **changes)
    (preset / "card.json").write_text(card.to_json())
    with pytest.raises(PresetError, match=word):
        zoo.load(preset)


def test_name_is_no_path(preset):
    (preset / "card.json").write_text(replace(zoo.info(preset), name="../../escaped").to_json())
    with pytest.raises(PresetError, match="not that of a model"):
        zoo.load(preset)


def test_unknown_task_is_a_preset_error(preset):
    (preset / "card.json").write_text(replace(zoo.info(preset), task="weather").to_json())
    with pytest.raises(PresetError, match="weather"):
        zoo.load(preset)


def test_does_not_replace_what_is_not_a_preset(tmp_path, tiny):
    for name, make in {
        "folder": lambda p: (p.mkdir(), (p / "thesis.txt").write_text("x")),
        "file": lambda p: p.write_text("x"),
    }.items():
        make(tmp_path / name)
        with pytest.raises(PresetError, match="not a preset folder"):
            write(tmp_path / name, tiny.card, tiny.codec, {})
    assert (tmp_path / "folder/thesis.txt").read_text() == "x"


def test_rewrites_a_preset_whole_or_not_at_all(tmp_path, preset, tiny, monkeypatch):
    before = {p.name: p.read_bytes() for p in preset.iterdir()}

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_text", full)
        with pytest.raises(zoo.DataError, match="No space left"):
            write(preset, tiny.card, tiny.codec, {"a": np.zeros(2)})
    assert {p.name: p.read_bytes() for p in preset.iterdir()} == before
    assert [p.name for p in preset.parent.iterdir()] == ["preset"]
    (tmp_path / "log.csv").write_text("new\n")
    write(preset, tiny.card, tiny.codec, weights(tiny.engine.network), [tmp_path / "log.csv"])
    assert (preset / "log.csv").read_text() == "new\n"


@pytest.mark.parametrize(
    "error",
    [
        MissingExtra("a graph needs tf2onnx"),
        VerificationError("parity", "it differs"),
        PresetError("operator STFT is not accepted"),
        RuntimeError("of another package\nin two lines"),
    ],
)
def test_a_training_is_not_lost_if_there_can_be_no_graph(tmp_path, tiny, error):
    def add_graph(_):
        raise error

    with pytest.warns(
        UserWarning, match=r"mine has no graph for ONNX Runtime \([a-zA-Z 2:]+\): it runs on Keras until `zoo graph"
    ):
        card = write(tmp_path / "mine", tiny.card, tiny.codec, weights(tiny.network), add_graph=add_graph)
    assert (card, card.graph_sha256) == (zoo.info(tmp_path / "mine"), "")
