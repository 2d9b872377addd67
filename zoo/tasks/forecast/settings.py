"""Settings of forecast models."""

from dataclasses import dataclass

from zoo.core.recipe import setting

MOST_SEASON, MOST_HORIZON = 1 << 20, 4_096


@dataclass(frozen=True)
class ForecastSettings:
    """How the user's own series are read and forecast."""

    season: int = setting(
        0, least=0, most=MOST_SEASON, reads_files=True, of_files=True,
        help="Short season of your own series in steps, such as 24. 0 finds it by the step, or by autocorrelation.",
    )  # fmt: skip
    long_season: int = setting(
        0, least=0, most=MOST_SEASON, reads_files=True, of_files=True,
        help="Long season of your own series in steps, such as 168. 0 finds it likewise.",
    )  # fmt: skip
    horizon: int = setting(
        0, least=0, most=MOST_HORIZON, reads_files=True, of_files=True,
        help="Steps to forecast of your own series. 0 takes a usual number for the season, such as 48 hours.",
    )  # fmt: skip
    columns: str = setting(
        "", reads_files=True, of_files=True,
        help="Columns of your own CSV files that are series, divided by commas. By default all that have numbers.",
    )  # fmt: skip
    time_column: str = setting(
        "", reads_files=True, of_files=True,
        help="Column of your own CSV files that holds the times. By default found by name and content.",
    )  # fmt: skip
    covariates: str = setting(
        "", reads_files=True, fixed=True,
        help="What is known ahead, divided by commas: hour, weekday, month, which follow from the times, or columns.",
    )  # fmt: skip
