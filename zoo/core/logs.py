"""Logging: the loggers `zoo` and `export`, and how the command line shows them.

The package itself adds no handler: applications choose what they show with `logging`.
"""

import logging
import sys

NAMES = ("zoo", "export")


class Stderr(logging.StreamHandler):
    """Writes to what is the standard error stream at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


def show(level: int) -> None:
    """Show the messages of the package from a level on, on the standard error stream."""
    for name in NAMES:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = False
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
        logger.addHandler(Stderr())


def warnings_shown() -> bool:
    """Return whether warnings are shown."""
    return logging.getLogger(NAMES[0]).isEnabledFor(logging.WARNING)
