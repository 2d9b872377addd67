import numpy as np
import pytest

import zoo
from tests.training.runs import FEW_STEPS, SMALL
from zoo.errors import ArgumentError, TrainingError

pytestmark = FEW_STEPS


def test_start_of_another_kind_leaves_the_folder_free(run, folder, tmp_path):
    with pytest.raises(TrainingError, match="same kind"):
        zoo.train("gru_music", out=tmp_path / "g", data=folder, start=run[0] / "preset", verbose=False)
    assert not (tmp_path / "g").exists()


def test_fine_tuning_starts_from_the_weights(run, folder, tmp_path):
    out, card = run
    tuned = zoo.train(
        "lstm_music", out=tmp_path / "e", data=folder, start=out / "preset", epochs=1, batch=8, window=8, verbose=False
    )
    assert tuned.recipe.units == card.recipe.units
    assert tuned.metrics["valid"]["nats_per_token"] < card.metrics["valid"]["nats_per_token"] + 0.1
    with pytest.raises(ArgumentError, match="units: those of the model to start from"):
        zoo.train("lstm_music", out=tmp_path / "f", data=folder, start=out / "preset", units=9, verbose=False)
    with pytest.raises(ArgumentError, match="units: those of the model to start from"):
        zoo.train("lstm_music", out=tmp_path / "e", resume=True, units=9, verbose=False)


def test_frozen_layers_stay(run, folder, tmp_path):
    options = {
        "data": folder,
        "start": run[0] / "preset",
        "epochs": 1,
        "verbose": False,
        **{k: SMALL[k] for k in ("batch", "window")},
    }
    card = zoo.train("lstm_music", out=tmp_path / "z", freeze=["embedding", "recurrent_0"], **options)
    before, after = (zoo.load(path / "preset").engine.network for path in (run[0], tmp_path / "z"))
    for old, new in zip(before.weights, after.weights, strict=True):
        assert np.array_equal(old, new) == ("y/" not in old.path), old.path
    assert "--freeze embedding --freeze recurrent_0" in card.command
    with pytest.raises(ArgumentError, match="'cell'.*embedding, recurrent_0, y"):
        zoo.train("lstm_music", out=tmp_path / "y", freeze=["cell"], **options)
