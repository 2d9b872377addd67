"""The command `zoo translate`."""

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.core.commands import Command, given, opens_models, show
from zoo.core.escaping import escaped
from zoo.core.files import STANDARD_INPUT
from zoo.core.session import Session
from zoo.errors import ArgumentError, DataError
from zoo.tasks.translation.pairs import checked

if TYPE_CHECKING:
    from zoo.tasks.translation.result import Translation

AT_ONCE = 32  # sentences of the standard input that are translated together


def commands() -> Sequence[click.Command]:
    """Return the commands of the task."""
    return (translate,)


@click.command(cls=Command)
@click.argument("model")
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@click.option("--beam-width", type=int, help="Translations that are followed at a time; 1 is greedy. [5]")
@click.option("-n", "n", type=int, help="Translations of each sentence, the best first. [1]")
@click.option("--length-penalty", type=float, help="Exponent by which long translations are preferred. [1]")
@click.option(
    "--output-format",
    type=click.Choice(("txt", "json")),
    default="txt",
    show_default=True,
    help="A translation a line, or with source, score and probability as a line of JSON.",
)
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Plot to write of the alignment of one TEXT (.png, .pdf, .svg)."
)
@opens_models
@click.pass_obj
def translate(session: Session, model: str, texts: tuple[str, ...], output_format: str, **options: Any) -> None:
    """Translate each TEXT, a sentence, with MODEL: a name, a preset folder or an artifact.

    TEXT - is the standard input, a sentence a line; an empty line stays one.

    \b
    Examples:
      zoo translate gru_translation "How are you?"
      zoo translate gru_translation "I would like a coffee." -n 3 --output-format json
      zoo translate gru_translation "We met yesterday." --plot alignment.png
      zoo translate gru_translation.onnx - < sentences.txt
    """
    from zoo.core import plots
    from zoo.tasks.translation.model import Translator

    plot = options.pop("plot")
    if plot:
        plots.check()
        if len(texts) > 1 or texts[0] == STANDARD_INPUT:
            raise ArgumentError("--plot: the alignment of one sentence is drawn: give one TEXT")
    translator = session.open(model, Translator)
    asked = given(options)
    for sentences in _batches(texts):
        found = iter(translator.translate([text for text in sentences if text], **asked))
        for text in sentences:
            rows = next(found) if text else None
            for row in rows if isinstance(rows, list) else [rows]:
                show(_line(row, output_format))
                if plot and row:
                    row.plot(plot)
                    plot = None  # the best one's


def _line(row: "Translation | None", output_format: str) -> str:
    """Return the line of a translation; None is that of an empty line."""
    if output_format == "json":
        return row.to_json() if row else "null"
    return escaped(row.text) if row else ""


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield sentences, some at a time; empty lines of the standard input too.

    Raises:
        CodecError: A text is empty or too long.
        DataError: The standard input is no UTF-8.
    """
    for text in texts:
        if text != STANDARD_INPUT:
            yield [checked(text)]
            continue
        lines = iter(sys.stdin.buffer)
        try:
            while some := list(itertools.islice(lines, AT_ONCE)):
                yield [line.decode("utf-8").strip() for line in some]
        except UnicodeDecodeError as error:
            raise DataError(f"the standard input is no UTF-8 text: {error.reason}") from error
