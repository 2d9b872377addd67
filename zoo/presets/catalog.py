"""The grid of architectures × tasks, and the names in it: `<architecture>_<task>`, with `.<tag>` for a variant."""

import difflib
import fnmatch
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zoo.core.architectures import ARCHITECTURES, Architecture
from zoo.core.card import Card
from zoo.core.files import exists
from zoo.core.task import Task, names
from zoo.core.task import find as find_task
from zoo.errors import PresetError, UnknownModel
from zoo.presets import SHIPPED


@dataclass(frozen=True)
class Entry:
    """One model of the catalog.

    Attributes:
        name: `<architecture>_<task>[.<tag>]`.
        architecture: Its row.
        task_name: Its task.
        pretrained: Whether the package ships weights of this name.
    """

    name: str
    architecture: Architecture
    task_name: str
    pretrained: bool

    @property
    def task(self) -> Task:
        """Import and return its task."""
        return find_task(self.task_name)

    @property
    def folder(self) -> Path:
        """Return where the package keeps its weights."""
        return SHIPPED / self.name


@cache
def catalog() -> dict[str, Entry]:
    """List every model by name: the grid, and the shipped variants; of two that would have one name, the first.

    The package's own tasks and architectures come before those of other packages.
    """
    shipped = {path.parent.name for path in SHIPPED.glob("*/card.json")}
    entries: dict[str, Entry] = {}
    for task in names():
        for architecture in ARCHITECTURES.values():
            plain = f"{architecture.name}_{task}"
            if (first := entries.get(plain)) is not None:
                pair, taken = _pair(architecture, task), _pair(first.architecture, first.task_name)
                warnings.warn(f"{pair} is left out: its name {plain} is that of {taken}", stacklevel=2)
                continue
            variants = sorted(name for name in shipped if name.startswith(f"{plain}."))
            for name in (plain, *variants):
                entries[name] = Entry(name, architecture, task, name in shipped)
    return entries


def _pair(architecture: Architecture, task: str) -> str:
    return f"the model of architecture {architecture.name} and task {task}"


def find(name: str) -> Entry:
    """Return the entry of a name.

    Raises:
        UnknownModel: There is none; the message names the nearest.
    """
    if name not in catalog():
        near = difflib.get_close_matches(str(name), catalog(), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(catalog())}"
        raise UnknownModel(f"no model is called {name!r}; {hint}")
    return catalog()[name]


def folder(name: str | Path) -> Path:
    """Return the preset folder of a catalog name, or the path itself if it is one.

    Raises:
        UnknownModel: No such name, or no weights of that name.
        PresetError: The path does not exist.
    """
    if str(name) not in catalog():
        if exists(name) and ("/" in str(name) or Path(name).is_dir()):
            return Path(name)
        if "/" in str(name):
            raise PresetError(
                f"{name} does not exist: give the name of a model, the folder of a preset, or an artifact"
            )
    entry = find(str(name))
    if not entry.pretrained:
        shipped = ", ".join(list_models(pretrained=True))
        raise UnknownModel(f"{name} has no pretrained weights yet (there are: {shipped}); train it: zoo train {name}")
    return entry.folder


class Models(list[str]):
    """Names of models; printed, a table of what is known of them."""

    def rows(self) -> list[dict[str, str]]:
        """Give for each model its name, task, parameters, metric, size and licence."""
        return [_row(find(name)) for name in self]

    def table(self, style: str = "simple") -> str:
        """Lay the rows out in a style of tabulate, such as `github`."""
        from tabulate import tabulate

        return tabulate(self.rows(), "keys", style, disable_numparse=True)

    __str__ = table

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return self.table("html")


def _row(entry: Entry) -> dict[str, str]:
    known = dict.fromkeys(("parameters", "metric", "size", "license"), "")
    if not entry.pretrained:
        return {
            "name": entry.name,
            "task": entry.task_name,
            **known,
            "metric": f"not trained yet: zoo train {entry.name}",
        }
    card = Card.from_json((entry.folder / "card.json").read_text(encoding="utf-8"))
    name, value = next(iter(card.metrics["test"].items()))
    size = (entry.folder / "weights.safetensors").stat().st_size
    known |= {"parameters": f"{card.parameters:,}", "metric": f"{value:.3f} {entry.task.words(name)}"}
    return {
        "name": entry.name,
        "task": entry.task_name,
        **known,
        "size": f"{size / 1e6:.1f} MB",
        "license": card.licence,
    }


def list_models(pattern: str = "*", pretrained: bool | None = None) -> Models:
    """List models: a list of names, which prints as a table with parameters, test metric, size and licence.

    Args:
        pattern: Shell pattern such as `*_music`.
        pretrained: Only models with (True) or without (False) shipped weights.

    Example:
        >>> "lstm_music" in list_models("*_music", pretrained=True)
        True
    """
    return Models(
        name
        for name, entry in catalog().items()
        if fnmatch.fnmatchcase(name, pattern) and pretrained in (None, entry.pretrained)
    )
