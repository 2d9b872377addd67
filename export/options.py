"""Checks of what `export.save` is asked for, before anything is computed."""

from pathlib import Path
from typing import Any

from zoo.core.validation import number
from zoo.errors import ArgumentError, DataError
from zoo.runtime.signature import FORMS

from .formats import Format, Options


def check_options(row: Format, form: str, options: Options, batch: int | None, steps: int | None) -> None:
    """Check every option before anything is done.

    Raises:
        ArgumentError: The format does not have it; the message lists the accepted values.
    """
    if form not in FORMS:
        raise ArgumentError(f"form={form!r}: give one of {', '.join(FORMS)}")
    for name, value, accepted in (
        ("quantize", options.quantize, row.quantize),
        ("recurrence", options.recurrence, row.recurrence),
    ):
        if value is not None and value not in accepted:
            raise ArgumentError(f"{name}={value!r}: {row.name} takes {', '.join(accepted) or 'no such option'}")
    for name, size in (("batch", batch), ("steps", steps)):
        if size is not None:
            number(name, size, 1, whole=True)
    if form == "step" and steps not in (None, 1):
        raise ArgumentError(f"steps={steps}: the step form has one")
    row.check(options, form, batch is not None and (steps is not None or form == "step"))


def check_pair_options(options: Options, state: bool, inputs: Any) -> None:
    """Check what does not go with an encoder and a decoder.

    Raises:
        ArgumentError: Inputs that calibrate, explicit states, or inputs of the model.
    """
    if options.representative is not None:
        raise ArgumentError("representative=: activations of encoder–decoder models stay float32; leave it out")
    if state or inputs is not None:
        raise ArgumentError("state, inputs: of an encoder and a decoder both are known: leave them out")


def check_target(target: Path, row: Format) -> None:
    """Refuse to replace a folder that is not an artifact of this format.

    Raises:
        DataError: There is one.
    """
    if not target.is_dir():
        return
    if not row.folder:
        raise DataError(f"{target} is a folder: a {row.name} artifact is a file")
    if any(target.iterdir()) and not row.recognises(target, b""):
        raise DataError(f"{target} is a folder with other content: remove it or choose another name")


def check_free(path: Path, row: Format) -> None:
    """Refuse to replace something else by an encoder.

    Raises:
        DataError: It is there.
    """
    if path.is_dir() != row.folder and path.exists():
        raise DataError(f"{path}, where the encoder belongs, is something else: choose another name")
    if path.is_dir() and any(path.iterdir()) and not row.recognises(path, b""):
        raise DataError(f"{path} is a folder with other content: remove it or choose another name")
