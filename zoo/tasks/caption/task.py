"""The task: a clip in, a sentence out."""

from dataclasses import dataclass, replace

from zoo.core.architectures import Architecture
from zoo.core.frame_settings import FrameSettings
from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Published, Task
from zoo.core.validation import MOST_SYMBOLS
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class CaptionSettings(FrameSettings):
    """Settings of caption models."""

    vocabulary: int = setting(
        400, least=300, most=MOST_SYMBOLS, size="network", of_codec=True, help="Subwords of the captions."
    )


def check(recipe: Recipe, _architecture: Architecture) -> None:
    """Refuse settings that do not go with whole clips.

    Raises:
        ArgumentError: Training windows, or carried states.
    """
    if recipe.window or recipe.carry:
        raise ArgumentError("window, carry: caption models are trained on whole clips: leave them out")


RECIPE = Recipe(
    units=160, embedding=160, layers=2, dropout_in=0.2, dropout_out=0.3, variational=True, label_smoothing=0.1,
    epochs=60, patience=60, batch=8, window=0, learning_rate=1.5e-3, warmup=200, weight_decay=0.02, ema=0.995,
    settings=CaptionSettings(filters=16),
)  # fmt: skip
LIMIT = (
    "It has seen one man, frontal, in one studio, who says sentences of one grammar, and says such a sentence of any "
    "clip: an example of an encoder of frames with a decoder of sentences, and a starting point for captions of one's "
    "own, no lip reader of other people. Letters that look alike (a, h and n) it mistakes most."
)
OTHERS = "each of 33 talkers in the training part too"
PUBLISHED = (
    Published("LipNet", "word_errors", 4.8, "not given", f"Assael et al., 2016; {OTHERS}"),
    Published("LipNet, Keras", "word_errors", 3.4, "not given", f"a public re-implementation's README; {OTHERS}"),
)

TOLERANCES = {"": 1e-4, "rnn": 5e-4}
"""As for the video models: sums go over thousands of pixels, and rounding lives on longest in a vanilla RNN."""

TASK = Task(
    name="caption",
    summary="a sentence about a clip: what a speaker says, read from the lips",
    unit="frame",
    loss_unit="subword",
    model=imported("zoo.tasks.caption.model:Captioner"),
    datasets=imported("zoo.tasks.caption.datasets:datasets"),
    prepare=imported("zoo.tasks.caption.datasets:prepare"),
    read_folder=imported("zoo.tasks.caption.user_data:read_folder"),
    make_codec=imported("zoo.tasks.caption.codec:make_codec"),
    default_codec=imported("zoo.tasks.caption.codec:default_codec"),
    read_codec=imported("zoo.tasks.caption.codec:CaptionCodec.from_json"),
    augment=imported("zoo.tasks.caption.augment:augment"),
    metrics={"nats": imported("zoo.training.losses:CrossEntropy")},
    monitor="val_nats",
    commands=imported("zoo.tasks.caption.cli:commands"),
    check=check,
    settings=CaptionSettings,
    splits="train has 750 clips, valid, which chose the epoch, 50, test 150: at random, of the same speaker, as "
    "for the video models.",
    limits={"": LIMIT},
    samples={"": "Clips of the test split: what is said, and what the model reads."},
    metric_names={"word_errors": "word errors %", "bleu4": "BLEU-4", "cider": "CIDEr"},
    higher_is_better=("bleu4", "cider"),
    quantized_loss=(0.0, 1.0),
    tolerances=TOLERANCES,
    published=PUBLISHED,
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=256, learning_rate=7e-4),
        "lstm": replace(RECIPE, units=144),
        "bilstm": replace(RECIPE, units=112),
        "stacked_lstm": replace(RECIPE, layers=3, units=112),
    },
)
