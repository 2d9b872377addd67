"""Measure how fast a model is in every format and precision."""

import functools
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.display import Printed
from zoo.core.extras import needing
from zoo.core.files import temporary_folder
from zoo.core.progress import tqdm
from zoo.core.validation import number
from zoo.errors import ArgumentError, ExportError
from zoo.runtime.engine import BoundEngine

from . import formats
from .artifact import load
from .faces import open_source
from .pairs import is_pair
from .saving import save
from .tracing.source import Source

ROUNDS = 9
LEAST_SECONDS = 0.02  # of one measurement: short calls are repeated


@dataclass(frozen=True)
class Row:
    """One line of a benchmark.

    Attributes:
        format: What ran the model.
        precision: `float32`, `float16` or `int8`; with `fixed shape` where batch size and length were.
        ms: Median milliseconds of a call.
        steps_per_second: Time steps of all rows of the batch.
        size: Bytes; None for Keras.
        error: Largest difference of a value from Keras.
        note: Why there is no figure.
    """

    format: str
    precision: str
    ms: float | None = None
    steps_per_second: float | None = None
    size: int | None = None
    error: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Benchmark(Printed):
    """A table over formats and precisions; print it.

    Attributes:
        steps: Time steps of a call.
        batch: Rows of a call.
        rows: The first is Keras.
    """

    steps: int
    batch: int
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        """Return the table."""
        from tabulate import tabulate

        base = self.rows[0].ms or 0
        cells = [
            [r.format, r.precision, *((f"{r.ms:.2f}", f"{base / r.ms:.1f}", f"{r.steps_per_second:,.0f}") if r.ms
                                      else (r.note, "", "")),
             f"{r.size / 1e6:.2f}" if r.size else "", f"{r.error:.1e}" if r.error is not None else ""]
            for r in self.rows
        ]  # fmt: skip
        headers = ["format", "precision", "ms a call", "times Keras", "steps/s", "MB", "largest error"]
        # Numbers stay as they are written here: tabulate would format those of a column again.
        table = tabulate(cells, headers, disable_numparse=True, colalign=("left", "left", *("right",) * 5))
        return f"batch {self.batch}, {self.steps} steps a call, one thread\n{table}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return asdict(self)


@needing("a benchmark needs", "keras", "tensorflow")
def benchmark(model: Any, steps: int = 100, batch: int = 1, inputs: Any = None, progress: bool = False) -> Benchmark:
    """Export a model to every format and precision and time all of them in turns, under the same load of the machine.

    Args:
        model: A Keras model, or what `zoo.load` returned.
        steps: Time steps of a call.
        batch: Rows of a call.
        inputs: As for `export.save`.
        progress: Show a progress bar.

    Returns:
        A table; print it.

    Raises:
        ArgumentError: `steps` or `batch` is less than 1, the model takes another number of steps, or consists of an
            encoder and a decoder.
        ExportError: The model cannot be exported.
        MissingExtra: A package that a benchmark needs is not installed.
    """
    steps, batch = number("steps", steps, 1, whole=True), number("batch", batch, 1, whole=True)
    if is_pair(model):
        raise ArgumentError("an encoder and a decoder are two networks: give one of them, a Keras model")
    _, build = open_source(model, inputs)
    source = build(False)
    source.signature("sequence", batch, steps)
    arrays = source.sample(np.random.default_rng(0), batch, steps, padded=False)
    runs: dict[tuple[str, str], Callable[[], Any]] = {("keras", "float32"): _keras(source, arrays)}
    found: dict[tuple[str, str], dict[str, Any]] = {("keras", "float32"): {}}
    with temporary_folder() as folder:
        for key, row, options in _bar(_variants(steps, batch), progress):
            path = folder / f"{'_'.join(key).replace(' ', '_')}{row.suffix}"
            try:
                report = save(model, path, row.name, inputs=inputs, **options)
                engine = _engine(path)
            except ExportError as error:
                found[key] = {"note": f"none: {error}"}
                continue
            runs[key] = functools.partial(engine.run, arrays)
            found[key] = {"size": report.size, "error": report.differences["sequence"]["error"]}
        times = in_turns(runs)
    rows = []
    for key, about in found.items():
        if key in times:
            seconds = statistics.median(times[key])
            about = {**about, "ms": seconds * 1e3, "steps_per_second": steps * batch / seconds}
        rows.append(Row(*key, **about))
    return Benchmark(steps, batch, tuple(rows))


def _variants(steps: int, batch: int) -> list[tuple[tuple[str, str], formats.Format, dict[str, Any]]]:
    """List the measurements: name, format, options of `save`."""
    found: list[tuple[tuple[str, str], formats.Format, dict[str, Any]]] = []
    for row in formats.formats().values():
        for quantize in (None, *row.quantize):
            precision = quantize or "float32"
            found.append(((row.name, precision), row, {"quantize": quantize}))
            if row.fixed_shape and quantize != "float16":
                fixed = {"quantize": quantize, "steps": steps, "batch": batch}
                found.append(((row.name, f"{precision}, fixed shape"), row, fixed))
    return found


def _engine(path: Path) -> BoundEngine:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = load(path)
    return opened if isinstance(opened, BoundEngine) else opened.engine


def _keras(source: Source, arrays: list[np.ndarray]) -> Callable[[], Any]:
    """Return Keras's own call, traced once for the shapes given."""
    import tensorflow as tf

    tensors = [tf.constant(array) for array in arrays]
    compiled = tf.function(lambda *inputs: source.trace(inputs, None), autograph=False)
    return lambda: [tensor.numpy() for tensor in compiled(*tensors)]


def in_turns(runs: dict[Any, Callable[[], Any]], rounds: int = ROUNDS) -> dict[Any, list[float]]:
    """Time functions one after the other, round by round; seconds of one call each."""
    counts: dict[Any, int] = {}
    for key, run in runs.items():
        run()
        began = time.perf_counter()
        run()
        counts[key] = max(1, round(LEAST_SECONDS / max(time.perf_counter() - began, 1e-6)))
    times: dict[Any, list[float]] = {key: [] for key in runs}
    for _ in range(rounds):
        for key, run in runs.items():
            began = time.perf_counter()
            for _ in range(counts[key]):
                run()
            times[key].append((time.perf_counter() - began) / counts[key])
    return times


def _bar(iterable: Any, show: bool) -> Any:
    if not show:
        return iterable

    return tqdm()(iterable, unit="artifact", leave=False)
