"""Speech data sets."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.datasets import Dataset, Source, prepared
from zoo.core.files import sha256
from zoo.media import RATE_HZ, archive
from zoo.media.samples import rounded
from zoo.tasks.speech.recordings import Recording, normalized, store, stored, strings

STORED = 2  # version of the form that recordings are prepared in
DIGITS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")


def _archive(manifest: Path, tar: str, recording: Callable[[dict[str, str]], tuple[str, Recording]]) -> dict:
    """Read a manifest and the sound files it names, as 16 kHz samples that are kept in the cache."""
    import soxr

    rows = {row["path"]: row for row in archive.rows(manifest)}

    def build(folder: Path) -> None:
        def each() -> Iterator[tuple[str, Recording]]:
            for name, samples, rate_hz in archive.members(manifest.parent / tar, set(rows)):
                split, one = recording(rows[name])
                if rate_hz != RATE_HZ:
                    samples = rounded(soxr.resample(samples.astype(np.float32) / 32768, rate_hz, RATE_HZ))
                yield split, replace(one, samples=samples)

        store(each(), folder)

    return stored(prepared(f"speech-{STORED}-{sha256(manifest)}", build))


def _an4(row: dict[str, str]) -> tuple[str, Recording]:
    return row["split"], Recording(None, normalized(row["transcript"]), row["speaker"], "an4", row["utt_id"])


def _fsdd(row: dict[str, str]) -> tuple[str, Recording]:
    return row["official_split"], Recording(None, DIGITS[int(row["digit"])], row["speaker"], "fsdd", row["id"])


AN4 = Dataset(
    name="CMU AN4",
    sources=(
        Source(
            "speech/an4_manifest.tsv",
            "7d974ac323eb3884d5af00c26d73eb163584f0c76042330c3ec3912d7189b65c",
            partial(_archive, tar="an4_flac16k.tar", recording=_an4),
            beside={"an4_flac16k.tar": "c1b4b6f07de8c5c3155bf17287655635cd599c64c6391738cd8ddddc0be947ad"},
            home="http://www.speech.cs.cmu.edu/databases/an4/",
        ),
    ),
    licence="AN4 License Terms, like BSD: free for any purpose (Copyright 1991-2005 Carnegie Mellon University)",
    citation="Acero & Stern, Environmental Robustness in Automatic Speech Recognition, ICASSP 1990",
)

FSDD = Dataset(
    name="Free Spoken Digit Dataset",
    sources=(
        Source(
            "speech/fsdd_manifest.tsv",
            "01cdc484892b2a47bd98863c0a201727a9173762da048c980674e35d20df3841",
            partial(_archive, tar="fsdd_flac8k.tar", recording=_fsdd),
            beside={"fsdd_flac8k.tar": "06911cb7fdf6d80c86aef1ec09e6786e400cdc543c66fcf5087fc22ba704149b"},
            home="https://github.com/Jakobovski/free-spoken-digit-dataset",
        ),
    ),
    licence="CC BY-SA 4.0",
    citation="Jackson et al., Free Spoken Digit Dataset (github.com/Jakobovski/free-spoken-digit-dataset)",
)


def prepare(an4: dict[str, Any], fsdd: dict[str, Any]) -> dict[str, list[Recording]]:
    """Split: AN4's official test part and FSDD's (takes 0 to 4); validation speakers of AN4 are heard in no other."""
    return {
        "train": an4["train"] + strings(fsdd["train"]),
        "valid": an4["valid"],
        "test": an4["test"] + fsdd["test"],
    }


def datasets() -> tuple[Dataset, ...]:
    """Return what the speech models are trained on."""
    return AN4, FSDD
