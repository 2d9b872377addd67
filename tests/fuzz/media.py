"""Damaged media files: each is read, or refused by its name."""

import functools
import random
import tempfile
from pathlib import Path

import numpy as np

from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, REFUSED, refused
from tests.media import films, sounds
from zoo.errors import ZooError
from zoo.media import audio, clips, video

SIDES = (48, 64)
SOUNDS = {
    "wav": "PCM_16", "w64": "PCM_16", "aiff": "PCM_16", "au": "ULAW", "caf": "ALAC_16", "flac": "PCM_16", "ogg": "VORBIS",
    "mp3": "MPEG_LAYER_III",
}  # fmt: skip
CODECS = {"m4a": "aac", "wma": "wmav2", "webm": "libopus", "aac": "aac", "mkv": "alac"}
FILMS = {"mp4": "h264", "mov": "mpeg4", "avi": "mpeg4", "mkv": "h264", "webm": "vp9", "mpg": "mpeg1video", "gif": "gif"}


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


def read(path):
    """Read a file in every way; tell whether one of them reads it."""
    readers = {
        "sound": lambda: sum(map(len, audio.blocks(path))),
        "film": lambda: sum(1 for _ in video.frames(path, 25)),
        "array": lambda: clips.array(path)[:1].sum(),
    }
    found = []
    for name in ("array",) if path.suffix == ".npy" else ("sound", "film"):
        try:
            readers[name]()
            found.append(READ)
        except ZooError as error:
            found.append(refused(error, path.name))
    return READ if READ in found else REFUSED


class Media:
    """Files of all kinds, read as sounds and as videos."""

    def __init__(self, folder):
        self.folder = folder
        for name, data in samples().items():
            (folder / name).write_bytes(data)
            assert read(folder / name) == READ, name

    def attempt(self, seed):
        rng, names = random.Random(seed), list(samples())
        path = self.folder / names[seed % len(names)]
        path.write_bytes(damaged(rng, samples()[path.name]) or b"\0")
        return read(path)
