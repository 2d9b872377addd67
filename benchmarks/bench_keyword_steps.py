"""One step of a keyword model: size of the artifact, and time of a call on one thread.

    python benchmarks/bench_keyword_steps.py           # writes keyword_steps.json, prints the table (a minute)
    python benchmarks/bench_keyword_steps.py --show    # prints the table of keyword_steps.json

A step is 40 ms of sound, 640 samples, batch 1, with explicit states: what a microcontroller or a phone computes. Times
are medians over calls with the states of the call before.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

import zoo
from zoo import export
from zoo.core.architectures import ARCHITECTURES
from zoo.core.files import write_text

RESULTS = Path(__file__).with_name("keyword_steps.json")
KINDS = (("ONNX", "onnx", None), ("TFLite", "tflite", None), ("TFLite, int8", "tflite", "int8"))
CALLS = 500


def models():
    """Return the names of the shipped keyword models that run step by step."""
    names = zoo.list_models("*_keyword", pretrained=True)
    return [name for name in names if not ARCHITECTURES[zoo.info(name).architecture].bidirectional]


def timed(run, codec):
    """Return the median time of a step in milliseconds."""
    x = codec.example(np.random.default_rng(0), 1, CALLS)
    state, seconds = run.initial_state(1), []
    for i in range(CALLS):
        began = time.perf_counter()
        _, state = run.step(x[:, i : i + 1], state)
        seconds.append(time.perf_counter() - began)
    return 1000 * median(seconds)


def measured(name):
    """Return kind → bytes and milliseconds of a model."""
    model, found = zoo.load(name), {}
    for kind, suffix, precision in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"step.{suffix}"
            size = export.save(model, path, form="step", batch=1, quantize=precision).size
            found[kind] = {"bytes": size, "ms": timed(export.load(path).engine, model.codec)}
    return found


def table(results):
    """Lay out sizes and times."""
    lines = [
        [name, *(f"{row[kind]['bytes'] / 1000:.1f} KB, {row[kind]['ms']:.3f} ms" for kind, _, _ in KINDS)]
        for name, row in results.items()
    ]
    return tabulate(lines, ["a step of", *(kind for kind, _, _ in KINDS)], "github", disable_numparse=True)


@click.command()
@click.option("--show", is_flag=True, help="Print the table of keyword_steps.json.")
def main(show):
    """Measure, or show what was measured."""
    if not show:
        write_text(RESULTS, json.dumps({name: measured(name) for name in models()}, indent=1) + "\n")
    print(table(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
