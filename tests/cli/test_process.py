"""How commands end: by signals, and by outputs that are closed, full, or cannot write a character."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
import pytest

from tests.cli.calls import call
from tests.conftest import ROOT
from zoo.cli import process
from zoo.cli.main import main

LONG = "x" * 5000


class Left(Exception):
    """The process would have ended."""


@pytest.fixture
def left(monkeypatch):
    """Signals as in a process of its own, of which only the end is replaced."""

    def leave(status):
        raise Left(status)

    monkeypatch.setattr(process, "STOP", process.Stopping())
    monkeypatch.setattr(process, "DEFAULT", [signal.getsignal(number) for number in process._numbers()])
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)


def stopped(number, more=lambda: None):
    def run():
        signal.raise_signal(number)
        more()

    return run


@pytest.mark.parametrize(
    ("number", "text", "status"),
    [
        (signal.SIGINT, "Interrupted", 130),
        (signal.SIGTERM, "Terminated", 143),
        (signal.SIGHUP, "Terminated", 129),
    ],
)
def test_a_signal_ends_a_command_with_one_line(number, text, status, left, capsys):
    before = signal.getsignal(number)
    with pytest.raises(Left) as caught:
        process.status(stopped(number))
    assert caught.value.args == (status,)
    assert capsys.readouterr().err == f"{text}\n"
    assert signal.getsignal(number) is before


def test_what_a_library_makes_of_a_signal_does_not_matter(left, capsys):
    def run():
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException as error:
            raise ImportError("numpy is broken") from error

    with pytest.raises(Left, match="130"):
        process.status(run)
    assert capsys.readouterr().err == "Interrupted\n"


def test_a_second_signal_ends_the_process_at_once(left, capsys):
    def run():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            print("never")

    with pytest.raises(Left, match="143"):
        process.status(run)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("how", ["swallowed", "never handled"])
def test_a_process_that_does_not_end_is_ended(how, left, monkeypatch, capsys):
    """What the signal raises may be swallowed; and Python handles none while a library computes."""
    statuses, ended = [], threading.Event()
    monkeypatch.setattr(process, "GRACE_S", 0.01)
    monkeypatch.setattr(os, "_exit", lambda status: statuses.append(status) or ended.set())
    if how == "never handled":
        monkeypatch.setattr(process.Stopping, "__call__", lambda self, number, frame: None)

    def run():
        with contextlib.suppress(process.Stopped):
            signal.raise_signal(signal.SIGTERM)
        ended.wait(10)

    process.status(run)
    assert statuses == [143]
    assert capsys.readouterr().err == "Terminated\n"


def test_temporary_folders_are_removed_by_a_signal(left, tmp_path):
    from zoo.core.files import replacing

    def run():
        context = replacing(tmp_path / "a")
        context.__enter__().write_text("half")
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(Left):
        process.status(run)
    assert not list(tmp_path.iterdir())


def test_advice_is_given_where_it_applies(left, capsys):
    with process.advice(lambda: "Buy low"):
        pass
    with pytest.raises(Left), process.advice(lambda: "Continue with: zoo train x --resume"):
        process.status(stopped(signal.SIGINT))
    assert capsys.readouterr().err == "Interrupted. Continue with: zoo train x --resume\n"


def test_a_signal_in_an_import_ends_the_process_where_it_is(left, capfd):
    def run():
        with process.at_once(2):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Left, match="130"):
        process.status(run)
    assert capfd.readouterr().err == "Interrupted\n"


def test_signals_that_are_ignored_stay_so(left, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr(process, "DEFAULT", process.DEFAULT[:2])
        assert process.status(stopped(signal.SIGHUP, lambda: 5)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_commands_run_in_threads_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(process.status(lambda: 7)))
    thread.start()
    thread.join()
    assert found == [7]


def test_keyboard_interrupts_of_others_have_the_same_status(monkeypatch):
    monkeypatch.setattr("zoo.api.info", lambda name: (_ for _ in ()).throw(KeyboardInterrupt))
    result = call("info", "lstm_music")
    assert (result.exit_code, result.stderr.strip()) == (130, "Interrupted")


def test_errors_of_files_are_one_line(monkeypatch):
    monkeypatch.setattr("zoo.api.info", lambda name: Path("/nothing/there").read_text())
    result = call("info", "lstm_music")
    assert (result.exit_code, result.output) == (1, "Error: /nothing/there: No such file or directory\n")
    with pytest.raises(FileNotFoundError):
        process.status(Path("/nothing/there").read_text)


def test_errors_of_the_output(monkeypatch, capsys):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(process, "_silence", lambda: None)
    assert process.status(full) == 1
    assert capsys.readouterr().err == "Error: cannot write to the standard output: No space left on device\n"


def test_results_of_commands_are_no_status():
    group = type(main)("g", commands={"c": click.Command("c", callback=lambda: 3)})
    with pytest.raises(SystemExit) as caught:
        group.main(["c"])
    assert caught.value.code == 0
    assert group.main(["c"], standalone_mode=False) is None


OUTPUTS = {
    "nobody reads": ("{ sleep .5; {zoo} page lstm_music; echo $? >&2; } | true", ["141"]),
    "full": ("{zoo} list > /dev/full; echo $? >&2", ["Error: cannot write to the standard output: No space left on device", "1"]),
    "closed": ("{zoo} --help >&-; echo $? >&2", ["Error: cannot write to the standard output: Bad file descriptor", "1"]),
    "all closed": ("({zoo} info lstm_music <&- >&- 2>&-); echo $? >&2", ["1"]),
    "stderr is full": ("{zoo} nosuch 2> /dev/full; echo $? >&2", ["2"]),
    "latin-1": ("PYTHONIOENCODING=latin-1 {zoo} page lstm_text > /dev/null; echo $? >&2", ["0"]),
}  # fmt: skip


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")
@pytest.mark.parametrize("case", OUTPUTS)
def test_outputs_that_cannot_be_written(case):
    """Real processes; none of them imports TensorFlow."""
    command, said = OUTPUTS[case]
    command = command.replace("{zoo}", f"{sys.executable} -m zoo")
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines() == said


def test_a_real_process_is_interrupted(tmp_path):
    """While it reads the standard input."""
    command = [sys.executable, "-c", "import sys; from zoo.cli import process; "
               "sys.exit(process.status(lambda: print('ready', flush=True) or sys.stdin.read()))"]  # fmt: skip
    child = subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=-1, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=30)[1] == "Interrupted\n"
    assert child.returncode == 130


@pytest.mark.parametrize(
    "words",
    [["info", LONG], ["page", f"a/{LONG}"], ["inspect", f"{LONG}.onnx"], ["train", LONG]],
)
def test_long_names_are_errors_of_one_short_line(words):
    result = call(*words)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.output.count("\n") == 1
    assert len(result.output) < 1000
