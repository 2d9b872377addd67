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
    learner: Learner,
    spread: Any,
    windows: Windows,
    valid: Sequence[Any],
    out: Path,
    monitor: str,
    resume: bool = False,
    verbose: bool = True,
) -> Checkpoint:
    """Run the epochs of a training run.

    Args:
        learner: Compiled network.
        spread: `tf.distribute` strategy it was compiled in; None if there is none.
        windows: Training windows.
        valid: Pieces to validate on.
        out: Run folder, for logs and checkpoint.
        monitor: Column of the log that the best epoch has the least of.
        resume: Continue from the last checkpoint.
        verbose: Show progress, on the first of several machines.

    Returns:
        The checkpoint that training ended with.

    Raises:
        DataError: The run folder cannot be written.
        TrainingError: The loss became NaN or infinite, or the checkpoint is damaged.
    """
    recipe, chief = windows.recipe, devices.worker() == 0
    verbose = verbose and chief
    checkpoint = Checkpoint(out / "checkpoint", recipe.patience, monitor, writes=chief)
    with devices.scope(spread):
        first = checkpoint.restore(learner) if resume else 0
    if first >= recipe.epochs or checkpoint.exhausted():
        return checkpoint
    if verbose:
        print(devices.path_taken(learner.network))
    averages = [keras.callbacks.SwapEMAWeights()] if plain(learner.optimizer).use_ema else []
    progress = Progress(windows.steps, first, recipe.epochs, windows.tokens, monitor, verbose)
    logs = [keras.callbacks.CSVLogger(str(out / "log.csv"), append=first > 0), *_tensorboard(out / "tensorboard")]
    calls = [progress, *(logs if chief else []), checkpoint, *averages]
    try:
        validation = whole(valid, windows.codec, windows.targets)
        if chief:
            _trim(out / "log.csv", first)
        if devices.workers() > 1:
            from zoo.training import multi_worker

            multi_worker.fit(learner, spread, windows, first, validation, calls)
        else:
            learner.fit(
                windows.stream(first),
                steps_per_epoch=windows.steps,
                initial_epoch=first,
                epochs=recipe.epochs,
                validation_data=validation,
                callbacks=calls,
                shuffle=False,  # the windows come shuffled
                verbose=0,
            )
    except OSError as error:
        raise DataError(f"cannot write into {out}: {error.strerror or error}; the last checkpoint is kept") from error
    finally:
        progress.bar.close()
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
