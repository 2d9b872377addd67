"""The command `zoo label`."""

import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.core.calibration import UNCALIBRATED
from zoo.core.commands import MODEL, Command, opens_models, show
from zoo.core.escaping import escaped
from zoo.core.files import STANDARD_INPUT
from zoo.core.session import Session
from zoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from zoo.tasks.video.model import Labeler
    from zoo.tasks.video.timeline import Timeline

OUTPUT_FORMATS = ("txt", "csv", "srt", "json")


def commands() -> Sequence[click.Command]:
    """Return the commands of the task."""
    return (label,)


def _earlier_model(arguments: Sequence[str]) -> str:
    return "gru_video" if "--stream" in arguments else "bilstm_video"


@click.command(
    cls=Command,
    renamed={
        "--model": MODEL,
        "--csv": "--output-format=csv",
        "--srt": "--output-format=srt",
        "--json": "--output-format=json",
    },
    earlier_model=_earlier_model,
)
@click.argument("model")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--output-format",
    type=click.Choice(OUTPUT_FORMATS),
    help="The label; label, probability and time range of each run of frames, as CSV, subtitles or one line of JSON "
    "per file. [txt]",
)
@click.option(
    "--min-confidence",
    type=float,
    help="Least probability, from 0 to 1, of a label that is not marked as uncertain (`rejected` in CSV and JSON). "
    "[the model's threshold]",
)
@click.option("--stream", is_flag=True, help="Print each label when it begins, while one FILE is read; - is a pipe.")
@click.option(
    "--overlay", type=click.Path(path_type=Path), help="Video to write of one FILE, with the labels drawn in."
)
@click.option("--plot", type=click.Path(path_type=Path), help="Plot to write of one FILE (.png, .pdf, .svg).")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write a .txt, .csv, .srt or .json per FILE into."
)
@opens_models
@click.pass_obj
def label(
    session: Session, model: str, files: tuple[str, ...], stream: bool, overlay: Path | None, **options: Any
) -> None:
    """Label each FILE with MODEL: videos, folders of them or of images, or patterns such as "clips/*.mp4".

    MODEL is a video model: a name, a preset folder or an artifact. A video has at most 12 hours, and 16,777,216 pixels
    per frame; docs/media.md lists all limits. A file that cannot be read is reported and skipped; the exit status is
    then 1.

    \b
    Examples:
      zoo label bilstm_video clip.mp4
      zoo label bilstm_video clips --output-format csv --out labels
      zoo label bilstm_video clip.mp4 --overlay labeled.mp4 --plot clip.png
      ffmpeg -f v4l2 -i /dev/video0 -f matroska - | zoo label gru_video - --stream
    """
    from zoo.media import video
    from zoo.media.films import SUFFIXES
    from zoo.models import batch
    from zoo.tasks.video import overlay as overlays
    from zoo.tasks.video.model import Labeler

    open_model = functools.partial(session.open, model, Labeler)
    if stream:
        if len(files) > 1 or overlay or any(value is not None for value in options.values()):
            raise ArgumentError("--stream prints the labels of one FILE while it is read: leave out the other options")
        _print_stream(open_model(), files[0])
        return
    output = batch.OutputOptions(options["output_format"] or OUTPUT_FORMATS[0], options["out"], options["plot"])
    names = batch.find_files(files, SUFFIXES, "video", video.images)
    output.check(names)
    UNCALIBRATED.least(options["min_confidence"])  # refused once, not for each file
    overlays.check(overlay, list(names))

    def process(labeler: "Labeler", path: Path) -> "Timeline":
        timeline = labeler.label(path, min_confidence=options["min_confidence"])
        if overlay:
            overlays.write(path, overlay, timeline)
        return timeline

    if failed := batch.run(open_model, process, names, output, "video"):
        raise DataError(f"{failed} of {len(names)} files could not be labeled")


def _print_stream(model: "Labeler", name: str) -> None:
    """Print each label of a file, or of the standard input, when it begins."""
    before, source = "", sys.stdin.buffer if name == STANDARD_INPUT else name
    for frame in model.stream(source):
        if frame.label != before:
            show(f"{frame.seconds:8.2f} s  {escaped(frame.label)}  {frame.probability:.2f}")
        before = frame.label
