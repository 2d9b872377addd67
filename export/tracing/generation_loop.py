"""The generation loop as a network of its own: prompt ids and random numbers in, ids out, all in one call."""

from collections.abc import Sequence
from typing import Any

from zoo.core.codec import GenerationCodec
from zoo.runtime.signature import Signature, Tensor

from .calls import Through
from .source import Source

TIMED = ("prompt", "uniform", "ids")
INPUTS = (
    Tensor("prompt", (None, None), "int32"),
    Tensor("uniform", (None, None), "float32"),
    Tensor("temperature", (None, None), "float32"),
    Tensor("top_k", (None,), "int32"),
    Tensor("top_p", (None,), "float32"),
)


class Loop:
    """The counterpart of `Source` for the generation loop, with the sampling inside.

    It takes `prompt (batch, time)` int32, known ids and -1 where it chooses; `uniform (batch, time)` float32, a random
    number in [0, 1) for each; `temperature (batch, any number)` float32, which take turns from place to place, those of
    the prompt too; `top_k (batch,)` int32, 0 for all; `top_p (batch,)` float32, 1 for all. It returns `ids (batch,
    time)` int32: those of the prompt, and the chosen ones. Its time grows with the square of a length beyond some
    thousands.

    Args:
        step: The network, with the states of all its layers.
        codec: Of the network.
    """

    fixed = ""
    renamed: Sequence[tuple[str, str]] = ()
    left_out: Sequence[str] = ()
    slots: Sequence[Any] = ()
    lengths = 1  # of the prompt and of the random numbers

    def __init__(self, step: Source, codec: GenerationCodec) -> None:
        self.step, self.codec, self.network, self.calls = step, codec, step.network, step.calls
        self.inputs, self.outputs = INPUTS, (Tensor("ids", (None, None), "int32"),)

    def timed(self, tensor: Tensor) -> bool:
        """Return whether axis 1 is time."""
        return tensor.name in TIMED

    timed_output = timed

    def signature(self, form: str, batch: int | None = None, steps: int | None = None) -> Signature:
        """Return the signature of an artifact; `batch` and `steps` fix those axes."""

        def fixed(tensor: Tensor) -> Tensor:
            return Tensor(tensor.name, (batch, *((steps,) if self.timed(tensor) else tensor.shape[1:])), tensor.dtype)

        return Signature(form, tuple(map(fixed, self.inputs)), tuple(map(fixed, self.outputs)))

    def trace(self, tensors: Sequence[Any], through: Through | None) -> list[Any]:
        """Return the tokens: those of the prompt, and drawn ones where it is negative."""
        import tensorflow as tf

        from zoo.networks.generation_loop import loop

        prompt, uniform, temperature, top_k, top_p = tensors
        limits = tf.where(top_k < 1, self.codec.classes, top_k)[:, None], top_p[:, None]
        batch = tf.shape(prompt)[:1]
        begin = self.codec.begin(tf.reshape(tf.zeros_like(prompt[:, :1]), (-1, 1)))
        states = [tensor.shape for tensor in self.step.signature("step").inputs[1:]]
        state = tuple(tf.ensure_shape(tf.zeros(tf.concat((batch, shape[1:]), 0)), shape) for shape in states)
        run = loop(lambda inputs: self.step.trace(inputs, through), self.codec)
        return [run(prompt, uniform, temperature, limits, (begin, state, 0))[0]]
