"""Speed and size of exported recurrent layers, against Keras's own export and against plain loops.

    python benchmarks/bench_export.py           # measures, writes benchmarks/export.json, prints the tables (8 minutes)
    python benchmarks/bench_export.py --show    # prints the tables of export.json
    python benchmarks/bench_export.py --exports # times the exports of the models in tests/zoo_of_layers.py (7 minutes),
                                                # writes benchmarks/exports.json, prints the slowest

One thread; every group of figures is measured in turns in one run, so that ratios hold where milliseconds do not.
"""

import json
import os
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import keras
import numpy as np
from keras import layers as L
from tabulate import tabulate

from export.benchmarking import in_turns
from export.formats import formats, saved_model
from export.tracing.loops import plain_step
from export.tracing.source import Source
from zoo import export
from zoo.core.files import write_text
from zoo.errors import ExportError
from zoo.runtime.signature import Face

RESULTS = Path(__file__).with_name("export.json")
EXPORTS = Path(__file__).with_name("exports.json")
SLOWEST = 5  # exports that are printed
CELLS = {"SimpleRNN": L.SimpleRNN, "LSTM": L.LSTM, "GRU": L.GRU}
SIZES = {"1 x 256": (1, 256), "2 x 512": (2, 512)}
BATCHES = (1, 16)
STEPS, FEATURES, CLASSES = 100, 64, 65
LENGTHS = (500, 1000, 2000, 4000)


def network(cell, layers, units, both=False):
    """Ids in, logits out: an embedding, recurrent layers, a dense layer."""
    keras.utils.set_random_seed(0)
    wrap = L.Bidirectional if both else (lambda layer: layer)
    stack = [wrap(CELLS[cell](units, return_sequences=True)) for _ in range(layers)]
    return keras.Sequential([keras.Input((None,)), L.Embedding(CLASSES, FEATURES), *stack, L.Dense(CLASSES)])


def plain_loop(tracks, x, _mask):
    """The cell in a `while` loop that appends its output to those before: all that converts without this package."""
    import tensorflow as tf

    [track] = tracks
    step, tensors = plain_step(track.cell), track.cell.tensors
    bias = tensors["bias"][0] if len(tensors["bias"].shape) == 2 else tensors["bias"]

    def body(t, outputs, *state):
        now = tf.squeeze(tf.slice(x, (0, t, 0), (-1, 1, -1)), 1)
        new = step(tf.matmul(now, tensors["kernel"]) + bias, *state)
        return (t + 1, tf.concat((outputs, new[0][:, None]), 1), *new)

    time = tf.shape(x)[1]
    none = tf.zeros((tf.shape(x)[0], tf.minimum(time, 0), track.cell.units))
    shapes = (tf.TensorShape(()), tf.TensorShape((None, None, track.cell.units)), *(s.shape for s in track.state))
    start = (0, none, *track.state)
    _, outputs, *new = tf.while_loop(lambda t, *_: t < time, body, start, shape_invariants=shapes)
    return [(outputs, new)]


def plain_tflite(model, path, quantize):
    """Convert a model whose recurrent layers are plain loops."""
    import tensorflow as tf

    source = Source(model)
    face = Face(source, source.signature("sequence"))
    with tempfile.TemporaryDirectory() as folder:
        saved_model.write([face], Path(folder), plain_loop)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["sequence"])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        converter.optimizations = [tf.lite.Optimize.DEFAULT] if quantize else []
        path.write_bytes(converter.convert())
    return formats()["tflite"].open(path, face.signature)


