"""Lists of captions, clips beside them and descriptions of codecs, odd and damaged: an error of the package, or pieces."""

import random
import warnings

import numpy as np

from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, REFUSED
from tests.fuzz.text import ENCODINGS, PIECES
from zoo.errors import ZooError
from zoo.tasks.caption.codec import CaptionCodec, make_codec
from zoo.tasks.caption.user_data import read_folder

CLIPS = 6
LIST = "file,caption,split\n" + "".join(
    f"{i}.npy,a cat {i},{split}\n" for i, split in enumerate(["train"] * (CLIPS - 1) + ["valid"])
)
ODD = (
    None,
    5,
    [],
    {},
    "",
    "fit",
    [16, 24],
    [16, 24, 4],
    [5],
    [1 << 40],
    -1,
    1e400,
    float("nan"),
    True,
    ["97 98"],
    ["300 1"],
)


class Captions:
    """Folders of clips with captions, and descriptions of codecs."""

    def __init__(self, folder):
        self.folder = folder / "captioned"
        self.folder.mkdir()
        rng = np.random.default_rng(0)
        for i in range(CLIPS):
            np.save(self.folder / f"{i}.npy", rng.integers(0, 255, (3, 16, 16)).astype(np.uint8))
        (self.folder / "captions.csv").write_text(LIST)
        self.data = (self.folder / "0.npy").read_bytes()
        self.codec = make_codec(
            [piece for pieces in read_folder(self.folder, 16).values() for piece in pieces], vocabulary=300
        )

    def attempt(self, seed):
        """Read the input of a seed."""
        rng = random.Random(seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rng.choice((self._folder, self._codec))(rng)
        except ZooError:
            return REFUSED
        return READ

    def _folder(self, rng):
        """Read a folder with another list, and another clip."""
        lines = LIST.split("\n")
        for _ in range(rng.choice((0, 1, 3))):
            at = rng.randrange(len(lines))
            lines[at] = "".join(rng.choice((*PIECES, ",", '"', "0.npy", "train", "a")) for _ in range(rng.randrange(8)))
        try:
            data = "\n".join(lines).encode(rng.choice(("utf-8", *ENCODINGS)), "replace")
        except UnicodeError:
            data = b""
        (self.folder / "captions.csv").write_bytes(damaged(rng, data, 0, 2) if rng.random() < 0.3 else data)
        (self.folder / "0.npy").write_bytes(damaged(rng, self.data, 0, 3) if rng.random() < 0.5 else self.data)
        for pieces in read_folder(self.folder, rng.choice((16, 20))).values():
            for piece in pieces:
                assert piece.caption
                assert piece.clip.pixels.shape[0] == len(piece)

    def _codec(self, rng):
        """Read a changed description, and encode with what comes of it."""
        data = self.codec.to_json()
        for _ in range(rng.choice((0, 1, 1, 2))):
            data[rng.choice((*data, "other"))] = rng.choice(ODD)
        codec = CaptionCodec.from_json(data)
        if codec.features < 1 << 16:
            x = codec.example(np.random.default_rng(0), 1, 3)
            assert x.shape == (1, 3, *codec.shape)
