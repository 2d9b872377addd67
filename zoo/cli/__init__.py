"""The `zoo` command."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let signals end the process in one line while the command is imported; `zoo.cli.process` handles later ones."""

    def leave(number: int, _frame: Any) -> None:
        if sys.stderr:
            print("Interrupted" if number == signal.SIGINT else "Terminated", file=sys.stderr, flush=True)
        os._exit(128 + number)

    try:
        found = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        usual = [number for number in found if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)]
        before = {number: signal.signal(number, leave) for number in usual}
    except ValueError:  # not in the main thread: no matter of ours
        before = {}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


with _interruptible():
    from zoo.cli.main import main

__all__ = ["main"]
