"""Texts, prompts and labels of odd characters and bytes: an error of the package, or the right text."""

import csv
import json
import os
import random
from unittest import mock

import numpy as np

from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, REFUSED
from zoo.core import text_files
from zoo.core.escaping import from_cell
from zoo.errors import ZooError
from zoo.tasks.speech.transcript import Transcript, Word
from zoo.tasks.text.codec import TextCodec, TextInfillCodec, as_text, make_codec, read_codec
from zoo.tasks.text.datasets import read_text
from zoo.tasks.text.fitting import fit
from zoo.tasks.text.user_data import read_folder
from zoo.tasks.video.codec import VideoCodec
from zoo.tasks.video.timeline import timeline

CODEC = TextCodec("\n abcdefghijklmnopqrstuvwxyzé")
FILLS = TextInfillCodec(CODEC.vocabulary)
VOCABULARIES = (
    make_codec([as_text("to be or not to be\n" * 2)], unit="word"),
    read_codec({"type": "text", "unit": "subword", "merges": ["32 98", "116 111", "257 32", "227 129"]}),
)
TEXTS = (
    "to be or not to be\n" * 9,
    "Zwölf “Boxkämpfer” 🎵\r\njagen\r",
    "Съешь же ещё\n" * 5,
    "吾輩は猫である。\n",
    "a",
    "",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp1252", "latin-1",
             "shift_jis", "gb18030", "koi8-r", "utf-7", "punycode", "unicode_escape", "cp037", "big5")  # fmt: skip
NAMES = (
    *ENCODINGS,
    "idna",
    "",
    "",
    "",
    "",
    "utf8",
    "nonsense",
    "base64",
    "rot13",
    "undefined",
    "\0",
    "x" * 3000,
    "mbcs",
)
PIECES = ("\0", "\r", "\n", "\r\n", "\x1b[2J", "\x85", "\u2028", "\ufeff", "\ud800", "\ufffe", "=1+1", "-->", "<i>", "{\\an8}",
          '"', ",", "'", "\\x0a", "00:00:01,000 --> 00:00:02,000", "\u202e", "🎵", "$x$", "\t", " ", "1", "")  # fmt: skip
ODD_VALUES = (None, 5, b"a", ["a"], 1.5, -1, 10**30, float("nan"), "", "a", "\0", [(0, 1)], [(1,)], "ab")
SOURCES = (None, "a.mp4", "=a\x1b\n.mp4", "\ud800")


def odd(rng):
    """A string of pieces that are something to a terminal, a player, a spreadsheet or a parser."""
    return "".join(rng.choice((*PIECES, "a", "label")) for _ in range(rng.randrange(6)))


def outcome(call):
    """Call; tell whether an error of the package comes of it."""
    try:
        call()
    except ZooError:
        return REFUSED
    return READ


def file(rng, path):
    """Read a text file of any encoding."""
    data = rng.choice(TEXTS).encode(rng.choice(ENCODINGS), "replace")
    path.write_bytes(rng.randbytes(rng.randrange(200)) if rng.random() < 0.1 else damaged(rng, data, 0, 3))
    encoding = rng.choice(NAMES)

    def read():
        text = read_text(path, encoding)
        characters = "".join(text.vocabulary[i] for i in np.asarray(text.ids))
        assert characters == text_files.normalized(characters) != ""
        assert len(fit(text, CODEC, replace="e")) == len(characters)
        outcome(lambda: fit(text, CODEC))

    small = mock.patch.multiple(text_files, MAX_DISTINCT=60, READ=rng.choice((1, 2, 7, 64, 1 << 20)))
    with small, mock.patch.dict(os.environ, ZOO_CACHE=str(path.parent.parent / "cache")):
        outcome(lambda: CODEC.script(length=1, prompt_file=path, encoding=encoding))
        outcome(lambda: read_folder(path.parent, encoding))
        return outcome(read)


def prompt(rng, _path):
    """Take a prompt, with odd options."""
    text = rng.choice((*ODD_VALUES, *(odd(rng) for _ in range(30)))) if rng.random() < 0.9 else rng.choice(TEXTS)
    options = {"length": 3, "replace": rng.choice((None, "e", *ODD_VALUES)) if rng.random() < 0.8 else odd(rng)}
    if rng.random() < 0.2:
        options[rng.choice(("length", "encoding", "prompt_file"))] = rng.choice(ODD_VALUES)

    def take():
        ids = CODEC.script(text, **options)
        assert len(CODEC.decode(ids[ids >= 0])) == len(text_files.normalized(text))

    gaps = {"mark": rng.choice(("_", "a", *ODD_VALUES)), "spans": rng.choice(((), *ODD_VALUES)), "replace": "e"}
    outcome(lambda: FILLS.gaps(text, **gaps))
    return outcome(take)


def labels(rng, _path):
    """Write labels and words in every form."""
    names = [*dict.fromkeys(odd(rng) or "x" for _ in range(4))]
    ids, source = np.array([rng.randrange(len(names)) for _ in range(9)]), rng.choice(SOURCES)
    found = timeline(np.eye(len(names), dtype=np.float32)[ids], VideoCodec(names, (4,), 5.0), source)
    words = tuple(Word(run.label, run.start, run.end, run.probability) for run in found.runs)
    heard = Transcript(found.label, words, 1.0, 1.0, found.probabilities, "ab", source)
    for piece in (found, heard):
        for form in ("txt", "json", "srt"):
            text = piece.to_text(form)
            text.encode()
            assert not text_files.CONTROL.search(text.replace("\n", ""))
            assert form == "srt" or len(text.splitlines()) <= 1
        assert piece.srt().count("-->") == len(piece.srt().strip().split("\n\n"))
    rows = list(csv.DictReader(found.csv().splitlines()))
    assert [from_cell(row["label"]) for row in rows] == [run.label for run in found.runs]
    assert [float(row["start"]) for row in rows] == [run.start for run in found.runs]
    assert [run["label"] for run in json.loads(found.to_json())["runs"]] == [run.label for run in found.runs]
    return READ


def words(rng, _path):
    """Cut a text into words or subwords; read a vocabulary with something else in it."""
    codec = rng.choice(VOCABULARIES)
    text = rng.choice(TEXTS) * 3 if rng.random() < 0.3 else "".join(odd(rng) for _ in range(9))

    def cut():
        ids = codec.tokens(text)
        assert codec.decode(ids) == text_files.normalized(text) or (ids <= 1).any()
        assert len(codec.labels(text)) == len(ids)
        codec.for_direction(True).gaps("_" + text_files.normalized(text), spans=rng.choice(((), *ODD_VALUES)))

    described = codec.to_json()
    name = rng.choice([*described])
    if isinstance(described[name], list):
        described[name][rng.randrange(len(described[name]))] = rng.choice((*ODD_VALUES, "9 9", "300 0", "<unk>"))
    else:
        described[name] = rng.choice(ODD_VALUES)
    outcome(lambda: read_codec(described).decode([0, 5]))
    return outcome(cut)


class Texts:
    """Text files, prompts, labels and vocabularies, in turn."""

    def __init__(self, folder):
        self.path = folder / "texts" / "a.txt"
        self.path.parent.mkdir()
        labels(random.Random(0), self.path)

    def attempt(self, seed):
        return (file, prompt, labels, words)[seed % 4](random.Random(seed), self.path)
