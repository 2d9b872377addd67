"""GRID: clips of a speaker's mouth, with the words that are said and when."""

import csv
import io
import tarfile
from pathlib import Path

import numpy as np

from zoo.core.datasets import Dataset, Source, prepared
from zoo.core.files import sha256
from zoo.core.frames import LIPS, RATE_HZ
from zoo.media import clips, video
from zoo.media.clips import SILENCE, Clip, Span

STORED = 2  # version of the form that clips are prepared in
PAUSES = ("sil", "sp")


def _read(manifest: Path) -> dict[str, list[Clip]]:
    """Read the manifest and the clips it names, kept as pixels in the cache."""
    with manifest.open(newline="", encoding="utf-8") as stream:
        rows = {row["clip_id"]: row for row in csv.DictReader(stream, delimiter="\t")}

    def build(folder: Path) -> None:
        with tarfile.open(manifest.parent / "grid_s1_lips_96x48.tar") as archive:
            found = ((Path(member.name).stem, archive.extractfile(member)) for member in archive if member.isfile())
            clips.store(
                (
                    (rows[name]["split"], _clip(name, stream.read(), rows[name]["alignment_frames"]))
                    for name, stream in found
                    if name in rows and stream
                ),
                folder,
            )

    return clips.stored(prepared(f"video-{STORED}-{sha256(manifest)}", build))


def _clip(name: str, data: bytes, alignment: str) -> Clip:
    frames = np.stack(list(video.frames(io.BytesIO(data), RATE_HZ)))
    return Clip(frames, LIPS, aligned(alignment), name, RATE_HZ, "mouth", mirrored=True)


def aligned(text: str) -> tuple[Span, ...]:
    """Read words with the frames they begin and end at, such as `sil:0-23.75 bin:23.75-29.5`."""
    found = []
    for part in text.split():
        word, _, times = part.partition(":")
        start, _, end = times.partition("-")
        found.append(Span(SILENCE if word in PAUSES else word, float(start), float(end)))
    found[-1] = found[-1]._replace(end=float("inf"))  # the last frame is silent too
    return tuple(found)


GRID = Dataset(
    name="GRID audiovisual sentence corpus, talker s1",
    sources=(
        Source(
            "video/grid_s1_manifest.tsv",
            "10727660d8ee469f325d196e416e127679285943d3d33678af325b5d785bb25b",
            _read,
            beside={"grid_s1_lips_96x48.tar": "6cf67ddf38731818815b848e8d095faeabe7eaf7b625128655ffd6020ad0755c"},
            home="https://zenodo.org/record/3625687",
        ),
    ),
    licence="CC BY 4.0",
    citation="Cooke, Barker, Cunningham & Shao, An Audio-visual Corpus for Speech Perception and Automatic Speech "
    "Recognition, JASA 120(5), 2006",
)
