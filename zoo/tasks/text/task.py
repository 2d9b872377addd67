"""Text, character by character, or in words or subwords: any Unicode text, read from disk as it is needed."""

from dataclasses import dataclass, replace

from zoo.core.architectures import Architecture
from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Published, Task, uncut
from zoo.core.validation import MOST_SYMBOLS
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class TextSettings:
    """Settings of text models."""

    unit: str = setting(
        "character", choices=("character", "word", "subword"), of_codec=True,
        help="What a token is. Subwords are parts of words, found by byte pair encoding; to learn them needs the extra "
        "`subwords`.",
    )  # fmt: skip
    vocabulary_size: int = setting(
        10_000, least=5, most=MOST_SYMBOLS, of_codec=True,
        help="Most words or subwords; other words are unknown. Of characters all are taken.",
    )  # fmt: skip
    tokenized: bool = setting(
        False, of_codec=True, help="Of words: the text is tokenized already, as Penn Treebank is. Words are what is "
        "between spaces, and a line ends with the token <eos>.",
    )  # fmt: skip

    encoding: str = setting(
        "",
        reads_files=True,
        of_files=True,
        help="Encoding of your own text files, such as cp1252 or utf-16-le. Without it that of the byte order mark, or "
        "UTF-8.",
    )


@dataclass(frozen=True)
class TextFitting:
    """Options of evaluating text models on your own files."""

    replace: str = setting("", help="Replaces characters of your own text files that the model does not know.")


LEAST_SUBWORDS = 256
RECIPE = Recipe(
    units=560, embedding=64, dropout_in=0.05, dropout_out=0.5, dropout_recurrent=0.3, variational=True, epochs=20,
    batch=32, window=128, epoch_steps=1000, learning_rate=3e-3, warmup=100, weight_decay=0.05, ema=0.995,
    settings=TextSettings(),
)  # fmt: skip
"""Windows shorter than those it is measured on: twice as many steps of the optimizer in the same time."""


def check(recipe: Recipe, _architecture: Architecture) -> None:
    """Refuse settings of the vocabulary that do not go together.

    Raises:
        ArgumentError: Text of characters or subwords is to be tokenized already, or there is no room for all bytes.
    """
    settings = recipe.settings
    if settings.tokenized and settings.unit != "word":
        raise ArgumentError(f"tokenized=true is for unit=word, this is unit={settings.unit}: change one of them")
    if settings.unit == "subword" and settings.vocabulary_size < LEAST_SUBWORDS:
        raise ArgumentError(
            f"vocabulary_size={settings.vocabulary_size}: the first {LEAST_SUBWORDS} subwords are bytes: give more"
        )


LEARNED = "It has read one million characters of Shakespeare's plays and nothing else."
KNOWS = "It knows 65 characters; fine-tuning adds others."

TASK = Task(
    name="text",
    summary="text, character by character",
    unit="character",
    model=imported("zoo.models.generative:generative"),
    datasets=imported("zoo.tasks.text.datasets:datasets"),
    prepare=imported("zoo.tasks.text.datasets:prepare"),
    read_folder=imported("zoo.tasks.text.user_data:read_folder"),
    fit=imported("zoo.tasks.text.fitting:fit"),
    fitting=TextFitting,
    settings=TextSettings,
    make_codec=imported("zoo.tasks.text.codec:make_codec"),
    default_codec=imported("zoo.tasks.text.codec:default_codec"),
    read_codec=imported("zoo.tasks.text.codec:read_codec"),
    metrics={"nats": imported("zoo.training.losses:CrossEntropy")},
    monitor="val_nats",
    check=check,
    protocols={"": (imported("zoo.tasks.text.datasets:cold"), False), "stateful_": (uncut, True)},
    published=tuple(
        Published(name, "nats_per_character", value, size, f"{source}; windows of 256 characters without state")
        for name, value, size, source in (
            ("nanoGPT", 1.4697, "10.65M", "Karpathy, github.com/karpathy/nanoGPT"),
            ("Transformer", 1.547, "not given", "Feng et al., Were RNNs All We Needed?, 2024"),
            ("minGRU", 1.548, "not given", "Feng et al., 2024"),
            ("minLSTM", 1.555, "not given", "Feng et al., 2024"),
        )
    ),
    in_bits=("nats_per_character",),
    higher_is_better=("accuracy",),
    splits="test is the last 10 % of the text, which others call its validation part; valid, which chose the epoch, is "
    "another 3 %, the end of another play; all else is for training.",
    limits={
        "": f"{LEARNED} It spells and lays out a scene, and it has no idea what it says: sentences run well for a few "
        f"words, names and plots do not hold. {KNOWS}",
        "bilstm": f"{LEARNED} It restores letters and short words from what is on both sides of them; a gap of several "
        "words it fills with words that fit their neighbours and mean little. A gap has as many characters as it is "
        f"marked with. {KNOWS}",
    },
    options=imported("zoo.tasks.text.cli:options"),
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=1024, learning_rate=4e-3, dropout_recurrent=0.1),
        "gru": replace(RECIPE, units=650),
        "bilstm": replace(RECIPE, units=200, dropout_in=0.0, dropout_out=0.15, dropout_recurrent=0.1),
        "stacked_lstm": replace(RECIPE, units=512, layers=2),
    },
)
