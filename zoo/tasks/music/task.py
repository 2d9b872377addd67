"""Music note sequences: four-part chorales, or your own MIDI files, on a grid of sixteenths."""

from dataclasses import dataclass, replace

from zoo.core.lazy import imported
from zoo.core.recipe import Recipe, setting
from zoo.core.task import Published, Task


@dataclass(frozen=True)
class MusicSettings:
    """Settings of music models."""

    voices: int = setting(
        0,
        least=0,
        most=128,
        reads_files=True,
        help="Voices read from your own MIDI files. 0 uses the base model's number, or 4.",
    )


@dataclass(frozen=True)
class MusicFitting:
    """Options of evaluating music models on your own files."""

    transpose: bool = setting(
        False, help="Transpose your own files, by as few semitones as it takes, to the pitches that the model knows."
    )


RECIPE = Recipe(
    units=450, embedding=20, dropout_in=0.1, dropout_out=0.45, dropout_recurrent=0.3, variational=True, epochs=110,
    patience=25, batch=32, window=16, carry=True, learning_rate=4e-3, warmup=100, weight_decay=0.05, ema=0.995,
    settings=MusicSettings(),
)  # fmt: skip

HEARD = "It has heard 229 chorales by J. S. Bach and their transpositions, on a grid of sixteenths."
HELD = "The data does not tell repeated notes from held ones, so it holds where a singer would often repeat."

TASK = Task(
    name="music",
    summary="four-part chorales on a grid of sixteenths",
    unit="step",
    model=imported("zoo.models.generative:generative"),
    datasets=imported("zoo.tasks.music.datasets:datasets"),
    prepare=imported("zoo.tasks.music.datasets:prepare"),
    read_folder=imported("zoo.tasks.music.user_data:read_folder"),
    fit=imported("zoo.tasks.music.fitting:fit"),
    fitting=MusicFitting,
    make_codec=imported("zoo.tasks.music.codec:make_codec"),
    default_codec=imported("zoo.tasks.music.codec:default_codec"),
    read_codec=imported("zoo.tasks.music.codec:read_codec"),
    augment=imported("zoo.tasks.music.augment:transposed"),
    metrics={"nats": imported("zoo.training.losses:CrossEntropy")},
    monitor="val_nats",
    settings=MusicSettings,
    samples={
        "bilstm": "The soprano was given, that of the first piece of the test split; the other voices are the model's."
    },
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
    higher_is_better=("accuracy",),
    splits="train, valid and test are 229, 76 and 77 chorales, as Boulanger-Lewandowski et al. split them; valid chose "
    "the epoch.",
    limits={
        "": f"{HEARD} It keeps to the style from bar to bar and breaks the rules of voice leading more often than "
        f"Bach; it has no plan of a piece. {HELD}",
        "bilstm": f"{HEARD} It finds notes that fit their neighbours, and breaks the rules of voice leading more often "
        f"than Bach. {HELD}",
    },
    commands=imported("zoo.tasks.music.cli:commands"),
    options=imported("zoo.tasks.music.cli:options"),
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
