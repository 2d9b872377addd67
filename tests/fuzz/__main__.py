"""Fuzz whole readers: `python -m tests.fuzz --minutes 60`; `make fuzz MINUTES=60`.

Each target of `targets.TARGETS` gets an equal share of the time. Prints a table and every finding with the command that
repeats it, and exits with status 1 if there is one.
"""

import argparse
import json
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tabulate

from tests.fuzz.driver import fuzz
from tests.fuzz.targets import TARGETS


def main(words=None):
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="for all targets together (10)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed of each target (0)")
    parser.add_argument("--count", type=int, help="try so many seeds of each target, however long it takes")
    parser.add_argument("--only", action="append", choices=TARGETS, metavar="NAME", help="a target; several times")
    parser.add_argument("--out", type=Path, help="write the figures to this file, such as docs/fuzz.json")
    options = parser.parse_args(words)
    names = list(dict.fromkeys(options.only or TARGETS))
    workers = min(os.cpu_count() or 1, 2, len(names))
    seconds = math.inf if options.count else options.minutes * 60 * workers / len(names)
    count = options.count or math.inf
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda name: fuzz(name, options.seed, seconds, count), names))
    print(tabulate.tabulate([figures.row() for figures in found], headers="keys", intfmt=","))
    for figures in found:
        for finding in figures.findings:
            print(f"\n{figures.name}: {finding.kind}: {finding.said}\n  {finding.files}")
            print(f"  python -m tests.fuzz --only {figures.name} --seed {finding.seed} --count 1")
    if options.out:
        about = {"minutes": options.minutes, "seed": options.seed, "targets": [each.to_dict() for each in found]}
        options.out.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return int(any(figures.findings for figures in found))


if __name__ == "__main__":
    sys.exit(main())
