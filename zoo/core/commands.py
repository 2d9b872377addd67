"""Click commands that also accept the spellings of earlier releases, shared by the package and its tasks."""

import contextlib
import errno
import glob
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from zoo.core import logs
from zoo.core.engine import ENGINES
from zoo.core.escaping import escaped, on_screen
from zoo.core.extras import needing
from zoo.core.files import STANDARD_INPUT, exists
from zoo.errors import ZooError

Function = TypeVar("Function", bound=Callable[..., Any])
LONGEST = 1000  # characters of a word in a message
MODEL = "MODEL"
"""Replacement of an option whose value has become the first argument."""


@contextlib.contextmanager
def one_line_messages() -> Iterator[None]:
    """Show warnings, and errors meant for the user, as one line on stderr.

    Raises:
        click.ClickException: For a `ZooError`, and for a file that cannot be used, wherever that comes up.
    """
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_args, **_kwargs: warn(str(message))
        try:
            with needing("this needs"):
                yield
        except ZooError as error:
            raise click.ClickException(_one_line(str(error))) from error
        except OSError as error:
            if error.filename is None:  # of the standard output, or no matter of the user's
                raise
            if error.errno == errno.ENAMETOOLONG:
                raise click.ClickException(f"{str(error.filename)[:50]}… is too long for the name of a file") from error
            raise click.ClickException(_one_line(f"{error.filename}: {error.strerror or error}")) from error


def show(value: Any, nl: bool = True) -> None:
    """Write a value to stdout; what a terminal would obey, such as in names that others chose, is made visible."""
    click.echo(on_screen(str(value)), nl=nl)


def warn(message: str) -> None:
    """Write a warning to stderr, in one line, unless `zoo -q` hides warnings."""
    if not logs.warnings_shown():
        return
    click.echo(f"warning: {_one_line(message)}", err=True)


def is_input(text: str) -> bool:
    """Tell whether a text names an existing file or folder, matches some as a pattern, or is the standard input."""
    return text == STANDARD_INPUT or exists(text) or bool(glob.glob(text, recursive=True))


GROUPS = {
    "Sampling": ("--temperature", "--top-k", "--top-p", "--repetition-penalty", "--seed", "--stop", "--sweeps"),
    "Output": ("--out", "--output-format", "--plot", "--wav", "--stream", "--overlay", "--sidecar"),
    "Runtime": ("--engine", "--trust", "--threads"),
}
"""Heading in a long `--help` → options below it; all others come first."""
SHORT = 8  # options that need no headings


