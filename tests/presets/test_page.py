import json
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

import zoo
from export.formats import Options
from export.verification.verify import tolerance_of
from tests.conftest import tiny_model
from zoo.core.calibration import Calibration
from zoo.core.task import find as find_task
from zoo.networks.transfer import weights
from zoo.presets.__main__ import reseal
from zoo.presets.catalog import find
from zoo.presets.page import MEASURES, REST, page
from zoo.presets.preset import read_card, write

SHIPPED = zoo.list_models(pretrained=True)


def test_page_of_ones_own_preset(preset):
    """It has what is known: no sample, no artifacts, no figures of others."""
    text = zoo.page(preset)
    assert text.startswith("# lstm_music\n")
    for part in (
        "## Network",
        "1 layer of 12 units",
        r"c_t = f_t \odot c_{t-1}",
        "Hochreiter",
        "## Training",
        "units 12",
    ):
        assert part in text
    for part in ("## Artifacts", "## Sample", "TonicNet", "## Limits"):
        assert part not in text


def test_what_a_card_says_is_no_markup(preset):
    """A name of data, a licence and a command of somebody else make no headings, links, tables or tags."""
    card = read_card(preset)
    odd = {"name": "a\n# b|c", "licence": "[x](javascript:1) <script>", "\x1b[2J": "`"}
    card = replace(
        card, data=odd, licence="\n\n## Results", command="zoo train ``` \n# x", metrics={"te|st\n": {"nats": 1.0}}
    )
    (preset / "card.json").write_text(card.to_json())
    text = zoo.page(preset)
    assert "<script" not in text
    assert "[x](java" not in text
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# lstm_music", "## Network", "## Results", "## Training", "## Data and licence"
    ]  # fmt: skip
    assert text.count("```") == 4


def test_page_tells_what_confidences_are_worth(preset):
    assert "## Confidence" not in zoo.page(preset)
    known = dict.fromkeys(MEASURES, 0.5)
    calibration = Calibration(0.75, 0.4, 0, {"valid": known, "noise": {"pieces": 30, "accepted": 0.1}})
    reseal(preset, calibration)
    text = zoo.page(preset)
    assert "temperature that it is made with, 0.75," in text
    assert "less than 0.4," in text
    assert re.search(r"\| valid +\|( 0.5 +\|){9}", text)
    assert re.search(r"\| noise +\| 30 +\| 0.1 +\|", text)


def test_page_tells_the_layer_before_the_logits(tmp_path):
    model = tiny_model("bilstm")
    write(tmp_path, model.card, model.codec, weights(model.engine.network))
    text = zoo.page(tmp_path)
    assert "5 units that see these and the vectors" in text
    assert r"g_t = \max(0, W_g [x_t; \overrightarrow{h}_t; \overleftarrow{h}_t] + b_g)" in text
    assert "DeepBach" in text


@pytest.mark.parametrize("name", SHIPPED)
def test_committed_page_is_the_model_s(name):
    assert (find(name).folder / "README.md").read_text(encoding="utf-8") == zoo.page(name)


@pytest.mark.parametrize("name", SHIPPED)
def test_page_says_what_the_card_and_the_measurement_say(name):
    card, text = zoo.info(name), zoo.page(name)
    for value in card.metrics["test"].values():
        assert f"{value:.4f}" in text or float(value).is_integer()
    found = json.loads((find(name).folder / "artifacts.json").read_text())
    before = card.metrics["test"][found["metric"]]
    formats = {(row["format"], row["precision"]) for row in found["rows"]}
    assert {("Keras", "float32"), ("ONNX", "float32"), ("TFLite", "float32"), ("SavedModel", "float32")} <= formats
    for row in found["rows"]:
        assert f"{row['metric']:.4f}" in text
        task = find(name).task
        share, points = task.quantized_loss
        precision = row["precision"].split(",")[0]
        if precision != "int8":
            share, points = 1e-4, points / 5  # of speech a rounding may turn a letter or two
        assert task.worsening(found["metric"], before, row["metric"]) <= before * share + points
        quantize = None if precision == "float32" else precision
        assert row["parity"] <= tolerance_of(Options(quantize), SimpleNamespace(card=card))


def test_characters_are_told_in_bits_too():
    metrics = {"cold_nats_per_character": math.log(4), "tokens": 10}
    assert find_task("text").with_bits(metrics) == {**metrics, "cold_bits_per_character": 2.0}
    assert find_task("music").with_bits(metrics) == metrics


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("artifacts.json", "[]", "a list of 0: give an object with unit, metric, note, rows"),
        ("artifacts.json", '{"unit": "s", "metric": "m", "note": "", "rows": [{"MB": "1"}]}', "missing fields of rows"),
        ("errors.json", '{"tables": [{"title": "t", "heads": ["h"], "rows": ["r"]}]}', r"rows\[0\]='r': give a list"),
        ("errors.json", "{", "no JSON"),
        ("sample.txt", "\xff", "UTF-8"),
    ],
)
def test_figures_and_samples_that_are_none_are_named(preset, name, text, reason):
    (preset / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(zoo.PresetError, match=f"{name}.*{reason}.*remove it"):
        zoo.page(preset)


def test_the_page_of_an_installed_package_has_what_is_there(tmp_path, monkeypatch):
    """No link to what is not in the wheel, and a line that says where that is."""
    source = find("lstm_video").folder
    for name in ("card.json", "codec.json", "weights.safetensors"):
        (tmp_path / "lstm_video").mkdir(exist_ok=True)
        (tmp_path / "lstm_video" / name).symlink_to(source / name)
    monkeypatch.setattr("zoo.presets.page.SHIPPED", tmp_path)
    whole, text = (source / "README.md").read_text(encoding="utf-8"), page(tmp_path / "lstm_video")
    assert "](" not in text
    assert text.endswith(f"\n\n{REST}\n")
    assert REST not in whole
    assert {line for line in text.splitlines() if line.startswith("#")} == {
        line
        for line in whole.splitlines()
        if line.startswith("#") and line not in ("## Sample", "## Errors", "## Artifacts")
    }
