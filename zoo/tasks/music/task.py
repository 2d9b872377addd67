"""Music note sequences: four-part chorales, or one's own MIDI files, on a grid of sixteenths."""

from collections.abc import Iterable
from dataclasses import replace

from zoo.core.recipe import Recipe
from zoo.core.task import Published, Task, as_they_are
from zoo.tasks.music.augment import transposed
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.datasets import JSB_16TH, prepare
from zoo.tasks.music.score import Score
from zoo.tasks.music.user_data import read_folder
from zoo.tasks.music.voices import PitchStatistics


def make_codec(pieces: Iterable[Score], masked: bool = False) -> MusicCodec:
    """Build a codec with room for the pieces, transposed by up to six semitones.

    Raises:
        DataError: No piece has a note.
    """
    low, high, voices, beats = PitchStatistics.of(pieces)
    return MusicCodec(voices, max(0, low - 6), min(127, high + 6), beats_per_bar=beats, masked=masked)


RECIPE = Recipe(
    units=450, embedding=20, dropout_in=0.1, dropout_out=0.45, dropout_recurrent=0.3, variational=True, epochs=110,
    patience=25, batch=32, window=16, carry=True, learning_rate=4e-3, warmup=100, weight_decay=0.05, ema=0.995,
)  # fmt: skip

HEARD = "It has heard 229 chorales by J. S. Bach and their transpositions, on a grid of sixteenths."
HELD = "The data does not tell repeated notes from held ones, so it holds where a singer would often repeat."

TASK = Task(
    name="music",
    kind="generate",
    summary="four-part chorales on a grid of sixteenths",
    datasets=(JSB_16TH,),
    prepare=prepare,
    read_folder=read_folder,
    reading=("voices",),
    make_codec=make_codec,
    read_codec=MusicCodec.from_json,
    augment=transposed,
    default_codec=lambda masked=False: MusicCodec(masked=masked),
    unit="step",
    protocols={"": (as_they_are, False)},
    published=(
        Published(
            "TonicNet",
            "nats_per_token",
            0.317,
            "1.26M",
            "Peracha, Improving Polyphonic Music Models with Feature-Rich "
            "Encoding, ISMIR 2020; its stream has a chord token besides the four voices, and its figure is a mean over "
            "pieces: a neighbouring quantity, not the same one",
        ),
    ),
    splits="train, valid and test are 229, 76 and 77 chorales, as Boulanger-Lewandowski et al. split them; valid chose "
    "the epoch.",
    limits={
        "": f"{HEARD} It keeps to the style from bar to bar and breaks the rules of voice leading more often than "
        f"Bach; it has no plan of a piece. {HELD}",
        "bilstm": f"{HEARD} It finds notes that fit their neighbours, and breaks the rules of voice leading more often "
        f"than Bach. {HELD}",
    },
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=1020, learning_rate=1e-3, dropout_recurrent=0.1),
        "gru": replace(RECIPE, units=538),
        "bilstm": replace(
            RECIPE,
            units=186,
            embedding=12,
            layers=1,
            head=392,
            carry=False,
            window=32,
            batch=12,
            epochs=100,
            dropout_in=0.05,
            dropout_out=0.3,
            dropout_recurrent=0.15,
            ema=0.998,
        ),
        "stacked_lstm": replace(RECIPE, units=295, layers=2),
    },
)
