"""Batch inference: find input files, process them on all cores, write or print the results."""

from __future__ import annotations

import concurrent.futures
import contextlib
import glob
import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from zoo.core import plots
from zoo.core.escaping import escaped
from zoo.core.files import STANDARD_INPUT, exists, suffixed, write_text
from zoo.core.validation import first_line
from zoo.errors import ArgumentError, CodecError, DataError, ZooError
from zoo.models.model import Model

ONE_LINE = ("txt", "json")
"""Output formats of which the results of several files can be printed, a line for each file."""

AnyModel = TypeVar("AnyModel", bound=Model)


class Result(Protocol):
    """The result of one file, such as a transcript or a timeline."""

    @property
    def seconds(self) -> float:
        """Length of the input, in seconds."""

    def to_text(self, output_format: str) -> str:
        """Return the result in an output format."""

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Plot the result."""


@dataclass(frozen=True)
class OutputOptions:
    """How results are written.

    Attributes:
        output_format: Also the suffix of the files written.
        out: Folder to write into; None prints.
        plot: Plot to write of the only file.
    """

    output_format: str
    out: Path | None = None
    plot: Path | None = None

    def check(self, names: Mapping[Path, Path]) -> None:
        """Refuse what could not be written, before any file is processed.

        Args:
            names: Input files, and the name without suffix that each has in the output folder.

        Raises:
            ArgumentError: Options do not go together, or two files would be written to one.
            DataError: The output folder is a file.
            MissingExtra: There is a plot to write, and Matplotlib is not installed.
        """
        several = len(names) > 1
        if self.plot and several:
            raise ArgumentError(f"--plot draws one file, {len(names)} are given")
        if self.plot:
            suffixed(self.plot, plots.FORMATS)
            plots.check()
        if self.output_format not in ONE_LINE and several and not self.out:
            raise ArgumentError(
                f"--output-format {self.output_format} of {len(names)} files: name a folder to write them into with "
                "--out FOLDER"
            )
        if self.out and self.out.exists() and not self.out.is_dir():
            raise DataError(f"{self.out} is a file: give --out the name of a folder")
        twice = [f"{name}.{self.output_format}" for name, count in Counter(names.values()).items() if count > 1]
        if self.out and twice:
            raise ArgumentError(f"{', '.join(twice[:5])} would be written twice: process those files separately")

    def write(self, path: Path, name: Path, text: str, alone: bool) -> None:
        """Print or write a result.

        Args:
            path: The input file.
            name: Its name in the output folder, without suffix.
            text: The result.
            alone: There is no other input file.
        """
        if self.out:
            write_text(self.out / f"{name}.{self.output_format}", text + "\n")
        else:
            print(text if alone or self.output_format != "txt" else f"{escaped(str(path))}: {text}", flush=True)


def find_files(
    given: Sequence[str], suffixes: Sequence[str], kind: str, whole: Callable[[Path], object] = lambda _: False
) -> dict[Path, Path]:
    """Find the input files of names, folders (with all folders below them) and patterns.

    Args:
        given: The names.
        suffixes: Of the files to take from folders.
        kind: What the files are called in messages, such as `audio`.
        whole: Says which folders are one input each, such as those of images.

    Returns:
        Each file, and its name without suffix, relative to the folder that was given.

    Raises:
        CodecError: A name stands for no file.
    """
    found: dict[Path, Path] = {}
    for name in given:
        path = Path(name)
        if os.path.isdir(name) and whole(path):
            found[path] = Path(path.name)
            continue
        if os.path.isdir(name):
            some = {
                p: p.relative_to(path) for p in sorted(path.rglob("*")) if p.suffix.lower() in suffixes and p.is_file()
            }
        elif exists(name):
            some = {path: Path(path.name)}
        else:
            some = {Path(p): Path(Path(p).name) for p in sorted(glob.glob(name, recursive=True)) if Path(p).is_file()}
        if not some:
            if name == STANDARD_INPUT:
                raise CodecError("- is the standard input: read it with --stream")
            raise CodecError(
                f"{name} {f'has no {kind} files' if os.path.isdir(name) else 'does not exist'}: give {kind} files"
            )
        found |= {p: short.with_suffix("") for p, short in some.items() if p not in found}
    return found


def run(
    open_model: Callable[[], AnyModel],
    process: Callable[[AnyModel, Path], Result],
    names: Mapping[Path, Path],
    options: OutputOptions,
    kind: str,
    first: AnyModel | None = None,
) -> int:
    """Process files on all cores, write the results in the order of the files, and print a summary to stderr.

    Args:
        open_model: Opens the model: once, or for every thread if its engine is not for several threads.
        process: `(model, file)` → result.
        names: Files, and what each is called in the output folder.
        options: How results are written.
        kind: What the files contain, for the summary.
        first: The model, if it is open already.

    Returns:
        Number of files that failed; each is reported on stderr, and the others are processed.
    """
    from tqdm import tqdm

    began, seconds, failed = time.perf_counter(), 0.0, 0
    threads = 1 + (os.cpu_count() or 1)  # while one reads or decodes in Python, the others compute
    with _threads(min(threads, len(names))) as pool:
        worker = _Worker(first or open_model(), open_model, process, options)
        waiting = deque((path, pool.submit(worker, path)) for path in names)
        for _ in tqdm(range(len(names)), unit="file", file=sys.stderr, disable=len(names) < 2):
            path, future = waiting.popleft()
            try:
                done = future.result()
            except (ZooError, OSError, MemoryError) as error:
                failed += 1
                why = error if isinstance(error, ZooError) else first_line(error) or type(error).__name__
                tqdm.write(escaped(f"{path}: {why}"), file=sys.stderr)
                continue
            if done.to_plot and options.plot:
                done.to_plot.plot(options.plot)
            with tqdm.external_write_mode(file=sys.stdout):
                options.write(path, names[path], done.text, len(names) == 1)
            seconds += done.seconds
    elapsed = time.perf_counter() - began
    factor = f", real-time factor {elapsed / seconds:.3f}" if seconds else ""
    print(f"{len(names) - failed} files, {seconds:.1f} s of {kind} in {elapsed:.1f} s{factor}", file=sys.stderr)
    return failed


@contextlib.contextmanager
def _threads(count: int) -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    """Run threads for the time of a block; after an error, and after Ctrl-C, they are not waited for."""
    pool = concurrent.futures.ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


class _Done(NamedTuple):
    """What is kept of a result: its arrays are not, unless they are plotted."""

    text: str
    seconds: float
    to_plot: Result | None


class _Worker(Generic[AnyModel]):
    """Processes a file with the model of the thread that it is called in."""

    def __init__(
        self,
        first: AnyModel,
        open_model: Callable[[], AnyModel],
        process: Callable[[AnyModel, Path], Result],
        options: OutputOptions,
    ) -> None:
        self.models, self.process, self.options = [first], process, options
        self.open_model = (lambda: first) if first.engine.concurrent else open_model
        self.of_thread = threading.local()

    def __call__(self, path: Path) -> _Done:
        if not hasattr(self.of_thread, "model"):
            try:
                self.of_thread.model = self.models.pop()
            except IndexError:
                self.of_thread.model = self.open_model()
        result = self.process(self.of_thread.model, path)
        return _Done(result.to_text(self.options.output_format), result.seconds, result if self.options.plot else None)
