"""Damaged archives of words: each is read, as far as it is good, or refused by its name."""

import io
import random
import tarfile
import warnings

from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, refused
from tests.media import sounds
from zoo.errors import ZooError
from zoo.tasks.keyword.user_data import read_folder

CLIPS = {
    "on/a.wav": 0.1,
    "on/b.flac": 0.2,
    "off/c.ogg": 0.1,
    "off/d.wav": 1.2,
    "background/hum.flac": 1.5,
}  # seconds


class Words:
    """Archives of words, packed and not, whose bytes are damaged, or those of a clip in it."""

    def __init__(self, folder):
        self.path, self.clips = folder / "words.tar", {}
        for name, seconds in CLIPS.items():
            made = sounds.written(folder / name.replace("/", "_"), sounds.sound(seconds))
            self.clips[name] = made.read_bytes()
        assert self._read(self._packed(self.clips)) == READ

    def attempt(self, seed):
        rng, clips = random.Random(seed), dict(self.clips)
        if inside := rng.random() < 0.5:
            name = rng.choice([*clips])
            clips[name] = damaged(rng, clips[name])
        if rng.random() < 0.3:
            clips["validation_list.txt"] = damaged(rng, b"on/a.wav\noff/c.ogg\n")
        data = self._packed(clips)
        return self._read(data if inside else damaged(rng, data))

    def _packed(self, clips):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, data in clips.items():
                about = tarfile.TarInfo(name)
                about.size = len(data)
                archive.addfile(about, io.BytesIO(data))
        return stream.getvalue()

    def _read(self, data):
        self.path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read_folder(self.path)
        except ZooError as error:
            return refused(error, self.path.name)
        return READ
