import json

import numpy as np

import zoo
from tests.cli.calls import call
from zoo.models.model import Model


def test_list():
    result = call("list")
    assert result.exit_code == 0
    for name in zoo.list_models():
        assert name in result.output
    shipped = call("list", "lstm_*", "--pretrained").output
    card = zoo.info("lstm_music")
    assert f"{card.metrics['test']['nats_per_step']:.3f}" in shipped
    assert "gru_music" not in shipped
    assert call("list", "xyz").exit_code == 1


def test_info():
    result = call("info", "lstm_music")
    assert result.exit_code == 0
    assert call("info", "nothing.onnx").exit_code == 1
    for word in ("weights_sha256", "nats_per_step", "command", "licence"):
        assert word in result.output


def test_evaluate_as_json(preset, monkeypatch):
    """The numbers themselves, not rounded, and nothing else."""
    monkeypatch.setattr(Model, "evaluate", lambda *_: {"nats_per_step": 0.123456789, "count": np.int64(3)})
    result = call("evaluate", preset, "--split", "valid", "--json")
    assert json.loads(result.stdout) == {
        "model": "lstm_music", "task": "music", "split": "valid", "metrics": {"nats_per_step": 0.123456789, "count": 3}
    }  # fmt: skip
    assert "0.1235" in call("evaluate", preset).stdout
