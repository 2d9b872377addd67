"""Memory of training on a text file that is larger than the memory allowed: 2 GB of text within 2 GB.

python benchmarks/bench_streaming.py        # writes the file, trains, prints peak memory (5 minutes, 4.5 GB of disk)
python benchmarks/bench_streaming.py 0.2    # the same with a file of 0.2 GB
"""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from zoo.core.files import write_text

RESULTS = Path(__file__).with_name("streaming.json")
SETTINGS = {"units": 128, "embedding": 32, "window": 128, "batch": 64, "epochs": 3, "epoch_steps": 100, "patience": 9}
LIMIT_GB = 2.0


def write(path, gigabytes):
    """Write random words, so that nothing repeats from block to block."""
    rng, left = np.random.default_rng(0), int(gigabytes * 1e9)
    letters = np.frombuffer(b"etaoinshrdlu    \n", np.uint8)
    with path.open("wb") as stream:
        while left > 0:
            block = letters[rng.integers(0, len(letters), min(left, 1 << 24))].tobytes()
            stream.write(block)
            left -= len(block)


def peak_gb():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1e6


def main(gigabytes=2.0):
    folder = Path(tempfile.mkdtemp())
    os.environ["ZOO_CACHE"] = str(folder / "cache")
    try:
        write(folder / "text.txt", gigabytes)
        import zoo

        began = time.perf_counter()
        card = zoo.train("gru_text", out=folder / "run", data=folder / "text.txt", **SETTINGS)
        result = {
            "text_gb": round((folder / "text.txt").stat().st_size / 1e9, 2), "peak_gb": round(peak_gb(), 2),
            "minutes": round((time.perf_counter() - began) / 60, 1), "of_them_training": card.minutes,
            "nats_per_character": round(card.metrics["valid"]["nats_per_character"], 3),
        }  # fmt: skip
    finally:
        shutil.rmtree(folder)
    print(json.dumps(result, indent=1))
    if gigabytes >= LIMIT_GB:
        write_text(RESULTS, json.dumps(result, indent=1) + "\n")
    if result["peak_gb"] > LIMIT_GB:
        sys.exit(f"more than {LIMIT_GB} GB")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
