"""Speech: spelled letters, numbers, dates and control words, from 16 kHz samples."""

from dataclasses import dataclass, replace

from zoo.core.architectures import Architecture
from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Published, Task
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class SpeechSettings:
    """Settings of speech models."""

    filters: int = setting(
        0,
        least=0,
        most=1024,
        size="encoder",
        help="Filters of each of the two strided convolutions of the front end. 0 has none.",
    )
    augment: float = setting(
        1.0, least=0, most=100, help="Strength of the augmentation of recordings in training. 1 is usual, 0 is none."
    )


def check(recipe: Recipe, _architecture: Architecture) -> None:
    """Refuse settings that do not go with CTC.

    Raises:
        ArgumentError: Training windows, or XLA.
    """
    if recipe.window or recipe.xla:
        raise ArgumentError(
            f"window={recipe.window}, xla={recipe.xla}: speech is trained on whole recordings, whose symbols have no "
            "known times, with a loss that XLA does not have: leave both out"
        )


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
    units=480, embedding=192, dropout_in=0.05, dropout_out=0.2, variational=True,
    epochs=40, patience=40, batch=12, window=0, learning_rate=2.5e-3, warmup=200, weight_decay=0.02, ema=0.997,
    settings=SpeechSettings(filters=24),
)  # fmt: skip

TASK = Task(
    name="speech",
    summary="spelled letters, numbers, dates and control words",
    unit="symbol",
    loss_unit="symbol",
    model=imported("zoo.tasks.speech.model:Recognizer"),
    datasets=imported("zoo.tasks.speech.datasets:datasets"),
    prepare=imported("zoo.tasks.speech.datasets:prepare"),
    read_folder=imported("zoo.tasks.speech.user_data:read_folder"),
    make_codec=imported("zoo.tasks.speech.codec:make_codec"),
    default_codec=imported("zoo.tasks.speech.codec:default_codec"),
    read_codec=imported("zoo.tasks.speech.codec:SpeechCodec.from_json"),
    augment=imported("zoo.tasks.speech.augment:augment"),
    loss=imported("zoo.training.losses:CTCLoss"),
    metrics={"nats": imported("zoo.training.losses:CTCLoss")},
    monitor="val_nats",
    check=check,
    settings=SpeechSettings,
    metric_names={"an4": "AN4", "fsdd": "FSDD", "cer": "CER %", "wer": "WER %", "exact": "exact %"},
    higher_is_better=("exact",),
    tolerances={"": 5e-5},  # logarithms of small powers are taken
    quantized_loss=(0.0, 0.5),
    published=PUBLISHED,
    splits="train is AN4's training part but for 7 speakers, valid, who chose the epoch (91 recordings), and "
    "FSDD's takes 5 to 49; test is AN4's official test part (130 recordings, 10 other speakers) and FSDD's takes 0 to "
    "4 (300, of the 6 speakers of its training part).",
    limits={
        "": f"{HEARD} {ONWARD}",
        "bilstm": f"{HEARD} It reads a recording from both ends and cannot stream.",
    },
    pictures={"errors.png": "Letters said and read"},
    commands=imported("zoo.tasks.speech.cli:commands"),
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
