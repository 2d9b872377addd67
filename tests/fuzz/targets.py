"""What is fuzzed.

A target is a class. `Target(folder)` prepares: it imports what is needed, makes good inputs and reads them, so that the
memory and time of that are not those of an input. `attempt(seed)` makes the input of a seed, writes it below the folder
and reads it; it returns `READ` or `REFUSED` and raises whatever must not happen. The same seed makes the same input.
"""

import importlib

READ, REFUSED = "read", "refused"
TARGETS = {
    "media": "media:Media",
    "midi": "midi:Midi",
    "words": "words:Words",
    "text": "text:Texts",
    "tables": "tables:Tables",
    "landmarks": "documents:LandmarkFiles",
    "sentences": "sentences:Sentences",
    "captions": "captions:Captions",
    "presets": "documents:AllPresets",
    "runs": "documents:Requests",
    "manifests": "documents:Described",
    "tflite": "artifacts:TFLite",
    "onnx": "artifacts:Onnx",
    "graphs": "artifacts:Graphs",
    "saved_model": "artifacts:SavedModel",
    "corrupt": "artifacts:Corrupt",
}
"""Name → module of this package, and the class in it."""


def target(name):
    """Return the class of a target: of the table, or given as `package.module:Class`."""
    module, _, kind = TARGETS.get(name, name).partition(":")
    return getattr(importlib.import_module(f"tests.fuzz.{module}" if name in TARGETS else module), kind)


def refused(error, name):
    """Check that an error says what it is about; return `REFUSED`."""
    assert str(name) in str(error), error
    return REFUSED
