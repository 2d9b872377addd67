"""Verified SavedModel, TFLite and ONNX artifacts of recurrent Keras models, and a way to run them.

Importing this package loads neither Keras nor TensorFlow; `load` of ONNX and TFLite never does. It is loaded under the
name `zoo.export`, which no other module hides; `export` is the same package, where nothing else has that name.
"""

from zoo.core.aliases import add_name

if __name__ == "export":
    add_name(__name__, "zoo.export")

from .artifact import load
from .benchmarking import Benchmark, benchmark
from .inspection import Inspection, inspect
from .legacy.converting import Conversion, convert
from .legacy.loading import load_weights
from .legacy.reading import Reading, read, reading
from .report import Report
from .saving import save

__all__ = [
    "Benchmark", "Conversion", "Inspection", "Reading", "Report", "benchmark", "convert", "inspect", "load",
    "load_weights", "read", "reading", "save",
]  # fmt: skip
