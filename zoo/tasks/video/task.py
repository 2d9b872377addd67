"""Video: the words that a talker says, read from his lips frame by frame."""

from collections.abc import Sequence
from dataclasses import replace

from zoo.core.recipe import Recipe
from zoo.core.task import Published, Task
from zoo.errors import DataError
from zoo.tasks.video.augment import changed
from zoo.tasks.video.clips import Clip
from zoo.tasks.video.codec import DELAY, VideoCodec
from zoo.tasks.video.datasets import GRAMMAR, GRID, LIPS, RATE_HZ, SILENCE
from zoo.tasks.video.user_data import NONE, read_folder


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
