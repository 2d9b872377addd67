"""Verified SavedModel, TFLite and ONNX artifacts of recurrent networks, and the same API on top of them.

Importing this package loads neither Keras nor TensorFlow; `load` of ONNX and TFLite never does.
"""

from export.artifact import Report, load, save

__all__ = ["Report", "load", "save"]
