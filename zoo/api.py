"""The functions of the package: load, train, build, info, page."""

import contextlib
import logging
import os
import shlex
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

from zoo.core.card import Card
from zoo.core.engine import ENGINES, EngineName
from zoo.core.extras import needing
from zoo.core.files import exists
from zoo.errors import ArgumentError
from zoo.presets import CARD
from zoo.presets.catalog import catalog as _catalog
from zoo.presets.catalog import find, folder

if TYPE_CHECKING:
    import keras
    from typing_extensions import Unpack

    from zoo.models.generation import Generator
    from zoo.models.infilling import Infiller
    from zoo.models.model import Model
    from zoo.tasks.forecast.model import Forecaster
    from zoo.tasks.keyword.model import Spotter
    from zoo.tasks.music.score import Score
    from zoo.tasks.speech.model import Recognizer
    from zoo.tasks.translation.model import Translator
    from zoo.tasks.video.model import Labeler

MusicGenerator = Literal["rnn_music", "lstm_music", "gru_music", "stacked_lstm_music"]
TextGenerator = Literal["rnn_text", "lstm_text", "gru_text", "stacked_lstm_text"]
SpeechModel = Literal["rnn_speech", "lstm_speech", "gru_speech", "bilstm_speech", "stacked_lstm_speech"]
KeywordModel = Literal["rnn_keyword", "lstm_keyword", "gru_keyword", "bilstm_keyword", "stacked_lstm_keyword"]
ForecastModel = Literal["rnn_forecast", "lstm_forecast", "gru_forecast", "bilstm_forecast", "stacked_lstm_forecast"]
TranslationModel = Literal["gru_translation", "bilstm_translation"]
VideoModel = Literal["rnn_video", "lstm_video", "gru_video", "bilstm_video", "stacked_lstm_video"]


LOGGER = logging.getLogger(__name__)


class LoadOptions(TypedDict, total=False):
    """Options of `load` besides the engine, for type checkers."""

    threads: int | None
    providers: Sequence[str] | None
    trust: bool


TRAINING_ENVIRONMENT = {
    "TF_ENABLE_ONEDNN_OPTS": "1",  # faster products of large matrices, and buffers kept for the next step
}
"""Set before TensorFlow starts, unless the user has set it."""


@overload
def load(
    name: MusicGenerator, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]"
) -> "Generator[Score]": ...
@overload
def load(
    name: TextGenerator, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]"
) -> "Generator[str]": ...
@overload
def load(
    name: Literal["bilstm_music"], engine: EngineName | None = ..., **options: "Unpack[LoadOptions]"
) -> "Infiller[Score]": ...
@overload
def load(
    name: Literal["bilstm_text"], engine: EngineName | None = ..., **options: "Unpack[LoadOptions]"
) -> "Infiller[str]": ...
@overload
def load(name: SpeechModel, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]") -> "Recognizer": ...
@overload
def load(name: KeywordModel, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]") -> "Spotter": ...
@overload
def load(name: ForecastModel, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]") -> "Forecaster": ...
@overload
def load(name: TranslationModel, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]") -> "Translator": ...
@overload
def load(name: VideoModel, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]") -> "Labeler": ...
@overload
def load(name: str | Path, engine: EngineName | None = ..., **options: "Unpack[LoadOptions]") -> "Model": ...
def load(
    name: str | Path,
    engine: EngineName | None = None,
    *,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    trust: bool = False,
) -> "Model":
    """Load a model, offline, its files checked against their sha256.

    Args:
        name: Catalog name such as `lstm_music`, the path of a preset folder, or that of an artifact of a model.
        engine: What runs the network. `onnx`: ONNX Runtime, which needs no Keras and starts in tenths of a second.
            `keras`: Keras on its backend, such as for large batches on a GPU. None takes `onnx`; an artifact runs on
            the runtime of its format.
        threads: Threads that ONNX Runtime or LiteRT may use within one call; None takes one, which is best for small
            networks and for calls from several threads.
        providers: ONNX Runtime's execution providers, the preferred one first; see `export.load`.
        trust: Load an artifact that is a SavedModel without checking what it contains; see `export.load`.

    Returns:
        The model, of the class that its task has: a `zoo.models.generation.Generator`, of a bidirectional network a
        `zoo.models.infilling.Infiller`; of speech a `zoo.tasks.speech.model.Recognizer`, of video a
        `zoo.tasks.video.model.Labeler`, of keywords a `zoo.tasks.keyword.model.Spotter`, of series a
        `zoo.tasks.forecast.model.Forecaster`, of translation a `zoo.tasks.translation.model.Translator`. Type checkers
        know which for the names of shipped models; for any other name or path it is a `zoo.models.model.Model`, which
        `isinstance` narrows. Its `network` is the `keras.Model`, built when it is asked for.

    Raises:
        UnknownModel: No such name, or no weights of that name.
        PresetError: A file of the preset is missing or damaged.
        ArtifactError: The artifact is missing or damaged.
        MissingExtra: The engine, or the runtime of the artifact, is not installed.
        ArgumentError: There is no such engine, the engine has no such option, or the artifact is not of a model of the
            zoo (`export.load` opens those).

    Example:
        >>> load("lstm_music").generate(bars=2, seed=7).voices
        4
    """
    if engine not in (None, *ENGINES):
        raise ArgumentError(f"engine={engine!r}: give one of {', '.join(ENGINES)}")
    if is_artifact(name):
        return _artifact(name, engine, threads=threads, providers=providers, trust=trust)
    from zoo.models.model import make
    from zoo.presets import preset as presets
    from zoo.presets.engines import open_engine

    preset = presets.read(folder(name))
    if engine is None and not preset.card.graph_sha256 and threads is None and providers is None:
        warnings.warn(
            f"{name} was written by an earlier release and has no graph for ONNX Runtime, so it runs on Keras: `zoo "
            f"graph {name}` adds one",
            stacklevel=2,
        )
        engine = "keras"
    model: Model = make(preset.card, preset.codec, open_engine(preset, engine or "onnx", threads, providers))
    LOGGER.info("loaded %r from %s", model, preset.folder)
    return model


