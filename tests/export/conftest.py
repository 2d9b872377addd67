import functools
from pathlib import Path

import numpy as np
import pytest

import export
from export.formats import formats
from export.verification import checks
from tests.conftest import CODEC, FEATURES, NAMES, seal, small_checks
from tests.export.artifacts import python
from tests.export.models import MAKE, everything_in_it


@pytest.fixture(scope="session")
def sealed(tiny):
    return seal(tiny)


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory, sealed) -> dict[tuple[str, str], Path]:
    """(format, form) → artifact of the tiny model."""
    made = {}
    for form in ("sequence", "step"):
        folder = tmp_path_factory.mktemp(form)
        for name, file in NAMES.items():
            with small_checks():
                export.save(sealed, folder / file, form=form)
            made[name, form] = folder / file
    return made


@pytest.fixture(scope="session")
def child(artifacts, tmp_path_factory):
    """Two deeds in one other process, since importing TensorFlow takes long: what it said, how it ended, its folder."""
    folder = tmp_path_factory.mktemp("child")
    code = f"""
        import os, sys
        sys.modules["keras"] = None
        import tensorflow as tf
        loaded = tf.saved_model.load({str(artifacts["saved_model", "sequence"])!r})
        assert sorted(loaded.signatures) == ["generate", "sequence", "serving_default", "step"]
        for form, time in (("sequence", 5), ("serving_default", 3), ("step", 1)):
            x, state = tf.zeros((2, time, {CODEC.features}), tf.int32), tf.zeros((2, 12))
            out = loaded.signatures[form](x=x, h0_0=state, c0_0=state)
            assert sorted(out) == ["cn_0", "hn_0", "y"] and out["y"].shape[:2] == (2, time)
        print("bare TensorFlow runs it", flush=True)

        del sys.modules["keras"]
        from tests.conftest import user_model
        import export, export.saving
        export.saving.verify = lambda *a: os._exit(9)
        export.save(user_model(), {str(folder / "a.onnx")!r})
    """
    done = python(code)
    return done.stdout + done.stderr, done.returncode, folder


@pytest.fixture(scope="session")
def several_inputs():
    rng = np.random.default_rng(5)
    words = rng.integers(1, 9, (2, 6)).astype(np.int32)
    words[0, 4:] = 0
    return {"frames": rng.normal(0, 1, (2, 7, FEATURES)).astype(np.float32), "words": words}


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Model → format → the report of its export, made when it is asked for."""
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


@pytest.fixture(scope="session")
def touched():
    return everything_in_it()


@pytest.fixture
def few_shapes(monkeypatch):
    """Verify quickly where something else is tested."""
    monkeypatch.setattr(checks, "SHAPES", ((2, 3),))
    monkeypatch.setattr(checks, "CHUNKS", (1, 2))


@pytest.fixture(scope="session")
def loops(tmp_path_factory, sealed):
    """Format → artifact of the tiny model with the loop inside."""
    folder = tmp_path_factory.mktemp("generate")
    for file in NAMES.values():
        export.save(sealed, folder / file, form="generate")
    return {name: folder / file for name, file in NAMES.items()}
