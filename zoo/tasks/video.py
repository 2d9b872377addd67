"""Video: the words that a talker says, read from his lips frame by frame."""

import csv
import io
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo import clips, video
from zoo.clip_folders import NONE, read_folder
from zoo.clips import Clip, Span, counted
from zoo.codecs.video import DELAY, VideoCodec
from zoo.datasets import Dataset, Source, prepared
from zoo.errors import DataError
from zoo.files import sha256
from zoo.tasks import Published, Recipe, Task

STORED = 2  # version of the form that clips are prepared in
SILENCE = "sil"
PAUSES = ("sil", "sp")
LIPS = (48, 96)
GRAMMAR = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    tuple("abcdefghijklmnopqrstuvxyz"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("again", "now", "please", "soon"),
)
RATE_HZ = 25.0
SHIFT, ZOOM = (0.1, 0.06), 0.1  # of height and width; of the size
WARP, KNOTS = 0.2, 5  # how much faster or slower parts of a clip are, and how many parts
HIDDEN, LONGEST = 2, 3  # runs of frames that stand still, and how long
PATCH = 0.4  # largest side of what is cut out, of the frame
UNEVEN = 2.0  # root of how much rarer a label is, from which on clips are drawn unevenly


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


def make_codec(pieces: Sequence[Clip], masked: bool = False) -> VideoCodec:
    """Build a codec with the labels of clips."""
    pieces = list(pieces)
    found = {span.label for piece in pieces for span in piece.spans}
    shapes = {piece.shape for piece in pieces}
    if not found or len(shapes) != 1:
        raise DataError(f"clips of {sorted(shapes)} with {len(found)} labels: give labels, and frames of one size")
    if len(found) < 2:
        raise DataError(f"all clips are of the class {', '.join(found)}: give clips of two at least")
    if found <= set(lips().vocabulary) and all(lips().speaks(piece) for piece in pieces):
        return lips(masked)
    rest, one = NONE if NONE in found else "", pieces[0]
    return VideoCodec(sorted(found), shapes.pop(), one.rate_hz, crop=one.crop, rest=rest, whole=masked)


def lips(masked: bool = False) -> VideoCodec:
    """Build the codec of GRID's sentences."""
    labels = (SILENCE, *(word for part in GRAMMAR for word in part))
    return VideoCodec(labels, LIPS, RATE_HZ, 0 if masked else DELAY, "mouth", SILENCE, GRAMMAR, masked)


def changed(pieces: Sequence[Clip], strength: float = 1.0) -> Callable[[int, np.random.Generator], Clip]:
    """Augment: shift and zoom, mirror, time warp, frames that stand still, a patch cut out.

    Where some labels are rarer than others, clips that have them are drawn more often, by the root of how rare they are
    (Gupta, Dollár & Girshick, LVIS, CVPR 2019).

    Args:
        pieces: Of the training part.
        strength: 1 is usual, 0 nothing.

    Returns:
        Function of a piece's index and a random generator, which gives that piece changed.
    """
    drawn = shares(pieces)

    def one(index: int, rng: np.random.Generator) -> Clip:
        piece = pieces[index if drawn is None else int(rng.choice(len(pieces), p=drawn))]
        if not strength:
            return piece
        frames, spans = warped(piece.pixels, piece.spans, rng, strength)
        if len(piece.shape) > 1:
            frames = moved(frames, rng, strength)
            if piece.mirrored and rng.random() < 0.5:
                frames = frames[:, :, ::-1]
            frames = cut_out(frames, rng, strength)
        return replace(piece, frames=np.ascontiguousarray(frames), spans=spans)

    return one


def shares(pieces: Sequence[Clip]) -> np.ndarray | None:
    """Give how often each clip is to be drawn, `(clips,)`; None where labels are about as frequent as each other."""
    counts = counted(pieces)
    rarity = {label: count**-0.5 for label, count in counts.items() if count}
    found = np.array([max((rarity.get(span.label, 0) for span in piece.spans), default=0) for piece in pieces])
    if not found.all() or found.max() < UNEVEN * found.min():
        return None
    return found / found.sum()


