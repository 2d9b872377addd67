"""Functions of `Lambda` layers: code of the file's author, which is run on request alone."""

import base64
import marshal
import types
from collections.abc import Callable, Mapping
from typing import Any

from zoo.core.validation import first_line
from zoo.errors import ModelFileError


def function(
    config: Mapping[str, Any], custom: Mapping[str, Any], trust: bool, where: str
) -> tuple[Callable[..., Any], bool]:
    """Return the function of a `Lambda` layer, and whether the user gave it.

    Args:
        config: Its configuration in the file.
        custom: The user's functions, by the name of the layer or of the function; they come before what is stored.
        trust: Run the stored code.
        where: Path of the layer, for messages.

    Raises:
        ModelFileError: The file only names the function, running its code is not allowed, or its code cannot be run.
    """
    stored, name = config.get("function"), str(config.get("name", ""))
    given = f"custom_objects={{{name!r}: function}} (`--import MODULE`, a module with a function of the layer's name)"
    if name in custom:
        return _with_arguments(custom[name], config), True
    if isinstance(stored, Mapping) and stored.get("class_name") != "__lambda__":
        stored = stored.get("config", stored.get("class_name"))
    if isinstance(stored, str) and config.get("function_type", "function") != "lambda":
        if stored in custom:
            return _with_arguments(custom[stored], config), True
        raise ModelFileError(
            f"{where} (Lambda) calls the function {stored!r} of the file's author: give it by "
            f"custom_objects={{{stored!r}: …}}, or `--import MODULE` of a module that defines it"
        )
    if not trust:
        raise ModelFileError(
            f"{where} (Lambda) holds code of the file's author. Give the function by {given}, or, if you trust the "
            "file, run its code by trust=True (`--trust`)"
        )
    try:
        code, defaults, closure = _parts(stored)
        return _with_arguments(_made(code, defaults, closure), config), False
    except Exception as error:
        raise ModelFileError(
            f"{where} (Lambda): its code was compiled by another Python and cannot be run ({first_line(error)}): give "
            f"the function by {given}"
        ) from error


def _parts(stored: Any) -> tuple[str, Any, Any]:
    """Return code, defaults and closure, as HDF5 files and zip archives store them."""
    if isinstance(stored, Mapping):
        inner = stored["config"]
        return inner["code"], inner.get("defaults"), inner.get("closure")
    code, defaults, closure = stored
    return code, defaults, closure


def _made(code: str, defaults: Any, closure: Any) -> Callable[..., Any]:
    """Make a function of marshalled code; its globals are the modules that such code usually imports."""
    import keras
    import numpy as np
    import tensorflow as tf
    from keras._tf_keras.keras import backend

    body = marshal.loads(base64.b64decode(code.encode()))
    names = {"tf": tf, "tensorflow": tf, "K": backend, "backend": backend, "keras": keras, "np": np, "numpy": np}
    cells = tuple(types.CellType(value) for value in closure) if closure else None
    return types.FunctionType(
        body, {**names, "__builtins__": __builtins__}, "lambda", tuple(defaults or ()) or None, cells
    )


def _with_arguments(found: Callable[..., Any], config: Mapping[str, Any]) -> Callable[..., Any]:
    """Bind the arguments that the layer stores."""
    arguments = config.get("arguments") or {}
    if not arguments:
        return found
    return lambda *args, **named: found(*args, **{**arguments, **named})
