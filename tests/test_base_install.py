"""The base installation: what it consists of, what it does, and its errors for what needs an extra."""

import json
import os
import shutil
import subprocess
import sys
import time
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest

import export
import zoo
from tests.base_install import CALLS, REAL, REFUSED, RUN
from tests.conftest import ROOT, seal, small_checks, tiny_model
from tests.declared import ROOTS, canonical, closure, declared, imports, in_wheel, requirements
from tests.export.formats.tflite.handmade import model as handmade
from tests.export.formats.tflite.handmade import written
from tests.media.films import written as video
from tests.training.runs import SMALL
from zoo.core.extras import EXTRAS
from zoo.presets import SHIPPED
from zoo.tasks.music.codec import MusicCodec

HEAVY = "tensorflow keras librosa numba scipy pandas matplotlib h5py tensorboard tf2onnx onnx ai-edge-litert torch jax"
RARE = {"pooch", "requests", "tabulate"}
"""What downloads and tables need, and nothing else."""
COMMANDS = [*(words for words, _ in RUN), *(words for words, *_ in REFUSED)]
MOST_MB, MOST_SECONDS = 400, 90  # of a base installation, on a busy machine


def test_the_base_brings_nothing_heavy_along():
    assert not closure(declared()) & {*HEAVY.split()}
    assert {"tensorflow", "scipy", "numba", "ai-edge-litert"} <= closure([*declared("keras"), *declared("dev")])


def test_every_import_is_declared_and_every_requirement_imported():
    base = {module for module in imports() if module not in EXTRAS}
    assert {canonical(ROOTS.get(module, module)) for module in base} == requirements()
    assert {*EXTRAS} - imports() == {"tensorboard", "librosa"}  # Keras writes events; tests compare features


def test_the_wheel_has_card_codec_graph_and_weights_of_each_model():
    files = in_wheel()
    weights = [file for file in files if file.startswith("zoo/weights/")]
    kept = ("card.json", "codec.json", "graph.onnx", "weights.safetensors")
    models = [path.name for path in SHIPPED.iterdir() if path.is_dir()]
    assert weights == sorted(f"zoo/weights/{model}/{file}" for model in models for file in kept)
    others = [file for file in files if not file.endswith(".py") and file not in weights]
    assert others == [
        "export/py.typed",
        "zoo/media/mouth.png",
        "zoo/py.typed",
        "zoo/tasks/keyword/splits.json",
    ]


def instructions(name):
    """Return the instructions of a Dockerfile, each on one line, without comments."""
    lines = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    return [" ".join(line.split()) for line in lines if line.strip() and not line.startswith("#")]


def installs(name):
    """Return what follows `pip` where the last stage of a Dockerfile installs something."""
    return [line.partition(" pip ")[2] for line in instructions(name) if line.startswith("RUN --mount")]


