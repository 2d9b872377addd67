import numpy as np
import pytest

from tests.tasks.forecast.forecasters import waves
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.forecast import metrics
from zoo.tasks.forecast.backtest import LEVELS, METRICS, errors, run, summary
from zoo.tasks.forecast.baselines import naive, seasonal_naive
from zoo.tasks.forecast.series import Series

SERIES = [Series(f"s{i}", values) for i, values in enumerate(waves(2))]


def flat(series, horizon, levels):
    """The last value, and an interval of 2 on both sides of it."""
    spread = np.interp(levels, [0.1, 0.5, 0.9], [-2, 0, 2])
    return np.stack([np.tile(one.values[-1] + spread, (horizon, 1)) for one in series])


def test_each_window_is_forecast_from_what_was_known():
    asked = []
    found = run(SERIES, 12, 3, 6, "flat", lambda series, *rest: asked.extend(series) or flat(series, *rest))
    assert [(one.name, len(one), one.horizon) for one in asked] == [
        (name, length, 0) for name in ("s0", "s1") for length in (216, 222, 228)
    ]
    values = SERIES[0].values
    smape = [metrics.smape(values[end : end + 12], np.full(12, values[end - 1])) for end in (216, 222, 228)]
    assert found.scores["s0"]["flat"]["smape"] == pytest.approx(np.mean(smape))
    assert found.scores["s0"]["naive"]["smape"] == found.scores["s0"]["flat"]["smape"]
    seasonal = [
        metrics.mase(values[end : end + 12], seasonal_naive(values[:end], 12, 24), values[:end], 24)
        for end in (216, 222, 228)
    ]
    assert found.scores["s0"]["seasonal_naive"]["mase"] == pytest.approx(np.mean(seasonal))
    inside = [np.abs(values[end : end + 12] - values[end - 1]) <= 2 for end in (216, 222, 228)]
    assert found.scores["s0"]["flat"]["coverage"] == pytest.approx(100 * np.mean(inside))


def test_a_backtest_is_a_table():
    found = run(SERIES, 12, 2, 12, "flat", flat)
    columns = found.columns()
    assert [*columns] == ["unique_id", "method", *METRICS]
    assert columns["unique_id"].tolist() == ["s0"] * 3 + ["s1"] * 3 + ["all"] * 3
    assert columns["smape"][6] == pytest.approx(columns["smape"][[0, 3]].mean())
    assert np.isnan(columns["coverage"][7])
    assert len(run(SERIES[:1], 12, 2, 12, "flat", flat).columns()["method"]) == 3
    assert str(found).splitlines()[2].split()[:2] == ["s0", "flat"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ((12, 20, 12), CodecError, "s0 has 240 values: a backtest of 20 windows of 12 steps needs at least 265"),
        ((12, 0, 12), ArgumentError, "windows=0"),
        ((12, 1, 0), ArgumentError, "stride=0"),
    ],
)
def test_series_that_are_too_short_are_named(options, error, message):
    with pytest.raises(error, match=message):
        run(SERIES, *options, "flat", flat)


def test_a_summary_is_relative_to_naive2():
    piece = SERIES[0].until(240, 24)
    good, bad = (errors(piece, f(piece.history, 24, 24)) for f in (seasonal_naive, naive))
    found = summary([(good, bad)])
    assert [*found] == ["smape", "mase", "owa", "quantile_loss", "coverage"]
    assert found["owa"] == pytest.approx((good["smape"] / bad["smape"] + good["mase"] / bad["mase"]) / 2)
    assert np.isnan(good["coverage"])
    assert good["quantile_loss"] == pytest.approx(
        metrics.mae(piece.target, seasonal_naive(piece.history, 24, 24)) / np.abs(piece.target).mean()
    )
    assert len(LEVELS) == 9
