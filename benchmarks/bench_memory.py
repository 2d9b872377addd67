"""Memory of a process that loads a model and uses it again and again: it must not grow.

python benchmarks/bench_memory.py           # 500 times on ONNX Runtime, on Keras, and by Keras's compiled loop; Linux
python benchmarks/bench_memory.py 50 gru_text
"""

import gc
import json
import sys
from pathlib import Path

from zoo.core.files import write_text

RESULTS = Path(__file__).with_name("memory.json")
TIMES, MODEL = 500, "lstm_text"
KINDS = {"onnx": ("onnx", 40), "keras": ("keras", 40), "keras_loop": ("keras", 600)}
"""Name → engine, and characters to generate: the compiled loop is for long pieces."""
WARM = 0.2  # part of the repetitions in which memory may still settle
MOST_MB = 50.0  # growth in the others: a leak of a tenth of a megabyte each time


def rss_mb():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1e3


def growth(times, name, engine, length):
    """Load and generate so many times; return the memory in use after part of them, after all, and the growth."""
    import zoo

    settled = 0.0
    for i in range(times):
        zoo.load(name, engine=engine).generate(length=length, seed=i)
        if i == int(WARM * times):
            gc.collect()
            settled = rss_mb()
    gc.collect()
    return {"times": times, "settled_mb": round(settled), "end_mb": round(rss_mb())}


def main(times=TIMES, name=MODEL):
    results = {"model": name} | {kind: growth(times, name, *how) for kind, how in KINDS.items()}
    print(json.dumps(results, indent=1))
    if times >= TIMES:
        write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    if max(results[kind]["end_mb"] - results[kind]["settled_mb"] for kind in KINDS) > MOST_MB:
        sys.exit(f"more than {MOST_MB} MB")


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((int, str), sys.argv[1:], strict=False)))
