"""The command as a process: its standard streams, the signals that stop it, and the status that it ends with.

| status | the command |
|---|---|
| 0 | did what it was asked |
| 1 | failed: the reason is on stderr, in one line |
| 2 | was called wrongly |
| 128 + n | was stopped by signal n: 130 by Ctrl-C, 143 by SIGTERM, 129 by the end of its terminal; 141: a broken pipe |
"""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import click

from zoo.core import files

STOPPING = {"SIGINT": "Interrupted", "SIGTERM": "Terminated", "SIGHUP": "Terminated"}
"""Signals that stop a command → what it says then."""
GRACE_S = 3.0
"""How long a command may take to end after a signal, in seconds; then it ends wherever it is."""
BROKEN_PIPE = 141  # 128 + SIGPIPE, as other tools; Windows has no such signal
DEFAULT = (signal.SIG_DFL, signal.default_int_handler)


class Stopped(BaseException):
    """A signal has stopped the command; not an `Exception`, which libraries would take for an error of their own."""


class Stopping:
    """The signals that have come, and what the user is told when the command ends by one.

    Attributes:
        received: Their numbers.
        advice: Returns what to do next; empty if there is nothing to be said.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self.advice: Callable[[], str] = str
        self.told = False

    def __call__(self, number: int, _frame: Any = None) -> None:
        """Handle a signal: the first one unwinds the command, a second one ends it at once."""
        self.received.append(number)
        if len(self.received) > 1:
            self.leave()
        sys.unraisablehook = lambda _: None  # raised where Python ignores it; `_watched` is for that case too
        raise Stopped

    def leave(self) -> None:
        """End the process: threads that compute, and libraries that clean up, are not waited for."""
        number = self.received[0]
        files.abandon()
        text = STOPPING[signal.Signals(number).name]
        with contextlib.suppress(Exception):
            told, self.told = self.told, True  # `_watched` may come in between
            if not told:
                click.echo(". ".join(part for part in (text, self.advice()) if part), err=True)
            sys.stdout.flush()
        os._exit(128 + number)


STOP = Stopping()


@contextlib.contextmanager
def advice(text: Callable[[], str]) -> Iterator[None]:
    """Have the user told what to do next, if a signal stops the command in the block."""
    before, STOP.advice = STOP.advice, text
    try:
        yield
    finally:
        if not STOP.received:
            STOP.advice = before


@contextlib.contextmanager
def at_once(stderr: int) -> Iterator[None]:
    """Have signals end the process without unwinding: in an import, which may swallow what is raised.

    Args:
        stderr: File descriptor to write the message to.
    """

    def leave(number: int, _frame: Any) -> None:
        os.dup2(stderr, 2)
        STOP.received.append(number)
        STOP.leave()

    ours = [number for number in _numbers() if signal.getsignal(number) is STOP]
    with _handled(ours, leave):
        yield


def status(run: Callable[[], Any]) -> int:
    """Run a command; report whatever it raises in one line, and return the status to end with.

    Args:
        run: Calls the command, and returns its status if that is not 0.

    Raises:
        Exception: An error of the program itself.
    """
    is_main = threading.current_thread() is threading.main_thread()
    numbers = [number for number in _numbers() if is_main and signal.getsignal(number) in DEFAULT]
    with _handled(numbers, STOP):
        try:
            streams()  # before `_watched` opens files, which would get the numbers of closed ones
            with _watched(numbers):
                return _status(run)
        except BaseException:
            if STOP.received:
                STOP.leave()
            raise


def _status(run: Callable[[], Any]) -> int:
    try:
        result = run()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.Abort:
        click.echo(STOPPING["SIGINT"], err=True)
        return 128 + signal.SIGINT
    except click.ClickException as error:
        error.show()
        sys.stdout.flush()
        return error.exit_code
    except OSError as error:
        return _unwritten(error)


def _unwritten(error: OSError) -> int:
    """Return the status for an error of the standard output, which names no file; raise any other again."""
    if error.filename is not None:
        raise error
    _silence()
    if isinstance(error, BrokenPipeError):
        return BROKEN_PIPE
    click.echo(f"Error: cannot write to the standard output: {error.strerror or error}", err=True)
    return 1


@contextlib.contextmanager
def broken_pipe() -> Iterator[None]:
    """End quietly where nobody reads the output any more: click would end with status 1.

    Raises:
        click.exceptions.Exit: Nobody does.
    """
    try:
        yield
    except BrokenPipeError as error:
        _silence()
        raise click.exceptions.Exit(BROKEN_PIPE) from error


def _silence() -> None:
    """Let what is left to write to the standard output go nowhere, so that Python's own end does not fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def streams() -> None:
    """Replace closed standard streams, and let all of them write characters that their encoding lacks as `\\u266d`.

    A closed output fails as a full one does, but only if something is written; and no file gets its number.
    """
    for number, name, flags in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, flags)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    if (usual := sys.__stderr__) is not None and sys.stderr is usual:
        buffer = io.BufferedWriter(_Notices(usual.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(buffer, usual.encoding, line_buffering=True)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


class _Notices(io.FileIO):
    """A full or broken stderr: what is told there is lost, and the command goes on."""

    def write(self, data: Any) -> int:
        """Write bytes; say that they are written in any case."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in STOPPING if hasattr(signal, name)]


@contextlib.contextmanager
def _watched(numbers: list[int]) -> Iterator[None]:
    """End the process some seconds after a signal, if it has not ended: where a library computes or swallows errors."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    ended = threading.Event()

    def watch() -> None:
        while (received := os.read(reading, 1)) and received[0] not in numbers:
            pass
        os.close(reading)
        if received and not ended.wait(GRACE_S):
            STOP.received.append(received[0])
            STOP.leave()

    threading.Thread(target=watch, daemon=True).start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False) if numbers else None
    try:
        yield
    finally:
        ended.set()
        if before is not None:
            signal.set_wakeup_fd(before)
        os.close(writing)


@contextlib.contextmanager
def _handled(numbers: list[int], handler: Callable[..., None]) -> Iterator[None]:
    """Handle signals inside the block; those that are ignored, as `nohup` asks for, are not among them."""
    before = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, earlier in before:
            signal.signal(number, earlier)
