"""Artifacts on the disk."""

import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

import export
from tests.conftest import NAMES, ROOT

BOTH = [(name, form) for name in NAMES for form in ("sequence", "step")]
EVERY_FORMAT = pytest.mark.parametrize("name", NAMES)


def everything(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def copied(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target))


def load_quietly(path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return export.load(path)


def python(code: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
