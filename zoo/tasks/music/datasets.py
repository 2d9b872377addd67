"""Music data sets."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.datasets import Dataset, Source
from zoo.tasks.music.score import Score


def _read_json(path: Path) -> dict[str, Any]:
    return {split: [np.array(piece) for piece in pieces] for split, pieces in json.loads(path.read_text()).items()}


def _read_npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        return {
            split: np.split(arrays[split], arrays[f"{split}_offsets"][1:-1]) for split in ("train", "valid", "test")
        }


JSB_16TH = Dataset(
    name="JSB chorales, four voices, sixteenths, original keys",
    sources=(
        Source(
            "music/Jsb16thSeparated.json",
            "79294cc374f9252e95ef4b703161524c1c53dc1f712c236f00f1c1f5d54af5a7",
            _read_json,
            url="https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/"
            "9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d/Jsb16thSeparated.json",
        ),
        Source(
            "music/jsb_chorales_16th_satb.npz",
            "da848e810fecc5ad7c2e4f58fbb83d7eaa727b8ced9d1e2c5f1a1ae1e61c70e9",
            _read_npz,
        ),
    ),
    licence="none stated by the source; the music is in the public domain (J. S. Bach, d. 1750)",
    citation="Boulanger-Lewandowski, Bengio & Vincent, ICML 2012 (split); Allan & Williams, NIPS 2005 (data); "
    "github.com/czhuang/JSB-Chorales-dataset (sixteenth grid, separate voices)",
)


def prepare(splits: dict[str, Any]) -> dict[str, list[Score]]:
    """Turn sounding pitches `(steps, voices)`, -1 for silence, into scores, split by split."""
    return {split: [Score.from_pitches(piece) for piece in pieces] for split, pieces in splits.items()}


def datasets() -> tuple[Dataset, ...]:
    """Return what the music models are trained on."""
    return (JSB_16TH,)
