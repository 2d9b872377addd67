"""Transcribing many files: which ones, on all cores, and what is told of each."""

import concurrent.futures
import glob
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArgumentError, CodecError, DataError, ZooError
from zoo.files import suffixed, write_text
from zoo.plots import FORMATS
from zoo.recordings import RATE_HZ
from zoo.transcripts import Transcript

SOUNDS = (
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aiff",
    ".aif",
    ".au",
    ".m4a",
    ".mp4",
    ".aac",
    ".wma",
    ".caf",
)
CHUNK_S = 0.2  # of a stream
INPUT = "-"


@dataclass(frozen=True)
class Told:
    """What is told of a transcript.

    Attributes:
        form: `txt`, `json` or `srt`.
        out: Folder to write into; None prints.
        plot: Picture to draw of one file.
    """

    form: str
    out: Path | None
    plot: Path | None

    def check(self, paths: Sequence[Path]) -> None:
        """Refuse what could not be written, before anything is heard."""
        if self.plot and len(paths) > 1:
            raise ArgumentError(f"--plot draws one file, {len(paths)} are given")
        if self.plot:
            suffixed(self.plot, FORMATS)
        if self.form == "srt" and len(paths) > 1 and not self.out:
            raise ArgumentError("--srt of several files: say where to with --out FOLDER")
        names = [self._name(path) for path in paths] if self.out else []
        if twice := sorted({str(name) for name in names if names.count(name) > 1}):
            raise ArgumentError(f"{', '.join(twice)} would be written twice: transcribe those files apart")

    def _name(self, path: Path) -> Path:
        return Path(self.out or ".") / f"{path.stem}.{self.form}"

    def tell(self, path: Path, found: Transcript, alone: bool) -> None:
        """Print or write a transcript."""
        text = {"txt": found.text, "json": found.to_json(), "srt": found.srt()}[self.form]
        if self.plot:
            found.plot(self.plot)
        if self.out:
            write_text(self._name(path), text + "\n")
        else:
            print(text if alone or self.form != "txt" else f"{path}: {text}", flush=True)


def sound_files(names: Sequence[str]) -> list[Path]:
    """Find the files of names, folders (with all below them) and patterns.

    Raises:
        CodecError: One stands for no file.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            some = sorted(p for p in path.rglob("*") if p.suffix.lower() in SOUNDS and p.is_file())
        else:
            some = [path] if path.exists() else [Path(p) for p in sorted(glob.glob(name, recursive=True))]
        if not some:
            raise CodecError(f"{name} {'has no sound files' if path.is_dir() else 'does not exist'}: give a sound file")
        found += [p for p in some if p not in found]
    return found


def words_in(path: Path) -> list[str]:
    """Read the words of a text file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as UTF-8 text: {error}") from error


def run(make: Callable[[], Any], paths: Sequence[Path], told: Told, options: dict[str, Any]) -> int:
    """Transcribe files side by side, tell of each in their order, and how long it took; give how many could not be.

    Args:
        make: Opens the model; once for every thread, since not every runtime lets several in.
        paths: Files.
        told: What is told of each.
        options: Of `Recognizer.transcribe`.
    """
    from tqdm import tqdm

    mine = threading.local()
    models = [make()]
    began, seconds, bad = time.perf_counter(), 0.0, 0

    def one(path: Path) -> Transcript:
        if not hasattr(mine, "model"):
            mine.model = models.pop() if models else make()
        found: Transcript = mine.model.transcribe(path, **options)
        return found

    with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, len(paths))) as pool:
        waiting = [pool.submit(one, path) for path in paths]
        bar = tqdm(
            zip(paths, waiting, strict=True), total=len(paths), unit="file", file=sys.stderr, disable=len(paths) < 2
        )
        for path, each in bar:
            try:
                found = each.result()
            except ZooError as error:
                bad += 1
                tqdm.write(f"{path}: {error}", file=sys.stderr)
                continue
            with tqdm.external_write_mode(file=sys.stdout):
                told.tell(path, found, len(paths) == 1)
            seconds += found.seconds
    taken = time.perf_counter() - began
    factor = f", real-time factor {taken / seconds:.3f}" if seconds else ""
    print(f"{len(paths) - bad} files, {seconds:.1f} s of sound in {taken:.1f} s{factor}", file=sys.stderr)
    return bad


def streamed(model: Any, name: str) -> Iterator[str]:
    """Yield what is heard of a file, or of the samples that come through the standard input, while it is read."""
    from zoo import audio

    chunks = _input() if name == INPUT else audio.blocks(name)
    for partial in model.stream(_small(chunks)):
        yield partial.new


def _small(chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    size = int(CHUNK_S * RATE_HZ)
    for chunk in chunks:
        yield from (chunk[i : i + size] for i in range(0, len(chunk), size))


def _input() -> Iterator[np.ndarray]:
    """Read 16-bit samples, 16 kHz, mono, as they come."""
    rest = b""
    while data := sys.stdin.buffer.read(int(2 * CHUNK_S * RATE_HZ)):
        data = rest + data
        even = len(data) // 2 * 2
        rest = data[even:]
        yield np.frombuffer(data[:even], "<i2").astype(np.int16)
