"""The generation loop as a graph, with the sampling inside."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from zoo.core.codec import GenerationCodec

LEAST = -1e30  # below all logits
MOST = 1 - 2.0**-22  # of random numbers: with larger ones rounding could carry the sum past the last possible class


def loop(step: Callable, codec: GenerationCodec, with_k: bool = True, with_p: bool = True) -> Callable:
    """Return a function that makes tokens one after the other, for a graph.

    Args:
        step: `[x (batch, 1, features), *states]` → logits `(batch, 1, classes)` and new states.
        codec: Of the network.
        with_k: Look at `top_k`.
        with_p: Look at `top_p`.

    Returns:
        `(script (batch, time), uniform (batch, time), temperatures, (top_k, top_p), memory) -> (ids, memory)`:
        temperatures `(batch, any number)` take turns, `top_k` and `top_p` are `(batch, 1)`; a batch of 1 is for all.
    """

    def run(script: Any, uniform: Any, temperatures: Any, limits: tuple, memory: tuple) -> tuple[Any, tuple]:
        count, turns = ops.shape(script)[1], ops.shape(temperatures)[1]
        places = ops.expand_dims(ops.arange(count), 0)
        warm = ops.take(temperatures, ops.arange(count) % turns, axis=1)

        def one(t: Any, ids: Any, memory: tuple) -> tuple:
            known, state, position = memory
            here = places == t
            given, number, heat = (ops.sum(ops.where(here, a, 0), 1, keepdims=True) for a in (ids, uniform, warm))
            y, *state = step([codec.look(ops, known, position), *state])
            logits = ops.sum(y, 1)  # of one step: drops its axis
            drawn = draw(logits, number, heat, limits[0] if with_k else None, limits[1] if with_p else None)
            chosen = ops.where(given >= 0, given, drawn)
            after = (codec.after(ops, known, position, ops.squeeze(chosen, 1)), tuple(state), position + 1)
            return t + 1, ops.where(here, chosen, ids), after  # not every format can write a single place

        _, ids, memory = ops.while_loop(lambda t, *_: t < count, one, (0, script, memory))
        return ids, memory

    return run


def draw(logits: Any, uniform: Any, temperature: Any, top_k: Any = None, top_p: Any = None) -> Any:
    """Draw classes as `zoo.models.sampling.sample` does, in a graph and in float32.

    Args:
        logits: `(batch, classes)`.
        uniform: `(batch, 1)`.
        temperature: `(batch, 1)` or `(1, 1)`; 0 is greedy.
        top_k: Whole numbers from 1 on, of the same shape, or None.
        top_p: Numbers up to 1, of the same shape, or None.

    Returns:
        `(batch, 1)` int32.
    """
    classes = logits.shape[-1]
    places, greedy = np.arange(classes, dtype=np.int32)[None], temperature == 0
    scaled = (logits - ops.max(logits, -1, keepdims=True)) / ops.maximum(temperature, 1e-6)
    floor = ops.where(greedy, 0.0, LEAST)
    ranked = scaled if top_k is None and top_p is None else ops.top_k(scaled, classes)[0]

    def of_rank(rank: Any) -> Any:
        """Give the value of a rank, `(batch, 1)`, counted from 0 for the largest."""
        return ops.sum(ops.where(places == rank, ranked, 0.0), -1, keepdims=True)

    if top_k is not None:
        floor = ops.maximum(floor, of_rank(ops.minimum(top_k, classes) - 1))
    if top_p is not None:
        shares = ops.softmax(ops.where(ranked >= floor, ranked, LEAST), -1)
        kept = ops.sum(ops.cast(ops.cumsum(shares, -1) - shares < top_p, "int32"), -1, keepdims=True)
        floor = ops.maximum(floor, of_rank(kept - 1))
    sums = ops.cumsum(ops.where(scaled >= floor, ops.exp(scaled), 0.0), -1)
    target = ops.where(greedy, 0.0, ops.minimum(uniform, MOST)) * sums[:, -1:]
    return ops.sum(ops.cast(sums <= target, "int32"), -1, keepdims=True)
