"""`landmarks.json`: what the vectors of a folder of clips are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from zoo.core import text_files
from zoo.core.strict_json import parse
from zoo.errors import ArgumentError, DataError
from zoo.media.clips import Clip
from zoo.tasks.video.landmarks import SETS, Landmarks, of

FILE = "landmarks.json"
MOST_BYTES = 1 << 20


def read(folder: Path, given: "str | Landmarks | None" = None) -> Landmarks | None:
    """Return what the vectors of a folder are.

    Args:
        folder: It may contain landmarks.json.
        given: What is taken where it does not: the landmarks of a model, or the name of one of `SETS`.

    Returns:
        The landmarks; None: the vectors are taken as they are.

    Raises:
        ArgumentError: There is no such set.
        DataError: The file cannot be read, or is not accepted.
    """
    path = folder / FILE
    if isinstance(given, str):
        if given and given not in SETS:
            raise ArgumentError(f"landmarks={given!r}: give {', '.join(SETS)}, or {FILE} in the folder")
        given = of({"set": given}) if given else None
    if not path.exists():
        return given
    try:
        return of(parse(text_files.read(path), MOST_BYTES))
    except ArgumentError as error:
        raise DataError(f"{path}: {error}") from error


def applied(known: Landmarks, pieces: Sequence[Clip], folder: Path) -> list[Clip]:
    """Return clips with what their vectors are; clips of pictures stay as they are.

    Raises:
        DataError: A label that has a mirror image, or is one, is that of no clip.
    """
    named = {label for pair in known.mirrored_labels.items() for label in pair}
    if strange := sorted(named - {span.label for clip in pieces for span in clip.spans}):
        raise DataError(f"{folder / FILE}: mirrored_labels has {', '.join(strange[:5])}, which no clip is labelled")
    return [replace(clip, landmarks=known) if len(clip.shape) == 1 else clip for clip in pieces]
