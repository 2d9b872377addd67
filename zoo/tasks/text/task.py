"""Text, character by character: any Unicode text, read from disk as it is needed.

A text file is turned once into whole numbers on disk, one a character (kept in the cache), and read from there piece by
piece, so that a file larger than the memory can be trained on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from zoo.core.recipe import Recipe
from zoo.core.task import Published, Task, as_they_are
from zoo.tasks.text.codec import Text, TextCodec, as_text
from zoo.tasks.text.datasets import TINYSHAKESPEARE, prepare, segments
from zoo.tasks.text.user_data import read_folder

COLD = 256  # characters that a text is cut into for the figure that most papers give


def cold(pieces: Sequence[Text | str]) -> list[Text]:
    """Cut texts into windows of 256 characters, each to start without state."""
    return [window for piece in pieces for window in segments(as_text(piece), 0, len(piece), COLD)]


def make_codec(pieces: Iterable[Text], masked: bool = False) -> TextCodec:
    """Build a codec with every character of the texts, in the order of code points."""
    return TextCodec("".join(sorted(set("".join({piece.vocabulary for piece in pieces})))), masked)


def unchanged(pieces: Sequence[Text], _strength: float = 1.0) -> Callable[[int, np.random.Generator], Text]:
    """Augment nothing."""
    return lambda index, _rng: pieces[index]


RECIPE = Recipe(
    units=560, embedding=64, dropout_in=0.05, dropout_out=0.5, dropout_recurrent=0.3, variational=True, epochs=20,
    batch=32, window=128, epoch_steps=1000, learning_rate=3e-3, warmup=100, weight_decay=0.05, ema=0.995,
)  # fmt: skip
"""Windows shorter than those it is measured on: twice as many steps of the optimizer in the same time."""

LEARNED = "It has read one million characters of Shakespeare's plays and nothing else."
KNOWS = "It knows 65 characters; fine-tuning adds others."

TASK = Task(
    name="text",
    kind="generate",
    summary="text, character by character",
    datasets=(TINYSHAKESPEARE,),
    prepare=prepare,
    read_folder=read_folder,
    make_codec=make_codec,
    read_codec=TextCodec.from_json,
    augment=unchanged,
    default_codec=partial(TextCodec, "\n" + "".join(map(chr, range(32, 127)))),
    unit="character",
    protocols={"": (cold, False), "stateful_": (as_they_are, True)},
    published=tuple(
        Published(name, "nats_per_character", value, size, f"{source}; windows of 256 characters without state")
        for name, value, size, source in (
            ("nanoGPT", 1.4697, "10.65M", "Karpathy, github.com/karpathy/nanoGPT"),
            ("Transformer", 1.547, "not given", "Feng et al., Were RNNs All We Needed?, 2024"),
            ("minGRU", 1.548, "not given", "Feng et al., 2024"),
            ("minLSTM", 1.555, "not given", "Feng et al., 2024"),
        )
    ),
    splits="test is the last 10 % of the text, which others call its validation part; valid, which chose the epoch, is "
    "another 3 %, the end of another play; all else is for training.",
    limits={
        "": f"{LEARNED} It spells and lays out a scene, and it has no idea what it says: sentences run well for a few "
        f"words, names and plots do not hold. {KNOWS}",
        "bilstm": f"{LEARNED} It restores letters and short words from what is on both sides of them; a gap of several "
        "words it fills with words that fit their neighbours and mean little. A gap has as many characters as it is "
        f"marked with. {KNOWS}",
    },
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=1024, learning_rate=4e-3, dropout_recurrent=0.1),
        "gru": replace(RECIPE, units=650),
        "bilstm": replace(RECIPE, units=200, dropout_in=0.0, dropout_out=0.15, dropout_recurrent=0.1),
        "stacked_lstm": replace(RECIPE, units=512, layers=2),
    },
)
