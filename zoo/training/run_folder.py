"""The folder of a training run, and what the run was asked for."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.card import Card
from zoo.core.files import content, sweep, take, write_text
from zoo.core.recipe import Recipe, from_dict
from zoo.core.strict_json import MOST_BYTES, parse
from zoo.core.task import foreign_settings
from zoo.core.validation import checked, limits
from zoo.errors import ArgumentError, DataError, TrainingError
from zoo.presets.catalog import Entry
from zoo.presets.preset import Preset

REQUEST = "run.json"
LOCK = ".zoo-run"
"""File with the id of the process that trains; locked as long as that lives, and removed at its end."""


@dataclass(frozen=True)
class Request:
    """What a training run is asked for.

    Attributes:
        entry: Catalog entry to train.
        recipe: Sizes and training settings.
        out: Run folder.
        command: Command line that repeats the run, for the card.
        data: The user's own files instead of the task's data set.
        base: Preset to start from (fine-tuning); its codec and sizes are taken over.
        frozen: Layers that are not trained.
        teachers: Presets whose outputs it learns too; see `zoo.training.teaching`.
        devices: Devices that share every batch; see `zoo.training.devices.strategy`.
        resume: Continue after the last whole epoch of the run in `out`.
        trial: Leave the test split unread.
        verbose: Show progress.
        add_graph: Adds the graph for ONNX Runtime to the preset in a folder, and returns its card; None: it has none.
    """

    entry: Entry
    recipe: Recipe
    out: Path
    command: str
    data: Path | None = None
    base: Preset | None = None
    frozen: Sequence[str] = ()
    teachers: Sequence[Preset] = ()
    devices: Sequence[str] = ()
    resume: bool = False
    trial: bool = False
    verbose: bool = True
    add_graph: Callable[[Path], Card] | None = None

    def to_dict(self, recipe: Recipe) -> dict[str, Any]:
        """Return what must be the same when the run is resumed; the recipe has the base model's sizes."""
        start = self.base.folder if self.base else None
        paths = {key: str(path.resolve()) if path else "" for key, path in (("data", self.data), ("start", start))}
        teachers = [str(teacher.folder.resolve()) for teacher in self.teachers]
        settings = {"freeze": list(self.frozen), "teachers": teachers}
        return {"name": self.entry.name, "recipe": recipe.to_dict(), **paths, **settings}


@dataclass(frozen=True)
class Asked:
    """What run.json contains."""

    name: str = limits(longest=1000)
    recipe: Recipe = limits()
    data: str = limits()
    start: str = limits()
    freeze: list[str] = limits(longest=1000)
    devices: list[str] = limits(longest=1000)
    command: str = limits()
    teachers: list[str] = limits(factory=list, longest=1000)


def asked(out: Path, entry: Entry) -> dict[str, Any]:
    """Read what a run was asked for: name, recipe, data, base preset, frozen layers, devices, command.

    Args:
        out: Run folder.
        entry: Catalog entry that is trained.

    Raises:
        TrainingError: There is no run in `out`.
    """
    try:
        found = parse(content(out / REQUEST, MOST_BYTES))
    except (ArgumentError, DataError) as error:
        raise TrainingError(f"{out} holds no run to resume ({error}): start without --resume") from error
    try:
        about = dict(found) if isinstance(found, dict) else {}
        recipe = from_dict(about.pop("recipe", None), entry.task.settings, foreign_settings(entry.task))
        kept = checked(Asked, about, recipe=recipe)
    except ArgumentError as error:
        raise TrainingError(f"{out / REQUEST} cannot be used ({error}): start without --resume") from error
    if kept.name != entry.name:
        raise TrainingError(f"{out} is a run with another name, {kept.name}: resume that, or choose another --out")
    return {**vars(kept), "recipe": recipe.to_dict()}


@contextlib.contextmanager
def owned(out: Path) -> Iterator[None]:
    """Keep a run folder to this process for the time of a block; a folder that stays empty is removed.

    Raises:
        TrainingError: Another process trains in it.
        DataError: It cannot be written.
    """
    made = [folder for folder in (out, *out.parents) if not os.path.exists(folder)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = take(out / LOCK)
        if lock is None:
            raise TrainingError(f"{out} is in use by {_owner(out)}: wait until it ends, or choose another --out")
        (out / LOCK).write_text(str(os.getpid()))
    except OSError as error:
        raise DataError(f"cannot write into {out}: {error.strerror or error}") from error
    try:
        sweep(out.absolute())
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes no locked file
            (out / LOCK).unlink()
        lock.release()
        with contextlib.suppress(OSError):  # until one has content
            for folder in made:
                folder.rmdir()


def _owner(out: Path) -> str:
    """Name the process that trains in a run folder."""
    try:
        return f"process {int((out / LOCK).read_text())}"
    except (OSError, ValueError):  # it is about to write its id, or the system keeps locked files to their owner
        return "another process"


def claim(request: Request, recipe: Recipe) -> None:
    """Make the run folder ours, or recognize it as the run to resume.

    Raises:
        TrainingError: It holds another run, or something else, or there is nothing to resume.
    """
    out, wanted = request.out, request.to_dict(recipe)
    if request.resume:
        before = asked(out, request.entry)
        if changed := [key for key in wanted if before[key] != wanted[key]]:
            raise TrainingError(f"{out} is a run with another {', '.join(changed)}: resume with the same options")
        return
    if any(path.name not in (REQUEST, LOCK) for path in out.iterdir()):
        raise TrainingError(f"{out} is not empty: add --resume to continue that run, or choose another --out")
    more = {"devices": list(request.devices), "command": request.command}
    write_text(out / REQUEST, json.dumps(wanted | more, indent=2) + "\n")
