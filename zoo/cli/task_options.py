"""Commands with options that tasks add to them."""

from collections.abc import Callable, Sequence
from dataclasses import Field
from typing import Any

import click

from zoo.cli.startup import of_tasks
from zoo.core.commands import Command, warn, write_options
from zoo.core.task import Task


class TaskOptions(Command):
    """A command with options of its own and those that tasks add, which its help shows task by task.

    Args:
        of_task: Takes the function that returns the options from a task.
    """

    def __init__(
        self, *args: Any, of_task: Callable[[Task], Callable[[], Sequence[click.Option]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.of_task = of_task

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return all options; one that several tasks have is that of the first."""
        added = {option.name: option for options in reversed(self.of_tasks(ctx).values()) for option in options}
        return [*super().get_params(ctx), *added.values()]

    def of_tasks(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """Collect the options that tasks add, by task; one whose spelling means something else is left out."""
        if (found := ctx.meta.get(__name__)) is None:
            own = super().get_params(ctx)
            taken = {spelling: "" for param in own for spelling in (*param.opts, param.name)}
            found = ctx.meta[__name__] = {}
            for task, options in of_tasks(self.of_task, click.Option).items():
                found[task] = []
                for option in options:
                    spellings = [*option.opts, *option.secondary_opts, option.name]
                    if {taken.get(one) for one in spellings} not in ({None}, {option.name}):
                        warn(f"the option {option.opts[0]} of the task {task} is left out: its name is taken")
                        continue
                    if option.required:
                        warn(f"the option {option.opts[0]} of the task {task} is left out: it must not be required")
                        continue
                    taken |= dict.fromkeys(spellings, option.name)
                    found[task].append(option)
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the general options, then those of each task."""
        write_options(super().get_params(ctx), ctx, formatter)
        for task, options in self.of_tasks(ctx).items():
            if rows := [row for option in options if (row := option.get_help_record(ctx)) is not None]:
                with formatter.section(f"Options of {task} models"):
                    formatter.write_dl(rows)


def option(row: "Field[Any]") -> click.Option:
    """Return the option of a setting, which is None unless it is given; its value is checked with the recipe."""
    spelling, help_ = f"--{row.name.replace('_', '-')}", row.metadata["help"]
    if isinstance(row.default, bool):
        return click.Option([spelling], is_flag=True, flag_value=not row.default, default=None, help=help_)
    return click.Option([spelling], metavar=type(row.default).__name__.upper(), help=help_)


def of_files(task: Task) -> Callable[[], Sequence[click.Option]]:
    """Return the function that returns the options of `zoo train` that a task adds."""
    return lambda: [option(row) for row in task.of_files.values()]


def of_evaluation(task: Task) -> Callable[[], Sequence[click.Option]]:
    """Return the function that returns the options of `zoo evaluate` that a task adds."""
    return lambda: [option(row) for row in task.evaluation.values()]