@pytest.mark.parametrize(
    ("name", "wheel"), [("Dockerfile", "/wheel/*.whl"), ("Dockerfile.train", '"$(ls /wheel/*.whl)[keras]"')]
)
def test_images_are_pinned_small_and_not_root(name, wheel):
    lines = instructions(name)
    assert {line.split()[1] for line in lines if line.startswith("FROM")} == {"python:3.11-slim-bookworm"}
    assert installs(name) == [f"install --no-cache-dir {wheel}"]
    assert all("--no-cache-dir" in line for line in lines if "pip install" in line)
    last = max(i for i, line in enumerate(lines) if line.startswith("FROM"))
    assert [line for line in lines[last:] if line.startswith(("USER", "ENTRYPOINT"))] == [
        "USER 1000",
        'ENTRYPOINT ["zoo"]',
    ]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"
    assert {line for line in ignored if line.startswith("!")} == {
        "!export",
        "!zoo",
        "!LICENSE",
        "!README.md",
        "!pyproject.toml",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with artifacts of untrained models, and files that are recognized but not read."""
    place = tmp_path_factory.mktemp("base")
    codec = MusicCodec(voices=4, low=36, high=81)
    with small_checks():
        export.save(seal(tiny_model(codec=codec)), place / "music.onnx")
    written(place, handmade("one"))
    (place / "x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(40))
    return place


def ran(python, folder, hidden, commands, path):
    program = (ROOT / "tests/base_install.py").read_text(encoding="utf-8")
    done = subprocess.run(
        [python, "-c", program, json.dumps(hidden), json.dumps(commands)], cwd=folder,
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def found(folder):
    """What came out where everything is hidden that is installed here, but not in the base."""
    base = closure(declared()) | {"rnn-zoo"}
    hidden = [name for name, owners in packages_distributions().items() if not {canonical(o) for o in owners} & base]
    assert {*EXTRAS} - {"flatbuffers"} <= {*hidden}  # which ONNX Runtime needs, too
    return ran(sys.executable, folder, hidden, COMMANDS, str(ROOT))


def check(found, run=RUN):
    for words, shown in run:
        status, stdout, stderr = found["commands"][words]
        assert (status, shown in stdout) == (0, True), (words, stdout, stderr)
    for words, says, extra in REFUSED:
        assert found["commands"][words] == [1, "", f"Error: {says}: pip install 'rnn-zoo[{extra}]'\n"], words
    for call, extra in CALLS.items():
        assert found["calls"][call] is not None, call
        kind, message = found["calls"][call]
        assert (kind, message.partition(": ")[2]) == ("MissingExtra", f"pip install 'rnn-zoo[{extra}]'"), call


def test_what_the_base_does_and_what_it_says_of_the_rest(found):
    check(found)


def test_commands_load_what_they_need(found):
    """Nothing of the extras at all, and no downloads or tables to make music."""
    seen = found["loaded"]
    assert not {*seen[COMMANDS[-1]]} & {*EXTRAS}
    assert not {*seen["info lstm_music"]} & {"numpy", "onnxruntime", "tqdm"}


def test_generation_loads_neither_downloads_nor_tables(folder):
    code = (
        "import zoo.export, sys; zoo.export.load('music.onnx').generate(bars=1); sys.exit(str(REST & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code.replace("REST", repr(RARE | {*EXTRAS}))], cwd=folder, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.stderr.strip() == "set()"


def wheel_of(folder):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.iterdir())


def installed(folder, command):
    """Run the command that an image installs by in an environment of its own; return its Python, seconds and MB."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python, before = folder / "bin/python", size_mb(folder)
    began = time.perf_counter()
    subprocess.run([str(python), "-m", "pip", *command.split()], check=True, capture_output=True)
    seconds, megabytes = time.perf_counter() - began, size_mb(folder) - before
    print(f"{seconds:.0f} s, {megabytes:.0f} MB")
    return str(python), seconds, megabytes


@pytest.mark.slow
def test_the_base_in_an_environment_of_its_own(folder, tmp_path):
    """The wheel, installed as the Dockerfile installs it: its size, its time, and what it does."""
    command = installs("Dockerfile")[0].replace("/wheel/*.whl", str(wheel_of(tmp_path / "wheel")))
    python, seconds, megabytes = installed(tmp_path / "env", command)
    assert megabytes <= MOST_MB
    assert seconds <= MOST_SECONDS
    place = tmp_path / "work"
    shutil.copytree(folder, place)
    real(place)
    found = ran(python, place, [], [*COMMANDS, *(words for words, _ in REAL)], "")
    check(found, [*RUN, *REAL])
    assert not {*found["loaded"][REAL[-1][0]]} & {*EXTRAS}


@pytest.mark.images
@pytest.mark.timeout(1500)
def test_the_image_that_trains(tmp_path):
    """What `Dockerfile.train` installs trains a model, exports it, and generates with both."""
    wheel = wheel_of(tmp_path / "wheel")
    command = installs("Dockerfile.train")[0].replace('"$(ls /wheel/*.whl)[keras]"', f"{wheel}[keras]")
    python, *_ = installed(tmp_path / "env", command)
    rng = np.random.default_rng(0)
    for name in "abcdefgh":
        zoo.Score(rng.integers(50, 70, (64, 4))).save(tmp_path / f"midi/{name}.mid")
    small = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    for words in (
        ["train", "lstm_music", "--data", "midi", "--out", "run", "--set", "epochs=1", *small],
        ["export", "run/preset", "--format", "onnx", "--out", "dist"],
        ["generate", "run/preset", "--bars", "1", "--seed", "1", "--out", "a.mid"],
        ["generate", "dist/lstm_music.onnx", "--bars", "1", "--seed", "1", "--out", "b.mid"],
    ):
        done = subprocess.run([python, "-m", "zoo", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def real(place):
    """Put artifacts of shipped models into a folder, and something for each to read."""
    with small_checks():
        for stem in ("text", "video"):
            export.save(zoo.load(f"rnn_{stem}"), place / f"{stem}.onnx")
    (place / "load.csv").write_text("load\n" + "\n".join(str(hour % 24) for hour in range(200)))
    (place / "poem.txt").write_text("To be, or not to be: that is the question.\n" * 40)
    rng = np.random.default_rng(0)
    for name in "abcd":
        zoo.Score(rng.integers(50, 70, (64, 4))).save(place / f"midi/{name}.mid")
    video(place / "clip.mp4", rng.integers(0, 256, (10, 48, 96), np.uint8))
    video(place / "face.mp4", rng.integers(0, 256, (10, 288, 360), np.uint8))  # too large to be lips alone
