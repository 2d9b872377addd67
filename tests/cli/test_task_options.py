"""Options that tasks add to commands, from their settings."""

import json
from dataclasses import dataclass, fields

import click
import pytest

from tests.cli.calls import call
from zoo.cli.task_options import TaskOptions, option
from zoo.core.recipe import setting
from zoo.models.model import Model


@dataclass(frozen=True)
class Settings:
    the_word: str = setting("", help="A word.")
    count: int = setting(3, help="A number.")
    switch: bool = setting(False, help="A truth.")


def parsed(*words):
    found = {}
    rows = [option(row) for row in fields(Settings)]
    command = click.Command("c", params=[*rows], callback=lambda **values: found.update(values))
    command.main([*words], standalone_mode=False)
    return found


def test_settings_become_options_that_are_not_given_unless_they_are():
    assert parsed() == {"the_word": None, "count": None, "switch": None}
    assert parsed("--the-word", "a", "--count", "5", "--switch") == {"the_word": "a", "count": "5", "switch": True}


@pytest.mark.parametrize(
    ("command", "shown"), [("evaluate", ("--encoding", "--replace", "--transpose")), ("train", ("--encoding",))]
)
def test_commands_show_the_options_of_tasks(command, shown):
    help_ = call(command, "--help").output
    assert "Options of text models" in help_
    assert all(word in help_ for word in shown)


def test_options_reach_the_model(preset, monkeypatch, tmp_path):
    given = {}
    monkeypatch.setattr(Model, "evaluate", lambda *_, **options: given.update(options) or {"tokens": 1})
    result = call("evaluate", preset, "--data", tmp_path, "--transpose", "--json")
    assert json.loads(result.stdout)["metrics"] == {"tokens": 1}
    assert given == {"transpose": True}
    monkeypatch.undo()
    result = call("evaluate", preset, "--data", tmp_path, "--encoding", "cp1252")
    assert result.exit_code == 1
    assert "no option 'encoding': it has transpose" in result.output


def test_an_option_whose_spelling_is_taken_is_left_out():
    command = TaskOptions(
        "c", params=[click.Option(["--encoding"])], of_task=lambda task: lambda: [option(row) for row in task.of_files.values()]
    )  # fmt: skip
    with click.Context(command) as ctx:
        assert command.of_tasks(ctx)["text"] == []
