"""The whole forecast as one Keras model: as NumPy computes it, and exportable."""

import keras
import numpy as np
import pytest

from tests.tasks.forecast.forecasters import waves
from zoo import export
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.networks.build import network
from zoo.networks.keras_engine import KerasEngine
from zoo.tasks.forecast.codec import SeriesCodec
from zoo.tasks.forecast.model import Forecaster

HORIZON, SAMPLES = 6, 5


def forecaster(architecture="gru", covariates=""):
    keras.utils.set_random_seed(0)
    codec, recipe = SeriesCodec(covariates, context=16), Recipe(8, 1, head=4)
    net = network(ARCHITECTURES[architecture], codec, recipe)
    for weight in net.weights:
        weight.assign(1.5 * keras.ops.convert_to_numpy(weight))
    return Forecaster(Card(f"{architecture}_forecast", architecture, "forecast", recipe, 0), codec, KerasEngine(net))


def arrays(model, values):
    whole = model.inputs[0].shape[1]
    history, known = np.zeros((2, 1, whole), np.float32)
    history[0, -len(values) :], known[0, -len(values) :] = values[-whole:], 1
    normals = np.random.default_rng(1).standard_normal((1, SAMPLES, HORIZON)).astype(np.float32)
    return history, known, normals


@pytest.mark.parametrize("architecture", ["lstm", "bilstm"])
def test_the_same_as_numpy(architecture, tmp_path):
    model, [values] = forecaster(architecture), waves(length=90)
    whole = model.rollout(HORIZON, (24, 24), (0.1, 0.5, 0.9), SAMPLES)
    given = arrays(whole, values)
    found = {name: keras.ops.convert_to_numpy(value) for name, value in whole(list(given)).items()}
    right = model.forecast(values, HORIZON, season=24)
    assert np.allclose(found["quantiles"][0], right.values[0], atol=1e-3)
    x = model.codec.inputs([values], HORIZON, [(24, 24)])
    y, _ = model.engine.step(x, model.engine.initial_state(1))
    paths = model.codec.distribution([values], HORIZON, [(24, 24)], y).sample(given[2])
    assert np.allclose(found["paths"], paths, atol=1e-3)
    whole.save(tmp_path / "whole.keras")
    again = keras.saving.load_model(tmp_path / "whole.keras")(list(given))
    assert np.allclose(again["quantiles"], found["quantiles"], atol=1e-5)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_export(suffix, tmp_path):
    [values] = waves(length=200)
    whole = forecaster().rollout(HORIZON, (24, 24), (0.1, 0.5, 0.9), SAMPLES)
    export.save(whole, tmp_path / f"whole{suffix}")
    history, known, normals = arrays(whole, values)
    found = export.load(tmp_path / f"whole{suffix}")(history=history, known=known, normals=normals)
    assert np.allclose(found["paths"], keras.ops.convert_to_numpy(whole([history, known, normals])["paths"]), atol=1e-4)


def test_covariates_are_refused():
    with pytest.raises(ArgumentError, match="covariates"):
        forecaster(covariates="hour").rollout(HORIZON)
