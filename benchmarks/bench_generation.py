"""Speed of generation, one symbol after another: a 2 x 512 LSTM over 65 symbols, beside PyTorch and Keras.

    python benchmarks/bench_generation.py            # measures, writes generation.json, prints the table (6 minutes)
    python benchmarks/bench_generation.py --memory   # adds the memory while 1,000,000 symbols are made (15 minutes)
    python benchmarks/bench_generation.py --engines  # adds what `zoo.load` opens on both engines (4 minutes)
    python benchmarks/bench_generation.py --prompts  # adds the time of a prompt of 200,000 characters (2 minutes)
    python benchmarks/bench_generation.py --show     # prints what generation.json has

Keras, SavedModel and PyTorch have two threads; ONNX and TFLite one, or as many as Keras with `--engines`. Contenders
take turns, in one process or, with `--engines`, each engine in its own, so that ratios hold where figures do not;
sampling, at temperature 1, is part of all of them.
PyTorch comes with `pip install rnn-zoo[backends]`.
"""

import functools
import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

from zoo.core.files import sha256, write_text

RESULTS = Path(__file__).with_name("generation.json")
THREADS, UNITS, LAYERS, SYMBOLS = 2, 512, 2, 65
BATCHES = (1, 16)
ROUNDS, LONG = 7, 1_000_000
PROMPT = 200_000
ARTIFACTS = {
    "ONNX, step": ("s.onnx", {"form": "step"}),
    "ONNX, loop inside": ("g.onnx", {"form": "generate"}),
    "ONNX int8, step": ("s8.onnx", {"form": "step", "quantize": "int8"}),
    "ONNX int8, loop inside": ("g8.onnx", {"form": "generate", "quantize": "int8"}),
    "TFLite, step": ("s.tflite", {"form": "step"}),
    "TFLite, loop inside": ("g.tflite", {"form": "generate"}),
    "TFLite int8, step": ("s8.tflite", {"form": "step", "quantize": "int8"}),
    "TFLite int8, loop inside": ("g8.tflite", {"form": "generate", "quantize": "int8"}),
    "SavedModel, loop inside": ("saved", {"form": "generate"}),
}
SHIPPED = ("lstm_text", "gru_text", "lstm_music")
FEW = {"model.predict": 40, "model(x)": 100, "PyTorch": 300}
COUNT = 1024


def model():
    """Give an untrained model of that size."""
    from dataclasses import replace

    import keras

    import zoo
    from zoo.core.card import Card, codec_json
    from zoo.core.recipe import adjusted
    from zoo.core.task import find
    from zoo.models.model import make
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine
    from zoo.tasks.text.codec import TextCodec

    keras.utils.set_random_seed(0)
    codec = TextCodec("".join(map(chr, range(32, 32 + SYMBOLS))))
    recipe = adjusted(find("text").recipe("stacked_lstm"), {"units": UNITS, "layers": LAYERS})
    net = network(zoo.ARCHITECTURES["stacked_lstm"], codec, recipe)
    card = Card("stacked_lstm_text", "stacked_lstm", "text", recipe, net.count_params())
    return make(replace(card, codec_sha256=sha256(codec_json(codec).encode())), codec, KerasEngine(net))


def keras_loop(call, generator, batch, count):
    """One call of Keras for every symbol, as tutorials do, with the state passed on."""
    rng = np.random.default_rng(0)
    x = np.full((batch, 1, 1), generator.codec.blank, np.int32)
    state = generator.engine.initial_state(batch)
    for _ in range(count):
        y, *state = map(np.asarray, call([x, *state]))
        shares = np.exp(y[:, -1].astype(float))
        x = np.array([rng.choice(SYMBOLS, p=row / row.sum()) for row in shares], np.int32)[:, None, None]


