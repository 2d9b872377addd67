"""Speech: spelled letters, numbers, dates and control words, from 16 kHz samples."""

from collections.abc import Sequence
from dataclasses import replace

from zoo.core.recipe import Recipe
from zoo.core.task import Published, Task
from zoo.errors import DataError
from zoo.tasks.speech.augment import changed
from zoo.tasks.speech.codec import SpeechCodec
from zoo.tasks.speech.datasets import AN4, FSDD, prepare
from zoo.tasks.speech.features import measured
from zoo.tasks.speech.recordings import Recording
from zoo.tasks.speech.user_data import read_folder

VOCABULARY = " 'ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make_codec(pieces: Sequence[Recording], masked: bool = False) -> SpeechCodec:
    """Build a codec with the characters of the texts, and the mean and deviation of their features."""
    pieces = list(pieces)
    characters = sorted(set("".join(piece.text for piece in pieces)))
    if not characters:
        raise DataError("the recordings have no text: say what is said in them")
    return SpeechCodec("".join(characters), *measured(pieces), whole=masked)


HEARD = (
    "It has heard 36 minutes of 62 Americans who spell, read numbers and dates and say control words, recorded about "
    "1991, and 20 minutes of digits by 6 men: it is no recogniser of free speech. Words it has not heard it spells as "
    "they sound, letters that sound alike (B, D, E, P, T) it mistakes most. It knows the letters A to Z; fine-tuning "
    "adds others."
)
ONWARD = "It only sees the past, and tells a symbol some tenths of a second after its sound has begun."
PUBLISHED = tuple(
    Published(name, metric, value, "not given", f"{source}; trained on all 948 training recordings, where ours had 793")
    for name, metric, value, source in (
        ("DeepSpeech2 with CTC", "an4_cer", 3.0, "a public repository's README"),
        ("DeepSpeech2 with CTC", "an4_wer", 5.1, "a public repository's README"),
        ("encoder-decoder", "an4_cer", 5.7, "a public repository's README"),
        ("encoder-decoder", "an4_wer", 7.5, "a public repository's README"),
        ("CNN with CTC", "an4_cer", 9.8, "a public repository's README"),
        ("CNN with CTC", "an4_wer", 16.5, "a public repository's README"),
        ("VGG-BLSTMP, CTC alone", "an4_cer", 12.6, "ESPnet's AN4 recipe"),
    )
)

RECIPE = Recipe(
    units=480, embedding=192, filters=24, dropout_in=0.05, dropout_out=0.2, variational=True,
    epochs=40, patience=40, batch=12, window=0, learning_rate=2.5e-3, warmup=200, weight_decay=0.02, ema=0.997,
)  # fmt: skip

TASK = Task(
    name="speech",
    kind="transcribe",
    summary="spelled letters, numbers, dates and control words",
    datasets=(AN4, FSDD),
    prepare=prepare,
    read_folder=read_folder,
    make_codec=make_codec,
    read_codec=SpeechCodec.from_json,
    augment=changed,
    default_codec=lambda masked=False: SpeechCodec(VOCABULARY, whole=masked),
    unit="symbol",
    protocols={},
    quantized_loss=(0.0, 0.5),
    published=PUBLISHED,
    splits="train is AN4's training part but for 7 speakers, valid, who chose the epoch (91 recordings), and "
    "FSDD's takes 5 to 49; test is AN4's official test part (130 recordings, 10 other speakers) and FSDD's takes 0 to "
    "4 (300, of the 6 speakers of its training part).",
    limits={
        "": f"{HEARD} {ONWARD}",
        "bilstm": f"{HEARD} It reads a recording from both ends and cannot stream.",
    },
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=384, layers=2, dropout_out=0.15, learning_rate=7e-4, epochs=60),
        "gru": replace(
            RECIPE,
            units=320,
            layers=2,
            dropout_in=0.1,
            dropout_out=0.3,
            dropout_recurrent=0.1,
            batch=24,
            learning_rate=2e-3,
            warmup=150,
            ema=0.995,
        ),
        "bilstm": replace(RECIPE, units=176),
        "stacked_lstm": replace(RECIPE, units=280, layers=2, epochs=26),
    },
)
