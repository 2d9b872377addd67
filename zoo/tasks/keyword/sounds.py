"""Sound files of a folder, or of an archive, one folder for each word."""

import io
import tarfile
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from zoo.core.files import sha256
from zoo.core.text_files import read
from zoo.errors import CodecError, ZooError
from zoo.media import RATE_HZ, audio
from zoo.media.source import named, reason
from zoo.tasks.keyword.layout import LISTS

KIND, MOST_BYTES = "a tar archive of sound files", 1 << 28  # of a file in it
LONGEST_S, LONGEST_NOISE_S = 30.0, 1200.0  # of a clip, and how much of background noise is read


class Sounds:
    """Sound files `<folder>/<file>` below a folder.

    Attributes:
        names: Their names, sorted.
        lists: Split → names of its clips, where there are lists.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        paths = [path for each in folder.iterdir() if each.is_dir() for path in each.iterdir()]
        self.names = sorted(
            path.relative_to(folder).as_posix()
            for path in paths
            if path.suffix.lower() in audio.SUFFIXES and not any(part.startswith(".") for part in path.parts[-2:])
        )
        files = {split: folder / name for split, name in LISTS.items()}
        self.lists = {split: read(path).split("\n") for split, path in files.items() if path.is_file()}

    def digest(self) -> str:
        """Return a checksum of all files and their names, those left out that cannot be read."""
        lines = []
        for name in self.names:
            try:
                lines.append(f"{name} {sha256(self.folder / name)}")
            except (ZooError, OSError) as error:
                lines.append(f"{name} {reason(error)}")
        return sha256("\n".join([*lines, repr(self.lists)]).encode())

    def waves(self, wanted: Collection[str], longest_s: float) -> Iterator[tuple[str, np.ndarray | str, list[str]]]:
        """Read sound files.

        Args:
            wanted: Names of those to read.
            longest_s: Longest one, in seconds.

        Yields:
            Name, samples `(samples,)` float32 at 16 kHz or why there are none, and what is damaged.
        """
        for name in self.names:
            if name not in wanted:
                continue
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                try:
                    found: np.ndarray | str = _read(self.folder / name, longest_s)
                except (ZooError, OSError, MemoryError) as error:
                    found = reason(error).removeprefix(f"{self.folder / name} ")
            told_of = (" ".join(str(one.message).split()) for one in told)
            yield name, found, [line.removeprefix(f"{self.folder / name} ") for line in told_of]


class ArchivedSounds(Sounds):
    """The same of a tar archive.

    Raises:
        CodecError: It is none, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.folder, self.names, self.lists = path, [], {}
        files = {name: split for split, name in LISTS.items()}
        for name, stream in self._members():
            if name in files:
                self.lists[files[name]] = stream.read(MOST_BYTES).decode("utf-8", "replace").split("\n")
            elif PurePosixPath(name).suffix.lower() in audio.SUFFIXES and name.count("/") == 1:
                self.names.append(name)
        self.names.sort()

    def _members(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield the files of the archive, in its order."""
        with named(self.folder, KIND), tarfile.open(self.folder) as archive:
            for member in archive:
                if member.isfile() and (stream := archive.extractfile(member)):
                    yield PurePosixPath(member.name).as_posix(), stream

    def digest(self) -> str:
        """Return the checksum of the archive."""
        return sha256(self.folder)

    def waves(self, wanted: Collection[str], longest_s: float) -> Iterator[tuple[str, np.ndarray | str, list[str]]]:
        """Read sound files of one or more channels in the order of the archive; see `Sounds.waves`."""
        import soundfile

        for name, stream in self._members():
            if name not in wanted:
                continue
            try:
                with soundfile.SoundFile(io.BytesIO(stream.read(MOST_BYTES))) as file:
                    some = file.read(int(longest_s * file.samplerate), dtype="float32")
                    found: np.ndarray | str = np.concatenate(list(audio.resampled([some], file.samplerate)))
            except (soundfile.SoundFileError, ZooError) as error:
                found = reason(error)
            yield name, found, []


def _read(path: Path, longest_s: float) -> np.ndarray:
    """Read the samples of a file; of one that is too long a few too many."""
    found, seconds = [], 0.0
    for block in audio.blocks(path):
        found.append(block)
        seconds += len(block) / RATE_HZ
        if seconds > longest_s:
            break
    wave = np.concatenate(found)
    if longest_s < LONGEST_NOISE_S and len(wave) > longest_s * RATE_HZ:
        raise CodecError(f"longer than {longest_s:.0f} s; cut it into clips of one word")
    return wave[: int(longest_s * RATE_HZ)]
