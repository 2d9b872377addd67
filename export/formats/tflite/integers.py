"""TFLite with integer activations: which layers keep numbers of floating point, and the conversion without them.

One scale for 256 levels cannot hold numbers that span several powers of ten: of what computes a variance or a power,
small ones would all become 0, and the runtime ends the process where such scales meet. Those layers stay as they are.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from ...tracing.source import Source
from .litert import interpreter

NORMALIZING = ("GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization")
"""Layers of Keras that divide by what they compute of their inputs."""


def kept(source: Source) -> list[str]:
    """Return the names of layers whose activations stay numbers of floating point.

    They are those of `NORMALIZING`, and others that say so: `keeps_float = True`.
    """
    return [layer.name for layer in source.network._flatten_layers() if _keeps_float(layer)]


def _keeps_float(layer: Any) -> bool:
    inner = getattr(layer, "layer", layer)  # of a wrapper, under whose name it is
    return bool(getattr(inner, "keeps_float", type(inner).__name__ in NORMALIZING))


def converted(make: Callable[[], Any], samples: Callable[[], Iterator[Any]], names: list[str]) -> bytes:
    """Convert with integer activations, except inside of some layers.

    Args:
        make: Returns a new converter, without quantization.
        samples: Yields the representative inputs.
        names: Of the layers.
    """
    import tensorflow as tf

    converter = make()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = samples
    if not names:
        return bytes(converter.convert())
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=_tensors(make().convert(), names))
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=samples, debug_options=options
    )
    return bytes(debugger.get_nondebug_quantized_model())


def _tensors(model: bytes, names: list[str]) -> list[str]:
    """Return the names of a model's tensors that layers compute: they contain the layer's, numbered by Keras."""
    inside = re.compile(rf"(^|/)({'|'.join(map(re.escape, names))})(_\d+)?/")
    found = (tensor["name"] for tensor in interpreter(model, 1).get_tensor_details())
    return [name for name in found if inside.search(name)]
