"""The group of commands: those of this package, and those of tasks. Everything heavy is imported by its command."""

import functools
import logging
import sys
from typing import Any

import click

from zoo.cli import convert, export, generate, graph, models, process, train
from zoo.cli.loading import CommandSession
from zoo.cli.startup import of_tasks
from zoo.core import logs
from zoo.core.commands import Group, warn


class Zoo(Group):
    """The commands of this package, and those that tasks add: imported when one is asked for, or for `--help`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of all commands."""
        return sorted([*self.commands, *self.of_tasks(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name: this package's own first."""
        if cmd_name in self.commands or cmd_name in self.renamed:
            return super().get_command(ctx, cmd_name)
        return self.of_tasks(ctx).get(cmd_name)

    def main(self, *args: Any, standalone_mode: bool = True, **options: Any) -> Any:
        """Run the command of a command line, and end the process with its status; see `zoo.cli.process`."""
        run = functools.partial(super().main, *args, standalone_mode=False, **options)
        if not standalone_mode:
            return run()
        sys.exit(process.status(run))

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the command line; `--help` prints here."""
        with process.broken_pipe():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> None:
        """Run a command; what it returns is not its status."""
        with process.broken_pipe():
            super().invoke(ctx)

    def of_tasks(self, ctx: click.Context) -> dict[str, click.Command]:
        """Collect the commands of tasks by name; a name that is taken is left out with a warning."""
        if (found := ctx.meta.get(__name__)) is None:
            found = ctx.meta[__name__] = {}
            for task, commands in of_tasks(lambda task: task.commands, click.Command).items():
                for command in commands:
                    if command.name in self.commands or command.name in found:
                        warn(f"the command {command.name} of the task {task} is left out: its name is taken")
                    else:
                        found[command.name] = command
        return found


@click.group(
    "zoo",
    cls=Zoo,
    renamed={"card": "page"},
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(package_name="rnn-zoo", prog_name="zoo")
@click.option(
    "-v",
    "--verbose",
    count=True,
    show_default=False,
    help="Log the steps of a command; -vv shows what libraries print too.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print results and errors only, no warnings.")
@click.pass_context
def main(ctx: click.Context, verbose: int, quiet: bool) -> None:
    """Pretrained recurrent networks: list, inspect, run, evaluate, train and export models.

    \b
    Examples:
      zoo list
      zoo generate lstm_music --bars 16 --seed 7 --wav chorale.wav
      zoo transcribe bilstm_speech take.wav
      zoo export lstm_music --format all
    """
    logs.show(logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])
    ctx.obj = CommandSession()


for module in (models, generate, train, export, convert, graph):
    for command in module.COMMANDS:
        main.add_command(command)


if __name__ == "__main__":
    main()
