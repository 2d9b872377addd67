"""Recipes: how a network is sized and trained.

A recipe has the settings that every task has, and an object with those of its own task. Each setting is a field with
its help, limits and choices beside it: validation, `zoo train --help` and the model pages come from the fields.
"""

import contextlib
import difflib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, replace
from typing import Any

from zoo.core import validation
from zoo.errors import ArgumentError

TRUTH = {"true": True, "false": False}
SMALLEST = {int: 1, float: 1e-9, bool: 0, str: 0}  # type of a setting → smallest value, unless one is given
FRACTION = 0.95  # largest fraction that is dropped or spread
MOST_UNITS, MOST_LAYERS = 16384, 64


def setting(
    default: Any = MISSING,
    *,
    help: str,  # noqa: A002
    least: float | None = None,
    most: float | None = None,
    choices: Sequence[str] = (),
    reads_files: bool = False,
    fixed: bool = False,
    of_files: bool = False,
    of_codec: bool = False,
    size: str = "",
) -> Any:
    """Declare a setting: a field of a dataclass of settings.

    Args:
        default: Its usual value, a number, a truth value or a word, whose type it has; without one it is an integer
            that must be given.
        help: One sentence for `zoo train --help`.
        least: Smallest value; None: 1 for integers, above 0 for other numbers.
        most: Largest value; None: `validation.MOST_INTEGER` for integers, `validation.MOST_NUMBER` for other numbers.
        choices: The words that are accepted, in capitals or not, of a setting that is a word; none: any.
        reads_files: It says how the user's own files are read.
        fixed: The base model of a fine-tuned one must have the same value; its codec has an attribute of this name.
            For settings that say how files are read.
        of_files: It is about the files, not about the model: `zoo train` and `zoo evaluate` have it as an option. For
            settings that say how files are read.
        of_codec: It says which codec a new model gets: the task's `make_codec` takes it by name. A fine-tuned model has
            that of its base model.
        size: It is a size of the weights, which a fine-tuned model has from its base model: of the front end or
            embedding (`encoder`), or of what stands above (`network`).

    Raises:
        ArgumentError: The default has another type, or what is declared does not go together.
    """
    if default is not MISSING and type(default) not in SMALLEST:
        raise ArgumentError(f"a setting with the default {default!r}: give an int, float, bool or str")
    if (fixed or of_files) and not reads_files:
        name = "fixed" if fixed else "of_files"
        raise ArgumentError(f"{name}=True is for settings that say how files are read: give reads_files=True too")
    kind = int if default is MISSING else type(default)
    about = {
        "help": help,
        "least": SMALLEST[kind] if least is None else least,
        "most": most,
        "choices": choices,
        "size": size,
    }
    kinds = {"reads_files": reads_files, "fixed": fixed, "of_files": of_files, "of_codec": of_codec}
    return field(default=default, metadata={**about, **kinds})


@dataclass(frozen=True)
class NoSettings:
    """The settings of a task that has none of its own."""


