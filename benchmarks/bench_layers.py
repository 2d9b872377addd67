"""Speed and memory of the recurrent layers of `zoo.layers`, beside Keras's and PyTorch's.

    python benchmarks/bench_layers.py            # measures, writes layers.json, prints the tables (50 minutes)
    python benchmarks/bench_layers.py --show     # prints the tables of layers.json
    python benchmarks/bench_layers.py LSTM "2 x 512"   # measures one cell, or one cell and size, and writes nothing

Two threads. Every contender is a process of its own; in each row they take steps in turns, so that ratios hold where
milliseconds do not. TensorFlow runs with the settings that `zoo train` gives it, for Keras's layers too; "Keras as it
comes" runs without them. Memory is what the process has at most in a training step, less what it had before the first
one, program code left out. PyTorch comes with `pip install rnn-zoo[backends]`; without it its columns stay empty.
"""

import importlib.util
import json
import math
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import click

from zoo.api import TRAINING_ENVIRONMENT
from zoo.core.files import write_text

RESULTS = Path(__file__).with_name("layers.json")
THREADS = 2
PRODUCT = 2048
CLASSES = FEATURES = 65
CELLS = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}  # gates
SIZES = {  # layers, units, both directions, batch, steps
    "2 x 512": (2, 512, False, 64, 100),
    "1 x 256": (1, 256, False, 32, 256),
    "3 x 256, both ways": (3, 256, True, 16, 500),
}
CONTENDERS = ("Keras as it comes", "Keras", "Keras XLA", "ours", "ours XLA", "ours, recomputed", "PyTorch")
PRECISIONS = {"float32": (), "bfloat16": ("avx512_bf16", "amx_bf16")}  # a processor has it if one of these is there
ROUNDS = 7


def flop(cell, layers, units, both, batch, steps):
    """Floating point operations of the products of a training step: three for each weight; two where none is needed."""
    ways = 2 if both else 1
    blocks = ways * CELLS[cell] * units  # columns of the kernels of a layer
    kernels = 2 * blocks * FEATURES + 3 * (layers - 1) * blocks * units * ways  # the data gets no gradient
    products = kernels + 3 * layers * blocks * units + 3 * ways * units * CLASSES
    return 2 * products * batch * steps


def data(batch, steps):
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, steps, FEATURES)).astype("float32"), rng.integers(0, CLASSES, (batch, steps))


def keras_steps(who, cell, layers, units, both, batch, steps, precision):
    """Return functions of no argument that run one training step and one forward pass, as `fit` and `predict` do."""
    import keras
    import tensorflow as tf

    from zoo.layers import recurrent as ours

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    keras.utils.set_random_seed(0)
    if precision != "float32":
        keras.config.set_dtype_policy(f"mixed_{precision}")
    cells = ours if who.startswith("ours") else keras.layers
    wrap = keras.layers.Bidirectional if both else (lambda layer: layer)
    names = [f"recurrent_{i}" for i in range(layers)]
    inner = [f"{way}{name}" for way in ("", "forward_", "backward_") for name in names]  # but not the wrapper
    saving = keras.RematScope("list_of_layers", layer_names=inner if "recomputed" in who else [])
    with saving:
        stack = [wrap(getattr(cells, cell)(units, return_sequences=True, name=name)) for name in names]
    model = keras.Sequential([keras.Input((None, FEATURES)), *stack, keras.layers.Dense(CLASSES, dtype="float32")])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile="XLA" in who)
    batches = iter(tf.data.Dataset.from_tensors(data(batch, steps)).cache().repeat())
    model.make_train_function()
    train = model.train_function
    forward = tf.function(lambda x: model(x, training=False), jit_compile="XLA" in who)
    x = tf.constant(data(batch, steps)[0])
    return lambda: float(train(batches)["loss"]), lambda: forward(x).numpy()


