"""Series ↔ arrays: what a network sees of a series, and the distributions that its outputs stand for."""

import numpy as np
import pytest

from zoo.core.recipe import Recipe
from zoo.errors import CodecError
from zoo.tasks.forecast.codec import SeriesCodec, make_codec
from zoo.tasks.forecast.distribution import ForecastCodec
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.steps import FEATURES
from zoo.tasks.forecast.time_index import TimeIndex

CODEC, DAY = SeriesCodec(), (24, 168)
HOURLY = TimeIndex(np.datetime64("2020-01-01", "us"), 3_600 * 10**6)


def wave(length=500, seed=0):
    rng = np.random.default_rng(seed)
    return 20 + 5 * np.sin(np.arange(length) * np.pi / 12) + rng.standard_normal(length)


def test_protocol_and_description():
    assert isinstance(CODEC, ForecastCodec)
    assert vars(SeriesCodec.from_json(SeriesCodec("hour,price").to_json())) == vars(SeriesCodec("hour,price"))
    assert sum(column["size"] for column in SeriesCodec("hour,price").columns()) == FEATURES + 3
    assert all(CODEC.describe(Recipe(1, 1)))


@pytest.mark.parametrize("change", [{"candidates": ["x"] * 14}, {"context": 0}, {"type": "text"}, {"more": 1}])
def test_other_descriptions_are_refused(change):
    with pytest.raises(CodecError, match="no description"):
        SeriesCodec.from_json(CODEC.to_json() | change)


def test_what_is_to_be_forecast_is_hidden():
    values = wave()
    shown = [
        CODEC.encode([Series("a", v, horizon=48, seasons=DAY)])[0] for v in (values, np.r_[values[:-48], [9] * 48])
    ]
    assert np.array_equal(*shown)
    assert np.array_equal(shown[0], CODEC.inputs([values[:-48]], 48, [DAY]))


@pytest.mark.parametrize("values", [[3.0] * 50, [0.0] * 50, [1.0, 2.0, 4.0], [1e300, -1e300] * 9])
def test_short_and_flat_series(values):
    x = CODEC.inputs([np.array(values)], 5, [(1, 1)])
    y = np.zeros((1, x.shape[1], CODEC.classes), np.float32)
    found = CODEC.distribution([np.array(values)], 5, [(1, 1)], y).quantile([0.1, 0.5, 0.9])
    assert np.isfinite(x).all()
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) > 0).all()


def test_targets():
    pieces = [Series("a", wave(), horizon=48, seasons=DAY), Series("b", wave(90, 1), horizon=13, seasons=(52, 52))]
    x, y = CODEC.encode(pieces)
    assert (x.shape, y.shape) == ((2, 224, FEATURES), (2, 224, 17))
    assert [int(row.sum()) for row in y[..., 0]] == [48, 13]
    recent = pieces[0].history[-168:]
    spread = np.abs(recent - recent.mean()).mean()
    assert np.allclose(y[0, -48:, 1], (pieces[0].target - recent.mean()) / spread, atol=1e-4)
    assert (y[y[..., 0] > 0, 2] > 0).all()


def test_covariates():
    codec = make_codec([Series("a", wave(), HOURLY, known="hour,price")])
    piece = Series("a", wave(), HOURLY, {"price": np.arange(500.0)}, horizon=24, seasons=DAY)
    x, _ = codec.encode([piece])
    assert x.shape[2] == codec.features == FEATURES + 3
    assert np.allclose(x[0, :, FEATURES + 1].max(), 1)
    assert (np.diff(x[0, :, -1]) > 0).all()
    with pytest.raises(CodecError, match="price"):
        codec.encode([Series("a", wave(), HOURLY, horizon=24, seasons=DAY)])