def is_artifact(name: str | Path) -> bool:
    """Return whether a name is that of an artifact or another file, not a catalog name or a preset folder."""
    if str(name) in _catalog() or exists(Path(name) / CARD):
        return False
    if exists(name) and not Path(name).is_dir():
        return True
    if not exists(name) and not Path(name).suffix:
        return False
    from zoo.export import formats

    if exists(name):
        return formats.of_artifact(Path(name)) is not None
    return Path(name).suffix in {row.suffix for row in formats.formats().values()}


def _artifact(path: str | Path, engine: str | None, **options: Any) -> "Model":
    """Open an artifact of a model of the zoo.

    Raises:
        ArgumentError: It is that of another model, or runs on another engine.
    """
    from zoo.export.artifact import load as load_artifact
    from zoo.models.model import Model

    model = load_artifact(path, **options)
    if not isinstance(model, Model):
        raise ArgumentError(f"{path} is not the artifact of a model of the zoo: `zoo inspect {path}` describes it")
    if engine not in (None, model.engine.name):
        raise ArgumentError(f"engine={engine!r}: {path} runs on {model.engine.name} alone; leave it out")
    return model


def info(name: str | Path) -> Card:
    """Read the card of a pretrained model, and nothing else.

    Raises:
        UnknownModel: No such name, or no weights of that name.
        PresetError: The card is missing or damaged.

    Example:
        >>> info("lstm_music").architecture
        'lstm'
    """
    from zoo.presets import preset as presets

    return presets.read_card(folder(name))


def page(name: str | Path) -> str:
    """Write the page of a pretrained model: network, results, training, samples, artifacts, data, limits; as Markdown.

    Raises:
        UnknownModel: No such name, or no weights of that name.
        PresetError: The card or codec is missing or damaged.

    Example:
        >>> page("lstm_music").splitlines()[0]
        '# lstm_music'
    """
    from zoo.presets.page import page as written

    return written(folder(name))


@needing("building a network needs", "keras")
def build(name: str, **changes: Any) -> "keras.Model":
    """Build an untrained Keras network of the catalog, with explicit state in and out.

    Args:
        name: Catalog name.
        changes: Settings of the recipe to change, such as `units=256`.

    Returns:
        `keras.Model`: `[x (batch, time, features), states (batch, units) …]` →
        `[y (batch, time, classes), new states …]`.

    Raises:
        UnknownModel: No such name.
        ArgumentError: No such setting, or one of a codec that is made from data.
        MissingExtra: Keras is not installed.
    """
    from zoo.core.recipe import adjusted
    from zoo.networks import build as networks

    entry = find(name)
    if made := [f"{setting}={changes[setting]}" for setting in entry.task.of_codec if setting in changes]:
        raise ArgumentError(f"{', '.join(made)}: such a codec is made from data: train the model, or leave it out")
    codec = entry.task.default_codec(entry.architecture.bidirectional)
    return networks.network(entry.architecture, codec, adjusted(entry.task.recipe(entry.architecture.name), changes))


