"""Subwords as tokens: byte pair encoding within words. Any text is made of them, of bytes if need be.

Training a vocabulary needs the package `tokenizers`; cutting text into tokens and joining them needs nothing: a file of
a preset is not handed to it.

Reference: Sennrich, Haddow & Birch, Neural Machine Translation of Rare Words with Subword Units, ACL 2016.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any

import numpy as np

from zoo.core.extras import needing
from zoo.core.splitting import words
from zoo.core.text_files import CONTROL
from zoo.core.validation import MOST_SYMBOLS, checked, limits
from zoo.errors import ArgumentError

BYTES = 256
LONGEST = 64  # bytes of a token
CACHED = 1 << 16  # words whose tokens are remembered


@dataclass(frozen=True)
class SubwordsDescription:
    """What codec.json contains of subwords: the two tokens that each merge joins; the first 256 tokens are bytes."""

    merges: tuple[str, ...] = limits(longest=MOST_SYMBOLS - BYTES, each={"longest": 11, "pattern": r"\d{1,5} \d{1,5}"})


class Subwords:
    """Tokens of byte pair encoding.

    Args:
        merges: Pairs of tokens, in the order in which they are joined to new ones, such as `"116 104"`.

    Raises:
        ArgumentError: There are too many, or one names a token that there is not yet or makes one that is too long.
    """

    def __init__(self, merges: Sequence[str]) -> None:
        self.merges = checked(SubwordsDescription, {"merges": tuple(merges)}).merges
        self.vocabulary = [bytes([i]) for i in range(BYTES)]
        places = {token: i for i, token in enumerate(self.vocabulary)}
        self.joins: dict[tuple[int, int], tuple[int, int]] = {}
        """Pair of tokens → its rank, and the token that they make."""
        for rank, merge in enumerate(self.merges):
            one, two = map(int, merge.split())
            if max(one, two) >= len(self.vocabulary):
                raise ArgumentError(f"merges[{rank}]={merge!r}: there are {len(self.vocabulary)} tokens so far")
            token = self.vocabulary[one] + self.vocabulary[two]
            if len(token) > LONGEST:
                raise ArgumentError(f"merges[{rank}]={merge!r} makes {len(token)} bytes: give at most {LONGEST}")
            if token not in places:
                places[token] = len(self.vocabulary)
                self.vocabulary.append(token)
            self.joins.setdefault((one, two), (rank, places[token]))
        starts = [sum(byte & 0xC0 != 0x80 for byte in token) for token in self.vocabulary]
        self.lengths = np.array(starts)  # characters that begin in each token
        self.known: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, text: str, dropout: float = 0.0, rng: np.random.Generator | None = None) -> list[int]:
        """Return the tokens of a text.

        Args:
            text: The text.
            dropout: Probability that a merge is left out whenever it could be made next, for training (Provilkov,
                Emelianenko & Voita, BPE-Dropout, ACL 2020).
            rng: What that is drawn by.

        Raises:
            ArgumentError: There is a dropout, and nothing to draw it by.
        """
        if dropout and rng is None:
            raise ArgumentError(f"dropout={dropout}: give rng, a numpy.random.Generator, too")
        found: list[int] = []
        for word in words(text):
            found += self._joined(list(word.encode()), dropout, rng) if dropout else self.word(word)
        return found

    def word(self, word: str) -> list[int]:
        """Return the tokens of a word."""
        if (ids := self.known.get(word)) is None:
            if len(self.known) >= CACHED:
                self.known.clear()
            ids = self.known[word] = self._joined(list(word.encode()))
        return ids

    def _joined(self, ids: list[int], dropout: float = 0.0, rng: np.random.Generator | None = None) -> list[int]:
        """Join tokens, of all pairs the one that comes first among the merges, until there is none left."""
        none = (len(self.merges), 0)
        while len(ids) > 1:
            drawn = rng.random(len(ids) - 1) if rng is not None else repeat(1.0)
            pairs = (pair for pair, number in zip(pairwise(ids), drawn, strict=False) if number >= dropout)
            rank, token = min((self.joins.get(pair, none) for pair in pairs), default=none)
            if rank == none[0]:
                break
            found, i = [], 0
            while i < len(ids):
                both = self.joins.get((ids[i], ids[i + 1]), none) if i + 1 < len(ids) else none
                found.append(token if both[0] == rank else ids[i])
                i += 1 + (both[0] == rank)
            ids = found
        return ids

    def text(self, ids: np.ndarray) -> str:
        """Return the text of tokens, with U+FFFD in the place of control characters and of bytes that are no text."""
        return CONTROL.sub("\ufffd", b"".join(self.vocabulary[i] for i in ids).decode("utf-8", "replace"))

    def labels(self, ids: np.ndarray) -> list[str]:
        """Name tokens."""
        return [self.text(np.array([i])) for i in ids]

    def decoder(self) -> Callable[[int], str]:
        """Return a function of one token after the other to the characters that are whole with it."""
        whole = codecs.getincrementaldecoder("utf-8")("replace")
        return lambda token: CONTROL.sub("\ufffd", whole.decode(self.vocabulary[token]))

    def characters(self, ids: Any) -> int:
        """Return how many characters there are."""
        return int(self.lengths[np.asarray(ids, np.int64)].sum())

    def to_json(self) -> dict[str, Any]:
        """Return the description."""
        return {"merges": list(self.merges)}


@needing("training a vocabulary of subwords needs", "tokenizers")
def learn(texts: Iterable[Sequence[str]], size: int) -> list[str]:
    """Learn the merges of subwords.

    Args:
        texts: Texts as words that `zoo.core.splitting.words` cut.
        size: Most tokens.

    Raises:
        MissingExtra: `tokenizers` is not installed.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, show_progress=False, max_token_length=LONGEST,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    letters = {letter: byte for byte, letter in enumerate(_letters())}
    places = {bytes([i]): i for i in range(BYTES)}
    found = []
    for pair in json.loads(tokenizer.to_str())["model"]["merges"]:
        one, two = (bytes(letters[letter] for letter in part) for part in pair)
        found.append(f"{places[one]} {places[two]}")
        places.setdefault(one + two, len(places))
    return found


def _letters() -> list[str]:
    """Return the letters that `tokenizers` writes for bytes: itself where it can be seen, otherwise one from 256 on."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(BYTES) if byte not in seen]
    return [chr(byte if byte in seen else BYTES + hidden.index(byte)) for byte in range(BYTES)]
