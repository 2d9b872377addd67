import json

import pytest

import zoo
from tests.training.runs import FEW_STEPS, SMALL, column
from zoo.training import callbacks, fit

pytestmark = FEW_STEPS


def test_few_steps_are_noticed(folder, tmp_path):
    with pytest.warns(UserWarning, match="only 3 optimizer steps"):
        zoo.train("lstm_music", out=tmp_path / "w", data=folder, epochs=1, verbose=False, **SMALL)


def test_early_stopping(folder, tmp_path, monkeypatch):
    class Worse(callbacks.Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, {**logs, self.monitor: float(epoch)})

    monkeypatch.setattr(fit, "Checkpoint", Worse)
    card = zoo.train("lstm_music", out=tmp_path / "d", data=folder, epochs=9, patience=2, verbose=False, **SMALL)
    assert card.epochs == 3
    assert json.loads((tmp_path / "d/checkpoint/state.json").read_text())["best_epoch"] == 1


SETTINGS = {
    "averaged, smoothed, mixed": {"ema": 0.8, "label_smoothing": 0.1, "precision": "mixed_bfloat16"},
    "carried, recurrent dropout": {"carry": True, "window": 4, "dropout_recurrent": 0.3, "variational": True},
    "whole pieces": {"window": 0, "batch": 2, "warmup": 0},
    "compiled": {"xla": True, "steps_per_execution": 2, "schedule": "linear"},
    "mixed, scaled": {"precision": "mixed_float16", "ema": 0.8},
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_train_and_keep_what_was_validated(settings, folder, tmp_path):
    changes = SMALL | {"epochs": 3} | SETTINGS[settings]
    card = zoo.train("gru_music", out=tmp_path / "s", data=folder, verbose=False, **changes)
    losses = column(tmp_path / "s", "val_nats")
    assert losses[-1] < 0.97 * losses[0]
    tolerance = 0.02 if "mixed" in settings else 2e-3
    assert card.metrics["valid"]["nats_per_token"] == pytest.approx(min(losses), abs=tolerance)
    assert {key: getattr(card.recipe, key) for key in changes} == changes