@contextlib.contextmanager
def _prepared() -> Iterator[None]:
    """Set what TensorFlow reads when it starts, for training."""
    for variable, value in TRAINING_ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    yield


@_prepared()
@needing("training needs", "keras", "matplotlib")
def train(
    name: str,
    out: str | Path | None = None,
    data: str | Path | None = None,
    start: str | Path | None = None,
    freeze: Sequence[str] = (),
    teachers: Sequence[str | Path] = (),
    devices: Sequence[str] = (),
    resume: bool = False,
    trial: bool = False,
    verbose: bool = True,
    **changes: Any,
) -> Card:
    """Train a model of the catalog; the result is a preset folder that `load` takes.

    Args:
        name: Catalog name.
        out: Run folder; by default `runs/<name>`. The preset is its sub-folder `preset`.
        data: Your own files instead of the task's data set: for music a folder of MIDI files, for text a text file or a
            folder of .txt files, for speech a folder of recordings with `transcripts.tsv`, for video a folder of clips
            for each class, or one with `labels.csv`. A part of them is for validation.
        start: Catalog name or preset folder to fine-tune; of speech and video one of another architecture will do,
            whose encoder, all that stands below the recurrent layers, is taken over.
        freeze: Layers that keep their weights, such as `["embedding", "recurrent_0"]`; `encoder` stands for all below
            the recurrent layers, and what it makes of clips is then computed once.
        teachers: Catalog names or preset folders of models of the same task, trained on the same data: the model also
            learns the mean of what they return (knowledge distillation), as large a part of the loss as the setting
            `taught` says. So a small model gets nearer to large ones, and one model nearer to the mean of several.
        devices: Devices of this machine that share every batch, such as `["GPU:0", "GPU:1"]`; by default the first GPU,
            or the processor. Several machines are told of each other by `TF_CONFIG`.
        resume: Continue after the last whole epoch of the run in `out`, with what that run was asked for.
        trial: Leave the test split unread: for choosing among recipes by the validation split.
        verbose: Show progress.
        changes: Settings of the recipe to change, such as `epochs=10`; see `zoo.core.recipe.Recipe`.

    Returns:
        The card of the trained model.

    Raises:
        UnknownModel: No such name.
        ArgumentError: No such setting, layer or device, or a value out of range.
        DataError: The data is not to be had, or the folder cannot be written.
        TrainingError: The run folder holds another run, there is nothing to resume, `start` is of another kind, a
            teacher is of another kind, or the loss became NaN or infinite.
        MissingExtra: Keras is not installed, or another package that training needs.
    """
    from zoo.core.recipe import adjusted
    from zoo.export.preset_graph import add_graph
    from zoo.presets import preset as presets
    from zoo.training import run, run_folder
    from zoo.training.start import taken_sizes

    entry, out = find(name), Path(out or f"runs/{name}")
    given = {"data": data, "start": start}
    words = [word for key, value in given.items() if value for word in (f"--{key}", str(value))]
    words += [word for layer in freeze for word in ("--freeze", layer)]
    words += [word for teacher in teachers for word in ("--teacher", str(teacher))]
    words += [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    command = shlex.join(["zoo", "train", name, *words])
    usual = entry.task.recipe(entry.architecture.name)
    if resume:
        before = run_folder.asked(out, entry)
        data, start, freeze = data or before["data"], start or before["start"], freeze or before["freeze"]
        teachers = teachers or before["teachers"]
        command, devices = before["command"], devices or before["devices"]
        usual = adjusted(usual, before["recipe"])
    base = presets.read(folder(start)) if start else None
    if base and (same := set(taken_sizes(base, entry)) & set(changes)):
        raise ArgumentError(f"{', '.join(sorted(same))}: those of the model to start from are taken: leave them out")
    return run.train(
        run_folder.Request(
            entry, adjusted(usual, changes), out, command, Path(data) if data else None, base, tuple(freeze),
            [presets.read(folder(teacher)) for teacher in teachers], tuple(devices), resume, trial, verbose, add_graph,
        )
    )  # fmt: skip
