"""Artifacts on the disk."""

import shutil
import subprocess
import sys
import textwrap
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import export
from tests.conftest import NAMES, ROOT

BOTH = [(name, form) for name in NAMES for form in ("sequence", "step")]
EVERY_FORMAT = pytest.mark.parametrize("name", NAMES)


def everything(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def copied(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target))


def load_quietly(path: Path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return export.load(path, **options)


def python(code: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def in_threads(call, calls=12, threads=8):
    """Call a function with 0, 1, … in every thread at the same time; return the results of each."""
    begin = threading.Barrier(threads)

    def work(thread):
        begin.wait()
        return [call(thread + i) for i in range(calls)]

    with ThreadPoolExecutor(threads) as pool:
        return [*pool.map(work, range(threads))]


def check_threads(call, **options):
    """Compare what threads get from calls of different sizes with what one thread gets from them."""
    right = {}
    for thread, results in enumerate(in_threads(call, **options)):
        for i, found in enumerate(results):
            expected = right.setdefault(thread + i, call(thread + i))
            assert np.array_equal(expected, found), f"call {i} of thread {thread}"
