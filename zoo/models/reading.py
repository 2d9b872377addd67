"""Read long pieces in large chunks: what is known of a piece to generate, and pieces to measure. NumPy only.

A recurrent network reads one token after the other: at batch 1 the weights of `lstm_text` pass through the processor
for every character, 200,000 times a long prompt. But what such a network remembers of the distant past fades. So of a
long prompt the end is read first, from several states at once that have nothing in common. If they have become one
state, any other would have become it too, also that in which the network would have come from the beginning, and
reading on from there is all there is to do. If not, four times as much is read, up to the whole prompt from its
beginning. (Propp & Wilson, Exact Sampling with Coupled Markov Chains, 1996, choose how far to go back in this way.)
"""

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from zoo.core.engine import Engine

CHUNK = 1 << 14
"""Most tokens, of all pieces together, of one call of a network."""
LOGITS = 1 << 24
"""Most numbers that one call returns: of networks with many classes fewer tokens are read at a time."""
TAIL = 1 << 11
"""Tokens at the end of a prompt that are tried first; up to so many are always read from the beginning."""
LONGER = 4  # times as many are tried next
STARTS = (0, 0.5, 2, 8)  # standard deviations of the states that the end of a prompt is read from
AGREED = 1e-5
"""Largest difference of states that are one, as a fraction of the largest number of a state, or of 1."""

State = Sequence[np.ndarray]


def chunks(engine: Engine, x: np.ndarray, state: State, classes: int = 1) -> Iterator[tuple[slice, np.ndarray, State]]:
    """Run a network over inputs `(batch, time, …)` of any length, so that memory does not grow with it.

    Args:
        engine: Runs the network.
        x: The inputs.
        state: The state before them.
        classes: Of the network.

    Yields:
        Which time steps, their logits `(batch, time, classes)`, and the state after them.
    """
    size = engine.steps or max(1, min(CHUNK, LOGITS // classes) // max(1, len(x)))
    for start in range(0, x.shape[1], size):
        logits, state = engine.step(x[:, start : start + size], state)
        yield slice(start, start + size), logits, state


def prompt(engine: Engine, x: np.ndarray, rows: int, classes: int = 1) -> State:
    """Return the state after the inputs of a prompt, `(1, time, features)`, for so many pieces that begin with it."""
    length = TAIL
    while length < x.shape[1] and engine.batch is None:
        if (state := _faded(engine, x[:, -length:], classes)) is not None:
            return [np.repeat(array, rows, 0) for array in state]
        length *= LONGER
    return _after(engine, np.repeat(x, rows, 0), engine.initial_state(rows), classes)


def _after(engine: Engine, x: np.ndarray, state: State, classes: int) -> State:
    """Return the state after inputs."""
    return functools.reduce(lambda _, part: part[2], chunks(engine, x, state, classes), state)


def _faded(engine: Engine, x: np.ndarray, classes: int) -> State | None:
    """Return the state after inputs, whatever the state before them was; None if it does not fade by their middle."""
    rng, middle = np.random.default_rng(0), x.shape[1] // 2
    spread = np.array(STARTS, np.float32)[:, None]
    starts = [rng.standard_normal(zeros.shape, np.float32) * spread for zeros in engine.initial_state(len(STARTS))]
    state = _after(engine, np.repeat(x[:, :middle], len(STARTS), 0), starts, classes)
    if all(np.ptp(array, axis=0).max() <= AGREED * max(1.0, np.abs(array).max()) for array in state):
        return _after(engine, x[:, middle:], [array[:1] for array in state], classes)
    return None
