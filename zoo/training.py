"""Training: one way for every architecture and task, Keras `fit` underneath.

A run folder holds all of a run: `run.json` (what was asked), `log.csv`, `tensorboard/`, `checkpoint/` (weights,
optimizer, random state and progress after the last whole epoch; the best weights so far) and, in the end, `preset/`.
"""

import contextlib
import importlib.util
import itertools
import json
import platform
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from zoo import devices, features, presets
from zoo.callbacks import Checkpoint, Progress, draw
from zoo.cards import Card
from zoo.catalog import Entry
from zoo.codecs import Codec
from zoo.codecs.video import VideoCodec
from zoo.errors import ArgumentError, DataError, TrainingError
from zoo.files import write_text
from zoo.keras_engine import KerasEngine
from zoo.models import make
from zoo.networks import ENCODER, copied, grown, network, set_weights, taken_over, weights
from zoo.optimization import Learner, compiled, freeze, plain
from zoo.tasks import READING, Recipe, Task
from zoo.windows import Windows, whole

FEW_STEPS = 100
REQUEST = "run.json"
SIZES = ("units", "embedding", "layers", "filters", "head")  # settings that a model to start from has already
BELOW = ("embedding", "filters")  # those of what stands below the recurrent layers


def train(
    entry: Entry,
    recipe: Recipe,
    out: Path,
    command: str,
    data: Path | None = None,
    start: Path | None = None,
    frozen: Sequence[str] = (),
    used: Sequence[str] = (),
    resume: bool = False,
    verbose: bool = True,
) -> Card:
    """Train a model and write its preset folder to `out/preset`.

    The test split, where the data has one, is read once, after training, to fill the card.

    Args:
        entry: Catalog entry to train.
        recipe: Sizes and training settings.
        out: Run folder.
        command: Command line that repeats this run, for the card.
        data: Folder of the user's own files instead of the task's data set.
        start: Preset folder to start from (fine-tuning); its codec and sizes are taken over.
        frozen: Layers that are not trained.
        used: Devices that share every batch; see `zoo.devices.strategy`.
        resume: Go on after the last whole epoch of the run in `out`.
        verbose: Show progress.

    Returns:
        The card of the trained model.

    Raises:
        ArgumentError: There is no layer of a name in `frozen`, or no device of a name in `used`; or settings do not go
            with the model, or with the one to start from.
        TrainingError: `out` holds another run, there is nothing to resume, `start` is of another kind, or the loss is
            no number any more.
        DataError: The data is not to be had, or the run folder cannot be written.
    """
    task, chief = entry.task, devices.worker() == 0
    _check(entry, recipe)
    if frozen and not start:
        raise ArgumentError(f"freeze {', '.join(frozen)}: without a model to start from, weights that stay are random")
    spread = devices.strategy(used, recipe)
    before = presets.read(start) if start else None
    _check_start(entry, before)
    splits = _splits(task, recipe, data, before[1] if before else None, verbose)
    card, codec, recipe, kept = _beginning(entry, recipe, before, splits)
    paths = {key: str(path.resolve()) if path else "" for key, path in (("data", data), ("start", start))}
    request = {"name": entry.name, "recipe": asdict(recipe), **paths, "freeze": list(frozen)}
    keras.utils.set_random_seed(recipe.seed)
    final = network(entry.architecture, codec, recipe)  # in float32, whatever the training's precision is
    if card and start:
        arrays, new = presets.read_weights(start, card), weights(final, "float32")
        same = card.architecture == entry.architecture.name
        set_weights(final, grown(arrays, new, *kept) if same else taken_over(arrays, new))
        if verbose and chief and not same:
            print(f"the encoder is {card.name}'s; what is above it learns from the beginning")
    freeze(final, list(frozen))  # names are checked before anything is written
    if chief:
        _claim(out, request, {"devices": list(used), "command": command}, resume)
    seen, learning, frozen = splits, codec.learning, list(frozen)
    if ENCODER in frozen and isinstance(codec, VideoCodec) and devices.workers() == 1:
        seen, learning = features.cached(final, codec, splits, out / "features")
        frozen.remove(ENCODER)
    keras.utils.set_random_seed(recipe.seed)  # dropout does not depend on what was built before
    with _precision(recipe), devices.scope(spread):
        net = network(entry.architecture, learning, recipe if learning.front else replace(recipe, filters=0))
        if card and start:
            copied(final, net)
        freeze(net, frozen)
        windows = Windows(seen["train"], learning, recipe, task.augment(seen["train"], recipe.augment))
        learner = compiled(net, recipe, windows.steps, spread.num_replicas_in_sync if spread else 1, codec.loss)
    if (total := windows.steps * recipe.epochs) < FEW_STEPS:
        shorter = " or --set window" if recipe.window else ""
        warnings.warn(f"only {total} optimizer steps: lower --set batch{shorter}, or raise --set epochs", stacklevel=3)
    checkpoint = fit(learner, spread, windows, seen["valid"], out, resume, verbose and chief)
    checkpoint.best(final)
    about = {
        "command": command,
        "epochs": checkpoint.state["epoch"],
        "minutes": round(checkpoint.state["minutes"], 1),
        "versions": _versions(),
        "data": _data_facts(entry, data) | ({"from": f"{card.name}, sha256 {card.weights_sha256}"} if card else {}),
    }
    return _finish(entry, final, codec, recipe, splits, about, out if chief else None)


