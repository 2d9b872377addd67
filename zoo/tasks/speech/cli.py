"""The command `zoo transcribe`."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.core import text_files
from zoo.core.commands import MODEL, Command, opens_models, show
from zoo.core.files import STANDARD_INPUT
from zoo.core.session import Session
from zoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from zoo.tasks.speech.model import Recognizer
    from zoo.tasks.speech.transcript import Transcript

OUTPUT_FORMATS = ("txt", "json", "srt")


def commands() -> Sequence[click.Command]:
    """Return the commands of the task."""
    return (transcribe,)


def _earlier_model(arguments: Sequence[str]) -> str:
    return "gru_speech" if "--stream" in arguments else "bilstm_speech"


@click.command(
    cls=Command,
    renamed={
        "--model": MODEL,
        "--beam": "--beam-width",
        "--words": "--lexicon",
        "--json": "--output-format=json",
        "--srt": "--output-format=srt",
    },
    earlier_model=_earlier_model,
)
@click.argument("model")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--output-format",
    type=click.Choice(OUTPUT_FORMATS),
    help="Text; words with times and confidence, one line of JSON per file; or subtitles. [txt]",
)
@click.option("--stream", is_flag=True, help="Print one FILE while it is read; - reads 16-bit samples, 16 kHz, mono.")
@click.option("--beam-width", type=int, help="Hypotheses that a beam search keeps. [no search; 16 with --lexicon]")
@click.option("--lexicon", type=click.Path(path_type=Path), help="Text file with the only words to recognize.")
@click.option(
    "--min-confidence",
    type=float,
    help="Least confidence, from 0 to 1, of a transcript that is not marked as uncertain (`rejected` in JSON). [the "
    "model's threshold]",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Plot to write of one FILE (.png, .pdf, .svg).")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write a .txt, .json or .srt per FILE into.")
@opens_models
@click.pass_obj
def transcribe(session: Session, model: str, files: tuple[str, ...], stream: bool, **options: Any) -> None:
    """Transcribe each FILE with MODEL: audio files, folders, or patterns such as "takes/*.flac".

    MODEL is a speech model: a name, a preset folder or an artifact. A file is read by its content, whatever its name;
    also the sound of a video. It has at most 12 hours and 64 channels; docs/media.md lists all limits. A file that
    cannot be read is reported and skipped; the exit status is then 1.

    \b
    Examples:
      zoo transcribe bilstm_speech take.wav
      zoo transcribe bilstm_speech recordings --output-format srt --out subtitles
      zoo transcribe gru_speech.onnx take.wav --lexicon names.txt
      arecord -t raw -f S16_LE -r 16000 | zoo transcribe gru_speech - --stream
    """
    from zoo.media import audio
    from zoo.models import batch
    from zoo.tasks.speech.model import Recognizer

    open_model = functools.partial(session.open, model, Recognizer)
    if stream:
        if len(files) > 1 or any(value is not None for value in options.values()):
            raise ArgumentError("--stream prints one FILE while it is read: leave out the other options")
        _print_stream(open_model(), files[0])
        return
    output = batch.OutputOptions(options["output_format"] or OUTPUT_FORMATS[0], options["out"], options["plot"])
    lexicon = None if options["lexicon"] is None else _words(options["lexicon"])
    names = batch.find_files(files, audio.SUFFIXES, "audio")
    output.check(names)

    def process(recognizer: "Recognizer", sound: Any) -> "Transcript":
        least = options["min_confidence"]
        return recognizer.transcribe(sound, beam_width=options["beam_width"], lexicon=lexicon, min_confidence=least)

    first = open_model()
    process(first, [0.0])  # refuses wrong options once, not for each file
    if failed := batch.run(open_model, process, names, output, "audio", first):
        raise DataError(f"{failed} of {len(names)} files could not be transcribed")


def _print_stream(model: "Recognizer", name: str) -> None:
    """Print what is recognized in a file, or in the standard input, while it is read."""
    from zoo.media import audio, stdin

    chunks = stdin.chunks() if name == STANDARD_INPUT else audio.blocks(name)
    for partial in model.stream(stdin.small(chunks)):
        show(partial.new, nl=False)
    show("")


def _words(path: Path) -> list[str]:
    """Read the words of a text file.

    Raises:
        DataError: It cannot be read, or is no text.
    """
    try:
        return text_files.read(path).split()
    except DataError as error:
        raise DataError(f"{error}; --lexicon is a text file of words") from error
