"""What happens around the steps of a training run: checkpoints, progress, and the picture of its curves."""

import csv
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import safetensors.numpy

from zoo.core import plots
from zoo.core.files import content, exists, regular, replacing
from zoo.core.progress import tqdm
from zoo.core.strict_json import MOST_BYTES, parse
from zoo.core.validation import checked, limits
from zoo.errors import DataError, TrainingError
from zoo.networks.transfer import set_weights, weights
from zoo.training.optimizer import plain

LAST, BEST, STATE = "last.safetensors", "best.safetensors", "state.json"
EARLIER = "last.weights.h5"  # of runs begun by a version that wrote HDF5, which ends the process on a full disk
MOST_WEIGHTS = 1 << 33  # bytes of a checkpoint, optimizer included
LOOK_EVERY = 20  # optimizer steps between two looks at the loss


@dataclass(frozen=True)
class State:
    """What state.json contains: how far a run is."""

    epoch: int = limits(least=0)
    best: float = limits()
    best_epoch: int = limits(least=0)
    minutes: float = limits(least=0)
    random: list[list[int]] = limits(each={"longest": 100, "each": {"least": 0, "most": 2**64}})


class Checkpoint(keras.callbacks.Callback):
    """Keeps, after every epoch and whole or not at all, what a run needs to go on as if it had not stopped.

    Weights and optimizer are in `last.safetensors`, the weights of the best epoch as they were validated in
    `best.safetensors`, dropout's random state and how far the run is in `state.json`. Stops after `patience` epochs
    without improvement. Must stand before a callback that puts averaged weights in place for validation.

    Args:
        folder: Where the checkpoint is kept.
        patience: Epochs without a better validation value before stopping.
        monitor: Column of the log that the best epoch has the least of.
        writes: Write; of several machines only the first does.
    """

    def __init__(self, folder: Path, patience: int, monitor: str, writes: bool = True) -> None:
        super().__init__()
        self.folder, self.patience, self.monitor, self.writes = folder, patience, monitor, writes
        self.state: dict[str, Any] = {"epoch": 0, "best": math.inf, "best_epoch": 0, "minutes": 0.0}
        self.began = time.perf_counter()
        self.validated: dict[str, Any] = {}
        self.chosen: dict[str, Any] = {}

    def restore(self, model: keras.Model) -> int:
        """Load the last checkpoint, if there is one, into a compiled model; return the epoch to go on with.

        Raises:
            TrainingError: The checkpoint is damaged.
        """
        if not exists(self.folder):
            return 0
        try:
            self.state |= asdict(checked(State, parse(content(self.folder / STATE, MOST_BYTES))))
            model.optimizer.build(model.trainable_variables)
            self._load(model)
            for variable, value in zip(_random_state(model), self.state["random"], strict=True):
                variable.assign(value)
            return int(self.state["epoch"])
        except (DataError, OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
            raise TrainingError(f"{self.folder} cannot be resumed: {error}; start anew with another --out") from error

    def _load(self, model: keras.Model) -> None:
        if exists(self.folder / EARLIER):
            regular(self.folder / EARLIER).close()
            model.load_weights(self.folder / EARLIER)
            return
        found, wanted = safetensors.numpy.load(content(self.folder / LAST, MOST_WEIGHTS)), _variables(model)
        if {name: array.shape for name, array in found.items()} != {n: tuple(v.shape) for n, v in wanted.items()}:
            raise ValueError(f"{LAST} is that of another network")
        for name, variable in wanted.items():
            variable.assign(found[name])

    def best(self, network: keras.Model) -> None:
        """Give a network the weights of the best epoch; what was not trained with them it keeps.

        Raises:
            TrainingError: The checkpoint is damaged.
        """
        try:
            found = self.chosen or safetensors.numpy.load(content(self.folder / BEST, MOST_WEIGHTS))
            set_weights(network, weights(network, "float32") | found)
        except (DataError, OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
            raise TrainingError(f"{self.folder / BEST} is damaged: {error}; start anew with another --out") from error

    def exhausted(self) -> bool:
        """Tell whether the best epoch lies `patience` epochs back."""
        return self.state["epoch"] - self.state["best_epoch"] >= self.patience

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Keep the weights as they were validated."""
        self.validated = weights(self.model.network, "float32")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the checkpoint.

        Raises:
            TrainingError: The monitored value became NaN or infinite.
            DataError: The checkpoint cannot be written; the one before is kept.
        """
        value, now = float((logs or {})[self.monitor]), time.perf_counter()
        if not math.isfinite(value):
            raise broken(self.model, self.monitor, value, f"epoch {epoch + 1}")
        state = {**self.state, "epoch": epoch + 1, "minutes": self.state["minutes"] + (now - self.began) / 60}
        state["random"] = [keras.ops.convert_to_numpy(variable).tolist() for variable in _random_state(self.model)]
        improved = value < self.state["best"]
        if improved:
            state |= {"best": value, "best_epoch": epoch + 1}
            self.chosen = self.validated
        if self.writes:
            self._write(state, improved)
        self.state, self.began = state, now
        if self.exhausted():
            self.model.stop_training = True

    def _write(self, state: dict[str, Any], improved: bool) -> None:
        best = safetensors.numpy.save(self.validated) if improved else (self.folder / BEST).read_bytes()
        with replacing(self.folder, folder=True) as scratch:
            (scratch / BEST).write_bytes(best)
            (scratch / STATE).write_text(json.dumps(state) + "\n")
            arrays = {name: keras.ops.convert_to_numpy(value) for name, value in _variables(self.model).items()}
            (scratch / LAST).write_bytes(safetensors.numpy.save(arrays))


def broken(model: keras.Model, name: str, value: float, where: str) -> TrainingError:
    """Return the error for a value of the log that is NaN or infinite, with what to try."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()  # or what Keras does when `fit` ends fails, and hides this error
    highest = plain(model.optimizer)._learning_rate.highest
    precision = ", or with --precision float32 or mixed_bfloat16" if "float16" in model.dtype_policy.name else ""
    return TrainingError(
        f"{name} became {'NaN' if math.isnan(value) else 'infinite'} at {where}. Restart with a lower --set "
        f"learning_rate (now {highest:g}) or clip, or a longer warmup{precision}. The last checkpoint was kept."
    )


def _variables(model: keras.Model) -> dict[str, Any]:
    """Number the variables of a compiled model: names differ from process to process, the order does not."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    return {f"{i:05}": value for i, value in enumerate([*model.variables, *model.optimizer.variables])}


def _random_state(model: keras.Model) -> list[Any]:
    """List the random states of the dropout layers, which Keras's weight files leave out."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]


class Progress(keras.callbacks.Callback):
    """Shows how far the run is and what is left; adds learning rate and tokens per second to the log of every epoch.

    Args:
        steps: Optimizer steps of an epoch.
        first: Epoch the run starts with.
        epochs: Epoch it ends after.
        tokens: Tokens of an optimizer step.
        monitor: Column of the log that is shown.
        show: Show a bar.
    """

    def __init__(self, steps: int, first: int, epochs: int, tokens: int, monitor: str, show: bool) -> None:
        super().__init__()
        self.steps, self.tokens, self.monitor, self.seen = steps, tokens, monitor, 0
        self.bar = tqdm()(total=steps * epochs, initial=steps * first, unit="step", disable=not show)
        self.shown: dict[str, str] = {}
        self.began = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Start the clock of an epoch."""
        self.seen, self.began = 0, time.perf_counter()
        self.bar.set_description(f"epoch {epoch + 1}")

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar on, and look at the loss now and then.

        Raises:
            TrainingError: The loss became NaN or infinite.
        """
        before, self.seen = self.seen, batch + 1
        self.bar.update(self.seen - before)
        if before // LOOK_EVERY != self.seen // LOOK_EVERY or self.seen == self.steps:
            loss = float((logs or {})["loss"])
            if not math.isfinite(loss):
                self.bar.close()
                raise broken(self.model, "the loss", loss, f"step {self.seen} of the epoch")
            self.shown |= {"loss": f"{loss:.4f}", "tokens/s": f"{self._rate():,.0f}"}
            self.bar.set_postfix(self.shown, refresh=False)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Stop the clock for the validation."""
        self.rate = self._rate()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Add to the log."""
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        if logs is not None:
            logs |= {"learning_rate": rate, "tokens_per_second": round(self.rate)}
            self.shown |= {"valid": f"{logs[self.monitor]:.4f}", "rate": f"{rate:.2g}"}
        self.bar.set_postfix(self.shown)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Close the bar."""
        self.bar.close()

    def _rate(self) -> float:
        return self.seen * self.tokens / max(time.perf_counter() - self.began, 1e-9)


def draw(log: Path, path: Path, monitor: str, unit: str) -> Path:
    """Draw the curves of a run's `log.csv`: training and validation, per unit."""
    with log.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    epochs = [int(row["epoch"]) + 1 for row in rows]
    trained = monitor.removeprefix("val_")
    columns = {"training": trained, "validation": monitor}
    lines = {label: (epochs, [float(row[column]) for row in rows]) for label, column in columns.items()}
    return plots.curves(lines, path, "epoch", f"{trained} per {unit}")
