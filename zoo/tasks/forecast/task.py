"""The task: forecasting time series."""

from dataclasses import replace

from zoo.core.lazy import imported
from zoo.core.recipe import Recipe
from zoo.core.task import Published, Task
from zoo.tasks.forecast.settings import ForecastSettings

RECIPE = Recipe(
    units=192, embedding=1, head=96, dropout_in=0.0, dropout_out=0.1, variational=False,
    epochs=16, patience=16, batch=64, window=0, learning_rate=3e-3, warmup=50, weight_decay=0.01, ema=0.995,
    settings=ForecastSettings(),
)  # fmt: skip

M4 = "M4 competition, official results"
PUBLISHED = (
    Published("best of all (Doornik)", "m4_hourly_smape", 8.913, "not given", M4),
    Published("ES-RNN (LSTM hybrid, the winner)", "m4_hourly_smape", 9.328, "not given", M4),
    Published("RNN of the organisers", "m4_hourly_smape", 14.698, "not given", M4),
    Published("best of all (Doornik)", "m4_hourly_owa", 0.410, "not given", M4),
    Published("ES-RNN (LSTM hybrid, the winner)", "m4_hourly_owa", 0.440, "not given", M4),
    Published("RNN of the organisers", "m4_hourly_owa", 1.036, "not given", M4),
    Published("best of all (Petropoulos)", "m4_weekly_smape", 6.726, "not given", M4),
    Published("ES-RNN (LSTM hybrid, the winner)", "m4_weekly_smape", 7.817, "not given", M4),
    Published("RNN of the organisers", "m4_weekly_smape", 15.220, "not given", M4),
)
LIMIT = (
    "It has learned from hourly and weekly series, 48 hours and 13 weeks ahead. Other steps and longer horizons it "
    "takes, but measure it first: `zoo backtest` compares it with naive forecasts. Each series is forecast from its "
    "own values alone. Intervals are those of single values; sums over several steps need sample paths."
)

TASK = Task(
    name="forecast",
    summary="the next values of time series, with intervals",
    unit="value",
    loss_unit="value",
    model=imported("zoo.tasks.forecast.model:Forecaster"),
    datasets=imported("zoo.tasks.forecast.datasets:datasets"),
    prepare=imported("zoo.tasks.forecast.datasets:prepare"),
    read_folder=imported("zoo.tasks.forecast.user_data:read_folder"),
    make_codec=imported("zoo.tasks.forecast.codec:make_codec"),
    default_codec=imported("zoo.tasks.forecast.codec:default_codec"),
    read_codec=imported("zoo.tasks.forecast.codec:SeriesCodec.from_json"),
    augment=imported("zoo.tasks.forecast.augment:augment"),
    loss=imported("zoo.tasks.forecast.losses:quantile_loss"),
    settings=ForecastSettings,
    commands=imported("zoo.tasks.forecast.cli:commands"),
    published=PUBLISHED,
    splits="test is the official one: the last 48 hours, or 13 weeks, of each series, forecast from all values before "
    "them. valid, which chose the epoch and the width of intervals, are the last values of the official training part, "
    "train all before those. OWA is relative to Naive2; coverage is that of the 80 % interval.",
    limits={"": LIMIT},
    samples={"": "Hourly series of the test split: the end of what was known, and the 80 % interval of what follows."},
    metric_names={
        "m4": "M4",
        "smape": "sMAPE %",
        "mase": "MASE",
        "owa": "OWA",
        "loss": "loss, weighted",
        "coverage": "coverage %",
    },
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=320, learning_rate=1e-3),
        "lstm": replace(RECIPE, units=160),
        "bilstm": replace(RECIPE, units=112, layers=1),
        "stacked_lstm": replace(RECIPE, units=128, layers=2),
    },
)
