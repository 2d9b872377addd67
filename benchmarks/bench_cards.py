"""What the pages of the shipped models show: artifacts in every format and precision, a sample; and the comparisons.

    python benchmarks/bench_cards.py                  # all shipped models (5 minutes each), then the comparisons
    python benchmarks/bench_cards.py lstm_text        # one of them
    python benchmarks/bench_cards.py --compare        # the comparisons alone, from what was measured before
    python benchmarks/bench_cards.py --show           # prints the tables of docs/tasks, from the cards

Writes `artifacts.json`, the sample and the page, `README.md`, into the folder of each model's weights, and
`benchmarks/models_TASK.png`. The metric is measured again on the whole test split with every artifact.
"""

import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

import zoo
from zoo import export
from zoo.core.files import write_text
from zoo.core.plots import COLOURS, FORMATS, save
from zoo.core.task import find as find_task
from zoo.core.task import names, split_of
from zoo.errors import VerificationError
from zoo.models.generation import Generator
from zoo.models.infilling import Infiller
from zoo.presets.catalog import find
from zoo.presets.page import ARTIFACTS, PAGE, SAMPLE
from zoo.presets.preset import WEIGHTS
from zoo.tasks.forecast import metrics
from zoo.tasks.forecast.baselines import seasonal_naive
from zoo.tasks.forecast.model import Forecaster
from zoo.tasks.keyword import plots as keyword_plots
from zoo.tasks.keyword.model import Spotter
from zoo.tasks.music.midi import voice_names
from zoo.tasks.speech.model import Recognizer
from zoo.tasks.speech.transcript import STEP_S
from zoo.tasks.video.model import Labeler

HERE = Path(__file__).parent
VARIANTS = (
    ("ONNX", "float32", "m.onnx", None),
    ("ONNX", "float16", "h.onnx", "float16"),
    ("ONNX", "int8", "q.onnx", "int8"),
    ("TFLite", "float32", "m.tflite", None),
    ("TFLite", "float16", "h.tflite", "float16"),
    ("TFLite", "int8", "q.tflite", "int8"),
    ("SavedModel", "float32", "saved", None),
)
FULL = ("TFLite", "int8, activations too", "i.tflite", "int8")
"""Of the models in `WHOLE`: fixed to the steps of a clip, calibrated with clips of the training part."""
SHOWN_CLIPS = 60  # of these
MARKERS = {"float32": "o", "float16": "^", "int8": "s", FULL[1]: "D"}
NARROW = 0.01  # of the metric: a picture that shows less would make much of nothing
TOKENS, ROUNDS, SEED, THREADS = 512, 5, 7, 2
FEW = 6  # pieces of the test split on which the tests measure again
SAID = 12  # of the test split that are shown as samples of speech
CLIP = 75  # frames of the clip that speed is measured with
WHOLE = {Labeler: CLIP, Spotter: 25}
"""Class of a model → steps of the clips for which there is an artifact whose activations are integers too."""
SOUND_S = 10.0  # of the recording that speed is measured with
HISTORY, HORIZON, DAY, SHOWN_SERIES = 848, 48, (24, 168), 6  # of the forecast that speed is measured with; shown
SPEEDS = {
    Recognizer: ("times real time", f"a recording of {SOUND_S:.0f} seconds, from samples to symbols"),
    Generator: ("tokens per second", f"generation of {TOKENS} tokens, batch 1, in the form `generate`"),
    Infiller: ("tokens per second", f"one pass over {TOKENS} tokens, batch 1"),
    Forecaster: ("forecasts per second", f"{HORIZON} hours from {HISTORY}, one series at a time, values to quantiles"),
    Labeler: ("frames per second", "a clip of 75 frames, from pixels to labels"),
    Spotter: ("times real time", f"a recording of {SOUND_S:.0f} seconds, from samples to words"),
}
"""Class of a model → unit of its speed, and what is timed."""
NOTE = (
    "Keras: the weights as they are stored, in float16; all else is what `export.save` writes. Speed: {}, on a shared "
    "processor; Keras and SavedModel have two threads, ONNX and TFLite one. The metric is that of the test split, "
    "measured with each artifact. `python benchmarks/bench_cards.py` measures all of it again."
)
COLUMNS = {
    "forecast": {
        "m4_hourly_smape": "hourly: sMAPE %", "m4_hourly_mase": "MASE", "m4_hourly_owa": "OWA",
        "m4_hourly_coverage": "80 % interval", "m4_weekly_smape": "weekly: sMAPE %", "m4_weekly_mase": "MASE",
        "m4_weekly_owa": "OWA", "m4_weekly_coverage": "80 % interval",
    },
    "keyword": {
        "accuracy": "right, %", "accuracy_without_silence": "without silence", "worst_word_accuracy": "worst word",
        "error_over_speakers": "standard error",
    },
}  # fmt: skip
"""Task → metric of the test split → its column in the table of the task's page."""
PROMPTS = {"text": {"prompt": "ROMEO:\n", "length": 600}, "music": {"bars": 8}}
GAPS = {"text": "To be, or ___ to be: that is the ________:\nWhether 'tis ______ in the mind to suffer"}


