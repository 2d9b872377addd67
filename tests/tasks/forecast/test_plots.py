import numpy as np
import pytest

from tests.tasks.forecast.forecasters import fake, waves
from zoo.errors import ArgumentError
from zoo.tasks.forecast import plots
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.time_index import TimeIndex

HOURLY = TimeIndex(np.datetime64("2024-01-01", "us"), 3_600 * 10**6)


@pytest.fixture
def drawn(monkeypatch):
    kept = []
    monkeypatch.setattr(plots, "save", lambda figure, path: kept.append(figure) or path)
    return kept


def test_a_forecast_is_a_line_and_bands_behind_the_past(drawn, tmp_path):
    series = [Series("a$b", waves()[0], HOURLY), Series("b", waves(seed=1)[0])]
    forecast = fake().forecast(series, 12, (0.05, 0.1, 0.9, 0.95))
    forecast.plot(tmp_path / "x.png")
    first, second = drawn[0].axes
    assert [panel.get_title(loc="left") for panel in (first, second)] == [r"a\$b", "b"]
    past, median = second.lines
    assert past.get_xdata().tolist() == list(range(192, 240))
    assert median.get_xdata().tolist() == list(range(239, 252))
    assert np.array_equal(median.get_ydata()[1:], forecast.median[1])
    assert [band.get_label() for band in second.collections] == ["90 %", "80 %"]


def test_anomalies_are_marked(drawn, tmp_path):
    found = fake().score([1.0] * 30 + [1.1] * 30 + [9.0] + [1.1] * 20)
    found.plot(tmp_path / "x.png", 1e-6)
    line, marks = drawn[0].axes[0].lines
    assert len(line.get_xdata()) == 81
    assert 60 in marks.get_xdata()


def test_files_are_pictures_of_few_series(tmp_path):
    forecast = fake().forecast(waves(25).T, 4)
    assert forecast[:2].plot(tmp_path / "x.png").stat().st_size > 10_000
    with pytest.raises(ArgumentError, match="at most 24 series, not 25"):
        forecast.plot(tmp_path / "x.png")
    with pytest.raises(ArgumentError, match="x.txt"):
        forecast[0].plot(tmp_path / "x.txt")
