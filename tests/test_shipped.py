"""The shipped weights: their limits, the complete grid, and that each loads, runs and exports."""

import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest

import export
import zoo
from export.formats import formats
from tests.conftest import ROOT
from zoo.core.recipe import adjusted
from zoo.core.task import find, split_of
from zoo.presets.page import ARTIFACTS

SHIPPED = {  # name → most parameters, limit of its first metric on the test split: aimed at, or once reached
    "lstm_music": (3_000_000, 1.58),
    "gru_music": (3_000_000, 1.58),
    "rnn_music": (3_000_000, 1.76),
    "stacked_lstm_music": (3_000_000, 1.61),
    "lstm_text": (1_500_000, 1.54),
    "gru_text": (1_500_000, 1.54),
    "rnn_text": (1_500_000, 1.75),
    "stacked_lstm_text": (3_500_000, 1.4697),
    "bilstm_text": (1_500_000, 1.1),
    "bilstm_music": (3_000_000, 3.1),
    "lstm_speech": (1_500_000, 12.0),
    "gru_speech": (1_500_000, 12.0),
    "stacked_lstm_speech": (1_500_000, 12.0),
    "bilstm_speech": (1_500_000, 6.0),
    "rnn_speech": (1_500_000, 12.0),
    "lstm_video": (1_500_000, 92.5),
    "gru_video": (1_500_000, 92.5),
    "rnn_video": (1_500_000, 91.0),
    "stacked_lstm_video": (1_500_000, 92.5),
    "bilstm_video": (1_500_000, 92.0),
    "rnn_forecast": (300_000, 8.4),
    "lstm_forecast": (300_000, 8.5),
    "gru_forecast": (300_000, 8.3),
    "bilstm_forecast": (300_000, 8.4),
    "stacked_lstm_forecast": (300_000, 8.4),
    "rnn_keyword": (150000, 91.0),
    "lstm_keyword": (150000, 94.5),
    "gru_keyword": (60000, 93.5),
    "bilstm_keyword": (150000, 95.0),
    "stacked_lstm_keyword": (150000, 94.0),
}


CALIBRATED = ("keyword", "speech", "video")
TRIAL_STEPS = 100


def test_every_shipped_model_has_its_limits():
    assert set(SHIPPED) == set(zoo.list_models(pretrained=True))


TASKS = ("text", "music", "video", "speech", "forecast", "keyword")
GRID = [f"{architecture}_{task}" for task in TASKS for architecture in zoo.ARCHITECTURES]
FIRST = [
    f"{architecture}_{task}" for architecture, task in zip(itertools.cycle(zoo.ARCHITECTURES), TASKS, strict=False)
]
"""One model of each task and of each architecture, which the quick tests export; `make test-slow` exports the others."""


EVERY = [*GRID, *(name for name in SHIPPED if name not in GRID)]


def test_the_grid_is_complete():
    assert len(GRID) == 30
    assert set(GRID) <= set(zoo.list_models(pretrained=True))