def torch_loop():
    """A step of nn.LSTM for every symbol, sampled by torch.multinomial."""
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    embedding = torch.nn.Embedding(SYMBOLS + 1, 64)
    recurrent, dense = torch.nn.LSTM(64, UNITS, LAYERS, batch_first=True), torch.nn.Linear(UNITS, SYMBOLS)

    def loop(batch, count):
        with torch.inference_mode():
            x, state = torch.full((batch, 1), SYMBOLS), None
            for _ in range(count):
                y, state = recurrent(embedding(x), state)
                x = torch.multinomial(torch.softmax(dense(y[:, -1]), -1), 1)

    return loop


def contenders(folder):
    """Return name → function of batch size and number of symbols."""
    import tensorflow as tf

    from zoo import export

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    generator = model()
    network = generator.engine.network

    def ours(one):
        return lambda batch, count: one.generate(n=batch, length=count, seed=0)

    found = {
        "model.predict": lambda *size: keras_loop(lambda x: network.predict(x, verbose=0), generator, *size),
        "model(x)": lambda *size: keras_loop(network, generator, *size),
        "PyTorch": torch_loop(),
        "Keras, loop compiled": ours(generator),
    }
    for name, (file, options) in ARTIFACTS.items():
        export.save(generator, folder / file, **options)
        found[name] = ours(export.load(folder / file))
    return found


def in_turns(functions, batch):
    """Return the median of symbols per second, of all rows together, by name."""
    rates = {name: [] for name in functions}
    for name, function in functions.items():
        function(batch, FEW.get(name, COUNT))
    for _ in range(ROUNDS):
        for name, function in functions.items():
            count, began = FEW.get(name, COUNT), time.perf_counter()
            function(batch, count)
            rates[name].append(batch * count / (time.perf_counter() - began))
    return {name: round(median(values), 1) for name, values in rates.items()}


def engines(threads, wanted=None):
    """Return model → batch → engine → symbols per second of what `zoo.load` opens, each engine in its own process.

    Args:
        threads: Of both engines.
        wanted: Names of models; None: all.
    """
    pools = {name: ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) for name in ("keras", "onnx")}
    with tempfile.TemporaryDirectory() as folder, pools["keras"] as keras, pools["onnx"]:
        place = keras.submit(_preset, Path(folder) / "preset", threads).result()
        names = {f"{LAYERS} x {UNITS} LSTM": place, **{name: name for name in SHIPPED}}
        found = {}
        for name, place in [(name, place) for name, place in names.items() if wanted is None or name in wanted]:
            functions = {
                engine: lambda *size, engine=engine, place=place: (
                    pools[engine].submit(_make, place, engine, threads, *size).result()
                )
                for engine in pools
            }
            found[name] = {str(batch): in_turns(functions, batch) for batch in BATCHES}
    return found


def _preset(folder, threads):
    """Write the model of `model` as a preset with its graph, in the process that Keras has; return the folder."""
    import tensorflow as tf
    from zoo.export.preset_graph import add_graph

    from zoo.networks.transfer import weights
    from zoo.presets.preset import write

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    made = model()
    write(folder, made.card, made.codec, weights(made.network), add_graph=add_graph)
    return folder


@functools.cache
def _opened(place, engine, threads):
    import zoo

    return zoo.load(place, engine="keras") if engine == "keras" else zoo.load(place, threads=threads)


