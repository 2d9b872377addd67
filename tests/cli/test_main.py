import subprocess
import sys
from dataclasses import replace

import click
import pytest

import zoo
from tests.cli.calls import call
from tests.conftest import ROOT
from zoo.cli.main import main
from zoo.core import task as tasks
from zoo.presets.catalog import catalog, find

COMMANDS = main.list_commands(click.Context(main))


def test_commands_of_tasks_are_found():
    assert {"list", "generate", "harmonize", "transcribe", "label"} < {*COMMANDS}


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_examples(command):
    result = call(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"zoo {command}".strip() in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_help(command):
    context = click.Context(main)
    params = main.get_command(context, command).get_params(context)
    options = [param for param in params if isinstance(param, click.Option)]
    assert options
    for option in options:
        assert option.help, option.opts


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("list", "inspect")])
def test_the_model_is_the_first_argument(command):
    context = click.Context(main)
    params = main.get_command(context, command).get_params(context)
    first = next(param for param in params if isinstance(param, click.Argument))
    assert first.name == "model" or first.metavar.startswith("[MODEL] ")  # which may be left out


def test_earlier_names_of_commands_work_with_a_warning():
    earlier, current = call("card", "lstm_music"), call("page", "lstm_music")
    assert earlier.exit_code == 0
    assert earlier.stdout == current.stdout
    assert earlier.stderr == "warning: `zoo card` is now `zoo page`: the earlier name works in this release only\n"
    assert "\n  card " not in call("--help").output


def test_other_tasks_add_commands(monkeypatch):
    """One whose name is taken is left out, and so is a task that fails."""

    @click.command(help="Beat the drums.")
    @click.pass_obj
    def beat(session):
        click.echo(session.is_model("lstm_music"))

    def fail():
        raise ImportError("no module\nof that name")

    named = [click.Command("list"), click.Command("transcribe"), beat]
    added = {"drums": lambda: named, "broken": fail}
    rows = {name: replace(tasks.find("music"), name=name, commands=commands) for name, commands in added.items()}
    monkeypatch.setattr("zoo.cli.startup.names", lambda: ["speech", "drums", "broken"])
    monkeypatch.setattr("zoo.cli.startup.find", lambda name: rows.get(name) or tasks.find(name))
    assert call("beat").stdout == "True\n"
    shown = call("--help")
    assert "Beat the drums." in shown.stdout
    assert shown.stderr.splitlines() == [
        "warning: the task broken is left out of the command line (ImportError: no module of that name)",
        "warning: the command list of the task drums is left out: its name is taken",
        "warning: the command transcribe of the task drums is left out: its name is taken",
    ]
    listed = call("list")
    assert (listed.exit_code, listed.stderr) == (0, "")


@pytest.mark.parametrize(
    "words", [["--help"], ["list"], ["info", "lstm_music"], ["page", "--help"], ["train", "--help"]]
)
def test_commands_that_compute_nothing_import_little(words):
    """In a process of its own. The tasks themselves may import what they need."""
    code = (
        "import sys, zoo.cli.loading\n"
        "zoo.cli.startup.names = lambda: []\n"
        "from zoo.cli.main import main\n"
        f"main({words}, standalone_mode=False)\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'matplotlib', 'export'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["music", "speech", "text", "video"])
def test_command_lines_of_tasks_import_little(name):
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('cli', 'zoo/tasks/{name}/cli.py')\n"
        "cli = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(cli)\n"
        "[rows() for rows in (getattr(cli, 'commands', None), getattr(cli, 'options', None)) if rows]\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'matplotlib', 'export', 'zoo.cli'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_export_runs_as_a_module():
    command = [sys.executable, "-m", "export", "nothing.keras", "--format", "onnx"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Error: nothing.keras does not exist\n")


BAD = {
    "unknown name": ["info", "lstm_musik"],
    "unknown model": ["generate", "ltsm_music"],
    "bad temperature": ["generate", "lstm_music", "--temperature", "-1"],
    "bad fixed": ["generate", "lstm_music", "--fixed", "soprano"],
    "no such voice": ["generate", "lstm_music", "--fixed", "horn=x.mid"],
    "bad suffix": ["generate", "lstm_music", "--wav", "x.mp3"],
    "missing artifact": ["generate", "nothing.onnx"],
    "no such file": ["generate", "lstm_music", "--prompt", "no.mid"],
    "not an artifact": ["generate", "pyproject.toml"],
    "bad data": ["train", "lstm_music", "--data", "nowhere"],
    "nothing to resume": ["train", "lstm_music", "--out", "nowhere", "--resume", "--data", "tests"],
    "bad export name": ["export", "lstm_nothing"],
    "no Keras file": ["export", "nothing.keras"],
    "bad recurrence": ["export", "lstm_music", "--format", "onnx", "--recurrence", "fused"],
    "nothing to inspect": ["inspect", "nothing.onnx"],
    "not to inspect": ["inspect", "pyproject.toml"],
    "nothing to generate": ["generate", "bilstm_video"],
    "unknown split": ["evaluate", "lstm_music", "--split", "test", "--data", "tests"],
    "bad setting": ["train", "lstm_music", "--set", "units"],
    "unknown model to label": ["label", "nothing", "tests"],
    "bad batch": ["benchmark", "lstm_music", "--batch", "0"],
}


@pytest.mark.parametrize("case", BAD)
def test_errors_take_one_line_and_a_status(case, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = call(*BAD[case])
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    lines = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1
    assert result.output.splitlines()[-1] == lines[0]


def test_a_model_without_weights_says_how_to_train_it(monkeypatch):
    monkeypatch.setitem(catalog(), "rnn_music", replace(find("rnn_music"), pretrained=False))
    for words in (["generate", "rnn_music"], ["info", "rnn_music"]):
        result = call(*words)
        assert result.exit_code == 1
        assert "zoo train rnn_music" in result.output
    assert "not trained yet" in call("list").output


def test_did_you_mean():
    assert "lstm_music" in call("info", "lstm_musik").output


def test_notices_of_tensorflow_are_not_shown(preset, tmp_path):
    command = [sys.executable, "-m", "zoo", "generate", preset, "--steps", "2", "--out", tmp_path / "o.mid"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "absl" not in done.stderr
    assert ".cc:" not in done.stderr


def test_command_is_installed():
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert zoo.__version__ in done.stdout