def _check(entry: Entry, recipe: Recipe) -> None:
    """Refuse settings that do not go with a model.

    Raises:
        ArgumentError: There are some.
    """
    if recipe.carry and entry.architecture.bidirectional:
        raise ArgumentError(f"carry=true: {entry.name} reads backwards too, no state goes from window to window")
    if entry.task.kind == "transcribe" and (recipe.window or recipe.xla):
        raise ArgumentError(
            f"window={recipe.window}, xla={recipe.xla}: speech is trained on whole recordings, whose symbols have no "
            "known times, with a loss that XLA does not have: leave both out"
        )


def _check_start(entry: Entry, start: tuple[Card, Codec] | None) -> None:
    """Refuse a preset to start from that has nothing in common with a model.

    Raises:
        TrainingError: It is of another task, or of another architecture and has no encoder.
    """
    if start is None:
        return
    card, codec = start
    if card.task != entry.task.name or (card.architecture != entry.architecture.name and not codec.front):
        raise TrainingError(f"{card.name} cannot be the start of {entry.name}: give one of the same kind")


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
            from zoo import workers

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


def _splits(task: Task, recipe: Recipe, data: Path | None, codec: Any, verbose: bool) -> Mapping[str, Sequence[Any]]:
    """Read the pieces of a run, the user's own as the recipe says or else as the codec to start from has them.

    Raises:
        ArgumentError: The recipe says how to read what is not read.
    """
    usual = Recipe(1, 1)
    for name in READING:
        if getattr(recipe, name) != getattr(usual, name) and not (data and name in task.reading):
            what = f"is not for {task.name}" if data else "needs --data"
            raise ArgumentError(f"{name}={getattr(recipe, name)}: it says how files of yours are read, and {what}")
    if not data:
        return task.splits_of(verbose)
    for name in (name for name in task.fixed if codec is not None and getattr(recipe, name)):
        if getattr(recipe, name) != (own := getattr(codec, name)):
            raise ArgumentError(f"{name}={getattr(recipe, name)}: the model to start from has {own}: leave it out")
    asked = {name: getattr(recipe, name) or getattr(codec, name, 0) for name in task.reading}
    return task.read_folder(data, **asked)


