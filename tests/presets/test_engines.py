"""Presets on each engine: the same results, and the options that each has."""

import numpy as np
import pytest

import zoo
from zoo.errors import ArgumentError, PresetError


def test_both_engines_compute_the_same(preset):
    models = [zoo.load(preset, engine=engine) for engine in ("onnx", "keras")]
    assert [model.engine.name for model in models] == ["onnx", "keras"]
    x = models[0].codec.example(np.random.default_rng(0), 2, 5)
    state = models[0].engine.initial_state(2)
    (y, new), (expected, left) = (model.engine.step(x, state) for model in models)
    for a, b in zip([y, *new], [expected, *left], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    first, second = (model.generate(bars=1, seed=3) for model in models)
    assert first == second


def test_a_preset_of_an_earlier_release_runs_on_keras_and_says_so(earlier_preset):
    with pytest.warns(UserWarning, match=f"so it runs on Keras: `zoo graph {earlier_preset}` adds one"):
        assert zoo.load(earlier_preset).engine.name == "keras"
    with pytest.raises(PresetError, match="has no graph for ONNX Runtime"):
        zoo.load(earlier_preset, engine="onnx")
    with pytest.raises(PresetError, match="has no graph for ONNX Runtime"):
        zoo.load(earlier_preset, threads=2)


def test_the_network_is_found_from_another_working_folder(preset, monkeypatch):
    monkeypatch.chdir(preset.parent)
    model = zoo.load(preset.name)
    monkeypatch.chdir("/")
    assert model.network.count_params() == model.card.parameters


def test_options_of_the_runtime(preset):
    assert zoo.load(preset, threads=2).engine.name == "onnx"
    for options, message in (
        ({"threads": 0}, "threads"),
        ({"threads": 10**9}, "threads"),
        ({"providers": "CPU"}, "give a list of names"),
        ({"providers": 5}, "give a list of names"),
        ({"providers": ["NoProvider"]}, "NoProvider is not available"),
        ({"engine": "torch"}, "engine='torch': give one of onnx, keras"),
        ({"engine": "keras", "threads": 2}, "they are for ONNX Runtime"),
    ):
        with pytest.raises(ArgumentError, match=message):
            zoo.load(preset, **options)
