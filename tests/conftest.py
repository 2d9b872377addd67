import contextlib
import functools
import gc
import itertools
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # the tests run in processes side by side
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiles faster what runs but once

import numpy as np
import pytest

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card
from zoo.core.recipe import Recipe
from zoo.models.model import make
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score
from zoo.tasks.music.task import MusicSettings

gc.set_threshold(200_000, 50, 50)  # TensorFlow's graphs are many objects
FINISHED = itertools.count()
ROOT = Path(__file__).parent.parent
RECIPE = Recipe(units=12, embedding=3, settings=MusicSettings())
CODEC = MusicCodec(voices=3, low=50, high=70)


SLOW = {
    f"training/test_{name}.py" for name in ("multi_worker", "run", "run_folder", "callbacks")
} | {
    *(f"tasks/{task}/test_user_data_training.py" for task in ("caption", "keyword", "music", "speech", "text", "translation", "video")),
    *(f"tasks/{task}/test_model_artifacts.py" for task in ("caption", "keyword", "speech", "translation", "video")),
    *(f"test_{name}.py" for name in ("docs", "plugins", "examples", "shipped")), "tasks/speech/test_frontend.py",
}  # fmt: skip
"""Tests from end to end: whole trainings, documents, other packages and backends, the shipped models. `make test` leaves them to `make test-slow`."""
LONG = SLOW | {
    *(f"training/test_{name}.py" for name in ("start", "fit", "learner")),
    "layers/test_recurrent.py", "export/formats/test_formats.py", "export/formats/saved_model/test_saved_model.py",
    *(f"export/{name}.py" for name in ("test_benchmarking", "legacy/test_reading", "legacy/test_masks")),
    *(f"test_{name}.py" for name in ("typing", "benchmarks", "base_install", "project", "export")),
}  # fmt: skip


def pytest_collection_modifyitems(items):
    """Long tests come first, so that no process is left with one of them while the others have nothing to do."""
    names = {item: item.path.relative_to(ROOT / "tests").as_posix() for item in items}
    for item in (item for item in items if names[item] in SLOW):
        item.add_marker("slow")
    items.sort(key=lambda item: names[item] not in LONG)


def pytest_runtest_logfinish():
    """Look but once at the million objects of TensorFlow and at what tests leave, which stay."""
    if next(FINISHED) % 4 == 0:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """The tests leave the user's cache alone; those that run side by side share theirs."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_CACHE", str(shared / "cache"))
        yield


@contextlib.contextmanager
def small_checks():
    """Verify at fewer and smaller sizes, fill gaps in fewer sweeps, time fewer rounds: where something else is tested."""
    from export import benchmarking
    from export.verification import checks, generation, verify
    from zoo.models.infilling import DEFAULT_SWEEPS, Infiller

    few = tuple(8 if value == DEFAULT_SWEEPS else value for value in Infiller.infill.__defaults__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "SHAPES", ((1, 5), (2, 3)))
        patch.setattr(checks, "ROWS", 16)
        patch.setattr(verify, "CHAIN_STEPS", 20)
        patch.setattr(verify, "DECODE_STEPS", 8)
        patch.setattr(generation, "GENERATED", ((1, 6), (2, 9)))
        patch.setattr(Infiller.infill, "__defaults__", few)
        patch.setattr(benchmarking, "LEAST_SECONDS", 1e-4)
        patch.setattr(benchmarking.in_turns, "__defaults__", (2,))
        yield


@pytest.fixture
def quick():
    with small_checks():
        yield


@pytest.fixture(scope="session", autouse=True)
def no_detours():
    """Let converters skip what changes nothing here.

    tf2onnx copies the whole graph before each of its many optimizers, in case one fails: here that is an error.
    TensorFlow's converter takes the file apart to merge equal buffers, which `slim` does, too.
    """
    if "keras" not in sys.modules:  # few tests, which convert little
        yield
        return
    import tf2onnx.optimizer as optimizer
    from tensorflow.lite.python import lite

    optimize = optimizer.optimize_graph
    with pytest.MonkeyPatch.context() as patch:
        strict = lambda graph, catch_errors=True, optimizers=None: optimize(graph, False, optimizers)  # noqa: E731
        patch.setattr(optimizer, "optimize_graph", strict)
        patch.setattr(lite, "flatbuffer_utils", SimpleNamespace(convert_bytearray_to_object=lambda _: None))
        patch.setattr(lite, "_check_model_use_buffer_offset", lambda _: True)  # ends the search for equal buffers
        yield


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real data; without it the test is skipped, and counted."""
    if "ZOO_DATA" not in os.environ:
        pytest.skip("ZOO_DATA is not set")
    return Path(os.environ["ZOO_DATA"])


def random_score(seed: int, steps: int = 40, codec: MusicCodec = CODEC) -> Score:
    rng = np.random.default_rng(seed)
    values = [HOLD] * 30 + [REST] * 3 + list(range(codec.low, codec.high + 1))
    return Score(rng.choice(values, (steps, codec.voices)))


def tiny_model(architecture: str = "lstm", codec: MusicCodec = CODEC, seed: int = 0):
    """An untrained model with asymmetric random weights, so that no two gates or directions are alike."""
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine
    from zoo.networks.transfer import set_weights, weights

    row = ARCHITECTURES[architecture]
    codec = codec.for_direction(row.bidirectional)
    recipe = replace(RECIPE, head=5 if row.bidirectional else 0)
    net = network(row, codec, recipe)
    rng = np.random.default_rng(seed)
    set_weights(net, {k: rng.normal(0.1, 0.4, a.shape).astype(np.float32) for k, a in weights(net).items()})
    card = Card(f"{architecture}_music", architecture, "music", recipe, net.count_params())
    return make(card, codec, KerasEngine(net))


