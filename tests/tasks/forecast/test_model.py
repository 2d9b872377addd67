import numpy as np
import pytest

from tests.tasks.forecast.forecasters import CDF, GRID, fake, waves
from zoo.core.calibration import Calibration
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.forecast.baselines import seasonal_naive
from zoo.tasks.forecast.series import Series

WAVES = waves(70)


def test_forecasts_of_many_series_are_those_of_each():
    model = fake()
    found = model.forecast(WAVES.T, horizon=30, quantiles=[0.9, 0.5, 0.1, 0.5])
    assert (found.levels, found.values.shape, found.median.shape) == ((0.1, 0.5, 0.9), (70, 30, 3), (70, 30))
    assert [len(lengths) for lengths, *_ in model.codec.calls] == [64, 6]
    assert {season for _, _, seasons, _ in model.codec.calls for season in seasons} == {(24, 168)}
    assert found.samples is None
    for i in (0, 69):
        alone = model.forecast(WAVES[i], 30)
        assert alone.values[0] == pytest.approx(found.values[i])
        assert alone.median[0] == pytest.approx(seasonal_naive(WAVES[i], 30, 24))
    assert (np.diff(found.values, axis=2) > 0).all()


def test_the_horizon_and_the_seasons_have_usual_values():
    model = fake()
    assert model.forecast(WAVES[0]).horizon == 48
    assert model.forecast(WAVES[0], season=12).horizon == 18
    model.forecast(WAVES[0], 5, season=12, long_season=20)
    model.forecast(WAVES[0], 5, long_season=20)
    assert [seasons for *_, seasons, _ in model.codec.calls] == [[(24, 168)], [(12, 12)], [(12, 20)], [(24, 20)]]


def test_samples_are_those_of_their_seed():
    model = fake()
    first, second, other = (model.forecast(WAVES[:3].T, 20, samples=500, seed=seed).samples for seed in (1, 1, 2))
    assert first.shape == (3, 500, 20)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    values = model.forecast(WAVES[:3].T, 20).values
    assert np.quantile(first, 0.9, 1) == pytest.approx(values[..., 2], abs=0.15)


def test_a_calibrated_model_has_wider_intervals_and_the_same_median():
    model, wide = fake(), fake()
    wide.card = type(model.card)(**{**vars(model.card), "calibration": Calibration(2.0)})
    before, after = model.forecast(WAVES[0]), wide.forecast(WAVES[0])
    assert np.array_equal(before.median, after.median)
    assert np.diff(after.values, axis=2) == pytest.approx(2 * np.diff(before.values, axis=2))
    assert wide.score(WAVES[0]).nll[0][-1] != model.score(WAVES[0]).nll[0][-1]


@pytest.mark.parametrize("stride", [1, 7])
def test_scores_find_what_does_not_belong(stride):
    values = WAVES[0].copy()
    values[150] += 4
    model = fake()
    found = model.score(values, stride=stride)
    assert np.isnan(found.nll[0][:24]).all()
    assert np.isfinite(found.nll[0][24:]).all()
    start = 24 + (150 - 24) // stride * stride  # of the forecast that judges the value
    past = values[:start]
    error = (values[150] - seasonal_naive(past, stride, 24)[150 - start]) / np.std(past[24:] - past[:-24])
    assert found.tail[0][150] == pytest.approx(2 * (1 - np.interp(error, GRID, CDF)), abs=1e-6)
    assert found.tail[0][150] < 1e-4
    assert 150 in found.anomalies(1e-4).columns()["ds"]


def test_filled_values_have_no_score():
    series = Series("x", WAVES[0], filled=np.arange(240) == 100)
    assert np.flatnonzero(np.isnan(fake().score(series).tail[0])).tolist() == [*range(24), 100]


def test_a_backtest_has_the_model_and_the_baselines():
    found = fake().backtest({"a": WAVES[0], "b": WAVES[1]}, horizon=12, windows=3)
    assert {*found.scores} == {"a", "b"}
    assert [*found.scores["a"]] == ["gru_forecast", "naive", "seasonal_naive"]
    assert found.overall["gru_forecast"]["smape"] == pytest.approx(found.overall["seasonal_naive"]["smape"])
    assert found.overall["gru_forecast"]["quantile_loss"] < found.overall["seasonal_naive"]["quantile_loss"]


def test_measures_are_by_corpus():
    pieces = [Series(f"h{i}", WAVES[i], horizon=24, corpus="hours", scaling=24) for i in range(5)]
    pieces += [Series(f"d{i}", WAVES[i], horizon=10) for i in range(5, 8)]
    found = fake().measure(pieces)
    metrics = ("smape", "mase", "owa", "quantile_loss", "coverage")
    assert [*found] == [*(f"hours_{name}" for name in metrics), *metrics, "tokens"]
    assert found["tokens"] == 150
    assert found["hours_mase"] == pytest.approx(1, abs=0.2)
    assert 60 < found["hours_coverage"] < 95
    assert found == pytest.approx(fake().measure(pieces[::-1]))
    for bad in ([], [Series("x", WAVES[0])]):
        with pytest.raises(ArgumentError, match="no values to forecast"):
            fake().measure(bad)


def test_calibration_gives_the_interval_its_coverage():
    pieces = [Series(f"h{i}", values, horizon=24) for i, values in enumerate(WAVES)]
    model = fake(width=0.4)
    assert model.measure(pieces)["coverage"] < 50
    calibration = model.calibrate(pieces)
    model.card = type(model.card)(**{**vars(model.card), "calibration": calibration})
    assert model.measure(pieces)["coverage"] == pytest.approx(80, abs=0.5)
    assert model.calibrate(pieces) == calibration


def test_known_covariates_reach_the_codec(tmp_path):
    model = fake(covariates="hour, price")
    rows = [f"2024-01-{1 + i // 24:02} {i % 24:02}:00,{'' if i >= 90 else i},{i % 5}" for i in range(96)]
    (tmp_path / "load.csv").write_text("\n".join(["ds,y,price", *rows]))
    assert model.forecast(tmp_path / "load.csv", 6, column="y").median.shape == (1, 6)
    assert model.codec.calls[0][3][0].shape == (96, 3)
    with pytest.raises(CodecError, match="96 values of the covariate price are known: give 97"):
        model.forecast(tmp_path / "load.csv", 7, column="y")


def test_a_trial_is_a_list_of_its_seed():
    for model in (fake(), fake(covariates="hour, price")):
        assert model.trial(5, 0) == model.trial(5, 0)
        assert len(model.trial(5, 0)) == 15
        assert model.trial(5, 0) != model.trial(5, 1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"horizon": 0}, ArgumentError, "horizon=0"),
        ({"horizon": 1e9}, ArgumentError, "horizon="),
        ({"samples": -1}, ArgumentError, "samples=-1"),
        ({"samples": 10**9}, ArgumentError, "samples="),
        ({"quantiles": []}, ArgumentError, "quantiles="),
        ({"quantiles": [0.5, 1]}, ArgumentError, "quantiles="),
        ({"quantiles": ["x"]}, ArgumentError, "quantiles="),
        ({"season": -1}, ArgumentError, "season=-1"),
        ({"data": [1.0, 2.0]}, CodecError, "series has 2 values: give at least 3"),
    ],
)
def test_what_cannot_be_forecast_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        fake().forecast(**{"data": WAVES[0], **options})


def test_a_series_may_be_too_short_to_score():
    with pytest.raises(CodecError, match="series has 3 values"):
        fake().score([1.0, 2.0, 3.0])
