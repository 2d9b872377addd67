"""Commands that make pieces: generate, infill. What is written, and how, follows from the class of the pieces."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from zoo.cli.output import default_file, piece_of
from zoo.cli.task_options import TaskOptions
from zoo.core.commands import Command, given, opens_models, show
from zoo.core.session import OutputFiles, Session
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    from zoo.models.generation import Generator

DEFAULTS = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)


@click.command(cls=TaskOptions, of_task=lambda task: task.options)
@click.argument("model")
@click.option(
    "--temperature", multiple=True, type=float, help="0 is greedy, below 1 is conservative; several take turns. [1]"
)
@click.option("--top-k", type=int, help="Sample from the k most likely tokens.")
@click.option("--top-p", type=float, help="Sample from the most likely tokens that together have probability p.")
@click.option("--repetition-penalty", type=float, help="Divide the probability of the last 64 tokens by this.")
@click.option("--seed", type=int, help="The same seed makes the same piece, in every float32 format.")
@click.option("--stop", help="Passage that ends a piece, in the form that --prompt takes.")
@click.option("-n", "count", default=1, help="Number of pieces.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write; several are numbered. [text is printed; other pieces go to a file named like MODEL]",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Plot to write too (.png, .pdf, .svg), for pieces that can be plotted.",
)
@click.option(
    "--wav", type=click.Path(path_type=Path), help="Audio to write too (.wav), for pieces that can be rendered."
)
@click.option("--stream", is_flag=True, help="Print one piece while it is made, and write no file.")
@opens_models
@click.pass_context
def generate(
    ctx: click.Context, model: str, count: int, out: Path | None, plot: Path | None, wav: Path | None, stream: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Generate pieces with MODEL: a name, a preset folder or an artifact.

    \b
    Examples:
      zoo generate lstm_text --prompt "ROMEO:" --stream
      zoo generate lstm_music --bars 16 --temperature 0.9 --seed 7 --plot roll.png
      zoo generate lstm_music --prompt beginning.mid --bars 4
      zoo generate lstm_music --fixed soprano=melody.mid -n 3
      zoo generate lstm_music.onnx --seed 7
    """
    from zoo.models.generation import SAMPLING, Generator

    session: Session = ctx.obj
    files = OutputFiles(out, plot, wav)
    if stream and (count > 1 or files):
        raise ArgumentError("--stream prints one piece and writes no file: leave out -n, --out, --plot and --wav")
    opened = session.open(model, Generator)
    options = _taken(ctx, given(options), opened, SAMPLING)
    _check_options(ctx, model, options, opened.options, SAMPLING)
    if stream:
        _print_stream(opened, options)
        return
    piece = piece_of(opened)
    files = OutputFiles(out or default_file(piece, opened.card.name if Path(model).is_dir() else model), plot, wav)
    session.check_outputs(piece, files, count, list(_texts(options.values())))
    session.write(opened.generate(n=count, progress=True, **options), files)


@click.command(cls=Command)
@click.argument("model")
@click.argument("gapped", metavar="TEXT")
@click.option("--mark", help="Character of TEXT that marks one to fill in. [_]")
@click.option("--replace", help="Replaces characters that the model does not know.")
@click.option("--sweeps", type=int, help="Sweeps of Gibbs sampling over the gaps. [60]")
@click.option("--temperature", type=float, help="0 takes the most likely characters. [1]")
@click.option("--seed", type=int, help="The same seed fills the gaps the same way, in every float32 format.")
@click.option("-n", "count", default=1, help="Number of ways to fill the gaps.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write (.txt); several are numbered.")
@opens_models
@click.pass_context
def infill(ctx: click.Context, model: str, gapped: str, count: int, out: Path | None, **options: Any) -> None:
    """Fill the gaps of TEXT with MODEL: a name, a preset folder or an artifact.

    \b
    Examples:
      zoo infill bilstm_text "To be, or ______ to be"
      zoo infill bilstm_text "What ~~~~ is this?" --mark "~" -n 5
    """
    from zoo.models.infilling import SAMPLING, Infiller

    session: Session = ctx.obj
    opened = session.open(model, Infiller, str)
    options = given(options)
    _check_options(ctx, model, options, opened.options, SAMPLING)
    session.check_outputs(str, OutputFiles(out), count)
    session.write(opened.infill(gapped, n=count, progress=True, **options), OutputFiles(out))


def _taken(
    ctx: click.Context, options: Mapping[str, Any], model: "Generator[Any]", others: tuple[str, ...]
) -> dict[str, Any]:
    """Leave out options with a default that the user has not given and that the model does not take."""
    from zoo.models.options import ANY

    of_task = {option.name for option in generate.of_tasks(ctx).get(model.card.task, ())}
    takes = {*others, *model.options, *(of_task if ANY in model.options else ())}
    return {
        name: value
        for name, value in options.items()
        if name in takes or ctx.get_parameter_source(name) not in DEFAULTS
    }


def _check_options(
    ctx: click.Context, model: str, options: Iterable[str], accepted: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """Refuse options that a model does not take, as the user has written them."""
    from zoo.models import options as model_options

    params = ctx.command.get_params(ctx)
    spelling = {str(param.name): max(param.opts, key=len) for param in params if isinstance(param, click.Option)}
    model_options.check(model, options, accepted, others, spelling)


def _print_stream(model: "Generator", options: Mapping[str, Any]) -> None:
    """Print a piece while it is made: text as it is, other steps a line each."""
    for step in model.stream(**options):
        if isinstance(step, str):
            show(step, nl=False)
        else:
            show(" ".join(map(str, step)) if isinstance(step, Iterable) else step)


def _texts(values: Iterable[Any]) -> Iterator[str | os.PathLike[str]]:
    """Yield all texts and paths among the values of options: an output must not replace one of these files."""
    for value in values:
        if isinstance(value, (str, os.PathLike)):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts(value.values())
        elif isinstance(value, (list, tuple)):
            yield from _texts(value)


COMMANDS = (generate, infill)
