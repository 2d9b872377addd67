"""The command `zoo caption`."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.core.calibration import UNCALIBRATED
from zoo.core.commands import Command, given, opens_models
from zoo.core.session import Session
from zoo.errors import DataError

if TYPE_CHECKING:
    from zoo.tasks.caption.model import Captioner
    from zoo.tasks.caption.result import Caption


def commands() -> Sequence[click.Command]:
    """Return the commands of the task."""
    return (caption,)


@click.command(cls=Command)
@click.argument("model")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--beam-width", type=int, help="Captions that are followed at a time; 1 is greedy. [5]")
@click.option("--length-penalty", type=float, help="Exponent by which long captions are preferred. [1]")
@click.option(
    "--output-format",
    type=click.Choice(("txt", "json")),
    default="txt",
    show_default=True,
    help="The caption, or with score and probability as a line of JSON per file.",
)
@click.option(
    "--min-confidence",
    type=float,
    help="Least probability, from 0 to 1, of a caption that is not marked as uncertain. [the model's threshold]",
)
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Plot to write of the alignment of one FILE (.png, .pdf, .svg)."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write a .txt or .json per FILE into.")
@opens_models
@click.pass_obj
def caption(
    session: Session, model: str, files: tuple[str, ...], output_format: str, out: Path | None, plot: Path | None,
    min_confidence: float | None, **options: Any,
) -> None:  # fmt: skip
    """Describe each FILE with MODEL: videos, folders of them or of images, arrays, or patterns such as "clips/*.mp4".

    MODEL is a caption model: a name, a preset folder or an artifact. A file that cannot be read is reported and
    skipped; the exit status is then 1.

    \b
    Examples:
      zoo caption gru_caption clip.mp4
      zoo caption gru_caption clips --output-format json --out captions
      zoo caption gru_caption clip.mp4 --plot alignment.png
    """
    from zoo.media import video
    from zoo.media.films import SUFFIXES
    from zoo.models import batch
    from zoo.tasks.caption.model import Captioner

    output = batch.OutputOptions(output_format, out, plot)
    names = batch.find_files(files, SUFFIXES, "video", video.images)
    output.check(names)
    UNCALIBRATED.least(min_confidence)  # refused once, not for each file
    asked = given(options)

    def process(captioner: "Captioner", path: Path) -> "Caption":
        return captioner.caption(path, min_confidence=min_confidence, **asked)

    open_model = functools.partial(session.open, model, Captioner)
    if failed := batch.run(open_model, process, names, output, "video"):
        raise DataError(f"{failed} of {len(names)} files could not be described")