@pytest.mark.parametrize("name", [*FIRST, *(pytest.param(n, marks=pytest.mark.slow) for n in EVERY if n not in FIRST)])
def test_the_grid_loads_runs_and_exports(name, data, tmp_path, monkeypatch, quick):
    """Both engines and artifacts do on a real piece what Keras does; at fewer sizes than `export.save` compares them at.

    Each model is exported to ONNX and, in turn, to TFLite or a SavedModel: either has every architecture and every task.
    The tables of all three are on the pages of the models.
    """
    if not name.startswith("lstm_"):  # a SavedModel has more to call in one model of each task
        monkeypatch.setitem(formats(), "saved_model", replace(formats()["saved_model"], faces=1))
    model, task = zoo.load(name, engine="keras"), find(zoo.info(name).task)
    usual = zoo.load(name)
    assert (usual.engine.name, usual.codec.to_json()) == ("onnx", model.codec.to_json())
    assert usual.trial(TRIAL_STEPS, seed=7) == model.trial(TRIAL_STEPS, seed=7)
    for protocol in [*task.protocols][1:]:
        monkeypatch.delitem(task.protocols, protocol)
    pieces = split_of(task, "test", progress=False)[:1]
    if task.name == "text":
        pieces = [replace(pieces[0], ids=np.asarray(pieces[0].ids)[:5000])]
    expected = model.measure(pieces)
    assert usual.measure(pieces) == pytest.approx(expected, rel=1e-4, abs=1e-4)
    for file in ("m.onnx", ("m.tflite", "saved")[sum(divmod(EVERY.index(name), len(zoo.ARCHITECTURES))) % 2]):
        export.save(model, tmp_path / file)
        loaded = export.load(tmp_path / file)
        assert loaded.card.calibration == model.card.calibration
        found = loaded.measure(pieces)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights(name, data, monkeypatch):
    """The card says what the files hold; its first test figure was found twice, and for some pieces is found again.

    For the whole split `zoo evaluate` finds it again.
    """
    card, model, folder = zoo.info(name), zoo.load(name), ROOT / "zoo/weights" / name
    most, limit = SHIPPED[name]
    assert card.name == name
    assert card.parameters == model.network.count_params() <= most
    assert sum(p.stat().st_size for p in folder.iterdir()) < 7.5e6
    assert len((folder / "log.csv").read_text().splitlines()) == card.epochs + 1
    assert card.command.split()[:3] == ["zoo", "train", name]
    figures = card.calibration.figures
    assert bool(figures) == (card.task in CALIBRATED)
    assert all(row["right_rejected"] <= 0.1 for split, row in figures.items() if split == "valid")
    assert all(row["accepted"] <= 0.2 for row in figures.values() if "accepted" in row)
    settings = dict(setting.split("=") for setting in re.findall(r"--set (\S+)", card.command))
    assert adjusted(find(card.task).recipe(card.architecture), settings) == card.recipe
    assert card.data["licence"]
    pieces = split_of(find(card.task), "test", progress=False)
    counted = sum(getattr(piece, "horizon", len(piece)) for piece in pieces)  # of a series what is forecast
    assert card.metrics["test"]["tokens"] == model.codec.group * counted
    metric, told = next(iter(card.metrics["test"].items()))
    for protocol in [*find(card.task).protocols][1:]:  # step by step they take long
        monkeypatch.delitem(find(card.task).protocols, protocol)
    artifacts = json.loads((folder / ARTIFACTS).read_text())
    assert artifacts["metric"] == metric
    assert artifacts["rows"][0]["metric"] == pytest.approx(told, abs=1e-4)
    assert find(card.task).worsening(metric, limit, told) <= 0
    check = artifacts["check"]
    assert model.measure(pieces[: check["pieces"]])[metric] == pytest.approx(check["value"], abs=1e-4)


def test_shipped_chorale_sounds_like_one():
    piece = zoo.load("lstm_music").generate(bars=16, temperature=0.9, seed=7)
    sounding = piece.sounding()
    assert sounding.shape == (256, 4)
    assert (sounding >= 0).mean() > 0.9
    assert (np.diff(np.nanmean(np.where(sounding < 0, np.nan, sounding), axis=0)) < 0).all()  # voices in order
    assert len({note.pitch for note in piece.notes()}) > 15


def test_what_is_no_speech_is_rejected():
    asr, at = zoo.load("gru_speech"), np.arange(32_000) / 16_000
    chords = sum(np.sin(2 * np.pi * hz * at) * (np.sin(7 * at + hz) > 0) for hz in (220, 277, 330, 440)) / 5
    heard = asr.transcribe(chords)
    assert heard.text
    assert heard.rejected
    silent = [asr.transcribe(np.zeros(16_000, np.float32), lexicon=words) for words in (None, ["ZEBRA"])]
    assert [(one.text, one.rejected) for one in silent] == [("", False)] * 2
    assert asr.transcribe(chords, lexicon=["ZEBRA"]).confidence < 0.01


def test_noise_has_no_mouth():
    noise = np.random.default_rng(0).integers(0, 256, (50, 48, 96)).astype(np.uint8)
    with pytest.warns(UserWarning, match="no mouth was found"):
        found = zoo.load("gru_video").label(noise)
    assert (found.label, found.probability, found.rejected) == ("", 0, True)
