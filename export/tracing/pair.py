"""Encoder and decoder of a sequence-to-sequence model as sources: their names, and inputs to try them with.

The contract: what the encoder returns enters the decoder under the same name. Of the decoder's inputs `x` is first; the
states that leave it again are called `h0_0, …` where they enter and `hn_0, …` where they leave; all else stays as it is
from call to call, such as the memory that attention reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.codec import PairCodec
from zoo.core.states import output_name
from zoo.runtime.signature import Tensor

from .source import Source

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


@dataclass(frozen=True)
class PairNames:
    """Names of the inputs and outputs of both networks, in the order that these have them.

    Attributes:
        source: Of the inputs of the encoder.
        between: Of its outputs, which are the inputs of the decoder after the first.
        states: Which of them leave the decoder again.
        outputs: Of the decoder, the first one `y`.
    """

    source: tuple[str, ...]
    between: tuple[str, ...]
    states: tuple[str, ...]
    outputs: tuple[str, ...]


class DecoderSource(Source):
    """A decoder: its time is that of x alone; what it reads besides has the length of the source."""

    def timed(self, tensor: Tensor) -> bool:
        """Return whether axis 1 is time."""
        return tensor.name == "x" and len(tensor.shape) > 1

    def sample(self, rng: np.random.Generator, batch: int, time: int, padded: bool = True,
               apart: int = 0) -> list[np.ndarray]:  # fmt: skip
        """Draw inputs: what the encoder returns has one length, and masks that end the rows at others."""
        length = time + 3 + apart
        arrays = super().sample(rng, batch, time, padded)
        ends = rng.integers(1, length + 1, (batch, 1))
        for i, tensor in enumerate(self.inputs[1:], 1):
            if len(tensor.shape) > 1 and tensor.shape[1] is None:
                shape = (batch, length, *arrays[i].shape[2:])
                valid = np.broadcast_to(np.arange(length) < ends, shape[:2])
                drawn = rng.normal(0, 1, shape) if tensor.dtype != "bool" else valid
                arrays[i] = drawn.astype(tensor.dtype)
        return arrays


def encoder_source(network: Any, names: PairNames, example: Draw | None = None) -> Source:
    """Return the source of an encoder."""
    return Source(network, None, False, (names.source, names.between), example)


def decoder_source(network: Any, names: PairNames, example: Draw | None = None) -> DecoderSource:
    """Return the source of a decoder."""
    return DecoderSource(network, None, False, (("x", *names.between), names.outputs), example)


def zoo_names(states: Sequence[str]) -> PairNames:
    """Return the names of a pair of the zoo, which its networks have."""
    return PairNames(
        ("source",), ("memory", "memory_mask", *states), tuple(states), ("y", "attention", *map(output_name, states))
    )


def of_network(network: Any, codec: PairCodec) -> tuple[Source, DecoderSource]:
    """Return the sources of a Keras network of the zoo.

    Args:
        network: The network.
        codec: Draws what they take.
    """
    from zoo.networks.encoder_decoder import parts

    def ids(rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        return rng.integers(0, codec.symbols, (batch, time)).astype(np.int32)

    encoder, decoder = parts(network)
    names = zoo_names([tensor.name for tensor in decoder.inputs[3:]])
    return encoder_source(encoder, names, codec.example_source), decoder_source(decoder, names, ids)
