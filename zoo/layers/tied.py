"""Logits from the vectors of the embedding: input and output share one table.

Reference: Press & Wolf, Using the Output Embedding to Improve Language Models, EACL 2017.
"""

from typing import Any

import keras
from keras import layers, ops

from zoo.layers.streaming import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class TiedEmbedding(layers.Embedding):
    """An embedding that a network calls twice: on ids, and with `reverse` on vectors, for how well each symbol fits."""

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Return the vectors of ids `(batch, time, …)`; or, of `(batch, time, output_dim)`, `(…, input_dim)`."""
        if not reverse:
            return super().call(inputs)
        return ops.matmul(inputs, ops.transpose(ops.cast(self.embeddings, inputs.dtype)))

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> Any:
        """Return the shape of the output."""
        return (*input_shape[:-1], self.input_dim) if reverse else super().compute_output_shape(input_shape)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        """Return shape and type of the output."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape, reverse), self.compute_dtype)


@keras.saving.register_keras_serializable(PACKAGE)
class TiedLogits(layers.Layer):
    """Logits of classes, the first symbols of a `TiedEmbedding`: how well each fits, and how frequent it is.

    Args:
        classes: How many of the symbols are classes.
    """

    activation = staticmethod(keras.activations.linear)

    def __init__(self, classes: int, **options: Any) -> None:
        super().__init__(**options)
        self.classes = classes

    def build(self, _input_shape: Any) -> None:
        """Create the bias."""
        self.bias = self.add_weight((self.classes,), "zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Return logits `(batch, time, classes)` of `(batch, time, symbols)`."""
        return inputs[..., : self.classes] + self.bias

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output."""
        return (*input_shape[:-1], self.classes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "classes": self.classes}
