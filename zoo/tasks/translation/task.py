"""The task: translating sentences."""

from dataclasses import dataclass, replace

from zoo.core.architectures import Architecture
from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Task
from zoo.core.validation import MOST_SYMBOLS
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class TranslationSettings:
    """Settings of translation models."""

    vocabulary: int = setting(
        6000,
        least=300,
        most=MOST_SYMBOLS,
        size="encoder",
        of_codec=True,
        help="Subwords of both languages together.",
    )
    subword_dropout: float = setting(
        0.1,
        least=0,
        most=0.9,
        help="Fraction of merges of subwords that are left out at random in training (Provilkov et al., ACL 2020).",
    )
    encoding: str = setting(
        "",
        reads_files=True,
        of_files=True,
        help="Encoding of your own files, such as cp1252. Without it that of the byte order mark, or UTF-8.",
    )


def check(recipe: Recipe, _architecture: Architecture) -> None:
    """Refuse settings that do not go with whole sentences.

    Raises:
        ArgumentError: Training windows, or carried states.
    """
    if recipe.window or recipe.carry:
        raise ArgumentError("window, carry: translation models are trained on whole sentences: leave them out")


RECIPE = Recipe(
    units=256, embedding=256, layers=2, dropout_in=0.2, dropout_out=0.2, variational=True, label_smoothing=0.1,
    epochs=20, patience=20, batch=128, window=0, learning_rate=3e-3, warmup=1000, weight_decay=0.02, ema=0.998,
    settings=TranslationSettings(),
)  # fmt: skip
LIMIT = (
    "It has learned from short sentences of everyday speech, as learners of a language write them. What is longer than "
    "some fifteen words, technical or about names it has not met comes out wrong, and often fluent: nothing in it "
    "checks the meaning. One sentence at a time."
)

TASK = Task(
    name="translation",
    summary="sentences, English to French",
    unit="subword",
    loss_unit="subword",
    model=imported("zoo.tasks.translation.model:Translator"),
    datasets=imported("zoo.tasks.translation.datasets:datasets"),
    prepare=imported("zoo.tasks.translation.datasets:prepare"),
    read_folder=imported("zoo.tasks.translation.user_data:read_folder"),
    make_codec=imported("zoo.tasks.translation.codec:make_codec"),
    default_codec=imported("zoo.tasks.translation.codec:default_codec"),
    read_codec=imported("zoo.tasks.translation.codec:TranslationCodec.from_json"),
    augment=imported("zoo.tasks.translation.augment:augment"),
    metrics={"nats": imported("zoo.training.losses:CrossEntropy")},
    monitor="val_nats",
    commands=imported("zoo.tasks.translation.cli:commands"),
    check=check,
    settings=TranslationSettings,
    splits="test has 2,000 English sentences with all their translations, 2,827 pairs, valid, which chose the epoch, "
    "2,000 others with 2,975; none of them is among the 93,659 sentences, with 135,565 pairs, of train. BLEU and chrF "
    "are sacreBLEU's, by all translations of a sentence.",
    limits={"": LIMIT},
    samples={"": "Sentences of the test split, one of the translations they have there, and that of the model."},
    metric_names={"bleu": "BLEU", "chrf": "chrF"},
    higher_is_better=("bleu", "chrf"),
    quantized_loss=(0.0, 1.0),
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=384, learning_rate=1e-3),
        "bilstm": replace(RECIPE, units=200),
        "stacked_lstm": replace(RECIPE, layers=3, units=224),
    },
)
