"""Time and memory of commands from process start to end, on ONNX Runtime and on Keras; and of an installation.

    python benchmarks/bench_start.py            # measures, writes start.json, prints the tables (4 minutes)
    python benchmarks/bench_start.py --install  # installs the base into a new environment too (a minute)
    python benchmarks/bench_start.py --only label  # measures the commands that have this in their name again
    python benchmarks/bench_start.py --show     # prints what start.json has

Processes are cold, in that nothing of them is in memory but the files that the operating system keeps; both engines
take turns. The recordings come from the data sets of the tasks, in the folder that ZOO_DATA names.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import click
from tabulate import tabulate

from zoo.core.files import write_text

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).with_name("start.json")
ROUNDS = 7
SPEECH_S, RATE_HZ = 3, 16_000
COMMANDS = {
    "zoo list": ["list"],
    "zoo generate lstm_music --bars 2": ["generate", "lstm_music", "--bars", "2", "--seed", "7", "--out", "piece.mid"],
    "zoo generate lstm_text": ["generate", "lstm_text", "--seed", "7"],
    "zoo transcribe bilstm_speech take.wav": ["transcribe", "bilstm_speech", "take.wav"],
    "zoo label bilstm_video clip.mpg": ["label", "bilstm_video", "clip.mpg"],
}
"""What is measured → the words of the command."""
LOAD = 'import zoo; zoo.load("lstm_text")'
WITHOUT_ENGINE = ("zoo list",)
ENGINES = ("onnx", "keras")


def media(folder):
    """Write the recordings: three seconds of spelled letters and numbers, and a clip of a whole face."""
    import numpy as np
    import soundfile

    from zoo.core.task import find, split_of

    sounds = [np.asarray(piece.samples) for piece in split_of(find("speech"), "test", progress=False)[:3]]
    soundfile.write(folder / "take.wav", np.concatenate(sounds)[: SPEECH_S * RATE_HZ], RATE_HZ)
    with tarfile.open(Path(os.environ["ZOO_DATA"]) / "video/grid_s1_originals_12.tar") as archive:
        member = next(member for member in archive if member.name.endswith(".mpg"))
        (folder / "clip.mpg").write_bytes(archive.extractfile(member).read())


def run(command, folder):
    """Run a process to its end; return seconds and the most memory that it had, in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return seconds, usage.ru_maxrss / 1024


def processes():
    """Return name → engine → command."""
    python, zoo = sys.executable, [sys.executable, "-m", "zoo"]
    found = {
        name: {engine: [*zoo, *words, "--engine", engine] for engine in ENGINES} for name, words in COMMANDS.items()
    }
    found |= {name: {"onnx": [*zoo, *COMMANDS[name]]} for name in WITHOUT_ENGINE}
    load = {engine: [python, "-c", LOAD.replace('")', f'", engine="{engine}")')] for engine in ENGINES}
    return {**found, LOAD: load}


def measure(part=""):
    """Return name → engine → medians of seconds and MB, in turns; of commands whose name has a part in it."""
    commands = {name: engines for name, engines in processes().items() if part in name}
    found = {name: {engine: [] for engine in engines} for name, engines in commands.items()}
    with tempfile.TemporaryDirectory() as folder:
        media(Path(folder))
        for turn in range(ROUNDS + 1):  # the first fills the cache of files
            for name, engines in commands.items():
                for engine, command in engines.items():
                    values = run(command, folder)
                    if turn:
                        found[name][engine].append(values)
    return {
        name: {
            engine: {"s": round(median(s for s, _ in rows), 3), "MB": round(median(mb for _, mb in rows))}
            for engine, rows in engines.items()
        }
        for name, engines in found.items()
    }


def install():
    """Install the wheel and the base dependencies into a new environment; return seconds, MB, and the packages."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(ROOT)]
        subprocess.run(wheel, check=True)
        [path] = Path(folder).glob("rnn_zoo*.whl")
        place = Path(folder) / "environment"
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        before, began = size_mb(place), time.perf_counter()
        pip = [str(place / "bin/python"), "-m", "pip"]
        subprocess.run([*pip, "install", "--quiet", "--no-cache-dir", str(path)], check=True)
        seconds = time.perf_counter() - began
        listed = subprocess.run([*pip, "list", "--format", "json"], check=True, capture_output=True, text=True).stdout
        names = sorted({row["name"] for row in json.loads(listed)} - {"pip", "setuptools"})
        size = size_mb(place) - before
        return {
            "s": round(seconds, 1),
            "MB": round(size),
            "wheel MB": round(path.stat().st_size / 1e6, 1),
            "packages": names,
        }


def size_mb(folder):
    """Return the size of all files of a folder, links left out."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def tables(results):
    """Lay out the results."""
    rows = []
    for name, engines in results["processes"].items():
        cells = [f"{engines[engine][unit]:.{digits}f}" if engine in engines else ""
                 for unit, digits in (("s", 2), ("MB", 0)) for engine in ENGINES]  # fmt: skip
        rows.append([f"`{name}`", *cells])
    heads = ["from process start to end", "s, ONNX Runtime", "s, Keras", "MB, ONNX Runtime", "MB, Keras"]
    return [tabulate(rows, heads, "github", colalign=("left", *["right"] * 4), disable_numparse=True)]


@click.command()
@click.option("--install", "installs", is_flag=True, help="Install the base into a new environment too.")
@click.option("--only", default="", help="Measure only the commands that have this in their name.")
@click.option("--show", is_flag=True, help="Print what start.json has.")
def main(installs, only, show):
    """Measure, or show what was measured."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not show:
        results["processes"] = results.get("processes", {}) | measure(only)
        if installs:
            results["install"] = install()
        results["versions"] = {name: version(name) for name in ("keras", "tensorflow", "onnxruntime", "numpy")}
        write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    print(*tables(results), sep="\n\n")
    if "install" in results:
        print("pip install rnn-zoo: {s} s, {MB} MB".format(**results["install"]))


if __name__ == "__main__":
    main()
