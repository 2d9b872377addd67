"""Running the epochs of a training run, and logging them."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from zoo.core.files import write_text
from zoo.errors import DataError
from zoo.training import devices
from zoo.training.batches import Windows, whole
from zoo.training.callbacks import Checkpoint, Progress
from zoo.training.learner import Learner
from zoo.training.optimizer import plain


def fit(
    learner: Learner, spread: Any, windows: Windows, valid: Sequence[Any], out: Path, resume: bool, verbose: bool
) -> Checkpoint:
    """Train from the last checkpoint on; return the checkpoint it ends with."""
    recipe, codec, chief = windows.recipe, windows.codec, devices.worker() == 0
    checkpoint = Checkpoint(out / "checkpoint", recipe.patience, writes=chief)
    with devices.scope(spread):
        first = checkpoint.restore(learner) if resume else 0
    if first >= recipe.epochs or checkpoint.exhausted():
        return checkpoint
    if verbose:
        print(devices.path_taken(learner.network))
    averages = [keras.callbacks.SwapEMAWeights()] if plain(learner.optimizer).use_ema else []
    progress = Progress(windows.steps, first, recipe.epochs, windows.tokens, verbose)
    logs = [keras.callbacks.CSVLogger(str(out / "log.csv"), append=first > 0), *_tensorboard(out / "tensorboard")]
    calls = [progress, *(logs if chief else []), checkpoint, *averages]
    try:
        if chief:
            _trim(out / "log.csv", first)
        if devices.workers() > 1:
            from zoo.training import multi_worker as workers

            workers.fit(learner, spread, windows, first, whole(valid, codec), calls)
        else:
            learner.fit(
                windows.stream(first),
                steps_per_epoch=windows.steps,
                initial_epoch=first,
                epochs=recipe.epochs,
                validation_data=whole(valid, codec),
                callbacks=calls,
                shuffle=False,  # the windows come shuffled
                verbose=0,
            )
    except OSError as error:
        raise DataError(f"cannot write into {out}: {error.strerror or error}; the last checkpoint is kept") from error
    return checkpoint


def _tensorboard(folder: Path) -> list[Any]:
    """Log for TensorBoard, which writes through TensorFlow; a machine without it goes without the log."""
    if importlib.util.find_spec("tensorflow") is None:
        return []
    return [keras.callbacks.TensorBoard(str(folder), write_graph=False)]


def _trim(log: Path, epochs: int) -> None:
    """Drop what a killed run logged of an epoch that it did not finish."""
    if log.exists():
        lines = log.read_text().splitlines(keepends=True)
        write_text(log, "".join(lines[: epochs + 1]) if epochs else "")