def _make(place, engine, threads, batch, count):
    """Make so many tokens with an opened model; a bar of a chorale has 64."""
    one = _opened(place, engine, threads)
    one.generate(n=batch, seed=0, **({"bars": count // 64} if one.card.task == "music" else {"length": count}))


def engine_table(results):
    """Lay out the two engines beside each other."""
    rows = []
    for threads, models in results["engines"].items():
        for name, batches in models.items():
            for batch, rates in batches.items():
                ratio = f"{rates['onnx'] / rates['keras']:.2f}"
                rows.append([name, threads, batch, f"{rates['keras']:,.0f}", f"{rates['onnx']:,.0f}", ratio])
    heads = ["model", "threads", "batch", "Keras, loop compiled", "ONNX Runtime", "ratio"]
    return tabulate(rows, heads, "github", colalign=("left", *["right"] * 5), disable_numparse=True)


def resident():
    """Read how much memory this process has, in MB."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def memory(parts=20):
    """Make many symbols one after the other, and in compiled loops; yield name and MB after each twentieth of them."""
    from zoo import export

    generator = model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s8.onnx"
        export.save(generator, path, form="step", quantize="int8")
        streams = {
            "ONNX int8, streamed": export.load(path).stream(length=LONG, seed=0),
            "Keras, loop compiled": generator._tokens(1, seed=0, length=LONG, ahead=True)[1],
        }
        for name, stream in streams.items():
            found = []
            for i, _ in enumerate(stream, 1):
                if i % (LONG // parts) == 0:
                    found.append(round(resident(), 1))
            yield name, found


def prompts():
    """Return model → engine → median of seconds that a prompt of many characters takes, and the first one after it."""
    import zoo
    from zoo.core.task import find, split_of

    pieces = split_of(find("text"), "train", progress=False)
    text = "".join(piece.vocabulary[i] for piece in pieces for i in np.asarray(piece.ids)[:PROMPT])[:PROMPT]
    found = {}
    for name in [name for name in zoo.list_models("*_text", pretrained=True) if not name.startswith("bi")]:
        found[name] = {}
        for engine in ("onnx", "keras"):
            model, times = zoo.load(name, engine=engine), []
            for _ in range(3):
                began = time.perf_counter()
                model.generate(prompt=text, length=1, seed=0)
                times.append(time.perf_counter() - began)
            found[name][engine] = {"first": round(times[0], 2), "median": round(median(times), 2)}
        print(name, found[name], flush=True)
    return found


def tables(results):
    """Lay out the results."""
    rows = []
    for name in results["per second"][str(BATCHES[0])]:
        rates = [results["per second"][str(batch)] for batch in BATCHES]
        rows.append([name] + [cell for rate in rates for cell in (f"{rate[name]:,.0f}", _times(rate, name))])
    heads = ["batch", *(f"{batch}{end}" for batch in BATCHES for end in ("", ", of PyTorch's"))]
    first = tabulate(rows, heads, "github", colalign=("left", *["right"] * (len(heads) - 1)), disable_numparse=True)
    return [first, *([engine_table(results)] if "engines" in results else [])]


def _times(rate, name):
    return f"{rate[name] / rate['PyTorch']:.3g}"


@click.command()
@click.option("--memory", "long", is_flag=True, help="Measure the memory while 1,000,000 symbols are made.")
@click.option("--engines", "both", is_flag=True, help="Measure what zoo.load opens on both engines.")
@click.option("--prompts", "long_prompts", is_flag=True, help="Measure prompts of 200,000 characters.")
@click.option("--show", is_flag=True, help="Print what generation.json has.")
def main(long, both, long_prompts, show):
    """Measure, or show what was measured."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if long:
        results["memory"] = {"symbols": LONG}
        for name, found in memory():
            results["memory"][name] = found
            write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    elif both:
        results["engines"] = {}
        for threads in (1, THREADS):
            results["engines"][str(threads)] = engines(threads)
        write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    elif long_prompts:
        results["prompts"] = {"characters": PROMPT, **prompts()}
        write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    elif not show:
        with tempfile.TemporaryDirectory() as folder:
            functions = contenders(Path(folder))
            results["per second"] = {str(batch): in_turns(functions, batch) for batch in BATCHES}
        results["versions"] = {name: version(name) for name in ("keras", "tensorflow", "torch", "onnxruntime")}
        write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    print(*tables(results), sep="\n\n")
    for name, found in results.get("memory", {}).items():
        print(f"{name}: {found if isinstance(found, int) else f'{found[0]} MB, in the end {found[-1]} MB'}")


if __name__ == "__main__":
    main()
