"""`make demo`: a chorale on the base installation; with `--export`, three artifacts that play the same notes."""

import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from tabulate import tabulate

import zoo

DIST = Path("dist")
OPTIONS = {"bars": 16, "temperature": 0.9, "seed": 7}
ARTIFACTS = ("lstm_music.onnx", "lstm_music.tflite", "lstm_music")


def first_answer() -> None:
    """Generate in a process of its own, as a user would, and in this one."""
    command = ["zoo", "generate", "lstm_music", "--bars", "2", "--seed", "7", "--out", str(DIST / "two_bars.mid")]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    print(f"{time.perf_counter() - began:.2f} s from process start to file: {' '.join(command)}")
    began = time.perf_counter()
    model = zoo.load("lstm_music")
    print(f"{time.perf_counter() - began:.2f} s to load it again, on ONNX Runtime {version('onnxruntime')}")
    piece, speed = timed(model)
    for path in (piece.save(DIST / "chorale.mid"), piece.render(DIST / "chorale.wav")):
        print(f"wrote {path}")
    heavy = {"keras", "tensorflow"} & {*sys.modules}
    print(f"{speed:,.0f} notes per second; imported of Keras and TensorFlow: {', '.join(heavy) or 'neither'}")


def timed(model) -> tuple[zoo.Score, float]:
    """Make the piece once more than measured, so that start-up is not counted; return notes per second."""
    model.generate(steps=4, seed=0)
    start = time.perf_counter()
    piece = model.generate(**OPTIONS)
    return piece, len(list(piece.notes())) / (time.perf_counter() - start)


def exports() -> None:
    """Export the model three ways, and compare what all of them play."""
    from zoo import export

    model = zoo.load("lstm_music")
    piece, speed = timed(model)
    print(f"wrote {piece.plot(DIST / 'chorale.png')}")
    rows = [["preset, on ONNX Runtime", "", "", f"{speed:,.0f}", "yes"]]
    again, speed = timed(zoo.load("lstm_music", engine="keras"))
    if again != piece:
        raise SystemExit("Keras plays other notes")
    rows.append(["preset, on Keras", "", "", f"{speed:,.0f}", "yes"])
    for name in ARTIFACTS:
        print(f"exporting and verifying {DIST / name} …", flush=True)
        report = export.save(model, DIST / name)
        again, speed = timed(export.load(DIST / name))
        if again != piece:
            raise SystemExit(f"{name} plays other notes")
        worst = max(measured["error"] for measured in report.differences.values())
        rows.append([report.format, f"{report.size / 1e6:.2f} MB", f"{worst:.1e}", f"{speed:,.0f}", "yes"])
    print(f"\n{len(list(piece.notes()))} notes in {OPTIONS['bars']} bars, seed {OPTIONS['seed']}:\n")
    heads = ["format", "size", "largest difference from Keras", "notes per second", "same notes"]
    print(tabulate(rows, headers=heads, disable_numparse=True))


if __name__ == "__main__":
    exports() if "--export" in sys.argv[1:] else first_answer()
