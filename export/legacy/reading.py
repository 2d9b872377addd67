"""Read a model file of any Keras as a model of Keras 3."""

import os
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.core.extras import needing
from zoo.core.validation import first_line
from zoo.errors import ModelFileError

from .files import Stored, generation_of, opened, under_suffix

if TYPE_CHECKING:
    from .weights import Filled


@dataclass(frozen=True)
class Reading:
    """How a model file was read; print it.

    Attributes:
        path: The file.
        version: Version of the Keras that wrote it; `1` where Keras 1 wrote none.
        mapped: What was mapped to Keras 3 → paths of the layers.
    """

    path: Path
    version: str
    mapped: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        """Return a line for the file, and one for each thing that was mapped."""
        return "\n".join([f"{self.path}: written by Keras {self.version}", *(f"  {line}" for line in self.lines)])

    @property
    def generation(self) -> int:
        """Number before the first dot of the version."""
        return generation_of(self.version)

    @property
    def lines(self) -> list[str]:
        """What was mapped and in which layers, a line each."""
        return [f"{what}: {', '.join(where)}" for what, where in self.mapped.items()]


_READINGS: "weakref.WeakKeyDictionary[Any, Reading]" = weakref.WeakKeyDictionary()


def reading(model: Any) -> Reading | None:
    """Return how a model was read by `read`; None for any other model."""
    try:
        return _READINGS.get(model)
    except TypeError:
        return None


@needing("reading a model of Keras needs", "keras")
def read(path: str | os.PathLike[str], *, custom_objects: Mapping[str, Any] | None = None, trust: bool = False) -> Any:
    """Read a model file of Keras 1, 2 or 3 as a model of Keras 3 that computes the same.

    A file is recognized by its content, not by its suffix. `reading(model)` says which Keras wrote it and what was
    mapped. The model is not compiled: compile it to train it.

    Args:
        path: An HDF5 file or a zip archive (`.h5`, `.hdf5`, `.keras`) that `model.save` of any Keras wrote.
        custom_objects: Classes and functions that are not Keras's own, by the name in the file; the function of a
            `Lambda` layer also by the name of the layer.
        trust: Run the code that `Lambda` layers hold, which can do anything that you can.

    Returns:
        A `keras.Model`.

    Raises:
        ModelFileError: The file is not a model file, is damaged, or holds something that Keras 3 has no equivalent for;
            the message says what, where, and what to do.
        MissingExtra: Keras is not installed.
    """
    return built(path, dict(custom_objects or {}), trust)[0]


def built(
    path: str | os.PathLike[str], custom: dict[str, Any], trust: bool, portable: bool = False
) -> "tuple[Any, Reading, list[Filled]]":
    """Return the model of a file, how it was read, and which arrays of the file went into which layer.

    Args:
        path: The file.
        custom: As for `read`.
        trust: As for `read`.
        portable: Use Keras 3's own functions where weights can be changed to match (see `portable`).

    Raises:
        ModelFileError: As for `read`.
    """
    stored = opened(path)
    if stored.config is None:
        raise ModelFileError(
            f"{stored.path} has weights alone, no layers: build the model and give it the weights by "
            "export.load_weights(model, path)"
        )
    filled: list[Filled] = []
    mapped: dict[str, tuple[str, ...]] = {}
    if stored.generation >= 3:
        model = _by_keras(stored, custom, trust)
        if names := [spec["config"]["name"] for spec in _specs(stored.config) if spec["class_name"] == "Lambda"]:
            mapped = {"the code of Lambda layers was run": tuple(names)}
    else:
        model, mapped = _translated(stored, custom, trust, portable, filled)
    about = Reading(stored.path, stored.version, mapped)
    _READINGS[model] = about
    return model, about, filled


def _translated(
    stored: Stored, custom: dict[str, Any], trust: bool, portable: bool, filled: "list[Filled]"
) -> tuple[Any, dict[str, tuple[str, ...]]]:
    """Build the model of a file of Keras 1 or 2; return it and what was mapped."""
    from .layers import reserve_names
    from .models import Builder
    from .weights import Filler

    reserve_names(stored.config)
    builder = Builder(stored, custom, trust, portable)
    try:
        part = builder.model(stored.config)
        Filler(stored, builder.tell, filled).model(part)
    except ModelFileError as error:
        raise ModelFileError(f"{stored.path} (Keras {stored.version}): {error}") from error.__cause__
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, RecursionError) as error:
        raise ModelFileError(
            f"{stored.path} (Keras {stored.version}) is not written as Keras writes it ({type(error).__name__}: "
            f"{first_line(error)}): save it again, or build the model and use export.load_weights"
        ) from error
    return part.layer, {what: tuple(dict.fromkeys(where)) for what, where in builder.told.items()}


def _by_keras(stored: Stored, custom: dict[str, Any], trust: bool) -> Any:
    """Read a file of Keras 3 by Keras."""
    import keras

    with under_suffix(stored, ".keras" if stored.container == "zip" else ".h5") as path:
        try:
            return keras.models.load_model(path, custom_objects=custom, compile=False, safe_mode=not trust)
        except Exception as error:
            raise ModelFileError(f"{stored.path} (Keras {stored.version}): {_reason(stored, custom, error)}") from error


def _reason(stored: Stored, custom: dict[str, Any], error: Exception) -> str:
    """Return what a user can do about an error of Keras."""
    import keras

    for spec in _specs(stored.config):
        kind, name = spec["class_name"], (spec.get("config") or {}).get("name", "")
        registered = str(spec.get("registered_name") or kind)
        if kind == "Lambda" and "lambda" in str(error).lower():
            return (
                f"{name} (Lambda) holds code of the file's author: if you trust the file, run its code by trust=True "
                "(`--trust`)"
            )
        foreign = not str(spec.get("module") or "keras").startswith(("keras", "builtins"))
        known = {kind, registered} & set(custom) or keras.saving.get_registered_object(registered)
        if (foreign or ">" in registered) and not known:
            return (
                f"{name} is a layer of a class {kind}, which is not Keras's own: give it by "
                f"custom_objects={{{kind!r}: {kind}}}, or on the command line by `--import MODULE`, a module with it"
            )
    return first_line(error)


def _specs(config: Any) -> Iterator[dict[str, Any]]:
    """Yield the configurations of all layers of a model, nested ones too."""
    if isinstance(config, dict):
        if (
            isinstance(config.get("class_name"), str)
            and isinstance(config.get("config"), dict)
            and "name" in config["config"]
        ):
            yield config
        config = list(config.values())
    for value in config if isinstance(config, list) else ():
        yield from _specs(value)
