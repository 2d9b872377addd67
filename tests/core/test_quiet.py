import logging
import os
import subprocess
import sys
import threading

import pytest

from tests.conftest import ROOT
from zoo.core.quiet import LOGGER, quiet


def test_what_native_code_prints_is_hidden(capfd):
    os.write(2, b"before\n")
    with quiet(), quiet():
        os.write(2, b"inside\n")
    os.write(2, b"behind\n")
    assert capfd.readouterr().err == "before\nbehind\n"


def test_it_is_shown_when_debugging(capfd, monkeypatch):
    monkeypatch.setattr(LOGGER, "level", logging.DEBUG)
    LOGGER.manager._clear_cache()
    with quiet():
        os.write(2, b"inside\n")
    monkeypatch.undo()
    LOGGER.manager._clear_cache()
    assert capfd.readouterr().err == "inside\n"


def test_threads_that_overlap_restore_the_stream(capfd):
    entered, leave = threading.Event(), threading.Event()

    def other():
        with quiet():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()
    with pytest.raises(ValueError, match="x"), quiet():
        raise ValueError("x")
    os.write(2, b"hidden\n")
    leave.set()
    thread.join()
    os.write(2, b"shown\n")
    assert capfd.readouterr().err == "shown\n"


CODE = """
import numpy as np
from zoo import export, layers  # what imports Keras first
import keras
model = keras.Sequential([keras.Input((None, 4)), keras.layers.LSTM(8, return_sequences=True), keras.layers.Dense(3)])
for name, options in (("m.onnx", {}), ("m.tflite", {}), ("m8.tflite", {"quantize": "int8"}), ("saved", {})):
    export.save(model, name, **options)
    export.load(name)(np.ones((1, 3, 4), np.float32))
"""


@pytest.mark.slow
def test_nothing_is_printed_by_import_export_and_load(tmp_path):
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, cwd=tmp_path, check=True,
        env={**hidden, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")