@dataclass(frozen=True)
class Recipe:
    """How a network is sized and trained. The help of a field says what it is; `settings` are the task's own."""

    units: int = setting(size="network", most=MOST_UNITS, help="Units of each recurrent layer.")
    embedding: int = setting(
        size="encoder",
        most=MOST_UNITS,
        help="Size of the vector of each input feature, or of what a front end makes of a time step.",
    )
    layers: int = setting(
        0, least=0, most=MOST_LAYERS, size="network", help="Recurrent layers. 0 uses the number of the architecture."
    )
    head: int = setting(
        0,
        least=0,
        most=MOST_UNITS,
        size="network",
        help="Units of a dense layer between the recurrent layers and the logits, which also gets the input features. "
        "0 has none.",
    )
    tied: bool = setting(
        False,
        size="network",
        help="Make the logits with the vectors of the embedding (Press & Wolf, EACL 2017); for codecs whose first "
        "symbols are their classes, such as those of text.",
    )
    dropout_in: float = setting(0.1, least=0, most=FRACTION, help="Fraction of the recurrent layers' inputs dropped.")
    dropout_out: float = setting(
        0.35, least=0, most=FRACTION, help="Fraction of the outputs of each recurrent layer dropped."
    )
    dropout_recurrent: float = setting(
        0.0, least=0, most=FRACTION, help="Fraction of the state dropped between time steps."
    )
    variational: bool = setting(
        False, help="Drop the same units at every time step of a sequence (Gal & Ghahramani, NIPS 2016)."
    )
    label_smoothing: float = setting(
        0.0,
        least=0,
        most=FRACTION,
        help="Fraction of the target spread evenly over all classes (Szegedy et al., CVPR 2016).",
    )
    taught: float = setting(
        0.5, least=0, most=1, help="Share of the loss that is the distance from teachers, where there are any."
    )
    epochs: int = setting(110, most=10**6, help="Largest number of epochs; the learning rate falls over them.")
    patience: int = setting(20, most=10**6, help="Epochs without a better validation value before training stops.")
    batch: int = setting(64, most=10**6, help="Windows, or whole pieces, in a batch.")
    window: int = setting(
        32,
        least=0,
        most=10**6,
        help="Length of a training window in time steps of the raw data. 0 trains on whole pieces.",
    )
    epoch_steps: int = setting(0, least=0, help="Most optimizer steps of an epoch. 0 uses all the data.")
    carry: bool = setting(
        False, help="Start a window from the state after the previous one (truncated back-propagation through time)."
    )
    learning_rate: float = setting(6e-3, help="Highest learning rate, reached after `warmup` steps.")
    warmup: int = setting(200, least=0, help="Optimizer steps of linear warm-up.")
    schedule: str = setting(
        "cosine",
        choices=("cosine", "linear", "exponential", "constant"),
        help="How the learning rate falls after the warm-up; exponential falls to a hundredth.",
    )
    weight_decay: float = setting(
        1e-2, least=0, help="Decoupled weight decay of the kernels (Loshchilov & Hutter, ICLR 2019)."
    )
    clip: float = setting(1.0, most=1e30, help="Largest norm of each gradient.")
    ema: float = setting(
        0.0,
        least=0,
        most=0.99999,
        help="Decay of the running average of the weights that is validated and kept (Polyak & Juditsky, 1992); lower "
        "in runs so short that the average would reach back over more than a tenth of them. 0 has no average.",
    )
    precision: str = setting(
        "float32",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
        help="Precision of matrix products.",
    )
    xla: bool = setting(
        False, help="Compile the whole training step, not only recurrent loops; faster on a CPU for small layers only."
    )
    steps_per_execution: int = setting(1, most=10**6, help="Optimizer steps in one call of the compiled function.")
    seed: int = setting(1, least=0, most=2**32 - 1, help="Seed of initial weights, dropout and data order.")
    settings: Any = NoSettings()

    def __getattr__(self, name: str) -> Any:
        """Return a setting of the task, which an earlier version had in the recipe itself."""
        own = self.__dict__.get("settings")
        if name.startswith("_") or not hasattr(own, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        warnings.warn(f"recipe.{name} is now recipe.settings.{name}", FutureWarning, stacklevel=2)
        return getattr(own, name)

    def to_dict(self) -> dict[str, Any]:
        """Return all settings by name, those of the task among them."""
        values = asdict(self)
        own = values.pop("settings")
        return values | own

    @property
    def rows(self) -> dict[str, "Field[Any]"]:
        """Name → field of every setting, those of the task last."""
        return {**core_rows(), **{entry.name: entry for entry in fields(self.settings)}}


def core_rows() -> dict[str, "Field[Any]"]:
    """Return name → field of the settings that every task has."""
    return {entry.name: entry for entry in fields(Recipe) if entry.name != "settings"}


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Return a recipe with other values, core or the task's own, which are taken as they are."""
    own = {name: value for name, value in values.items() if name not in core_rows()}
    core = {name: value for name, value in values.items() if name not in own}
    return replace(recipe, **core, settings=replace(recipe.settings, **own))


def from_dict(values: Mapping[str, Any], settings: type, ignored: Sequence[str] = ()) -> Recipe:
    """Build the recipe that `Recipe.to_dict` described.

    Args:
        values: Name → value.
        settings: Class of the task's own settings.
        ignored: Names to leave out, where they are not the task's own: earlier versions wrote the settings of every
            task into each card.

    Raises:
        ArgumentError: A name is unknown or missing, or a value is not accepted.
    """
    rows = {**core_rows(), **{entry.name: entry for entry in fields(settings)}}
    if not isinstance(values, Mapping):
        raise ArgumentError(f"recipe={validation.shown(values)}: give an object with settings")
    kept = {name: value for name, value in values.items() if name in rows or name not in ignored}
    if unknown := [name for name in kept if name not in rows]:
        raise ArgumentError(f"unknown settings: {validation.listed(unknown)}; there are: {', '.join(sorted(rows))}")
    if missing := [name for name, row in core_rows().items() if row.default is MISSING and name not in kept]:
        raise ArgumentError(f"missing settings: {', '.join(missing)}")
    kept = {name: validation.value(name, _kind(rows[name]), value, rows[name].metadata) for name, value in kept.items()}
    core = {name: kept.pop(name) for name in core_rows() if name in kept}
    return Recipe(**core, settings=settings(**kept))


def adjusted(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Change settings of a recipe; words such as `"true"` or `"512"` are read as what the setting is.

    Raises:
        ArgumentError: There is no such setting, or its value is out of range.

    Example:
        >>> adjusted(Recipe(400, 20), {"units": "512", "xla": True}).units
        512
    """
    rows = recipe.rows
    for name in changes:
        if name not in rows:
            close = difflib.get_close_matches(name, rows, 1)
            meant = f"did you mean {close[0]}? " if close else ""
            raise ArgumentError(f"no setting is called {name!r}: {meant}there are: {', '.join(rows)}")
    changed = with_values(recipe, {name: checked(rows[name], value) for name, value in changes.items()})
    if changed.carry and not changed.window:
        raise ArgumentError("carry=true goes from window to window, window=0 has none: change one of them")
    return changed


def _kind(row: "Field[Any]") -> type:
    """Return the type of a setting."""
    return int if row.default is MISSING else type(row.default)


def checked(row: "Field[Any]", given: Any) -> Any:
    """Return the value of a setting in its type; words such as `"true"` or `"512"` are read as what the setting is.

    Raises:
        ArgumentError: It is not accepted.
    """
    name, kind, about = row.name, _kind(row), row.metadata
    if about["choices"] or kind is bool:
        accepted = {word.lower(): word for word in about["choices"]} or TRUTH
        if str(given).lower() not in accepted:
            raise ArgumentError(f"{name}={given!r}: give one of {', '.join(about['choices'] or TRUTH)}")
        return accepted[str(given).lower()]
    if kind is str:
        given = str(given)
    elif isinstance(given, str):
        with contextlib.suppress(ValueError):
            given = float(given)
            given = int(given) if given.is_integer() and abs(given) < 2**53 else given
    return validation.value(name, kind, given, about)
