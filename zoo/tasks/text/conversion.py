"""Pieces of text → pieces of tokens, as long as their tokens are many: in memory, or in files of the cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.datasets import prepared
from zoo.core.files import sha256
from zoo.core.storage import OnDisk
from zoo.tasks.text.pieces import Text, Tokens, joined, segments
from zoo.tasks.text.units import Units

VALID_SEGMENT = 1 << 12  # longest piece for validation, where the logits of all steps are kept at once
LOGITS = 1 << 22  # most numbers of such a piece
COLD = 1 << 8  # multiple of which these are, and shortest
STORED = 1  # version of the form of the files


def converted(pieces: Sequence[Any], units: Units) -> Sequence[Any]:
    """Return pieces of tokens; pieces that follow each other in a file are joined before, and cut again.

    Args:
        pieces: Texts, strings, or pieces of tokens, which are returned as they are.
        units: What tokens are.
    """
    if all(isinstance(piece, Tokens) for piece in pieces):
        return pieces
    digest = sha256(json.dumps([STORED, units.name, units.to_json()]).encode())
    found: list[Tokens] = []
    for text, longest in joined(pieces):
        size = longest if longest > VALID_SEGMENT else max(COLD, min(longest, LOGITS // len(units)) // COLD * COLD)
        whole = Tokens(_ids(text, units, digest), None, text.name)
        found += segments(whole, 0, len(whole), size)
    return found


def _ids(text: Text, units: Units, digest: str) -> np.ndarray | OnDisk:
    """Return the tokens of a text: of one that is on disk, where they are on disk."""
    if not isinstance(text.ids, OnDisk):
        return units.ids(text)
    source = [text.ids.path.parent.name, text.ids.start, text.ids.length, digest]

    def build(folder: Path) -> None:
        kind, length = np.min_scalar_type(max(0, len(units) - 1)), 0
        with (folder / "ids.bin").open("wb") as stream:
            for ids in units.stream(text):
                stream.write(ids.astype(kind).tobytes())
                length += len(ids)
        (folder / "about.json").write_text(json.dumps({"dtype": str(kind), "length": length}))

    folder = prepared(f"tokens-{sha256(json.dumps(source).encode())}", build)
    about = json.loads((folder / "about.json").read_text())
    return OnDisk(folder / "ids.bin", about["dtype"], 0, about["length"])