def keras_onnx(model, path):
    """Export a model as Keras itself does."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        model.export(path, format="onnx", verbose=False)
    return formats()["onnx"].open(path, None)


ANY_SHAPE = {
    "ONNX": ("m.onnx", {}),
    "ONNX scan": ("s.onnx", {"recurrence": "scan"}),
    "ONNX int8": ("q.onnx", {"quantize": "int8"}),
    "TFLite": ("m.tflite", {}),
    "TFLite int8": ("q.tflite", {"quantize": "int8"}),
    "SavedModel": ("saved", {}),
}
FIXED = {"TFLite fixed": ("f.tflite", {}), "TFLite fixed int8": ("fq.tflite", {"quantize": "int8"})}


def saved(model, folder, wanted, **options):
    """Save artifacts; return engines, bytes and seconds by name."""
    engines, sizes, seconds = {}, {}, {}
    for name, (file, own) in wanted.items():
        report = export.save(model, folder / file, **own, **options)
        engines[name] = export.load(folder / file)
        sizes[name], seconds[name] = report.size, round(report.seconds, 1)
    return engines, sizes, seconds


def measured(engines, batch, steps=STEPS, rounds=21):
    """Return median milliseconds of a call by name."""
    x = np.random.default_rng(0).integers(0, CLASSES, (batch, steps))

    def run(engine):
        array = x.astype(engine.inputs[0].dtype)
        return lambda: engine.run([array])

    return {name: 1e3 * median(t) for name, t in in_turns({n: run(e) for n, e in engines.items()}, rounds).items()}


def measure_speed():
    rows = []
    for size, (layers, units) in SIZES.items():
        for cell in CELLS:
            with tempfile.TemporaryDirectory() as name:
                folder, model = Path(name), network(cell, layers, units)
                engines, sizes, seconds = saved(model, folder, ANY_SHAPE)
                engines["Keras ONNX"] = keras_onnx(model, folder / "k.onnx")
                engines["plain loop"] = plain_tflite(model, folder / "p.tflite", False)
                engines["plain loop int8"] = plain_tflite(model, folder / "pq.tflite", True)
                for batch in BATCHES:
                    fixed, *_ = saved(model, folder, FIXED, batch=batch, steps=STEPS)
                    rows.append({"cell": cell, "size": size, "batch": batch, "ms": measured(engines | fixed, batch),
                                 "bytes": sizes, "seconds": seconds})  # fmt: skip
                    print(rows[-1], flush=True)
    return rows


def measure_lengths():
    rows = []
    for cell in CELLS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.tflite"
            export.save(network(cell, 1, 256), path)
            engine = export.load(path)
            times = {str(n): measured({"": engine}, 1, n, 5)[""] / n * 1e3 for n in LENGTHS}
            rows.append({"cell": cell, "us_per_step": times})
            print(rows[-1], flush=True)
    return rows


def measure_both_directions():
    rows = []
    for cell in CELLS:
        with tempfile.TemporaryDirectory() as name:
            folder, model = Path(name), network(cell, 1, 256, both=True)
            engines, sizes, _ = saved(model, folder, {k: v for k, v in ANY_SHAPE.items() if k.startswith("ONNX")})
            engines["Keras ONNX"] = keras_onnx(model, folder / "k.onnx")
            rows.append(
                {"cell": cell, "size": "1 x 256, both ways", "batch": 1, "ms": measured(engines, 1), "bytes": sizes}
            )
            print(rows[-1], flush=True)
    return rows


def ratio(row, slow, fast):
    return row["ms"][slow] / row["ms"][fast]


def onnx_table(results):
    rows = [
        [
            *(r["cell"], r["size"], r["batch"]),
            *(f"{r['ms'][n]:.2f}" for n in ("Keras ONNX", "ONNX", "ONNX scan", "ONNX int8")),
            *(f"{ratio(r, 'Keras ONNX', n):.1f}" for n in ("ONNX", "ONNX scan")),
            f"{ratio(r, 'ONNX', 'ONNX int8'):.1f}",
        ]
        for r in results["speed"] + results["bidirectional"]
    ]
    headers = ["cell", "units", "batch", "Keras's, ms", "native", "scan", "int8", "Keras's / native", "Keras's / scan",
               "native / int8"]  # fmt: skip
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def tflite_table(results):
    names = ("plain loop", "TFLite", "TFLite fixed", "plain loop int8", "TFLite int8", "TFLite fixed int8")
    rows = [
        [
            *(r["cell"], r["size"], r["batch"]),
            *(f"{r['ms'][n]:.2f}" for n in names),
            f"{ratio(r, 'plain loop', 'TFLite fixed'):.2f}",
            f"{ratio(r, 'plain loop int8', 'TFLite fixed int8'):.2f}",
        ]
        for r in results["speed"]
    ]
    headers = ["cell", "units", "batch", "plain, ms", "any shape", "fixed", "plain int8", "any shape int8",
               "fixed int8", "plain / fixed", "the same, int8"]  # fmt: skip
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def size_table(results):
    rows = []
    for r in (r for r in results["speed"] if r["batch"] == 1):
        b = r["bytes"]
        sizes = (f"{b[n] / 1e6:.2f}" for n in ("ONNX", "ONNX int8", "TFLite", "TFLite int8"))
        shares = (f"{b[f'{n} int8'] / b[n]:.3f}" for n in ("ONNX", "TFLite"))
        rows.append([r["cell"], r["size"], *sizes, *shares])
    headers = ["cell", "units", "ONNX, MB", "int8", "TFLite, MB", "int8", "ONNX int8 / float", "TFLite int8 / float"]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def length_table(results):
    rows = [[r["cell"], *(f"{r['us_per_step'][str(n)]:.1f}" for n in LENGTHS)] for r in results["lengths"]]
    return tabulate(rows, ["cell", *(f"{n} steps" for n in LENGTHS)], tablefmt="github", disable_numparse=True)


@keras.saving.register_keras_serializable("bench_export")
def clipped(x):
    """A gate activation that no format has an operator for."""
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


def siamese(gate, steps=300, units=64):
    """Two texts through one embedding and two bidirectional LSTMs each, compared by dense layers."""

    def branch(x):
        for sequences in (True, False):
            layer = L.LSTM(units, recurrent_activation=gate, return_sequences=sequences)
            x = L.Bidirectional(layer)(x)
        return x

    keras.utils.set_random_seed(0)
    inputs, embedding = [keras.Input((steps,)) for _ in range(2)], L.Embedding(100, 16)
    both = L.concatenate([branch(embedding(x)) for x in inputs])
    return keras.Model(inputs, L.Dense(1, "sigmoid")(L.Dense(16, "relu")(both)))


SIAMESE = {f"siamese {name}": (lambda gate=gate: siamese(gate)) for name, gate in
           {"hard_sigmoid": "hard_sigmoid", "clipped": clipped}.items()}  # fmt: skip


def measure_exports(only=""):
    """Processor seconds of each export of the models of the tests, and of two long ones; None where it is refused."""
    from tests.zoo_of_layers import INPUTS, MODELS, build

    makers = {name: (lambda name=name: build(name)) for name in MODELS} | SIAMESE
    rows = []
    for name, make in makers.items():
        if only not in name:
            continue
        model, row = make(), {}
        for format_, suffix in (("onnx", ".onnx"), ("tflite", ".tflite")):
            with tempfile.TemporaryDirectory() as folder:
                began = time.process_time()
                try:
                    export.save(model, Path(folder) / f"a{suffix}", inputs=INPUTS.get(name))
                    row[format_] = round(time.process_time() - began, 2)
                except ExportError:
                    row[format_] = None
        rows.append({"model": name, "seconds": row})
        print(rows[-1], flush=True)
    return rows


def export_table(rows):
    def slowest(row):
        return max(value or 0 for value in row["seconds"].values())

    listed = sorted(rows, key=slowest, reverse=True)[:SLOWEST]
    cells = [[row["model"], *(row["seconds"][name] for name in ("onnx", "tflite"))] for row in listed]
    return tabulate(cells, ["model", "ONNX, processor seconds", "TFLite"], tablefmt="github")


def tables(results):
    return [table(results) for table in (onnx_table, tflite_table, length_table, size_table)]


@click.command()
@click.option("--show", is_flag=True, help="Print what export.json has.")
@click.option("--exports", is_flag=True, help="Time exports, and print the slowest.")
@click.option("--only", default="", help="With --exports: models with this in their name; writes no file.")
def main(show, exports, only):
    """Measure, or show what was measured."""
    if exports:
        rows = measure_exports(only)
        if not only:
            write_text(EXPORTS, json.dumps({"rows": rows}, indent=1) + "\n")
        print(export_table(rows))
        return
    if not show:
        began = time.perf_counter()
        results = {"speed": measure_speed(), "bidirectional": measure_both_directions(), "lengths": measure_lengths()}
        packages = ("keras", "tensorflow", "tf2onnx", "onnxruntime", "ai-edge-litert")
        results["versions"] = {name: version(name) for name in packages}
        results["minutes"] = round((time.perf_counter() - began) / 60, 1)
        write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    print("\n\n".join(tables(json.loads(RESULTS.read_text()))))


if __name__ == "__main__":
    main()
