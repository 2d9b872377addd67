"""Translation data sets."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zoo.core.datasets import Dataset, Source
from zoo.core.extras import require
from zoo.tasks.translation.pairs import Pair, tidy


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a compressed table, its columns divided by tabs, by the names in its header."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        header = next(stream).rstrip("\n").split("\t")
        for line in stream:
            yield dict(zip(header, line.rstrip("\n").split("\t"), strict=True))


def _split(path: Path) -> dict[str, list[Pair]]:
    """Read a table of which each row says its split."""
    found: dict[str, list[Pair]] = {}
    for row in rows(path):
        found.setdefault(row["split"], []).append(Pair(tidy(row["english"]), tidy(row["french"])))
    return found


TATOEBA = Dataset(
    name="Tatoeba English–French",
    sources=(
        Source(
            "translation/tatoeba_eng_fra.tsv.gz",
            "2643bfa342ac902df7e505d6c04dd24fd8e3b81880c766821e60653638157504",
            _split,
            home="http://www.manythings.org/anki/fra-eng.zip",
        ),
    ),
    licence="CC BY 2.0 FR",
    citation="Tatoeba, tatoeba.org; selected by manythings.org/anki, 2017",
)


def datasets() -> tuple[Dataset, ...]:
    """Return what the translation models are trained on."""
    return (TATOEBA,)


def prepare(pairs: dict[str, Any]) -> dict[str, Sequence[Pair]]:
    """Return the splits: no English sentence is in two of them.

    Raises:
        MissingExtra: What reads and measures translations is not installed.
    """
    require("training translation needs", "sacrebleu", "tokenizers")
    return {split: pairs[split] for split in ("train", "valid", "test")}
