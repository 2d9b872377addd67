"""Which word and which split a clip is of, by the names of folders and files."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from zoo.errors import DataError
from zoo.tasks.keyword.clips import SILENCE, UNKNOWN

COMMANDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
"""The words of the published protocol; all others are unknown there."""
NOISE = ("_background_noise_", "background_noise", "background")
"""Names of the folder of background noise, cut into clips of silence."""
LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
"""Lists of Speech Commands: the names of the clips of a split, a line each."""
EVERY = 10  # clip of a word that is for validation, where speakers are not known
HELD = 10.0  # per cent of the speakers who are
SPREAD = (1 << 27) - 1  # of the hash of a speaker
SPEAKER = re.compile(r"(?:.*_)?([^_]+)_nohash_\d+\.[^.]+")


class Place(NamedTuple):
    """Where a clip belongs."""

    split: str
    word: str


def speaker_of(name: str) -> str:
    """Return the speaker in the name of a file, as Speech Commands has it; "" if there is none.

    Example:
        >>> [speaker_of(name) for name in ("yes/0a7c2a8d_nohash_0.wav", "_unknown_/bird_ann_nohash_1.flac", "a.wav")]
        ['0a7c2a8d', 'ann', '']
    """
    found = SPEAKER.fullmatch(name.rpartition("/")[2])
    return found[1] if found else ""


def held(speaker: str) -> bool:
    """Tell a speaker who is for validation, by the rule of Speech Commands: a hash of the name.

    Reference: Warden, arXiv:1804.03209, section 5.8.
    """
    number = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16)
    return number % (SPREAD + 1) * (100.0 / SPREAD) < HELD


def placed(names: Iterable[str], lists: Mapping[str, Iterable[str]]) -> dict[str, Place]:
    """Divide clips among splits.

    Where there are lists, they tell the split. Otherwise speakers are divided by the rule of Speech Commands, if all
    files are named `<speaker>_nohash_<number>`; or else the first clip of each word, and every tenth after it, is for
    validation.

    Args:
        names: `<word>/<file>` of the clips, without those of background noise.
        lists: Split → names of its clips; see `LISTS`.

    Returns:
        Name → split and word; with lists and all commands, words that are none of them are unknown: of these there
        are, in each split, as many as of a command.

    Raises:
        DataError: There is nothing to train on or to validate on.
    """
    found = {name: Place("train", name.partition("/")[0]) for name in sorted(names)}
    if lists:
        of = {name.strip(): split for split, some in lists.items() for name in some}
        found = {name: place._replace(split=of.get(name, "train")) for name, place in found.items()}
        words = {place.word for place in found.values()}
        return published(found) if words >= set(COMMANDS) and UNKNOWN not in words else found
    speakers = {name: speaker_of(name) for name, place in found.items() if place.word != SILENCE}
    apart = {name for name, speaker in speakers.items() if held(speaker)}
    known = all(speakers.values())
    if (
        not known
        or not apart
        or {found[name].word for name in speakers} != {found[n].word for n in speakers.keys() - apart}
    ):
        apart = _every(found, speakers)
    apart |= _every(found, found.keys() - speakers.keys())
    if not apart or apart == found.keys():
        raise DataError(f"{len(found)} clips: give two of each word, one of them is to validate")
    return {name: place._replace(split="valid" if name in apart else "train") for name, place in found.items()}


def _every(found: Mapping[str, Place], names: Iterable[str]) -> set[str]:
    """Choose the first clip of each word, and every tenth after it; none of a word with one."""
    totals, counts, chosen = Counter(found[name].word for name in names), Counter[str](), set[str]()
    for name in sorted(names):
        word = found[name].word
        if counts[word] % EVERY == 0 and totals[word] > 1:
            chosen.add(name)
        counts[word] += 1
    return chosen


def published(found: Mapping[str, Place]) -> dict[str, Place]:
    """Choose the clips of the published protocol with ten commands: see `placed`."""
    kept = {name: place for name, place in found.items() if place.word in COMMANDS or place.word == SILENCE}
    for split in sorted({place.split for place in kept.values()}):
        others = [name for name, place in found.items() if place.split == split and name not in kept]
        count = min(len(others), per_word(kept, split))
        for i in np.random.default_rng(0).permutation(len(others))[:count]:
            kept[others[i]] = Place(split, UNKNOWN)
    return {name: kept[name] for name in found if name in kept}


def per_word(found: Mapping[str, Place], split: str) -> int:
    """Return how many clips there are in a split of each word, on average."""
    words: Sequence[str] = [p.word for p in found.values() if p.split == split and p.word not in (SILENCE, UNKNOWN)]
    return round(len(words) / max(1, len(set(words))))
