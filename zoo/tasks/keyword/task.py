"""Keywords: spoken words, spotted in a stream of 16 kHz samples."""

from dataclasses import dataclass, replace

from zoo.core.architectures import Architecture
from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Task
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


RECIPE = Recipe(
    units=128, embedding=80, dropout_in=0.1, dropout_out=0.3, variational=True, label_smoothing=0.1,
    epochs=130, patience=130, batch=64, window=0, learning_rate=3e-3, warmup=150, weight_decay=0.02, ema=0.995,
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
    pictures={"confusions.png": "Words said and heard"},
    commands=imported("zoo.tasks.keyword.cli:commands"),
    check=check,
    settings=KeywordSettings,
    metric_names={"accuracy": "accuracy %"},
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
