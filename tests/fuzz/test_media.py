"""Mutated media files: every one is read or refused by name, in little time and memory.

`python -m tests.fuzz.test_media 60000 SEED` reads so many in a child process with limits, and prints what it found.
"""

import collections
import functools
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.media import films, sounds
from zoo.errors import ZooError
from zoo.media import audio, video
from zoo.tasks.video import clips

SIDES = (48, 64)
SOUNDS = {
    "wav": "PCM_16", "w64": "PCM_16", "aiff": "PCM_16", "au": "ULAW", "caf": "ALAC_16", "flac": "PCM_16", "ogg": "VORBIS",
    "mp3": "MPEG_LAYER_III",
}  # fmt: skip
CODECS = {"m4a": "aac", "wma": "wmav2", "webm": "libopus", "aac": "aac", "mkv": "alac"}
FILMS = {"mp4": "h264", "mov": "mpeg4", "avi": "mpeg4", "mkv": "h264", "webm": "vp9", "mpg": "mpeg1video", "gif": "gif"}
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
LIMIT_BYTES, LIMIT_S, MOST_BYTES = 6 << 30, 30, 1 << 30  # of addresses; for a file; of memory that is used


@functools.cache
def samples():
    """Return good files: name → bytes."""
    wave = sounds.tone(0.5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, subtype in SOUNDS.items():
            sounds.written(folder / f"sound.{kind}", wave, subtype=subtype)
        for kind, codec in CODECS.items():
            sounds.encoded(folder / f"encoded.{kind}", codec, 0.5)
        for kind, codec in FILMS.items():
            films.written(folder / f"film.{kind}", films.film(12, SIDES), codec=codec)
        np.save(folder / "frames.npy", np.zeros((12, 8, 8), np.uint8))
        np.save(folder / "vectors.npy", np.zeros((12, 5)))
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def mutated(data, rng):
    """Change some bytes, mostly near the start, where headers are."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        size = len(data)
        at = int(rng.integers(max(1, size if rng.random() < 0.4 else min(size, 200))))
        length = int(2 ** rng.uniform(0, 8))
        match rng.integers(7):
            case 0:
                data[at % max(1, size)] ^= 1 << int(rng.integers(8))
            case 1:
                data[at : at + length] = rng.bytes(length)
            case 2:
                wide, order = int(rng.choice([1, 2, 4, 8])), str(rng.choice(["little", "big"]))
                value = int(rng.choice(EXTREMES)) & ((1 << 8 * wide) - 1)
                data[at : at + wide] = value.to_bytes(wide, order)
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length]
            case 5:
                data[at:at] = rng.bytes(length)
            case 6:
                del data[int(rng.integers(1, size + 1)) :]
        data = data or bytearray(b"\0")
    return bytes(data)


def read(path):
    """Read a file in every way; return what came of it."""
    found = []
    readers = {
        "sound": lambda: sum(map(len, audio.blocks(path))),
        "film": lambda: sum(1 for _ in video.frames(path, 25)),
        "array": lambda: clips.array(path)[:1].sum(),
    }
    for name in ("array",) if path.suffix == ".npy" else ("sound", "film"):
        try:
            readers[name]()
            found.append("read")
        except ZooError as error:
            found.append("refused" if path.name in str(error) else "nameless")
    return found


def run(count, seed, path, progress=lambda _: None):
    """Read so many mutated files; return what came of them."""
    rng, names, found = np.random.default_rng(seed), list(samples()), collections.Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i in range(count):
            name = names[i % len(names)]
            place = path / name
            place.write_bytes(mutated(samples()[name], rng))
            progress(i)
            found.update(read(place))
    return found


def test_good_files_are_read_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for name, data in samples().items():
            (tmp_path / name).write_bytes(data)
            assert "read" in read(tmp_path / name), name


@pytest.mark.parametrize("seed", [0])
def test_mutated_files_are_read_or_refused(tmp_path, seed):
    found = run(10 * len(samples()), seed, tmp_path)
    assert set(found) == {"read", "refused"}
    assert min(found["read"], found["refused"]) > len(samples())


def _limited(count, seed, folder, at, memory, slow):
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    before = [time.monotonic(), ""]

    def progress(i):
        now = time.monotonic()
        slow.value = max(slow.value, now - before[0])
        before[0], at.value = now, i
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        memory.value = max(memory.value, used)

    print(seed, dict(run(count, seed, Path(folder), progress)), flush=True)


def main(count, seed, part=2000):
    """Read files in child processes with limits of memory and time; print faults, and keep their files."""
    multiprocessing.set_start_method("spawn")
    for first in range(0, count, part):
        with tempfile.TemporaryDirectory() as folder:
            at, memory, slow = (multiprocessing.Value(kind, 0) for kind in "iqd")
            child = multiprocessing.Process(
                target=_limited, args=(min(part, count - first), seed + first, folder, at, memory, slow)
            )
            child.start()
            last = -1
            while child.is_alive():
                child.join(LIMIT_S)
                if child.is_alive() and at.value == last:
                    child.kill()
                last = at.value
            print(f"  most memory {memory.value >> 20} MB, slowest file {slow.value:.1f} s, exit {child.exitcode}")
            if child.exitcode or memory.value > MOST_BYTES:
                kept = Path(tempfile.mkdtemp(prefix="fault-"))
                name = list(samples())[at.value % len(samples())]
                (kept / name).write_bytes((Path(folder) / name).read_bytes())
                print(f"  FAULT at {at.value}: {kept / name}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
