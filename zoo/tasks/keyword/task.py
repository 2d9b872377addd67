"""Keywords: spoken words, spotted in a stream of 16 kHz samples."""

from dataclasses import dataclass, replace

from zoo.core.architectures import Architecture
from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Published, Task
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class KeywordSettings:
    """Settings of keyword models."""

    filters: int = setting(
        0,
        least=0,
        most=1024,
        size="encoder",
        help="Filters of the first strided convolution of the front end; the second has half as many more. 0 has none.",
    )
    augment: float = setting(
        1.0, least=0, most=100, help="Strength of the augmentation of clips in training. 1 is usual, 0 is none."
    )
    mix: float = setting(
        1.0, least=0, most=4, help="How often two words are mixed in training. 1 is a quarter of them, 0 is never."
    )
    context: int = setting(
        23,
        least=0,
        most=250,
        help="Steps of 40 ms around a clip in training, with noise and other words: what a stream has before a word.",
    )


def check(recipe: Recipe, _architecture: Architecture) -> None:
    """Refuse settings that do not go with words of a second.

    Raises:
        ArgumentError: Training windows.
    """
    if recipe.window:
        raise ArgumentError(f"window={recipe.window}: keyword models are trained on whole clips: leave it out")


HEARD = (
    "It has heard 143 people say ten English commands, and a few other words, in clips of a second. In running speech "
    "it takes syllables for commands, several times a minute at its usual threshold; a folder of other words, "
    "`_unknown_`, in training teaches it to ignore them."
)
ONWARD = "It only sees the past, and tells a word up to half a second after it has ended."
PUBLISHED = tuple(
    Published(name, "accuracy", value, size, f"{source}; trained on 85,511 clips and tested on another split")
    for name, value, size, source in (
        ("att_mh_rnn (bidirectional GRU, attention)", 98.3, "750K", "a public repository's README"),
        ("ds_tc_resnet (convolutions)", 98.0, "75K", "a public repository's README"),
        ("LSTM, 512 units", 94.4, "not given", "a public repository's README"),
    )
)

RECIPE = Recipe(
    units=128, embedding=80, dropout_in=0.1, dropout_out=0.3, variational=True, label_smoothing=0.1,
    epochs=200, patience=200, batch=64, window=0, learning_rate=3e-3, warmup=150, weight_decay=0.02, ema=0.995,
    settings=KeywordSettings(filters=20),
)  # fmt: skip

TASK = Task(
    name="keyword",
    summary="spoken words, spotted in a stream",
    unit="step",
    loss_unit="clip",
    model=imported("zoo.tasks.keyword.model:Spotter"),
    datasets=imported("zoo.tasks.keyword.datasets:datasets"),
    prepare=imported("zoo.tasks.keyword.datasets:prepare"),
    read_folder=imported("zoo.tasks.keyword.user_data:read_folder"),
    make_codec=imported("zoo.tasks.keyword.codec:make_codec"),
    default_codec=imported("zoo.tasks.keyword.codec:default_codec"),
    read_codec=imported("zoo.tasks.keyword.codec:KeywordCodec.from_json"),
    augment=imported("zoo.tasks.keyword.augment:augment"),
    loss=imported("zoo.training.losses:PooledCrossEntropy"),
    metrics={
        "nats": imported("zoo.training.losses:PooledCrossEntropy"),
        "accuracy": imported("zoo.training.losses:PooledAccuracy"),
    },
    published=PUBLISHED,
    splits="train has 3,035 clips of 143 speakers, valid, which chose the epoch, 533 of 24, test 688 of 40: all from "
    "the test set of Speech Commands v0.02, divided by speaker. Clips of silence are divided by file and leak: "
    "accuracy without silence leaves them out. The standard error is that over speakers, of clips with a word.",
    limits={
        "": f"{HEARD} {ONWARD}",
        "bilstm": f"{HEARD} It reads each second from both ends and cannot stream.",
    },
    samples={"": "Clips of the test split, one behind the other: what was said, and what is spotted."},
    pictures={"confusions.png": "Words said and heard"},
    commands=imported("zoo.tasks.keyword.cli:commands"),
    check=check,
    settings=KeywordSettings,
    metric_names={"accuracy": "accuracy %", "error": "standard error %"},
    higher_is_better=("accuracy", "silence"),
    quantized_loss=(0.0, 1.0),
    tolerances={"": 5e-5},  # logarithms of small powers are taken
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=176, layers=2, learning_rate=1e-3),
        "gru": replace(RECIPE, units=88, embedding=40, dropout_out=0.2, settings=KeywordSettings(filters=16)),
        "bilstm": replace(RECIPE, units=80, layers=1, settings=KeywordSettings(filters=20, context=7)),
        "stacked_lstm": replace(RECIPE, units=84, layers=2),
    },
)
