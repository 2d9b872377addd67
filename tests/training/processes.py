"""Real processes that need not import TensorFlow: each is forked from one that has, before it computed anything."""

import contextlib
import multiprocessing
import os
import sys
from pathlib import Path

from tests.conftest import ROOT

PRELOADED = ["tensorflow", "keras", "zoo.training.run", "zoo.training.fit", "zoo.cli.main", "zoo.tasks.music.task"]


def _run(target, arguments, environment, output):
    """In the new process: what it says goes to a file, and it ends as a command does."""
    stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.environ.update(environment)
    target(*arguments)


def _command(*words):
    from zoo.cli.main import main

    sys.argv = ["zoo", *words]
    main()


def _code(code, *words):
    sys.argv = ["-c", *words]
    exec(code, {"__name__": "__main__"})


class Process:
    """A running process; `output` is the file that it writes to."""

    def __init__(self, target, arguments, output: Path, environment=None):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self.output = output
        with contextlib.chdir(ROOT):
            self._process = context.Process(target=_run, args=(target, arguments, environment or {}, str(output)))
            self._process.start()

    def running(self) -> bool:
        return self._process.is_alive()

    def kill(self):
        self._process.kill()

    def end(self, timeout: float) -> tuple[int, str]:
        """Wait for its end; its status, and what it said."""
        self._process.join(timeout)
        assert not self.running(), self.output.read_text()
        return self._process.exitcode, self.output.read_text()


def zoo_command(output: Path, *words, environment=None) -> Process:
    """Start `zoo WORDS`."""
    return Process(_command, [str(word) for word in words], output, environment)


def python_code(output: Path, code: str, *words) -> Process:
    """Start `python -c CODE WORDS`."""
    return Process(_code, [code, *map(str, words)], output)
