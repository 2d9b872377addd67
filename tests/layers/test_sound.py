import numpy as np
import pytest

from zoo.core.mel import WINDOW, filters
from zoo.layers.sound import LogMel


@pytest.mark.parametrize(("bands", "most"), [(40, 300), (64, 1000)])
def test_transform_is_numpys(bands, most):
    windows = np.random.default_rng(0).standard_normal((1, 3, WINDOW)).astype(np.float32)
    layer = LogMel(np.zeros(bands), np.ones(bands), most)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    expected = np.abs(np.fft.rfft(windows * hann)) ** 2
    power = np.asarray(layer._power((windows * hann).reshape(1, 3, 20, 20).astype(np.float32)))
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-3)
    whole = np.zeros((WINDOW // 2 + 1, bands), np.float32)
    column = 0
    for low, high, part in layer.groups:
        assert part.size <= most  # numbers; of more than 1000 they would be stored in int8
        whole[low:high, column : column + part.shape[1]] = part
        column += part.shape[1]
    np.testing.assert_array_equal(whole, filters(bands))
    assert LogMel.from_config(layer.get_config()).most == most
