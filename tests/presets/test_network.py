import json

import numpy as np
import pytest

from zoo.errors import PresetError
from zoo.networks.transfer import weights
from zoo.presets.network import network
from zoo.presets.preset import read


def test_the_network_has_the_stored_weights(preset, tiny):
    half = weights(tiny.network)
    for path, array in weights(network(read(preset))).items():
        np.testing.assert_array_equal(array, half[path])


def test_weights_are_read_before_anything_is_built(preset, monkeypatch):
    monkeypatch.setattr("zoo.networks.build.network", lambda *_: pytest.fail("built"))
    opened = read(preset)
    (preset / "weights.safetensors").write_bytes(json.dumps({}).encode())
    with pytest.raises(PresetError, match="copy or train the preset again"):
        network(opened)
