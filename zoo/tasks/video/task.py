"""Video: the words that a speaker says, read from the lips frame by frame."""

from dataclasses import dataclass, replace

from zoo.core.frame_settings import FrameSettings
from zoo.core.lazy import imported
from zoo.core.recipe import FRACTION, Recipe, setting
from zoo.core.task import Published, Task


@dataclass(frozen=True)
class VideoSettings(FrameSettings):
    """Settings of video models."""

    landmarks: str = setting(
        "",
        reads_files=True,
        help="What the vectors of your own clips are: mediapipe, kinect, or as landmarks.json in the folder says. "
        "Without either they are taken as they are.",
    )
    joint_dropout: float = setting(
        0.1, least=0, most=FRACTION, help="Fraction of the joints of landmarks that are masked in training, each clip."
    )


RECIPE = Recipe(
    units=144, embedding=160, layers=2, dropout_in=0.2, dropout_out=0.4, variational=True,
    epochs=40, patience=40, batch=8, window=0, learning_rate=1.5e-3, warmup=200, weight_decay=0.02, ema=0.995,
    settings=VideoSettings(filters=16),
)  # fmt: skip

ONE_SPEAKER = (
    "It has seen one man, frontal, in one studio, who says sentences of one grammar: a demonstration of frame "
    "classification and a starting point for classes of one's own, no lip reader of other people or of free speech. "
    "Letters that look alike (a, h and n) it mistakes most."
)
ONWARD = "It is causal and returns the label of a frame 4 frames (160 ms) later."
OTHERS = "each of 33 talkers in the training part too"
PUBLISHED = (
    Published("LipNet", "word_errors", 4.8, "not given", f"Assael et al., 2016; {OTHERS}"),
    Published("LipNet, Keras", "word_errors", 3.4, "not given", f"a public re-implementation's README; {OTHERS}"),
)

TOLERANCES = {"": 1e-4, "rnn": 5e-4}
"""Sums go over thousands of pixels, and ONNX Runtime's approximations of tanh and of the logistic function add up over
three layers. In a vanilla RNN noise lets single frames differ by 3e-4, which is gone a few frames later."""

TASK = Task(
    name="video",
    summary="the words of a speaker, read from the lips frame by frame",
    unit="frame",
    loss_unit="frame",
    model=imported("zoo.tasks.video.model:Labeler"),
    datasets=imported("zoo.tasks.video.datasets:datasets"),
    read_folder=imported("zoo.tasks.video.user_data:read_folder"),
    make_codec=imported("zoo.tasks.video.codec:make_codec"),
    default_codec=imported("zoo.tasks.video.codec:default_codec"),
    read_codec=imported("zoo.tasks.video.codec:VideoCodec.from_json"),
    augment=imported("zoo.tasks.video.augment:augment"),
    loss=imported("zoo.training.losses:ClipCrossEntropy"),
    metrics={"nats": imported("zoo.training.losses:CrossEntropy")},
    monitor="val_nats",
    cache_encoder=imported("zoo.tasks.video.feature_cache:cached"),
    settings=VideoSettings,
    metric_names={"correct": "correct %", "errors": "errors %"},
    higher_is_better=("correct",),
    quantized_loss=(0.0, 1.0),
    tolerances=TOLERANCES,
    published=PUBLISHED,
    splits="train has 750 clips, valid, which chose the epoch, 50, test 150: at random, of the same speaker.",
    limits={
        "": f"{ONE_SPEAKER} {ONWARD}",
        "bilstm": f"{ONE_SPEAKER} It reads a clip from both ends and cannot stream.",
    },
    pictures={"errors.png": "Letters said and read"},
    commands=imported("zoo.tasks.video.cli:commands"),
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=320, learning_rate=7e-4),
        "lstm": replace(RECIPE, units=256),
        "gru": replace(RECIPE, units=288),
        "stacked_lstm": replace(RECIPE, units=192, layers=0),
    },
)
