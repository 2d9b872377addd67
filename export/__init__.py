"""Verified SavedModel, TFLite and ONNX artifacts of recurrent Keras models, and a way to run them.

Importing this package loads neither Keras nor TensorFlow; `load` of ONNX and TFLite never does.
"""

from export.artifact import Inspection, inspect, load
from export.saving import Report, save
from export.timing import Benchmark, benchmark

__all__ = ["Benchmark", "Inspection", "Report", "benchmark", "inspect", "load", "save"]
