"""Many sound or video files at once: which ones, on all cores, and what is told of each."""

import concurrent.futures
import glob
import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoo.core.files import suffixed, write_text
from zoo.core.plots import FORMATS
from zoo.errors import ArgumentError, CodecError, DataError, ZooError

INPUT = "-"


@dataclass(frozen=True)
class OutputOptions:
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


def run(
    first: Any, make: Callable[[], Any], work: Callable[[Any, Path], Any], names: Mapping[Path, Path],
    told: OutputOptions, kind: str,
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
