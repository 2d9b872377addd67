import errno
import importlib
import sys

import click
import pytest
from click.testing import CliRunner

from zoo.core import commands
from zoo.core.commands import MODEL, Command, Group, is_input
from zoo.errors import ArgumentError


class Session:
    def is_model(self, name):
        return name.startswith("model")


@click.group("tool", cls=Group, renamed={"old": "run"})
@click.pass_context
def tool(ctx):
    """Group for the tests."""
    ctx.obj = Session()


@tool.command(
    renamed={"--model": MODEL, "--width": "--beam-width", "--json": "--output-format=json", "--loud": "--verbose"},
    earlier_model=lambda arguments: "model_b" if "--verbose" in arguments else "model_a",
    is_input=lambda text: text.endswith(".in"),
)
@click.argument("model")
@click.argument("files", nargs=-1, required=True)
@click.option("--beam-width", "-w", type=int)
@click.option("--output-format")
@click.option("--verbose", is_flag=True)
def run(**values):
    if values["beam_width"] == 0:
        raise ArgumentError("no\nwidth")
    click.echo(
        " ".join(
            str(value)
            for value in (
                values["model"],
                *values["files"],
                values["beam_width"],
                values["output_format"],
                values["verbose"],
            )
        )
    )


def call(text):
    return CliRunner().invoke(tool, text.split())


CASES = {
    "run model a.in -w 2": ("model a.in 2 None False", 0),
    "run a.in": ("model_a a.in None None False", 1),
    "run a.in b.in --verbose": ("model_b a.in b.in None None True", 1),
    "run a.in --loud": ("model_b a.in None None True", 2),
    "run model.in a.in": ("model.in a.in None None False", 0),
    "run a.in --model other": ("other a.in None None False", 1),
    "run --model=other a.in --width=3": ("other a.in 3 None False", 2),
    "run --width 3 model a.in": ("model a.in 3 None False", 1),
    "run model a.in --json": ("model a.in None json False", 1),
    "run model --output-format --json a.in": ("model a.in None --json False", 0),
    "run --beam-width 2 a.in -- --width b.in": ("model_a a.in --width b.in 2 None False", 1),
    "run -- a.in --model": ("model_a a.in --model None None False", 1),
    "old model a.in": ("model a.in None None False", 1),
    "run unknown a.in": ("unknown a.in None None False", 0),
}


@pytest.mark.parametrize("text", CASES)
def test_earlier_spellings(text):
    output, warnings = CASES[text]
    found = call(text)
    assert found.exit_code == 0, found.output
    assert found.stdout == output + "\n"
    assert len(found.stderr.splitlines()) == warnings
    assert all("release only" in line for line in found.stderr.splitlines())


@pytest.mark.parametrize(("text", "status"), [
    ("run model", 2), ("run model a.in --unknown", 2), ("run", 2), ("nothing", 2), ("run --model", 2),
    ("run model a.in -w x", 2), ("run model a.in -w 0", 1),
])  # fmt: skip
def test_what_cannot_be_parsed_is_refused(text, status):
    found = call(text)
    assert found.exit_code == status
    assert "Error: " in found.stderr
    if status == 1:
        assert found.stderr == "Error: no width\n"


def test_a_command_alone_reports_errors_in_one_line():
    @click.command(cls=Command)
    def alone():
        raise ArgumentError("no\ngood")

    found = CliRunner().invoke(alone, [])
    assert (found.exit_code, found.stderr) == (1, "Error: no good\n")


def test_a_missing_file_alone_is_an_input():
    """So that the command says that it does not exist, not that another argument is missing."""
    found = call("run missing.wav")
    assert found.exit_code == 0
    assert found.stdout == "model_a missing.wav None None False\n"
    assert found.stderr.startswith("warning: name the model first: tool run model_a")
    for text in ("run misspelled", "run model.v2"):
        assert "Missing argument" in call(text).stderr


@pytest.mark.parametrize("text", ["run --model", "run a.in --model", "run model a.in --model=", "run --model= a.in"])
def test_an_earlier_option_without_its_value_is_refused(text):
    found = call(text)
    assert found.exit_code == 2
    assert "--model needs a value; it is now the first argument: tool run MODEL" in found.stderr
    assert "--model" in found.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENAMETOOLONG, "reason", "x" * 300), f"Error: {'x' * 50}… is too long for the name of a file\n"),
        (OSError(errno.EACCES, "Permission denied", "a/b"), "Error: a/b: Permission denied\n"),
        (ArgumentError(f"no {'y' * 5000}\nhere"), f"Error: no {'y' * 50}… here\n"),
    ],
)
def test_files_and_names_that_cannot_be_used_are_the_users_error(error, said):
    @click.command(cls=Command)
    def alone():
        raise error

    found = CliRunner().invoke(alone, [])
    assert (found.exit_code, found.stderr) == (1, said)


def test_errors_that_name_no_file_are_those_of_the_output():
    @click.command(cls=Command)
    def alone():
        raise OSError(errno.ENOSPC, "full")

    assert isinstance(CliRunner().invoke(alone, []).exception, OSError)


def test_inputs_are_told_from_other_texts(tmp_path):
    (tmp_path / "take.wav").touch()
    for text in ("-", str(tmp_path), str(tmp_path / "*.wav")):
        assert is_input(text), text
    for text in ("x" * 300, "a\0b", str(tmp_path / "*.mp3")):
        assert not is_input(text), text


def test_nothing_that_a_terminal_obeys_is_printed(capsys):
    """Names and labels of others; lines of a text stay lines."""
    commands.show("one\n\ttwo\x1b[2J\x9b")
    commands.warn("a\x1b]0;title\x07\nb")
    shown = capsys.readouterr()
    assert shown.out == "one\n\ttwo\\x1b[2J\\x9b\n"
    assert shown.err == "warning: a\\x1b]0;title\\x07 b\n"


def test_a_missing_optional_package_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    found = CliRunner().invoke(Command("c", callback=lambda: importlib.import_module("tf2onnx")))
    assert (found.exit_code, found.output) == (1, "Error: this needs tf2onnx: pip install 'rnn-zoo[keras]'\n")


def test_many_options_are_under_headings():
    names = ("--seed", "--out", "--engine", "--bars", *(f"--more-{i}" for i in range(5)))
    long = Command("long", params=[click.Option([name], help="x") for name in names])
    shown = CliRunner().invoke(long, ["--help"]).output
    order = [
        shown.index(part)
        for part in ("Options:", "--bars", "Sampling:", "--seed", "Output:", "--out", "Runtime:", "--engine")
    ]
    assert order == sorted(order)
    short = Command("short", params=[click.Option([name], help="x") for name in names[:4]])
    assert "Sampling:" not in CliRunner().invoke(short, ["--help"]).output