def torch_steps(who, cell, layers, units, both, batch, steps, precision):  # noqa: ARG001
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    kind = {"SimpleRNN": torch.nn.RNN, "LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}[cell]
    recurrent = kind(FEATURES, units, layers, batch_first=True, bidirectional=both)
    dense = torch.nn.Linear(units * (2 if both else 1), CLASSES)
    optimizer = torch.optim.Adam([*recurrent.parameters(), *dense.parameters()], 1e-3)
    x, y = (torch.from_numpy(array) for array in data(batch, steps))
    cast = torch.autocast("cpu", torch.bfloat16, enabled=precision != "float32")

    def train():
        optimizer.zero_grad(set_to_none=True)
        with cast:
            logits = dense(recurrent(x)[0])
        loss = torch.nn.functional.cross_entropy(logits.float().reshape(-1, CLASSES), y.reshape(-1))
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    def forward():
        with torch.no_grad(), cast:
            return dense(recurrent(x)[0]).float().numpy(force=True)  # NumPy has no bfloat16

    return train, forward


def status(key):
    """Read a figure of this process, in MB."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{key}:")]
    return int(line.split()[1]) / 1000


def work(task):
    """Serve as a contender: answer every line on standard input by one measurement, as a line of JSON."""
    if "product" in task:
        actions = {"product": product_steps(task["product"])}
    else:
        build = torch_steps if task["who"] == "PyTorch" else keras_steps
        actions = dict(zip(("train", "forward"), build(**task), strict=True))
    held = status("RssAnon")
    for line in sys.stdin:
        action = line.strip()
        Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory use so far
        began = time.perf_counter()
        value = actions[action]()
        answer = {"ms": 1e3 * (time.perf_counter() - began), "mb": status("VmHWM") - status("RssFile") - held}
        print(json.dumps({**answer, "loss": value if action == "train" else None}), flush=True)


class Contender:
    """A process that takes steps when asked."""

    def __init__(self, **task):
        settings = {} if "as it comes" in task.get("who", "") else TRAINING_ENVIRONMENT
        command = [sys.executable, __file__, "--work", json.dumps(task)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **pipes, text=True, env=settings | os.environ)

    def __call__(self, action):
        self.process.stdin.write(f"{action}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def product_steps(library):
    """Return a function that multiplies two float32 matrices, 2048 × 2048."""
    import numpy as np

    a = np.random.default_rng(0).normal(size=(PRODUCT, PRODUCT)).astype("float32")
    if library == "NumPy":
        return lambda: a @ a
    if library == "PyTorch":
        import torch

        torch.set_num_threads(THREADS)
        matrix = torch.from_numpy(a)
        return lambda: matrix @ matrix
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    constant = tf.constant(a)
    return lambda: tf.linalg.matmul(constant, constant).numpy()


def measure(cell, size, precision="float32"):
    task = dict(zip(("layers", "units", "both", "batch", "steps"), SIZES[size], strict=True), cell=cell)
    names = [name for name in CONTENDERS if name != "PyTorch" or importlib.util.find_spec("torch")]
    products = [
        Contender(product=name)
        for name in ("TensorFlow", "NumPy", "PyTorch")
        if name in ("TensorFlow", "NumPy", *names)
    ]
    contenders = {name: Contender(who=name, precision=precision, **task) for name in names}
    first = {name: [one(a) for a in ("train", "train", "forward")] for name, one in contenders.items()}
    found = {name: {"train": [], "forward": []} for name in names}
    rates = []
    for _ in range(ROUNDS):
        rates += [2 * PRODUCT**3 / 1e6 / one("product")["ms"] for one in products]
        for name, one in contenders.items():
            for action, values in found[name].items():
                values.append(one(action))
    for one in (*products, *contenders.values()):
        one.close()
    ms = {name: {a: round(median(v["ms"] for v in values), 2) for a, values in found[name].items()} for name in names}
    mb = {name: round(max(v["mb"] for v in found[name]["train"])) for name in names}
    return {
        "cell": cell, "size": size, "precision": precision, "ms": ms, "mb": mb,
        "gflop": round(flop(cell, *SIZES[size]) / 1e9, 1), "best_gflop_s": round(max(rates), 1),
        "compile_s": {name: round(values[0]["ms"] / 1e3, 1) for name, values in first.items()},
        "loss": {name: values[-1]["loss"] for name, values in ((n, found[n]["train"]) for n in names)},
    }  # fmt: skip


def summary(row):
    """Compare the training steps of a row, each side in its better mode, and give the share of the best rate."""
    train = {name: ms["train"] for name, ms in row["ms"].items()}
    forward = {name: ms["forward"] for name, ms in row["ms"].items()}
    best = {side: [name for name in train if name in (side, f"{side} XLA")] for side in ("Keras", "ours")}
    ours = min(train[name] for name in best["ours"])
    floor = row["gflop"] / row["best_gflop_s"] * 1e3
    return {
        "as it comes / ours": train["Keras as it comes"] / ours,
        "Keras / ours": min(train[name] for name in best["Keras"]) / ours,
        "PyTorch / ours": train.get("PyTorch", math.nan) / ours,
        "share": floor / ours,
        "forward, Keras / ours": min(forward[n] for n in best["Keras"]) / min(forward[n] for n in best["ours"]),
        "forward, PyTorch / ours": forward.get("PyTorch", math.nan) / min(forward[n] for n in best["ours"]),
    }


def _cell(row):
    """Name the cell of a row, and its precision where that is not float32."""
    precision = row.get("precision", "float32")
    return row["cell"] if precision == "float32" else f"{row['cell']}, {precision}"


def tables(results):
    from tabulate import tabulate

    def table(rows, headers):
        return tabulate(rows, headers, tablefmt="github", disable_numparse=True)

    shown, ratios = results["rows"], ("as it comes / ours", "Keras / ours", "PyTorch / ours")
    speed = []
    for row in shown:
        told = summary(row)
        speed.append([
            _cell(row), row["size"], *(f"{row['ms'][n]['train']:.0f}" if n in row["ms"] else "" for n in CONTENDERS),
            *(f"{told[key]:.2f}" for key in ratios), f"{told['share']:.0%}",
        ])  # fmt: skip
    forward = [
        [_cell(row), row["size"], *(f"{row['ms'][n]['forward']:.0f}" if n in row["ms"] else "" for n in CONTENDERS),
         *(f"{summary(row)[key]:.2f}" for key in ("forward, Keras / ours", "forward, PyTorch / ours"))]
        for row in shown
    ]  # fmt: skip
    memory = [
        [_cell(row), row["size"], *(str(row["mb"].get(name, "")) for name in CONTENDERS)] for row in shown
    ]  # fmt: skip
    return [
        table(speed, ["cell", "units", *CONTENDERS, *ratios, "of the best rate"]),
        table(forward, ["cell", "units", *CONTENDERS, "Keras / ours", "PyTorch / ours"]),
        table(memory, ["cell", "units", *CONTENDERS]),
    ]


@click.command()
@click.argument("wanted", nargs=-1, type=click.Choice([*CELLS, *SIZES]))
@click.option("--show", is_flag=True, help="Print what layers.json has.")
@click.option("--work", "task", hidden=True, type=json.loads)
def main(wanted, show, task):
    """Measure all, or one cell, or one cell and size; or show what was measured."""
    if task:
        work(task)
        return
    if not show:
        flags = set(Path("/proc/cpuinfo").read_text().split())
        rows = [
            measure(cell, size, precision)
            for precision, needed in PRECISIONS.items() if not needed or flags & set(needed)
            for size in SIZES for cell in CELLS if {*wanted} <= {cell, size}
        ]  # fmt: skip
        packages = [name for name in ("keras", "tensorflow", "torch") if importlib.util.find_spec(name)]
        results = {"rows": rows, "versions": {name: version(name) for name in packages}, "machine": platform.machine()}
        if not wanted:
            write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    else:
        results = json.loads(RESULTS.read_text())
    print("\n\n".join(tables(results)))


if __name__ == "__main__":
    main()
