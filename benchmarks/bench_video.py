"""Video: which words are read right, part by part; whole films against prepared crops; how fast it is.

    python benchmarks/bench_video.py                   # all shipped models, what they read; then the tables of README
    python benchmarks/bench_video.py gru_video         # one of them
    python benchmarks/bench_video.py --speed           # how fast they are; with nothing else running
    python benchmarks/bench_video.py --own             # how long a run on 200 clips takes; with nothing else running
    python benchmarks/bench_video.py --mouth           # draw the template of a mouth again
    python benchmarks/bench_video.py --show            # the tables, from what was measured before

Writes `video.json`, and `errors.json` and `errors.png` into the folder of each model's weights, which
`benchmarks/bench_cards.py` puts on its page. Frames per second are end to end, from a file of 96 × 48 pixels to the
labels, in a process with two threads; steps are those of a process with one, batch 1.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

import zoo
from zoo import export
from zoo.core.files import write_text
from zoo.core.task import split_of
from zoo.media import crops, video
from zoo.media.clips import Clip
from zoo.media.mouth import MOUTH
from zoo.models.sampling import log_softmax
from zoo.presets.catalog import find
from zoo.presets.page import ERRORS
from zoo.tasks.video import decoding, plots
from zoo.tasks.video.codec import VideoCodec
from zoo.tasks.video.model import rates, words
from zoo.tasks.video.task import TASK

HERE = Path(__file__).parent
RESULTS = HERE / "video.json"
PARTS = ("command", "colour", "preposition", "letter", "digit", "adverb")
ORIGINALS = "video/grid_s1_originals_12.tar"
SHOWN_PAIRS, LETTERS = 15, 3  # confusions listed; part of the grammar that is drawn
CLIPS = 40  # that speed is measured with
OWN, SIDE = 200, 64  # clips of a run on one's own, and pixels of their sides
EVERY = 5  # frame of every tenth clip that the template is the mean of
HEADS = (
    ("model", "parameters", "frames", "spoken frames", "frames, by the grammar", "word errors", *PARTS),
    ("model", "Keras", "ONNX", "step: Keras", "step: ONNX", "step: TFLite"),
    ("model", "prepared crops: frames", "word errors", "original files: frames", "word errors"),
)


def slots(pieces, logits, codec):
    """Pair the true words of each part with those that were read; a sentence of another length has none read."""
    for piece, rows in zip(pieces, logits, strict=True):
        said = words(codec.tokens(piece), codec)
        read = words(decoding.of(log_softmax(rows), codec), codec)
        yield list(zip(said, read if len(read) == len(said) else [""] * len(said), strict=True))


def errors(pairs, folder):
    """Lay out the share of right words part by part and the commonest confusions; draw those of the letters."""
    right = [np.mean([one[i][0] == one[i][1] for one in pairs]) for i in range(len(PARTS))]
    rows = [[part, f"{100 * share:.1f} %"] for part, share in zip(PARTS, right, strict=True)]
    wrong = Counter(pair for one in pairs for pair in one if pair[0] != pair[1])
    common = [[f"{a} as {b or 'nothing'}", str(n)] for (a, b), n in sorted(wrong.items(), key=lambda p: (-p[1], p[0]))]
    codec = TASK.default_codec()
    letters = codec.grammar[LETTERS]
    counts = np.zeros((len(letters), len(letters)), int)
    for one in pairs:
        said, read = one[LETTERS]
        if read:
            counts[letters.index(said), letters.index(read)] += 1
    plots.confusion(counts, letters, folder / "errors.png")
    tables = [
        {"title": "Words read right, by the grammar.", "heads": ["part", "right"], "rows": rows},
        {
            "title": "The commonest words that were read as others.",
            "heads": ["word", "times"],
            "rows": common[:SHOWN_PAIRS],
        },
    ]
    write_text(folder / ERRORS, json.dumps({"tables": tables}, indent=1) + "\n")
    return [100 * float(share) for share in right]


def originals():
    """Read the twelve original films: name, bytes, true words."""
    with tarfile.open(Path(os.environ["ZOO_DATA"]) / ORIGINALS) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}
    for name, data in files.items():
        if name.endswith(".mpg"):
            yield Path(name).stem, data


def whole_films(model, pieces):
    """Label the originals, the mouth found in them, and compare with the prepared crops of the same sentences."""
    known = {piece.name: piece for piece in pieces}
    some, seen = [], []
    for name, data in originals():
        frames = np.stack(list(crops.fitted(video.frames(io.BytesIO(data), model.codec.rate_hz), model.codec)))
        some.append(known[name])
        seen.append(Clip(frames[: len(known[name])], known[name].shape, known[name].spans, name))
    return {kind: rates(given, model.logits(given), model.codec) for kind, given in (("crops", some), ("films", seen))}


TIMER = """
import json, sys, time
from pathlib import Path
from statistics import median
import numpy as np
import zoo
from zoo import export
model = export.load(sys.argv[1]) if sys.argv[1].endswith(("onnx", "tflite")) else zoo.load(sys.argv[1], engine="keras")
films = sorted(Path(sys.argv[2]).iterdir())
found = {}
if sys.argv[3] == "films":
    model.label(films[0])
    def took():
        began = time.perf_counter()
        count = sum(len(model.label(film).probabilities) for film in films)
        return count / (time.perf_counter() - began)
    found = median(took() for _ in range(3))
else:
    x = model.codec.example(np.random.default_rng(0), 1, 1)
    state = model.engine.initial_state(1)
    def step():
        began = time.perf_counter()
        model.engine.step(x, state)
        return 1000 * (time.perf_counter() - began)
    for _ in range(30): step()
    found = median(step() for _ in range(300))
