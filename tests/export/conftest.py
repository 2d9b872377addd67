import pytest

import export
from tests.conftest import CODEC, NAMES
from tests.export.artifacts import python
from tests.export.models import everything_in_it


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
def touched():
    return everything_in_it()


@pytest.fixture(scope="session")
def loops(tmp_path_factory, sealed):
    """Format → artifact of the tiny model with the loop inside."""
    folder = tmp_path_factory.mktemp("generate")
    for file in NAMES.values():
        export.save(sealed, folder / file, form="generate")
    return {name: folder / file for name, file in NAMES.items()}
