"""LiteRT, imported in one place: the runtime of TFLite files, and the tables of their format."""

import contextlib
from typing import Any

from zoo.core.extras import needing
from zoo.core.quiet import quiet

PURPOSE = ".tflite files need"


def schema() -> Any:
    """Return the module with the numbers and classes of the file format.

    Raises:
        MissingExtra: LiteRT is not installed.
    """
    with needing(PURPOSE, "ai_edge_litert"):
        from ai_edge_litert import schema_py_generated

    return schema_py_generated


def interpreter(content: bytes, threads: int) -> Any:
    """Make an interpreter of a file's content.

    Raises:
        MissingExtra: LiteRT is not installed.
    """
    with needing(PURPOSE, "ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter

    with quiet():
        found = Interpreter(model_content=content, num_threads=threads)
        with contextlib.suppress(RuntimeError):  # free axes have a size of 1 here, which not every file takes
            found.allocate_tensors()  # the first time LiteRT prints which delegate it has made
    return found