def write_options(params: Sequence[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write options for `--help`, under the headings of `GROUPS` if there are many."""
    found = [(param, row) for param in params if (row := param.get_help_record(ctx))]
    headings = {option: heading for heading, options in GROUPS.items() for option in options if len(found) > SHORT}
    rows: dict[str, list[tuple[str, str]]] = {"Options": [], **{heading: [] for heading in GROUPS}}
    for param, row in found:
        rows[next((headings[name] for name in param.opts if name in headings), "Options")].append(row)
    for heading, some in rows.items():
        if some:
            with formatter.section(heading):
                formatter.write_dl(some)


class Command(click.Command):
    """A command that accepts the options and the order of arguments of the release before, with a warning.

    Args:
        renamed: Earlier option → what replaces it: `"--beam": "--beam-width"`, `"--json": "--output-format=json"`, or
            `MODEL` where its value has become the first argument.
        earlier_model: `(arguments)` → model that was used where the command named none; None if it always named one.
        is_input: Tells whether a first argument is an input, which was then given without a model.
    """

    def __init__(
        self,
        *args: Any,
        renamed: Mapping[str, str] | None = None,
        earlier_model: Callable[[Sequence[str]], str] | None = None,
        is_input: Callable[[str], bool] = is_input,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.renamed, self.earlier_model, self.is_input = renamed or {}, earlier_model, is_input

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error meant for the user is one line and exit status 1."""
        with one_line_messages():
            return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, in groups if there are many."""
        write_options(self.get_params(ctx), ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, earlier spellings replaced."""
        return super().parse_args(ctx, self._current(ctx, args))

    def _current(self, ctx: click.Context, args: Sequence[str]) -> list[str]:
        """Replace earlier spellings of options, and put the model first."""
        valued = self._options_with_values(ctx)
        found: list[str] = []
        positional: list[str] = []
        model, rest = "", list(args)
        while rest:
            word = rest.pop(0)
            if word == "--":
                found, positional, rest = [*found, word, *rest], [*positional, *rest], []
                break
            name, sign, value = word.partition("=")
            if (new := self.renamed.get(name)) == MODEL and (value or (rest and not sign)):
                model = value or rest.pop(0)
                continue
            if new == MODEL:
                raise click.UsageError(
                    f"--model needs a value; it is now the first argument: {ctx.command_path} MODEL …"
                )
            if new:
                warn(f"{name} is now {new.replace('=', ' ')}: the earlier spelling works in this release only")
                word, name = (new if "=" in new else f"{new}{sign}{value}"), new
            found.append(word)
            if name in valued and not sign and rest:
                found.append(rest.pop(0))
            elif not word.startswith("-") or word == STANDARD_INPUT:
                positional.append(word)
        return self._with_model(ctx, found, positional, model)

    def _options_with_values(self, ctx: click.Context) -> set[str]:
        """List the spellings of options that a value follows."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        return {spelling for option in options if not (option.is_flag or option.count) for spelling in option.opts}

    def _with_model(self, ctx: click.Context, args: list[str], positional: Sequence[str], model: str) -> list[str]:
        """Put the model first where it was given as an option, or where an input comes first."""
        if model:
            warn(f"--model is now the first argument: {ctx.command_path} {model} …; --model works in this release only")
            return [model, *args]
        if not (self.earlier_model and self._begins_with_input(positional)) or is_model(ctx, positional[0]):
            return args
        model = self.earlier_model(args)
        warn(f"name the model first: {ctx.command_path} {model} …; without it the command works in this release only")
        return [model, *args]

    def _begins_with_input(self, positional: Sequence[str]) -> bool:
        """Tell whether an input comes first; the name of a file alone is one, so that it is said if it is missing."""
        if not positional:
            return False
        return self.is_input(positional[0]) or (len(positional) == 1 and bool(Path(positional[0]).suffix))


class Group(click.Group):
    """A group that accepts earlier names of its commands, with a warning.

    Args:
        renamed: Earlier name → name.
    """

    command_class = Command

    def __init__(self, *args: Any, renamed: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.renamed = renamed or {}

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error meant for the user is one line and exit status 1."""
        with one_line_messages():
            return super().invoke(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, or by an earlier one."""
        found = super().get_command(ctx, cmd_name)
        if found is None and (new := self.renamed.get(cmd_name)):
            warn(f"`{ctx.command_path} {cmd_name}` is now `{ctx.command_path} {new}`: the earlier name works in this "
                 "release only")  # fmt: skip
            return super().get_command(ctx, new)
        return found


def opens_models(command: Function) -> Function:
    """Add `--engine` and `--trust`, which the session takes note of for the models that it opens."""

    def take(ctx: click.Context, option: click.Parameter, value: Any) -> None:
        if value:
            setattr(ctx.obj, str(option.name), value)

    trust = click.option(
        "--trust", is_flag=True, expose_value=False, callback=take,
        help="Run whatever a SavedModel contains, unchecked. It can do anything that you can.",
    )  # fmt: skip
    engine = click.option(
        "--engine", type=click.Choice(ENGINES), expose_value=False, callback=take,
        help="What runs the network: ONNX Runtime, or Keras, which can use a GPU. [onnx; artifacts: their own runtime]",
    )  # fmt: skip
    return engine(trust(command))


def as_json(command: Function) -> Function:
    """Add the option `--json` of a command that prints a record."""
    return click.option("--json", is_flag=True, help="Print JSON, and nothing else, to stdout.")(command)


def is_model(ctx: click.Context, name: str) -> bool:
    """Ask the session of a command whether a name is that of a model."""
    return ctx.obj is not None and ctx.obj.is_model(name)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out options that were not given."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def _one_line(text: str) -> str:
    """Put a text on one line; of a word that is no word, such as a name of 5,000 characters, its beginning."""
    return escaped(" ".join(word if len(word) <= LONGEST else f"{word[:50]}…" for word in text.split()))
