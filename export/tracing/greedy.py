"""Greedy search of an encoder–decoder model as a network of its own: the source in, ids out, all in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.pairs import longest
from zoo.runtime.signature import Signature, Tensor

from .calls import Through
from .source import Source

IDS = "ids"
NEVER = 1e30


@dataclass(frozen=True)
class Tokens:
    """How outputs begin and end.

    Attributes:
        begin: First id that the decoder is given.
        end: Id that ends an output; what follows it is `fill`.
        fill: See `end`.
        never: Ids that are not chosen.
    """

    begin: int
    end: int
    fill: int
    never: tuple[int, ...] = ()

    def penalties(self, classes: int) -> np.ndarray:
        """Return what is subtracted from logits `(1, classes)` so that some ids are not chosen."""
        found = np.zeros((1, classes), np.float32)
        found[0, list(self.never)] = NEVER
        return found


class Greedy:
    """The counterpart of `Source` for greedy search: it chooses the likeliest id, step by step, until all rows end.

    It takes what the encoder takes, and returns `ids (batch, steps)` int32.

    Args:
        encoder: The encoder.
        decoder: The decoder; its `x` are ids, or vectors with a 1 at the place of the id.
        tokens: How outputs begin and end.
        steps: Ids of an output, where their number is fixed; otherwise it follows from the steps of the source.
    """

    fixed = ""
    renamed: Sequence[tuple[str, str]] = ()
    left_out: Sequence[str] = ()
    slots: Sequence[Any] = ()

    def __init__(self, encoder: Source, decoder: Source, tokens: Tokens, steps: int | None) -> None:
        self.encoder, self.decoder, self.tokens, self.steps = encoder, decoder, tokens, steps
        self.network, self.calls = _both(encoder, decoder), [*encoder.calls, *decoder.calls]
        self.inputs, self.outputs = encoder.inputs, [Tensor(IDS, (None, None), "int32")]
        self.lengths = encoder.lengths

    def timed(self, tensor: Tensor) -> bool:
        """Return whether axis 1 is the time of the source."""
        return self.encoder.timed(tensor)

    def timed_output(self, tensor: Tensor) -> bool:  # noqa: ARG002
        """Return whether axis 1 of an output is the time of the source: no."""
        return False

    def signature(self, form: str, batch: int | None = None) -> Signature:
        """Return the signature of an artifact; `batch` fixes that axis."""
        inputs = [Tensor(t.name, (batch, *t.shape[1:]), t.dtype) for t in self.inputs]
        return Signature(form, tuple(inputs), (Tensor(IDS, (batch, self.steps), "int32"),))

    def sample(self, rng: np.random.Generator, batch: int, time: int) -> list[np.ndarray]:
        """Draw sources."""
        return self.encoder.sample(rng, batch, time)

    def trace(self, tensors: Sequence[Any], through: Through | None) -> list[Any]:
        """Return the ids."""
        import tensorflow as tf
        from keras import ops

        # Without Keras's masks, which two models that are called one after the other do not hand on.
        entering = [tf.identity(tensor) for tensor in self.encoder.trace(tensors, through)]
        names = [tensor.name for tensor in self.decoder.inputs[1:]]
        changing = [names.index(self.decoder.signature("sequence").inputs[i].name) for i, _ in self._pairs()]
        batch = tf.shape(tensors[0])[0]
        steps = self.steps or longest(tf.shape(tensors[0])[1] if len(tensors[0].shape) > 1 else 0)
        places = tf.range(steps)[None]
        first = tf.fill((batch, 1), self.tokens.begin)
        states = tuple(tf.ensure_shape(entering[i], (None, *self.decoder.inputs[1 + i].shape[1:])) for i in changing)

        def one(t: Any, last: Any, ended: Any, ids: Any, states: tuple) -> tuple:
            given = list(entering)
            for i, value in zip(changing, states, strict=True):
                given[i] = value
            found = self.decoder.trace([self._input(last), *given], through)
            chosen = self._chosen(found[0])
            chosen = tf.where(ended, self.tokens.fill, chosen)
            ids = tf.where(places == t, chosen, ids)
            new = tuple(tf.ensure_shape(found[o], s.shape) for (_, o), s in zip(self._pairs(), states, strict=True))
            return t + 1, chosen, ended | (chosen == self.tokens.end), ids, new

        begin = (0, first, tf.fill((batch, 1), False), tf.fill((batch, steps), self.tokens.fill), states)
        going = lambda t, _, ended, *__: (t < steps) & ~tf.reduce_all(ended)  # noqa: E731
        return [ops.while_loop(going, one, begin)[3]]

    def _pairs(self) -> list[tuple[int, int]]:
        return self.decoder.signature("sequence").states

    def _input(self, last: Any) -> Any:
        """Return x for ids `(batch, 1)`."""
        import tensorflow as tf

        x = self.decoder.inputs[0]
        return tf.cast(last, x.dtype) if len(x.shape) == 2 else tf.one_hot(last, x.shape[2], dtype=x.dtype)

    def _chosen(self, y: Any) -> Any:
        """Return the likeliest ids `(batch, 1)` of what the decoder returns."""
        import tensorflow as tf

        classes = y.shape[-1]
        scores = tf.reshape(y, (-1, classes)) - self.tokens.penalties(classes)
        return tf.argmax(scores, -1, output_type=tf.int32)[:, None]


def _both(encoder: Source, decoder: Source) -> Any:
    """Return a Keras model that consists of two others, for what looks for layers and variables."""
    import keras

    both = keras.Model(name=decoder.network.name)
    both.encoder, both.decoder, both.built = encoder.network, decoder.network, True
    return both
