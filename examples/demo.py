"""Generate a chorale, export the model three ways, and hear all of them play the same notes: `make demo`."""

import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tabulate import tabulate

import zoo
from zoo import export

DIST = Path("dist")
OPTIONS = {"bars": 16, "temperature": 0.9, "seed": 7}
ARTIFACTS = ("lstm_music.onnx", "lstm_music.tflite", "lstm_music")


def timed(model) -> tuple[zoo.Score, float]:
    """Make the piece once more than measured, so that start-up is not counted; give notes per second."""
    model.generate(steps=4, seed=0)
    start = time.perf_counter()
    piece = model.generate(**OPTIONS)
    return piece, len(list(piece.notes())) / (time.perf_counter() - start)


def main() -> None:
    """Run the demonstration."""
    model = zoo.load("lstm_music")
    piece, speed = timed(model)
    for path in (
        piece.save(DIST / "chorale.mid"),
        piece.plot(DIST / "chorale.png"),
        piece.render(DIST / "chorale.wav"),
    ):
        print(f"wrote {path}")
    rows = [["keras", "", "", f"{speed:,.0f}", ""]]
    for name in ARTIFACTS:
        print(f"exporting and verifying {DIST / name} …", flush=True)
        report = export.save(model, DIST / name)
        again, speed = timed(export.load(DIST / name))
        if again != piece:
            raise SystemExit(f"{name} plays other notes")
        worst = max(measured["error"] for measured in report.differences.values())
        rows.append([report.format, f"{report.size / 1e6:.2f} MB", f"{worst:.1e}", f"{speed:,.0f}", "yes"])
    print(f"\n{len(list(piece.notes()))} notes in {OPTIONS['bars']} bars, seed {OPTIONS['seed']}:\n")
    print(
        tabulate(
            rows,
            headers=["format", "size", "largest difference", "notes per second", "same notes as Keras"],
            disable_numparse=True,
        )
    )


if __name__ == "__main__":
    main()
