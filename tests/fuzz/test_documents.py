"""A few mutants of presets, run folders and manifests: nothing but the project's own errors comes of them."""

import json

import pytest

from tests.conftest import ROOT
from tests.fuzz.documents import Manifests, Outcomes, Presets, Runs, attack, without_checksum
from tests.fuzz.mutations import mutants, sampled


@pytest.mark.parametrize("name", ["rnn_music", "bilstm_text", "stacked_lstm_speech", "gru_video"])
def test_presets(tmp_path, name):
    outcomes = Outcomes()
    attack(Presets(tmp_path / name, *name.rsplit("_", 1)), outcomes, 12, seed=len(name), use=False)
    assert not outcomes.foreign
    assert outcomes.counts["refused"] >= 12


def test_run_folders(tmp_path):
    subject, outcomes = Runs(tmp_path / "run", "gru_text"), Outcomes()
    for done, text in sampled(subject.content, 30, seed=3):
        outcomes.attempt(done, lambda text=text: subject.read(text))
    assert not outcomes.foreign
    assert outcomes.counts["refused"] >= 15


def test_manifests(tmp_path):
    subject, outcomes = Manifests(ROOT / "tests/data/v0_1/lstm_music.onnx", tmp_path), Outcomes()
    for part in ("export", "card", "codec"):
        for done, text in sampled(subject.contents(part), 8, seed=4):
            outcomes.attempt(f"{part} {done}", lambda part=part, text=text: subject.read(part, text))
    assert not outcomes.foreign
    assert outcomes.counts["refused"] >= 12


def test_what_is_not_changed_is_read(tmp_path):
    """Otherwise every mutant would be refused for another reason."""
    subject = Presets(tmp_path / "lstm_music", "lstm", "music")
    for part in ("card", "codec"):
        assert subject.read(part, json.dumps(subject.contents(part)), use=False) == "read"
    run = Runs(tmp_path / "run", "gru_text")
    assert run.read(json.dumps(run.content)) == "read"
    manifest = Manifests(ROOT / "tests/data/v0_1/lstm_music.onnx", tmp_path)
    for part in ("export", "card", "codec"):
        assert manifest.read(part, json.dumps(manifest.contents(part))) == "used"


def test_mutants_change_every_field():
    content = {"a": 1, "b": {"c": ["x"]}}
    texts = {text for _, text in mutants(content)}
    for wanted in ({"b": {"c": ["x"]}}, {"a": 1, "b": {}}, {"a": None, "b": {"c": ["x"]}}, {"a": 1, "b": {"c": []}}):
        assert json.dumps(wanted) in texts
    assert any(text.count('"a": 1') == 2 for text in texts)
    assert list(sampled(content, 5, 1)) == list(sampled(content, 5, 1)) != list(sampled(content, 5, 2))
    assert without_checksum('{"card_sha256": 1, "a": 2}') == {"a": 2}
