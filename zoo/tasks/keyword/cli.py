"""The command `zoo spot`."""

import functools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.core.commands import Command, opens_models, show
from zoo.core.escaping import escaped, to_json
from zoo.core.files import STANDARD_INPUT
from zoo.core.session import Session
from zoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from zoo.tasks.keyword.model import Spotter
    from zoo.tasks.keyword.spotted import Spotted

OUTPUT_FORMATS = ("txt", "csv", "srt", "json")
STREAMED = ("txt", "json")


def commands() -> Sequence[click.Command]:
    """Return the commands of the task."""
    return (spot,)


@click.command(cls=Command)
@click.argument("model")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--output-format",
    type=click.Choice(OUTPUT_FORMATS),
    help="Start, end, word and probability, in a line; as CSV, subtitles or one line of JSON per file; of a stream "
    "text or JSON, a line per word. [txt]",
)
@click.option("--stream", is_flag=True, help="Print each word of one FILE when it is heard.")
@click.option(
    "--min-confidence",
    type=float,
    help="Least probability of a word over a second, from 0 to 1. [the model's threshold, and at least 0.5]",
)
@click.option("--word", "words", multiple=True, help="A word to spot; may be repeated. [all that the model knows]")
@click.option("--refractory", type=float, metavar="SECONDS", help="Time after a word in which none is told. [0.6]")
@click.option("--plot", type=click.Path(path_type=Path), help="Plot to write of one FILE (.png, .pdf, .svg).")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write a .txt, .csv, .srt or .json per FILE into."
)
@opens_models
@click.pass_obj
def spot(session: Session, model: str, files: tuple[str, ...], stream: bool, **options: Any) -> None:
    """Spot words in each FILE with MODEL: audio files, folders, or patterns such as "takes/*.flac".

    MODEL is a keyword model: a name, a preset folder or an artifact. FILE - is the standard input: 16-bit samples,
    16 kHz, mono, whose words are printed as they are heard. A file that cannot be read is reported and skipped; the
    exit status is then 1.

    \b
    Examples:
      zoo spot gru_keyword take.wav
      zoo spot gru_keyword recordings --output-format csv --out words
      zoo spot gru_keyword.onnx take.wav --word stop --min-confidence 0.9
      arecord -t raw -f S16_LE -r 16000 | zoo spot gru_keyword -
    """
    from zoo.media import audio
    from zoo.models import batch
    from zoo.tasks.keyword.model import Spotter

    asked = {"min_confidence": options["min_confidence"], "words": options["words"] or None}
    if options["refractory"] is not None:
        asked["refractory_s"] = options["refractory"]
    open_model = functools.partial(session.open, model, Spotter)
    output_format = options["output_format"] or OUTPUT_FORMATS[0]
    if stream or STANDARD_INPUT in files:
        if len(files) > 1 or options["plot"] or options["out"] or output_format not in STREAMED:
            raise ArgumentError(
                "words are printed as they are heard of one FILE, as txt or json: leave out --plot and --out"
            )
        _print_stream(open_model(), files[0], output_format, asked)
        return
    output = batch.OutputOptions(output_format, options["out"], options["plot"])
    names = batch.find_files(files, audio.SUFFIXES, "audio")
    output.check(names)

    def process(spotter: "Spotter", sound: Any) -> "Spotted":
        return spotter.spot(sound, **asked)

    first = open_model()
    process(first, [0.0])  # refuses wrong options once, not for each file
    if failed := batch.run(open_model, process, names, output, "audio", first):
        raise DataError(f"{failed} of {len(names)} files could not be listened to")


def _print_stream(model: "Spotter", name: str, output_format: str, asked: dict[str, Any]) -> None:
    """Print each word of a file, or of the standard input, when it is heard."""
    from zoo.media import audio, stdin

    chunks = stdin.chunks() if name == STANDARD_INPUT else audio.blocks(name)
    for one in model.stream(stdin.small(chunks), **asked):
        if output_format == "json":
            show(to_json(asdict(one)))
        else:
            show(f"{one.start:8.2f} s  {escaped(one.word)}  {one.probability:.2f}")
