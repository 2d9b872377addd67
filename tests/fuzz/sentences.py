"""Files of pairs, sentences, and merges of subwords, odd and damaged: an error of the package, or what comes back whole."""

import random

import numpy as np

from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, REFUSED
from tests.fuzz.text import ENCODINGS, PIECES, TEXTS
from zoo.errors import ZooError
from zoo.tasks.translation.codec import TranslationCodec, make_codec
from zoo.tasks.translation.pairs import MOST_BYTES, Pair, checked
from zoo.tasks.translation.user_data import read_folder

FILE = "".join(f"How are you {i}?\tÇa va {i}\u202f? 🎵\tCC BY\n" for i in range(30))
ODD = (
    None,
    5,
    [],
    {},
    "",
    " ",
    "a",
    "a b",
    "97 98",
    "256 99",
    "65535 97",
    "97 -1",
    "32 116",
    "1e2 97",
    "97  98",
    "9" * 200,
    "٣ 97",
    True,
    ["a"],
)


def check(codec, texts):
    """Check that texts come back from their subwords, whatever the merges are."""
    for text in texts:
        ids = codec.sources([text])[0]
        assert codec.decode(ids) == text
        cut = codec.ids(text, 0.3, np.random.default_rng(1))
        assert codec.decode(np.array(cut)) == text
    x, y = codec.encode([Pair(text, text) for text in texts])
    assert x.shape[:2] == y.shape
    assert x.max() < codec.symbols
    assert -1 <= y.min() <= y.max() < codec.classes


class Sentences:
    """Files of pairs, sentences to translate, and descriptions of codecs."""

    def __init__(self, folder):
        self.path = folder / "pairs.tsv"
        self.path.write_text(FILE)
        pairs = read_folder(self.path)["train"]
        self.codec = make_codec(pairs, vocabulary=400)
        check(self.codec, [pair.source for pair in pairs])

    def attempt(self, seed):
        """Read the input of a seed."""
        rng = random.Random(seed)
        try:
            rng.choice((self._file, self._text, self._codec))(rng)
        except ZooError:
            return REFUSED
        return READ

    def _file(self, rng):
        """Read a file of pairs."""
        lines = FILE.split("\n")
        for _ in range(rng.choice((0, 1, 3))):
            lines[rng.randrange(len(lines))] = "".join(
                rng.choice((*PIECES, "a", "\t", "\n", "x" * MOST_BYTES)) for _ in range(4)
            )
        encoding = rng.choice(ENCODINGS)
        try:
            data = "\n".join(lines).encode(encoding, "replace")
        except UnicodeError:
            data = b""
        self.path.write_bytes(damaged(rng, data, 0, 2) if rng.random() < 0.3 else data)
        found = read_folder(self.path, rng.choice(("", "", encoding, *ENCODINGS)))
        assert not {one.source for one in found["train"]} & {one.source for one in found["valid"]}
        for pair in (*found["train"], *found["valid"]):
            assert checked(pair.source) == pair.source
            assert checked(pair.target) == pair.target

    def _text(self, rng):
        """Read a sentence to translate."""
        text = rng.choice((*TEXTS, "".join(rng.choice((*PIECES, "été", "שלום")) for _ in range(rng.randrange(9)))))
        check(self.codec, [checked(rng.choice((text, text, text, text.encode("utf-8", "replace"), None, "é" * 600)))])

    def _codec(self, rng):
        """Read a description with other merges."""
        merges = list(self.codec.subwords.merges)
        for _ in range(rng.choice((0, 1, 1, 2, 5))):
            at = rng.randrange(len(merges))
            made = " ".join(str(rng.randrange(300)) for _ in range(rng.choice((1, 2, 2, 2, 3))))
            changes = rng.choice(
                ([], [rng.choice(ODD)], [made], merges[at : at + 2][::-1], merges[at:], [merges[at]] * 3)
            )
            merges[at : at + rng.choice((1, 2, len(merges)))] = changes
            merges = merges or ["97 98"]
        data = {"type": "translation", "merges": merges if rng.random() < 0.9 else rng.choice(ODD)}
        if rng.random() < 0.1:
            data[rng.choice(("type", "other", "merges"))] = rng.choice(ODD)
        codec = TranslationCodec.from_json(data)
        check(codec, ["How are you?", "été 🎵"])
        np.testing.assert_array_equal(
            TranslationCodec.from_json(codec.to_json()).sources(["a b"]), codec.sources(["a b"])
        )
