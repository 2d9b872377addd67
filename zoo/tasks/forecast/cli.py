"""The commands `zoo forecast`, `zoo backtest` and `zoo anomalies`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from zoo.core.commands import Command, given, opens_models, show
from zoo.core.escaping import escaped
from zoo.core.session import OutputFiles, Session
from zoo.errors import ArgumentError

Function = TypeVar("Function", bound=Callable[..., Any])
DEFAULT = "gru_forecast"
"""Model that is used where none is named."""
OUTPUT_FORMATS = ("txt", "csv", "json")
FILE = click.Path(path_type=Path)


def commands() -> Sequence[click.Command]:
    """Return the commands of the task."""
    return forecast, backtest, anomalies


def _reads_series(command: Function) -> Function:
    """Add the arguments MODEL and DATA, and the options that say how series are read and results are written."""
    for option in reversed(
        (
            click.argument("words", nargs=-1, required=True, metavar="[MODEL] DATA"),
            click.option("--column", multiple=True, help="Column to read; may be repeated. [all that have numbers]"),
            click.option("--time-column", help="Column with the times. [found by name and content]"),
            click.option("--season", type=int, help="Steps of the short season, such as 24. [found]"),
            click.option("--long-season", type=int, help="Steps of the long season, such as 168. [found]"),
            click.option("--output-format", type=click.Choice(OUTPUT_FORMATS), help="What is printed. [txt]"),
            click.option("--out", type=FILE, help="File to write instead of printing (.csv, .json, .txt)."),
            opens_models,
        )
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@_reads_series
@click.option("--horizon", type=int, help="Steps to forecast. [a usual number for the season, such as 48 hours]")
@click.option("--quantiles", default="0.1,0.5,0.9", help="Levels of quantiles, divided by commas.")
@click.option("--plot", type=FILE, help="Plot to write (.png, .pdf, .svg).")
@click.pass_obj
def forecast(
    session: Session, words: tuple[str, ...], horizon: int | None, quantiles: str, plot: Path | None, **options: Any
) -> None:
    """Forecast the series in DATA, a CSV file, with MODEL.

    MODEL is a forecast model: a name, a preset folder or an artifact; without one it is gru_forecast. DATA has a row
    per time and a column per series, or the columns unique_id, ds and y. Few missing values are filled; times that
    come twice, out of order or at irregular steps are refused by row.

    \b
    Examples:
      zoo forecast load.csv --column load --horizon 48 --plot load.png
      zoo forecast lstm_forecast sales.csv --quantiles 0.05,0.5,0.95 --out sales_forecast.csv
      zoo forecast gru_forecast.onnx load.csv --output-format json
    """
    from zoo.tasks.forecast.result import Forecast

    _run(
        session, words, options, Forecast, plot,
        lambda model, data, reading: model.forecast(data, horizon, _numbers(quantiles), **reading),
    )  # fmt: skip


@click.command(cls=Command)
@_reads_series
@click.option("--horizon", type=int, help="Steps of each forecast. [a usual number for the season, such as 48 hours]")
@click.option("--windows", default=5, help="Forecasts of each series; the last one ends with it.")
@click.option("--stride", type=int, help="Steps from one forecast to the next. [the horizon]")
@click.pass_obj
def backtest(
    session: Session, words: tuple[str, ...], horizon: int | None, windows: int, stride: int | None, **options: Any
) -> None:
    """Forecast the end of the series in DATA with MODEL, and compare with the naive and the seasonal naive forecast.

    MODEL and DATA are those of `zoo forecast`. sMAPE and the coverage of the 80 % interval are in percent.

    \b
    Examples:
      zoo backtest load.csv --horizon 48 --windows 7
      zoo backtest runs/gru_forecast/preset sales.csv --out sales_backtest.csv
    """
    from zoo.tasks.forecast.backtest import Backtest

    _run(
        session, words, options, Backtest, None,
        lambda model, data, reading: model.backtest(data, horizon, windows, stride, **reading),
    )  # fmt: skip


@click.command(cls=Command)
@_reads_series
@click.option("--limit", default=1e-3, help="Largest tail probability of an anomaly; 1 prints all values in order.")
@click.option("--alarms", is_flag=True, help="Print instead the values that are unusual for their series, in order.")
@click.option("--stride", default=1, help="Values judged by one forecast; more take less time.")
@click.option("--plot", type=FILE, help="Plot to write (.png, .pdf, .svg).")
@click.pass_obj
def anomalies(
    session: Session, words: tuple[str, ...], limit: float, alarms: bool, stride: int, plot: Path | None, **options: Any
) -> None:
    """Find values of the series in DATA that MODEL finds unlikely after those before them.

    MODEL and DATA are those of `zoo forecast`. Printed are time, value, negative log-density and the probability of a
    value at least as far out, the least likely first. With --alarms, as a monitor would report them: those that are far
    less likely than was usual in the series, without those that follow at once.

    \b
    Examples:
      zoo anomalies load.csv --limit 1e-4 --plot anomalies.png
      zoo anomalies sensor.csv --alarms
      zoo anomalies gru_forecast sensor.csv --stride 12 --output-format csv
    """
    from zoo.tasks.forecast.scores import Scores

    _run(
        session, words, options, Scores, plot,
        lambda model, data, reading: model.score(data, stride, **reading),
        lambda scores: scores.alarms() if alarms else scores if limit >= 1 else scores.anomalies(limit),
        *((limit,) if plot else ()),
    )  # fmt: skip


def _run(
    session: Session, words: Sequence[str], options: dict[str, Any], kind: type, plot: Path | None,
    compute: Callable[[Any, str, dict[str, Any]], Any], shown: Callable[[Any], Any] = lambda found: found, *drawn: Any,
) -> None:  # fmt: skip
    """Open a model, compute a result of DATA, and print or write it.

    Args:
        session: Opens models.
        words: MODEL and DATA.
        options: Those of `_reads_series`.
        kind: Class of the result.
        plot: Plot to write, if any.
        compute: `(model, data, options of reading)` → result.
        shown: Result → what is printed of it.
        drawn: More arguments of its `plot`.
    """
    from zoo.tasks.forecast.model import Forecaster

    model, data = _model_and_data(session, words)
    out, output_format = options.pop("out"), options.pop("output_format")
    if out and output_format:
        raise ArgumentError(
            "--output-format is of what is printed: leave it out; the suffix of --out says how to write"
        )
    session.check_outputs(kind, OutputFiles(out, plot), inputs=[data])
    found = compute(session.open(model, Forecaster), data, given(options))
    if out:
        show(escaped(str(shown(found).save(out))))
    else:
        show(shown(found).to_text(output_format or OUTPUT_FORMATS[0]))
    if plot:
        show(escaped(str(found.plot(plot, *drawn))))


def _model_and_data(session: Session, words: Sequence[str]) -> tuple[str, str]:
    """Return the model, which may be left out, and the file."""
    if len(words) == 1 and not (session.is_model(words[0]) and not session.is_artifact(words[0])):
        return DEFAULT, words[0]
    if len(words) != 2:
        raise click.UsageError("give a model and a CSV file, or the file alone")
    return words[0], words[1]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError(f"--quantiles {text!r:.60}: give numbers between 0 and 1, divided by commas") from None