def _beginning(
    entry: Entry, recipe: Recipe, start: tuple[Card, Codec] | None, splits: Mapping[str, Sequence[Any]]
) -> tuple[Card | None, Codec, Recipe, tuple]:
    """Give the card to start from, if any, the codec, the recipe with its sizes, and which symbols are the old ones."""
    pieces = itertools.chain(splits["train"], splits["valid"])
    if not start:
        return None, entry.task.make_codec(pieces, masked=entry.architecture.bidirectional), recipe, ()
    card, codec = start
    same = card.architecture == entry.architecture.name
    codec, *kept = codec.extended(pieces)
    codec = codec if same else codec.facing(entry.architecture.bidirectional)
    sizes = SIZES if same else BELOW
    return card, codec, replace(recipe, **{size: getattr(card.recipe, size) for size in sizes}), tuple(kept)


def sizes_from(start: Path, entry: Entry) -> tuple[str, ...]:
    """List the sizes that are taken over from a preset to start from: of another architecture those of its encoder."""
    return SIZES if presets.read_card(start).architecture == entry.architecture.name else BELOW


@contextlib.contextmanager
def _precision(recipe: Recipe) -> Iterator[None]:
    """Build layers with the recipe's precision inside the block."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _tensorboard(folder: Path) -> list[Any]:
    """Log for TensorBoard, which writes through TensorFlow; a machine without it goes without the log."""
    if importlib.util.find_spec("tensorflow") is None:
        return []
    return [keras.callbacks.TensorBoard(str(folder), write_graph=False)]


def asked(out: Path) -> dict[str, Any]:
    """Read what a run was asked: name, recipe, data, the preset it starts from, frozen layers, devices, command.

    Raises:
        TrainingError: There is no run in `out`.
    """
    try:
        found = json.loads((out / REQUEST).read_text())
        return {key: found[key] for key in ("name", "recipe", "data", "start", "freeze", "devices", "command")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{out} holds no run to resume ({error}): start without --resume") from error


def _claim(out: Path, request: dict[str, Any], more: dict[str, Any], resume: bool) -> None:
    """Make the run folder ours, or recognise it as the run to go on with; only a `request` must be the same."""
    note = out / REQUEST
    if resume:
        before = asked(out)
        changed = [key for key in request if before[key] != request[key]]
        if changed:
            raise TrainingError(f"{out} is a run with another {', '.join(changed)}: resume with the same options")
    else:
        if out.exists() and (not out.is_dir() or any(path.name != REQUEST for path in out.iterdir())):
            raise TrainingError(f"{out} is not empty: add --resume to go on with that run, or choose another --out")
        write_text(note, json.dumps(request | more, indent=2) + "\n")


def _trim(log: Path, epochs: int) -> None:
    """Drop what a killed run logged of an epoch that it did not finish."""
    if log.exists():
        lines = log.read_text().splitlines(keepends=True)
        write_text(log, "".join(lines[: epochs + 1]) if epochs else "")


def _finish(
    entry: Entry,
    net: keras.Model,
    codec: Codec,
    recipe: Recipe,
    splits: Mapping[str, Sequence[Any]],
    about: dict[str, Any],
    out: Path | None,
) -> Card:
    """Store the weights as float16, measure them as stored, write the preset with log and curves; None writes none."""
    arrays = weights(net)
    set_weights(net, arrays)
    card = Card(entry.name, entry.architecture.name, entry.task.name, recipe, net.count_params(), **about)
    model = make(card, codec, KerasEngine(net))
    metrics: dict[str, dict[str, float]] = {
        split: model.measure(splits[split]) for split in ("valid", "test") if split in splits
    }
    card = replace(card, metrics=metrics)
    if out is None:
        return card
    curves = draw(out / "log.csv", out / "curves.png", entry.task.unit if codec.front else "token")
    return presets.write(out / "preset", card, codec, arrays, [out / "log.csv", curves])


def _data_facts(entry: Entry, data: Path | None) -> dict[str, str]:
    if data:
        return {"name": f"own files ({data.name})", "licence": "not stated", "citation": ""}
    return entry.task.facts


def _versions() -> dict[str, str]:
    libraries = {name: metadata.version(name) for name in ("keras", keras.backend.backend(), "numpy")}
    return {"python": platform.python_version(), **libraries}
