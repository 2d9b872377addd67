"""Many sound or video files at once: which ones, on all cores, and what is told of each."""

import concurrent.futures
import glob
import io
import os
import sys
import threading
import time
import wave
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArgumentError, CodecError, DataError, ZooError
from zoo.files import suffixed, write_text
from zoo.plots import FORMATS
from zoo.recordings import RATE_HZ

SOUNDS = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au", ".m4a", ".mp4", ".aac", ".wma", ".caf",
)  # fmt: skip
CHUNK_S = 0.2  # of a stream
INPUT = "-"


@dataclass(frozen=True)
class Told:
    """What is told of a transcript or timeline.

    Attributes:
        form: `txt`, `json`, `srt` or `csv`.
        out: Folder to write into; None prints.
        plot: Picture to draw of one file.
    """

    form: str
    out: Path | None
    plot: Path | None

    def check(self, names: Mapping[Path, Path]) -> None:
        """Refuse what could not be written, before anything is heard."""
        if self.plot and len(names) > 1:
            raise ArgumentError(f"--plot draws one file, {len(names)} are given")
        if self.plot:
            suffixed(self.plot, FORMATS)
        if self.form in ("srt", "csv") and len(names) > 1 and not self.out:
            raise ArgumentError(f"--{self.form} of several files: say where to with --out FOLDER")
        if self.out and self.out.exists() and not self.out.is_dir():
            raise DataError(f"{self.out} is a file: give --out the name of a folder")
        twice = [f"{name}.{self.form}" for name, count in Counter(names.values()).items() if count > 1]
        if self.out and twice:
            raise ArgumentError(f"{', '.join(twice[:5])} would be written twice: take those files apart")

    def tell(self, path: Path, name: Path, found: Any, alone: bool) -> None:
        """Print or write a transcript or timeline."""
        text = found.told(self.form)
        if self.plot:
            found.plot(self.plot)
        if self.out:
            write_text(self.out / f"{name}.{self.form}", text + "\n")
        else:
            print(text if alone or self.form != "txt" else f"{path}: {text}", flush=True)


def files(given: Sequence[str], suffixes: Sequence[str], kind: str) -> dict[Path, Path]:
    """Find the files of names, folders (with all below them) and patterns.

    Args:
        given: The names.
        suffixes: Of the files to take out of folders.
        kind: What they are called in messages, such as `sound`.

    Returns:
        Each file, and its name without suffix, below the folder that was given.

    Raises:
        CodecError: One stands for no file.
    """
    found: dict[Path, Path] = {}
    for name in given:
        path = Path(name)
        if path.is_dir():
            some = {
                p: p.relative_to(path) for p in sorted(path.rglob("*")) if p.suffix.lower() in suffixes and p.is_file()
            }
        elif path.exists():
            some = {path: Path(path.name)}
        else:
            some = {Path(p): Path(Path(p).name) for p in sorted(glob.glob(name, recursive=True)) if Path(p).is_file()}
        if not some:
            hint = ": it is for --stream" if name == INPUT else f": give a {kind} file"
            raise CodecError(f"{name} {f'has no {kind} files' if path.is_dir() else 'does not exist'}{hint}")
        found |= {p: short.with_suffix("") for p, short in some.items() if p not in found}
    return found


def words_in(path: Path) -> list[str]:
    """Read the words of a text file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read as UTF-8 text ({reason}): give a file of words") from error


def run(
    first: Any, make: Callable[[], Any], work: Callable[[Any, Path], Any], names: Mapping[Path, Path], told: Told,
    kind: str,
) -> int:  # fmt: skip
    """Work through files side by side, tell of each in their order, and how long it took; give how many failed.

    Args:
        first: The model.
        make: Opens it once more, for every other thread, if its engine lets in but one.
        work: Makes a transcript or timeline with a model of a file.
        names: Files, and what is written of each is called.
        told: What is told of each.
        kind: Of the files, such as `sound`.
    """
    from tqdm import tqdm

    began, seconds, bad = time.perf_counter(), 0.0, 0
    threads = 1 + (os.cpu_count() or 1)  # while one reads or decodes in Python, the others compute
    with concurrent.futures.ThreadPoolExecutor(min(threads, len(names))) as pool:
        each = _Each(first, make, work, bool(told.plot))
        waiting = deque((path, pool.submit(each, path)) for path in names)
        try:
            for _ in tqdm(range(len(names)), unit="file", file=sys.stderr, disable=len(names) < 2):
                path, result = waiting.popleft()
                try:
                    found = result.result()
                except ZooError as error:
                    bad += 1
                    tqdm.write(f"{path}: {error}", file=sys.stderr)
                    continue
                with tqdm.external_write_mode(file=sys.stdout):
                    told.tell(path, names[path], found, len(names) == 1)
                seconds += found.seconds
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    taken = time.perf_counter() - began
    factor = f", real-time factor {taken / seconds:.3f}" if seconds else ""
    print(f"{len(names) - bad} files, {seconds:.1f} s of {kind} in {taken:.1f} s{factor}", file=sys.stderr)
    return bad


class _Each:
    """Works on a file with the model of the thread that it is called in."""

    def __init__(self, first: Any, make: Callable[[], Any], work: Callable[[Any, Path], Any], drawn: bool) -> None:
        self.models, self.work, self.drawn = [first], work, drawn
        self.make = (lambda: first) if first.engine.concurrent else make
        self.mine = threading.local()

    def __call__(self, path: Path) -> Any:
        if not hasattr(self.mine, "model"):
            try:
                self.mine.model = self.models.pop()
            except IndexError:
                self.mine.model = self.make()
        found = self.work(self.mine.model, path)
        return found if self.drawn else replace(found, probabilities=found.probabilities[:0].copy())


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
    """Read 16-bit samples, 16 kHz, mono, as they come, bare or as a wav file."""
    rest: bytes | None = None
    while data := sys.stdin.buffer.read(int(2 * CHUNK_S * RATE_HZ)):
        data = data[_header(data) :] if rest is None else rest + data
        even = len(data) // 2 * 2
        rest = data[even:]
        yield np.frombuffer(data[:even], "<i2").astype(np.int16)


def _header(data: bytes) -> int:
    """Give the bytes that come before the samples of a wav file; 0 of bare samples.

    Raises:
        CodecError: It is damaged, or its samples are of another kind.
    """
    if not data.startswith(b"RIFF"):
        return 0
    try:
        with io.BytesIO(data) as stream, wave.open(stream) as sound:
            kind, start = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()), stream.tell()
    except (wave.Error, EOFError) as error:
        raise CodecError(
            f"the input is no plain wav file ({error}): give 16-bit samples, {RATE_HZ} Hz, mono"
        ) from error
    if kind != (RATE_HZ, 1, 2):
        rate_hz, channels, width = kind
        found = f"{rate_hz} Hz, channels: {channels}, {8 * width} bits"
        raise CodecError(f"the input is a wav file ({found}): give 16-bit samples, {RATE_HZ} Hz, mono")
    return start
