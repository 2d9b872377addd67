"""A task of another package: the next value of a series, learned from a CSV file with one number per row.

`pip install examples/new_task` adds `lstm_series`, `gru_series` … to `zoo list`, and the command `zoo continue-series`.
"""

from pathlib import Path

import click
import numpy as np

from zoo.core.architectures import Architecture
from zoo.core.recipe import Recipe
from zoo.core.task import Task
from zoo.core.validation import number
from zoo.errors import ArgumentError, DataError
from zoo.models.model import Model

STACKED_GRU = Architecture("stacked_gru", "gru", 2, "Cho et al., EMNLP 2014; two layers")
PIECE = 128  # values of a training piece


def read_series(path: Path) -> np.ndarray:
    """Read the numbers of a CSV file, `(time,)` float32; of several columns the last."""
    try:
        return np.loadtxt(path, np.float32, delimiter=",", usecols=-1, ndmin=1)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): give a CSV file with a number in the last column") from error


def read_folder(path: Path) -> dict[str, list[np.ndarray]]:
    """Read a series and cut it into pieces; the last tenth is for validation."""
    values = read_series(path)
    if len(values) < 2 * PIECE:
        raise DataError(f"{path} has {len(values)} numbers: give at least {2 * PIECE}")
    pieces = [values[i : i + PIECE] for i in range(0, len(values) - PIECE + 1, PIECE // 4)]
    border = max(1, len(pieces) // 10)
    return {"train": pieces[:-border], "valid": pieces[-border:]}


class SeriesCodec:
    """Values ↔ arrays: the input of a time step is the value, scaled; the target is the next one."""

    dtype, shape, classes, features = "float32", (1,), 1, 1
    symbols, group, edges = 0, 1, 0

    def __init__(self, mean: float = 0.0, deviation: float = 1.0) -> None:
        self.mean, self.deviation = float(mean), float(deviation)
        self.learning = self

    def frontend(self):
        """Return None: numbers go straight into the recurrent layers."""

    def describe(self, _recipe):
        """Describe input and output for the page of a model."""
        return "1 number, scaled", "1 number, the next one"

    def encode(self, pieces):
        """Return inputs `(batch, time, 1)` and targets `(batch, time, 2)`: the next value, and 1 where there is one."""
        scaled = (np.stack(pieces) - self.mean) / self.deviation
        following = np.stack([scaled[:, 1:], np.ones_like(scaled[:, 1:])], -1)
        return scaled[:, :-1, None].astype(np.float32), following.astype(np.float32)

    def example(self, rng, batch, time):
        """Return random inputs `(batch, time, 1)`."""
        return rng.standard_normal((batch, time, 1)).astype(np.float32)

    def columns(self):
        """Describe the column of x."""
        return [{"name": f"(value - {self.mean}) / {self.deviation}", "offset": 0, "size": 1}]

    def decode(self, ids, _like=None):
        """Return scaled values as they are in the series."""
        return ids * self.deviation + self.mean

    def extended(self, _pieces):
        """Return the codec itself: it takes any series."""
        return self, np.zeros(0, int), np.arange(1), np.arange(1)

    def for_direction(self, _bidirectional):
        """Return the codec itself: it is for causal networks only."""
        return self

    def to_json(self):
        """Describe the codec."""
        return {"type": "series", "mean": self.mean, "deviation": self.deviation}


def squared_error(_smoothing: float = 0.0):
    """Return the loss: the squared error of each time step."""
    import keras

    class SquaredError(keras.losses.Loss):
        targets = staticmethod(lambda y, xp: (y[..., :1], xp.where(y[..., 1] > 0, np.float32(1), np.float32(0))))

        def call(self, y, prediction):
            return keras.ops.sum(keras.ops.square(y - prediction), -1)

    return SquaredError(reduction="mean_with_sample_weight")


def check(_recipe: Recipe, architecture: Architecture) -> None:
    """Refuse bidirectional networks, which cannot forecast."""
    if architecture.bidirectional:
        raise ArgumentError(f"{architecture.name} is bidirectional and cannot forecast: give lstm or gru")


class Forecaster(Model):
    """A model that continues a series of numbers."""

    def forecast(self, values: np.ndarray, steps: int = 24) -> np.ndarray:
        """Return the `steps` values that follow `values (time,)`."""
        steps, state, found = number("steps", steps, 1, 100_000, whole=True), self.engine.initial_state(1), []
        x = ((np.asarray(values, np.float32) - self.codec.mean) / self.codec.deviation).reshape(1, -1, 1)
        for _ in range(steps):
            y, state = self.engine.step(x, state)
            x = y[:, -1:]
            found.append(float(x[0, 0, 0]))
        return self.codec.decode(np.array(found))

    def trial(self, steps: int, seed: int) -> list[float]:
        """Forecast from noise, to compare an artifact with Keras."""
        return self.forecast(np.random.default_rng(seed).standard_normal(8), steps).round(2).tolist()

    def measure(self, pieces, progress: bool = False) -> dict[str, float]:  # noqa: ARG002
        """Return the root mean square error of the next value, in the unit of the series; and the time steps."""
        x, y = self.codec.encode(pieces)
        found, _ = self.engine.step(x, self.engine.initial_state(len(x)))
        rmse = float(np.sqrt(np.mean((found - y[..., :1]) ** 2))) * self.codec.deviation
        return {"rmse": rmse, "tokens": x[..., 0].size}


@click.command("continue-series")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--steps", default=24, help="Values to forecast.")
@click.pass_obj
def continue_series(session, model: str, file: Path, steps: int) -> None:
    """Continue the values in FILE with MODEL."""
    for value in session.open(model, Forecaster).forecast(read_series(file), steps):
        click.echo(f"{value:.4g}")


TASK = Task(
    name="series", summary="the next value of a series", unit="value", loss_unit="value", model=Forecaster,
    read_folder=read_folder, loss=squared_error, check=check, commands=lambda: [continue_series],
    make_codec=lambda pieces, _bidirectional: SeriesCodec(*(f(np.stack(pieces)) for f in (np.mean, np.std))),
    default_codec=lambda _bidirectional: SeriesCodec(),
    read_codec=lambda data: SeriesCodec(data["mean"], data["deviation"]),
    recipes={"": Recipe(units=32, embedding=1, epochs=20, batch=16, window=0, learning_rate=5e-3, dropout_out=0.0)},
)  # fmt: skip