print(json.dumps(found))
"""


def speed(name):
    """Measure frames per second from files, with two threads, and milliseconds of a step, with one."""
    found = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        tarfile.open(Path(os.environ["ZOO_DATA"]) / "video/grid_s1_lips_96x48.tar") as archive,
    ):
        films = Path(folder) / "films"
        films.mkdir()
        members = [member for member in archive if member.isfile()][:CLIPS]
        for member in members:
            (films / Path(member.name).name).write_bytes(archive.extractfile(member).read())
        model = zoo.load(name)
        paths = {"Keras": name, "ONNX": f"{folder}/m.onnx"}
        export.save(model, paths["ONNX"])
        for label, path in paths.items():
            found[label] = _timed(path, films, "films", 2)
        if not model.codec.bidirectional:
            steps = {"Keras": name, "ONNX": f"{folder}/s.onnx", "TFLite": f"{folder}/s.tflite"}
            for label, path in steps.items():
                if label != "Keras":
                    export.save(model, path, form="step", batch=1)
                found[f"step {label}"] = _timed(path, films, "step", 1)
    return found


def own():
    """Train `lstm_video` from nothing, as its recipe is, on clips in folders by the colour that is said in them."""
    codec, colours = VideoCodec(["any"], (SIDE, SIDE)), TASK.default_codec().grammar[PARTS.index("colour")]
    with tempfile.TemporaryDirectory() as folder:
        counts = Counter()
        for piece in TASK.splits_of(False)["train"]:
            [colour] = {span.label for span in piece.spans} & set(colours)
            if counts[colour] < OWN // len(colours):
                counts[colour] += 1
                path = Path(folder, "clips", colour, f"{piece.name}.npy")
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, np.stack(list(crops.fitted(piece.pixels, codec))))
        card = zoo.train("lstm_video", Path(folder, "run"), Path(folder, "clips"))
    right = card.metrics["valid"]["clips_correct"]
    return {"clips": sum(counts.values()), "epochs": card.epochs, "minutes": card.minutes, "clips_correct": right}


def _timed(path, films, what, threads):
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    run = [sys.executable, "-c", TIMER, str(path), str(films), what]
    done = subprocess.run(
        run, env=os.environ | dict.fromkeys(names, str(threads)), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def measure(name):
    """Measure one shipped model; write its tables and picture of errors."""
    model, pieces = zoo.load(name), split_of(TASK, "test", False)
    logits = model.logits(pieces)
    right = errors(list(slots(pieces, logits, model.codec)), find(name).folder)
    return {
        "model": name, "parameters": model.card.parameters, "test": rates(pieces, logits, model.codec),
        "parts": right, "whole films": whole_films(model, pieces),
    }  # fmt: skip


def mouth():
    """Draw the template: the mean of frames of training clips."""
    from PIL import Image

    clips = split_of(TASK, "train", False)[::10]
    mean = np.mean([clip.pixels[::EVERY].mean(0) for clip in clips], 0)
    Image.fromarray(np.round(mean).astype(np.uint8)).save(MOUTH)


def tables(found):
    """Lay out the tables of README: accuracy, speed, whole films."""
    percent = lambda value: f"{value:.1f} %"  # noqa: E731
    first = [
        [
            row["model"], f"{row['parameters']:,}",
            *(percent(row["test"][f"{kind}frames_correct"]) for kind in ("", "active_", "parsed_")),
            percent(row["test"]["word_errors"]), *map(percent, row["parts"]),
        ]
        for row in found["rows"]
    ]  # fmt: skip
    steps = ("step Keras", "step ONNX", "step TFLite")
    second = [
        [
            row["model"], *(f"{row['speed'][key]:,.0f}" for key in ("Keras", "ONNX")),
            *(f"{row['speed'][key]:.2f} ms" if key in row["speed"] else "" for key in steps),
        ]
        for row in found["rows"] if "speed" in row
    ]  # fmt: skip
    third = [
        [
            row["model"],
            *(
                percent(row["whole films"][kind][key])
                for kind in ("crops", "films")
                for key in ("frames_correct", "word_errors")
            ),
        ]
        for row in found["rows"]
    ]
    laid = zip((first, second, third), HEADS, strict=True)
    return [tabulate(rows, heads, "github", disable_numparse=True) for rows, heads in laid if rows]


@click.command()
@click.argument("asked", nargs=-1, metavar="[MODEL]...")
@click.option("--speed", "fast", is_flag=True, help="Measure how fast they are instead of what they read.")
@click.option("--own", "ones_own", is_flag=True, help="Time a run on 200 clips in folders by class.")
@click.option("--mouth", "template", is_flag=True, help="Draw the template of a mouth again.")
@click.option("--show", is_flag=True, help="Only lay out what was measured before.")
def main(asked, fast, ones_own, template, show):
    """Measure, keep what was measured, and lay it out."""
    if template:
        mouth()
        return
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"rows": []}
    if ones_own:
        found["own"] = own()
        write_text(RESULTS, json.dumps(found, indent=1) + "\n")
        print(found["own"])
        return
    shipped = zoo.list_models("*_video", pretrained=True)
    known = {row["model"]: row for row in found["rows"]}
    for name in () if show else asked or shipped:
        known[name] = known.get(name, {}) | ({"speed": speed(name)} if fast else measure(name))
        found["rows"] = [known[one] for one in shipped if one in known]
        write_text(RESULTS, json.dumps(found, indent=1) + "\n")
    for table in tables(found):
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