def text_model(architecture, codec, seed=0, **sizes):
    """The same of text, with any codec and sizes."""
    from zoo.core.card import codec_json
    from zoo.core.files import sha256
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine
    from zoo.tasks.text.task import TextSettings

    row = ARCHITECTURES[architecture]
    codec = codec.for_direction(row.bidirectional)
    recipe = Recipe(**{"units": 6, "embedding": 3, **sizes, "settings": TextSettings()})
    net = randomized(network(row, codec, recipe), seed)
    digest = sha256(codec_json(codec).encode())
    card = Card(
        f"{architecture}_text", architecture, "text", recipe, net.count_params(), codec_sha256=digest,
        weights_sha256="0" * 64,
    )  # fmt: skip
    return make(card, codec, KerasEngine(net))


def randomized(model, seed: int = 0):
    """Give a Keras model asymmetric random weights and biases."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if "rnn_state" not in variable.path:
            values = rng.normal(0.1, 0.4, variable.shape)
            variable.assign(np.abs(values) + 0.5 if "variance" in variable.path else values)
    return model


def scatter(network, seed: int, spread: float, last: float):
    """Give a network of the zoo random weights large enough that its outputs differ; `last` is for its logits."""
    from zoo.networks.transfer import set_weights, weights

    rng = np.random.default_rng(seed)
    fan = {k: max(1, int(np.prod(a.shape[:-1]))) for k, a in weights(network).items()}
    scales = {k: last if k == "y/kernel" else spread / np.sqrt(n) if n > 1 else 0.1 for k, n in fan.items()}
    arrays = {k: rng.normal(0, scales[k], a.shape).astype(np.float32) for k, a in weights(network).items()}
    arrays["normalization/gamma"] += 1
    set_weights(network, arrays)


FEATURES, UNITS = 3, 4


def user_model():
    """A user's model, as small as can be: one input, one output, no state shown."""
    import keras

    layers = [keras.Input((None, FEATURES)), keras.layers.LSTM(UNITS, return_sequences=True)]
    return randomized(keras.Sequential(layers, name="user"))


@pytest.fixture(scope="session")
def tiny():
    return tiny_model()


@pytest.fixture(scope="session")
def user():
    return user_model()


@pytest.fixture(scope="session")
def with_graph(tmp_path_factory: pytest.TempPathFactory, tiny) -> Path:
    """The preset folder of the tiny model that tests get copies of."""
    from export.preset_graph import add_graph
    from zoo.networks.transfer import weights
    from zoo.presets.preset import write

    folder = tmp_path_factory.mktemp("preset") / "preset"
    with small_checks():
        write(folder, tiny.card, tiny.codec, weights(tiny.engine.network), add_graph=add_graph)
    return folder


@pytest.fixture
def preset(tmp_path: Path, with_graph) -> Path:
    """A preset folder of the tiny model."""
    return shutil.copytree(with_graph, tmp_path / "preset")


@pytest.fixture
def earlier_preset(tmp_path: Path, tiny) -> Path:
    """One as earlier releases wrote it, without a graph."""
    from zoo.networks.transfer import weights
    from zoo.presets.preset import write

    write(tmp_path / "earlier", tiny.card, tiny.codec, weights(tiny.engine.network))
    return tmp_path / "earlier"


def seal(model):
    """Give a model the checksums that a written card has, as `zoo.load` would."""
    from dataclasses import replace

    from zoo.core.card import codec_json
    from zoo.core.files import sha256

    return make(replace(model.card, codec_sha256=sha256(codec_json(model.codec).encode())), model.codec, model.engine)


NAMES = {"onnx": "tiny.onnx", "tflite": "tiny.tflite", "saved_model": "tiny"}


@pytest.fixture(scope="session")
def sealed(tiny):
    return seal(tiny)


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory, sealed) -> dict[tuple[str, str], Path]:
    """(format, form) → artifact of the tiny model."""
    import export

    made = {}
    for form in ("sequence", "step"):
        folder = tmp_path_factory.mktemp(form)
        for name, file in NAMES.items():
            with small_checks():
                export.save(sealed, folder / file, form=form)
            made[name, form] = folder / file
    return made


@pytest.fixture(scope="session")
def several_inputs():
    rng = np.random.default_rng(5)
    words = rng.integers(1, 9, (2, 6)).astype(np.int32)
    words[0, 4:] = 0
    return {"frames": rng.normal(0, 1, (2, 7, FEATURES)).astype(np.float32), "words": words}


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Model → format → the report of its export, made when it is asked for."""
    import export
    from export.formats import formats
    from tests.export.models import MAKE

    folder = tmp_path_factory.mktemp("user")
    models = functools.cache(lambda make: make())

    @functools.cache
    def save(model, name):
        make, options = MAKE[model]
        return export.save(models(make), folder / f"{model}{formats()[name].suffix}", **options)

    return save


@pytest.fixture(scope="session")
def saved(reports):
    return lambda model, name: reports(model, name).path


@pytest.fixture
def few_shapes(monkeypatch):
    """Verify quickly where something else is tested."""
    from export.verification import checks

    monkeypatch.setattr(checks, "SHAPES", ((2, 3),))
    monkeypatch.setattr(checks, "CHUNKS", (1, 2))