def warped(
    frames: np.ndarray, spans: Sequence[Span], rng: np.random.Generator, strength: float
) -> tuple[np.ndarray, tuple[Span, ...]]:
    """Show parts of a clip faster or slower, and let the picture stand still now and then; the length stays."""
    length = len(frames)
    speeds = rng.uniform(1 - WARP * strength, 1 + WARP * strength, KNOTS)
    at = np.concatenate([[0], np.cumsum(speeds)]) / speeds.sum() * length  # of the new clip, at even times of the old
    even = np.linspace(0, length, KNOTS + 1)
    source = np.interp(np.arange(length) + 0.5, at, even)
    chosen = np.clip(source.astype(int), 0, length - 1)
    for _ in range(rng.binomial(HIDDEN, min(1, strength))):
        first = int(rng.integers(0, length))
        chosen[first : first + int(rng.integers(1, LONGEST + 1))] = chosen[max(first - 1, 0)]
    ends = lambda moment: float(np.interp(moment, even, at)) if np.isfinite(moment) else moment  # noqa: E731
    return frames[chosen], tuple(Span(label, ends(start), ends(end)) for label, start, end in spans)


def moved(frames: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Shift and zoom; what comes in from outside is the edge."""
    zoom = rng.uniform(1 - ZOOM * strength, 1 + ZOOM * strength)
    rows, columns = (
        np.clip(
            np.round((np.arange(size) - size / 2) * zoom + size / 2 + rng.uniform(-share, share) * strength * size),
            0,
            size - 1,
        ).astype(int)
        for size, share in zip(frames.shape[1:3], SHIFT, strict=True)
    )
    return frames[:, rows[:, None], columns[None]]


def cut_out(frames: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Paint a patch over in its mean, in all frames (DeVries & Taylor, Cutout, 2017)."""
    if rng.random() > 0.5 * strength:
        return frames
    (top, high), (left, wide) = (
        (int(rng.integers(0, size)), int(rng.integers(1, max(2, round(PATCH * size))))) for size in frames.shape[1:3]
    )
    frames = frames.copy()
    frames[:, top : top + high, left : left + wide] = frames.mean()
    return frames


RECIPE = Recipe(
    units=144, embedding=160, filters=16, layers=2, dropout_in=0.2, dropout_out=0.4, variational=True,
    epochs=40, patience=40, batch=8, window=0, learning_rate=1.5e-3, warmup=200, weight_decay=0.02, ema=0.995,
)  # fmt: skip

ONE_TALKER = (
    "It has seen one man, frontal, in one studio, who says sentences of one grammar: a demonstration of frame "
    "classification and a starting point for classes of one's own, no lip reader of other people or of free speech. "
    "Letters that look alike (a, h and n) it mistakes most."
)
ONWARD = (
    f"It only sees the past, and tells the label of a frame {DELAY} frames ({1000 * DELAY / RATE_HZ:.0f} ms) later."
)
OTHERS = "each of 33 talkers in the training part too"
PUBLISHED = (
    Published("LipNet", "word_errors", 4.8, "not given", f"Assael et al., 2016; {OTHERS}"),
    Published("LipNet, Keras", "word_errors", 3.4, "not given", f"a public re-implementation's README; {OTHERS}"),
)

TASK = Task(
    name="video",
    kind="label",
    summary="the words of a talker, read from his lips frame by frame",
    datasets=(GRID,),
    prepare=lambda grid: grid,
    read_folder=read_folder,
    make_codec=make_codec,
    read_codec=VideoCodec.from_json,
    augment=changed,
    default_codec=lips,
    unit="frame",
    protocols={},
    quantized_loss=(0.0, 1.0),
    published=PUBLISHED,
    splits="train has 750 clips, valid, which chose the epoch, 50, test 150: at random, of the same talker.",
    limits={"": f"{ONE_TALKER} {ONWARD}", "bilstm": f"{ONE_TALKER} It reads a clip from both ends and cannot stream."},
    reading=("height", "width", "rate_hz", "colour", "crop", "mirror"),
    fixed=("height", "width", "colour"),
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=320, learning_rate=7e-4),
        "lstm": replace(RECIPE, units=256),
        "gru": replace(RECIPE, units=288),
        "stacked_lstm": replace(RECIPE, units=192, layers=0),
    },
)