def rate(model):
    """Measure tokens per second: generated, or read by a model that fills gaps; or seconds of sound per second."""
    work = TOKENS
    if isinstance(model, Generator):
        run = lambda: model.trial(TOKENS // model.codec.group, SEED)  # noqa: E731
    elif isinstance(model, Recognizer):
        work = SOUND_S
        wave = model.codec.example(np.random.default_rng(0), 1, int(SOUND_S / STEP_S)).ravel()
        run = lambda: model.transcribe(wave)  # noqa: E731
    elif isinstance(model, Spotter):
        work = SOUND_S
        wave = model.codec.example(np.random.default_rng(0), 1, int(SOUND_S / STEP_S)).ravel()
        run = lambda: model.spot(wave)  # noqa: E731
    elif isinstance(model, Forecaster):
        work = 1
        values = np.random.default_rng(0).standard_normal(HISTORY).cumsum()
        run = lambda: model.forecast(values, HORIZON, season=DAY[0], long_season=DAY[1])  # noqa: E731
    elif isinstance(model, Labeler):
        work = CLIP
        clip = model.codec.example(np.random.default_rng(0), 1, CLIP)[0]
        run = lambda: model.label(clip)  # noqa: E731
    else:
        x = model.codec.example(np.random.default_rng(0), 1, TOKENS)
        run = lambda: model.engine.step(x, [])  # noqa: E731
    run()
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return work / median(seconds)


def fixed(model):
    """Give the options of an artifact for clips of one length, whose activations are whole numbers too."""
    clips = split_of(find(model.card.name).task, "train", progress=False)
    chosen = [clip for clip in clips[:: len(clips) // SHOWN_CLIPS] if len(clip) == WHOLE[type(model)]]
    samples = [model.codec.encode([clip])[0] for clip in chosen]
    return {"batch": 1, "steps": samples[0].shape[1], "representative": samples}


def rows(model, weights, pieces, metric):
    """Measure the model in Keras, from its file of weights, and in every artifact."""
    first = {"MB": weights.stat().st_size / 1e6, "per_second": rate(model), "parity": 0.0}
    found = [{"format": "Keras", "precision": "float32", **first, "metric": model.measure(pieces)[metric]}]
    form = "generate" if isinstance(model, Generator) else "sequence"
    for kind in (*VARIANTS, *[FULL] * (type(model) in WHOLE)):
        name, precision, file, quantize = kind
        more = fixed(model) if kind == FULL else {}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file
            try:
                report = export.save(model, path, quantize=quantize, **more)
            except VerificationError as error:
                print(f"{model.card.name}, {name} {precision}: left out, {error}")
                continue
            measured = export.load(path).measure(pieces)[metric]
            size, parity = report.size, report.differences["sequence"]["parity"]
            looped = path.with_name(f"loop{path.suffix}")
            if form == "generate":
                export.save(model, looped, form=form, quantize=quantize)
            speed = rate(export.load(looped if form == "generate" else path))
        found.append({"format": name, "precision": precision, "MB": size / 1e6, "per_second": speed, "parity": parity,
                      "metric": measured})  # fmt: skip
        print(found[-1])
    return found


def sample(model, pieces, folder):
    """Make a sample and write it beside the weights."""
    task = model.card.task
    if task == "speech":
        heard = [(piece, model.transcribe(piece.wave)) for piece in pieces[:: len(pieces) // SAID]]
        longest = max(heard, key=lambda pair: pair[1].seconds)[1]
        longest.plot(folder / f"{SAMPLE}.png")
        made = "\n".join(f"said:  {piece.text}\nheard: {found.text}" for piece, found in heard)
    elif task == "keyword":
        made = keyword_sample(model, pieces, folder)
    elif task == "forecast":
        made = forecast_sample(model, pieces, folder)
    elif task == "video":
        seen = [(piece, model.label(piece.pixels)) for piece in pieces[:: len(pieces) // SAID]]
        seen[0][1].plot(folder / f"{SAMPLE}.png", seen[0][0].spans)
        said = [" ".join(s.label for s in piece.spans if s.label != model.codec.rest) for piece, _ in seen]
        made = "\n".join(f"said: {one}\nread: {found.label}" for one, (_, found) in zip(said, seen, strict=True))
    elif isinstance(model, Generator):
        made = model.generate(seed=SEED, temperature=0.8, **PROMPTS[task])
    elif task == "text":
        made = f"{GAPS[task]}\n\n{model.infill(GAPS[task], seed=SEED)}"
    else:
        free = voice_names(model.codec.voices)[1:]
        opening = replace(pieces[0], grid=pieces[0].grid[: 8 * pieces[0].steps_per_bar])
        made = model.infill(opening, free=free, seed=SEED)
    if task in ("forecast", "keyword", "text", "speech", "video"):
        write_text(folder / f"{SAMPLE}.txt", made + "\n")
    else:
        made.save(folder / f"{SAMPLE}.mid")
        made.plot(folder / f"{SAMPLE}.png")


def forecast_sample(model, pieces, folder):
    """Draw forecasts of some hourly series; return the errors of their medians beside the seasonal naive forecast."""
    hourly = [piece for piece in pieces if piece.horizon == HORIZON]
    some = hourly[:: len(hourly) // SHOWN_SERIES][:SHOWN_SERIES]
    histories = {piece.name: piece.history for piece in some}
    found = model.forecast(histories, HORIZON, season=DAY[0], long_season=DAY[1])
    found.plot(folder / f"{SAMPLE}.png")
    lines = []
    for piece, median_of in zip(some, found.median, strict=True):
        usual = seasonal_naive(piece.history, HORIZON, DAY[0])
        errors = [metrics.smape(piece.target, values) for values in (median_of, usual)]
        lines.append(f"{piece.name}: sMAPE {errors[0]:.2f} %, seasonal naive {errors[1]:.2f} %")
    return "\n".join(lines)


def keyword_sample(model, pieces, folder):
    """Draw what is taken for what, and some clips one behind the other; return what is spotted of them."""
    ids, logits = [model.codec.ids[piece.word] for piece in pieces], model.logits(pieces)
    counts = np.zeros((model.codec.classes, model.codec.classes))
    np.add.at(counts, (ids, logits.argmax(1)), 1)
    keyword_plots.confusions(counts, model.codec.vocabulary, folder / "confusions.png")
    some = pieces[:: len(pieces) // SAID]
    found = model.spot(np.concatenate([piece.wave for piece in some]))
    found.plot(folder / f"{SAMPLE}.png")
    return f"said:  {' '.join(piece.word for piece in some)}\nheard: {found.to_text('txt')}"


def measure(name):
    """Fill the folder of a model's weights."""
    model, folder = zoo.load(name, engine="keras"), find(name).folder
    pieces = split_of(find(name).task, "test", progress=False)
    metric = next(iter(model.card.metrics["test"]))
    unit, timed = SPEEDS[type(model)]
    measured = rows(model, folder / WEIGHTS, pieces, metric)
    found = {
        "unit": unit, "metric": metric, "note": NOTE.format(timed), "rows": measured,
        "check": {"pieces": FEW, "value": model.measure(pieces[:FEW])[metric]},
    }  # fmt: skip
    write_text(folder / ARTIFACTS, json.dumps(found, indent=2) + "\n")
    sample(model, pieces, folder)
    (folder / PAGE).touch()  # a page that is not there is taken for one of an installed package
    write_text(folder / PAGE, zoo.page(name))


def compare(task):
    """Draw the metric of a task's models against size and speed."""
    from matplotlib.figure import Figure

    known = [name for name in zoo.list_models(f"*_{task}", pretrained=True) if (find(name).folder / ARTIFACTS).exists()]
    if len(known) < 2:
        return
    found = {name: json.loads((find(name).folder / ARTIFACTS).read_text()) for name in known}
    metrics = sorted({entry["metric"] for entry in found.values()}, reverse=True)
    figure = Figure(figsize=(10, 3.6 * len(metrics)), layout="constrained")
    grid = figure.subplots(len(metrics), 2, squeeze=False, sharey="row")
    for axes, metric in zip(grid, metrics, strict=True):
        for axis, key, label in zip(
            axes, ("MB", "per_second"), ("MB, ONNX", f"{found[known[0]]['unit']}, ONNX"), strict=True
        ):
            for name, colour in zip(known, COLOURS, strict=False):
                rows = [row for row in found[name]["rows"] if row["format"] == "ONNX"]
                for row in rows if found[name]["metric"] == metric else ():
                    axis.plot(row[key], row["metric"], MARKERS[row["precision"]], color=colour, alpha=0.8)
            axis.set_xlim(left=0)
            axis.set_xlabel(label)
            axis.ticklabel_format(useOffset=False)
            axis.grid(color="#dddddd", linewidth=0.6)
        low, high = axes[0].get_ylim()
        axes[0].set_ylim(low - NARROW * high, high + NARROW * high)
        axes[0].set_ylabel(find_task(task).words(metric))
    marks = [*((name, "o", colour) for name, colour in zip(known, COLOURS, strict=False)),
             *((precision, mark, "black") for precision, mark in MARKERS.items())]  # fmt: skip
    handles = [axes[0].plot([], [], mark, color=colour, label=name)[0] for name, mark, colour in marks]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    save(figure, HERE / f"models_{task}{FORMATS[0]}")


def table(task):
    """Lay out what the shipped models of a task reach on its test split, and published figures."""
    columns, published = COLUMNS[task], find_task(task).published
    rows = []
    for name in zoo.list_models(f"*_{task}", pretrained=True):
        card = zoo.info(name)
        rows.append([name, f"{card.parameters:,}", *(f"{card.metrics['test'][metric]:.4g}" for metric in columns)])
    for name in dict.fromkeys(row.name for row in published):
        told = {row.metric: (f"{row.value:g}", row.size) for row in published if row.name == name}
        size = next(iter(told.values()))[1]
        rows.append([name, "" if size == "not given" else size, *(told.get(metric, ("",))[0] for metric in columns)])
    align = ("left", *["right"] * (len(columns) + 1))
    return tabulate(rows, ["", "parameters", *columns.values()], "github", colalign=align, disable_numparse=True)


@click.command()
@click.argument("asked", nargs=-1, metavar="[MODEL]...", type=click.Choice(zoo.list_models(pretrained=True)))
@click.option("--compare", "only_compare", is_flag=True, help="Draw the comparisons alone.")
@click.option("--show", is_flag=True, help="Print the tables of docs/tasks, from the cards.")
def main(asked, only_compare, show):
    """Measure all shipped models, or those named, then draw the comparisons."""
    if show:
        print(*map(table, COLUMNS), sep="\n\n")
        return
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    for name in () if only_compare else asked or zoo.list_models(pretrained=True):
        measure(name)
    for task in names():
        compare(task)


if __name__ == "__main__":
    main()
