"""Models: a card, a codec and an engine. They know NumPy only; the engine may be Keras or any exported artifact."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from zoo import datasets, sampling
from zoo.cards import Card
from zoo.checks import number
from zoo.errors import ArgumentError
from zoo.tasks import find

MAX_PIECES = 1024
EVALUATION_BATCH = 16


class Engine(Protocol):
    """Whatever can run a network: Keras, SavedModel, TFLite, ONNX Runtime."""

    name: str

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Give the state before the first step."""

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; give `y (batch, time, classes)` and the new state."""


@dataclass(repr=False)
class Generator:
    """A left-to-right model: it continues what it is given, one token after another.

    Attributes:
        card: What is known of it.
        codec: Raw data ↔ tokens.
        engine: What runs its network.
    """

    card: Card
    codec: Any
    engine: Engine

    def __repr__(self) -> str:
        """Show which model, and what runs it."""
        return f"{self.card.name} ({self.card.parameters:,} parameters) on {self.engine.name}"

    def generate(self, n: int | None = None, progress: bool = False, **options: Any) -> Any:
        """Make a piece, or several at once.

        Args:
            n: Number of pieces; None gives one piece, a number gives a list.
            progress: Show a progress bar.
            options: `temperature`, `top_k`, `top_p` (see `zoo.sampling`), `seed` (the same seed gives the same piece on
                every engine; None draws one), and what the codec's `script` takes: for music `bars` or `steps`,
                `prompt`, `fixed`.

        Returns:
            The prompt, if any, and what follows: for music a `Score`.

        Raises:
            ArgumentError: A value is out of range; the message names the range.
            CodecError: A prompt or fixed voice cannot be read or does not fit.
        """
        count = 1 if n is None else number("n", n, 1, MAX_PIECES, whole=True)
        script, tokens = self._tokens(count, **options)
        made = np.stack(list(_bar(tokens, progress, len(script), "token")), axis=1)
        pieces = [self.codec.decode(row) for row in made]
        return pieces[0] if n is None else pieces

    def stream(self, **options: Any) -> Iterator[Any]:
        """Yield one piece step by step as it is made; options as in `generate`.

        Yields:
            For music: the grid values `(voices,)` of each step: a MIDI pitch, `HOLD` or `REST`.
        """
        if "n" in options:
            raise ArgumentError("n: a stream is one piece; leave it out")
        _, tokens = self._tokens(1, **options)

        def steps() -> Iterator[Any]:
            made: list[int] = []
            for token in tokens:
                made.append(int(token[0]))
                if len(made) == self.codec.group:
                    yield self.codec.decode_step(made)
                    made = []

        return steps()

    def _tokens(self, n: int, seed: int | None = None, temperature: float = 1.0, top_k: int | None = None,
                top_p: float | None = None, **options: Any) -> tuple[np.ndarray, Iterator[np.ndarray]]:  # fmt: skip
        """Check every option now; return the script and an iterator over the tokens `(n,)` made from it."""
        sampling.check(temperature, top_k, top_p)
        if seed is not None:
            seed = number("seed", seed, 0, whole=True)
        try:
            script = self.codec.script(**options)
        except TypeError as error:
            raise ArgumentError(f"options {', '.join(options)}: {error}") from error
        entropy = secrets.randbits(63) if seed is None else seed
        # One stream of random numbers a piece: piece i is the same however many are made beside it.
        uniform = np.stack([np.random.default_rng([entropy, i]).random(len(script)) for i in range(n)])

        def run() -> Iterator[np.ndarray]:
            context, state = self.codec.context(n), self.engine.initial_state(n)
            for known, numbers in zip(script, uniform.T, strict=True):
                logits, state = self.engine.step(context.x(), state)
                drawn = sampling.sample(logits[:, -1], numbers, temperature, top_k, top_p) if known < 0 else None
                ids = np.full(n, known) if drawn is None else drawn
                context.push(ids)
                yield ids

        return script, run()

    def score(self, pieces: Sequence[Any], progress: bool = False) -> dict[str, float]:
        """Measure how well the model predicts pieces, each from its beginning.

        Returns:
            `nats_per_<unit>` and `nats_per_token` (natural log, all tokens of all pieces pooled), `tokens`.
        """
        if not pieces:
            raise ArgumentError("no pieces to score: give at least one")
        total, tokens = 0.0, 0
        ordered = datasets.by_length(pieces)
        for start in _bar(range(0, len(ordered), EVALUATION_BATCH), progress, None, "batch"):
            x, y = self.codec.encode(ordered[start : start + EVALUATION_BATCH])
            logits, _ = self.engine.step(x, self.engine.initial_state(len(x)))
            picked = np.take_along_axis(sampling.log_softmax(logits), np.maximum(y, 0)[..., None], -1)[..., 0]
            total -= picked[y >= 0].sum()
            tokens += int((y >= 0).sum())
        unit = find(self.card.task).unit
        per_token = float(total / tokens)
        return {f"nats_per_{unit}": per_token * self.codec.group, "nats_per_token": per_token, "tokens": tokens}

    def evaluate(self, split: str = "test", progress: bool = True) -> dict[str, float]:
        """Measure the model on a split of the data set of its task; values as in `score`.

        Raises:
            ArgumentError: There is no such split.
            DataError: The data set is not to be had.
        """
        task = find(self.card.task)
        splits = task.prepare(datasets.load(task.dataset, progress))
        if split not in splits:
            raise ArgumentError(f"split={split!r}: give one of {', '.join(splits)}")
        return self.score(splits[split], progress)


def _bar(iterable: Any, show: bool, total: int | None, unit: str) -> Any:
    """Wrap an iterable in a progress bar."""
    if not show:
        return iterable
    from tqdm import tqdm

    return tqdm(iterable, total=total, unit=unit, leave=False)


KINDS = {"generate": Generator}
"""How a task's kind of model is used."""


def make(card: Card, codec: Any, engine: Engine) -> Any:
    """Build the model of a card's task around an engine."""
    return KINDS[find(card.task).kind](card, codec, engine)
