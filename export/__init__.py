"""Verified SavedModel, TFLite and ONNX artifacts of recurrent Keras models, and a way to run them.

Importing this package loads neither Keras nor TensorFlow; `load` of ONNX and TFLite never does.
"""

from export.artifact import Inspection, inspect, load
from export.benchmarking import Benchmark, benchmark
from export.report import Report
from export.saving import save

__all__ = ["Benchmark", "Inspection", "Report", "benchmark", "inspect", "load", "save"]
