"""Random damage to texts, prompts and labels: an error of the package, or the right text, and nothing else.

`FUZZ_INPUTS=5000 FUZZ_SEED=7 pytest tests/fuzz/test_text.py` tries more, and others.
"""

import csv
import json
import os
import random
import warnings

import numpy as np
import pytest

from zoo.core import text_files
from zoo.core.escaping import from_cell
from zoo.errors import ZooError
from zoo.tasks.speech.transcript import Transcript, Word
from zoo.tasks.text.codec import TextCodec, TextInfillCodec
from zoo.tasks.text.datasets import read_text
from zoo.tasks.text.fitting import fit
from zoo.tasks.text.user_data import read_folder
from zoo.tasks.video.codec import VideoCodec
from zoo.tasks.video.timeline import timeline

INPUTS, SEED = int(os.environ.get("FUZZ_INPUTS", "40")), int(os.environ.get("FUZZ_SEED", "1"))
CODEC = TextCodec("\n abcdefghijklmnopqrstuvwxyzé")
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


def damaged(rng, data):
    """Change, remove, insert, repeat or cut bytes."""
    data = bytearray(data)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at : at + rng.randrange(4)]
        elif kind == 2:
            data[at:at] = rng.randbytes(rng.randrange(5))
        elif kind == 3:
            data += data[at : at + 50] * rng.randrange(3)
        else:
            del data[rng.randrange(at + 1) :]
    return bytes(data)


def odd(rng):
    """A string of pieces that are something to a terminal, a player, a spreadsheet or a parser."""
    return "".join(rng.choice((*PIECES, "a", "label")) for _ in range(rng.randrange(6)))


def refused(call):
    """Whether a call is refused by an error of the package."""
    try:
        call()
    except ZooError:
        return True
    return False


def test_files(tmp_path, monkeypatch):
    rng = random.Random(SEED)
    path = tmp_path / "texts" / "a.txt"
    path.parent.mkdir()
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(text_files, "MAX_DISTINCT", 60)
    outcomes = []
    for _ in range(INPUTS):
        monkeypatch.setattr(text_files, "READ", rng.choice((1, 2, 7, 64, 1 << 20)))
        data = rng.choice(TEXTS).encode(rng.choice(ENCODINGS), "replace")
        path.write_bytes(rng.randbytes(rng.randrange(200)) if rng.random() < 0.1 else damaged(rng, data))
        encoding = rng.choice(NAMES)

        def once(encoding=encoding):
            text = read_text(path, encoding)
            characters = "".join(text.vocabulary[i] for i in np.asarray(text.ids))
            assert characters == text_files.normalized(characters) != ""
            assert len(fit(text, CODEC, replace="e")) == len(characters)
            refused(lambda: fit(text, CODEC))

        outcomes.append(refused(once))
        refused(lambda encoding=encoding: CODEC.script(length=1, prompt_file=path, encoding=encoding))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            refused(lambda encoding=encoding: read_folder(path.parent, encoding))
    assert 0.2 < np.mean(outcomes) < 0.95  # both kinds are tried


def test_prompts():
    rng, fills = random.Random(SEED), TextInfillCodec(CODEC.vocabulary)
    odd_values = (None, 5, b"a", ["a"], 1.5, -1, 10**30, float("nan"), "", "a", "\0", [(0, 1)], [(1,)], "ab")
    outcomes = []
    for _ in range(INPUTS * 5):
        prompt = rng.choice((*odd_values, *(odd(rng) for _ in range(30)))) if rng.random() < 0.9 else rng.choice(TEXTS)
        options = {"length": 3, "replace": rng.choice((None, "e", *odd_values)) if rng.random() < 0.8 else odd(rng)}
        if rng.random() < 0.2:
            options[rng.choice(("length", "encoding", "prompt_file"))] = rng.choice(odd_values)

        def once(prompt=prompt, options=options):
            ids = CODEC.script(prompt, **options)
            assert len(CODEC.decode(ids[ids >= 0])) == len(text_files.normalized(prompt))

        outcomes.append(refused(once))
        gaps = {"mark": rng.choice(("_", "a", *odd_values)), "spans": rng.choice(((), *odd_values)), "replace": "e"}
        refused(lambda prompt=prompt, gaps=gaps: fills.gaps(prompt, **gaps))
    assert 0.2 < np.mean(outcomes) < 0.99


@pytest.mark.parametrize("source", [None, "a.mp4", "=a\x1b\n.mp4", "\ud800"])
def test_labels(source):
    rng = random.Random(SEED)
    for _ in range(INPUTS):
        labels = [*dict.fromkeys(odd(rng) or "x" for _ in range(4))]
        ids = np.array([rng.randrange(len(labels)) for _ in range(9)])
        found = timeline(np.eye(len(labels), dtype=np.float32)[ids], VideoCodec(labels, (4,), 5.0), source)
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
