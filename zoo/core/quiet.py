"""Keeping what native libraries print from the user, unless the logger `zoo` shows debug messages.

TensorFlow, its converters and LiteRT write to the standard error stream of the process, not through Python.
"""

import contextlib
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

LOGGER = logging.getLogger("zoo")
STDERR = 2  # file descriptor
LEVEL = {"TF_CPP_MIN_LOG_LEVEL": "3"}
"""Set before TensorFlow starts, unless the user has set it."""


class _Hidden:
    """The standard error stream while it is hidden: how many blocks hide it, and a copy of it."""

    def __init__(self) -> None:
        self.lock, self.blocks, self.copy = threading.Lock(), 0, -1

    def enter(self) -> None:
        """Hide the stream, if no other block does."""
        with self.lock:
            if not self.blocks:
                self.copy = os.dup(STDERR)
                with open(os.devnull, "wb") as nothing:
                    os.dup2(nothing.fileno(), STDERR)
            self.blocks += 1

    def leave(self) -> None:
        """Restore the stream after the last block."""
        with self.lock:
            self.blocks -= 1
            if not self.blocks:
                os.dup2(self.copy, STDERR)
                os.close(self.copy)


HIDDEN = _Hidden()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide what the process writes to its standard error stream in a block, which all threads share.

    Nothing is hidden if the logger `zoo` is enabled for debug messages.
    """
    try:
        if LOGGER.isEnabledFor(logging.DEBUG) or sys.stderr is None:
            raise OSError
        sys.stderr.flush()
        HIDDEN.enter()
    except (OSError, ValueError):  # there is no such stream, or it is closed
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        HIDDEN.leave()


def start_tensorflow(guard: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
    """Import TensorFlow, if Keras runs on it, without its start-up messages.

    Args:
        guard: Returns what the import runs in.
    """
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow" or "tensorflow" in sys.modules:
        return
    for name, value in LEVEL.items():
        os.environ.setdefault(name, value)
    with quiet(), guard(), contextlib.suppress(ImportError):  # reported by what needs it
        importlib.import_module("tensorflow")
