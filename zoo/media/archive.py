"""Sound files in tar archives, and the lists that describe them."""

import csv
import io
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np


def rows(path: Path) -> list[dict[str, str]]:
    """Read a table divided by tabs, whose first line names the columns."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def members(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield the sound files of a tar archive: name, samples `(samples,)` int16, and rate in Hz."""
    import soundfile

    with tarfile.open(path) as archive:
        for member in archive:
            if member.name in wanted and (stream := archive.extractfile(member)):
                yield (member.name, *soundfile.read(io.BytesIO(stream.read()), dtype="int16"))
