"""Bidirectional models: they fill the gaps of a piece. NumPy only."""

import itertools
import secrets
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, overload

import numpy as np

from zoo.core import storage
from zoo.core.codec import InfillCodec, counted
from zoo.core.progress import bar
from zoo.core.task import find
from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.models import options as model_options
from zoo.models import sampling, stretches
from zoo.models.model import EVALUATION_BATCH, MAX_PIECES, Model, Piece, perplexity, unit_of
from zoo.models.reading import LOGITS

MAX_SWEEPS = 100_000
DEFAULT_SWEEPS, TRIAL_SWEEPS = 60, 6
SAMPLING = ("sweeps", "temperature", "top_k", "top_p", "seed")
"""Options of `infill` that every model takes."""
LEAST, FALLING = 0.05, 0.7  # share of the gaps drawn anew at the end, and the part of the sweeps over which it falls


class Infiller(Model, Generic[Piece]):
    """A bidirectional model: it fills the gaps of what it is given."""

    codec: InfillCodec
    others: ClassVar = dict.fromkeys(
        ("generate", "stream", "score"), "bidirectional models do not continue a piece, they fill gaps: use infill"
    )

    @property
    def options(self) -> tuple[str, ...]:
        """Options of `infill` that this model takes besides `SAMPLING`: those of its codec."""
        return model_options.named(self.codec.gaps, skip=1)

    @overload
    def infill(
        self,
        piece: Any,
        n: None = None,
        sweeps: int = DEFAULT_SWEEPS,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        progress: bool = False,
        **options: Any,
    ) -> Piece: ...
    @overload
    def infill(
        self,
        piece: Any,
        n: int,
        sweeps: int = DEFAULT_SWEEPS,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        progress: bool = False,
        **options: Any,
    ) -> list[Piece]: ...
    def infill(
        self,
        piece: Any,
        n: int | None = None,
        sweeps: int = DEFAULT_SWEEPS,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        progress: bool = False,
        **options: Any,
    ) -> Piece | list[Piece]:
        """Fill the gaps of a piece, by Gibbs sampling.

        In every sweep a share of the gaps, chosen at random, is hidden again and drawn from what the network expects
        there given all else; the share falls from all of them to a twentieth, at least one, over the first 70 % of the
        sweeps, so that what is drawn comes to agree (Yao et al., On the Equivalence between Deep NADE and Generative
        Stochastic Networks, ECML 2014).

        Args:
            piece: What has gaps; see the `gaps` of the model's codec.
            n: Number of ways to fill them; None gives one piece, a number gives a list.
            sweeps: Times that gaps are drawn.
            temperature: At least 0; 0 takes the most likely tokens.
            top_k: Draw from the k most likely tokens.
            top_p: Draw from the most likely tokens that together reach this probability.
            seed: The same seed fills alike on every engine, but where a random number is within rounding of the border
                between two tokens; None draws one.
            progress: Show a progress bar.
            options: What the codec takes, such as where the gaps are: `help(model.codec.gaps)` describes these.

        Returns:
            The piece without gaps.

        Raises:
            ArgumentError: The model has no such option, or a value is out of range; the message names what is accepted.
            CodecError: The piece cannot be read or does not fit.
        """
        model_options.check(self.card.name, options, self.options, SAMPLING)
        model_options.require(self.card.name, self.codec.gaps, options, skip=1)
        count = 1 if n is None else number("n", n, 1, MAX_PIECES, whole=True)
        sweeps = number("sweeps", sweeps, 1, MAX_SWEEPS, whole=True)
        sampling.check(number("temperature", temperature, 0), top_k, top_p)
        if seed is not None:
            seed = number("seed", seed, 0, whole=True)
        piece = self.codec.read(piece)
        ids, hidden = self.codec.gaps(piece, **options)
        rows = self._filled(ids, hidden, count, sweeps, (temperature, top_k, top_p), seed, progress)
        pieces = [self.codec.decode(row, like=piece) for row in rows]
        return pieces[0] if n is None else pieces

    def trial(self, steps: int, seed: int) -> Any:
        """Make a piece of so many steps of which nothing is known, whatever the task: to compare engines."""
        hidden = np.ones(steps * self.codec.group, bool)
        return self.codec.decode(self._filled(np.zeros(hidden.shape, np.int64), hidden, 1, TRIAL_SWEEPS, (), seed)[0])

    def _filled(
        self, ids: np.ndarray, hidden: np.ndarray, count: int, sweeps: int, sampling_options: tuple,
        seed: int | None, progress: bool = False,
    ) -> np.ndarray:  # fmt: skip
        """Fill the hidden ones of tokens `(time,)` in so many ways, `(count, time)`."""
        entropy = secrets.randbits(63) if seed is None else seed
        draws = [np.random.default_rng([entropy, i]) for i in range(count)]
        rows, places = np.tile(ids, (count, 1)), np.flatnonzero(hidden)
        near = 0
        for sweep in bar(range(sweeps), progress, sweeps, "sweep"):
            share = max(LEAST, 1 - (1 - LEAST) * sweep / max(1, FALLING * sweeps))
            numbers = np.stack([draw.random((2, len(places))) for draw in draws])  # which, and what
            again = np.zeros(rows.shape, bool)
            rank = numbers[:, 0].argsort(axis=1).argsort(axis=1)
            again[:, places] = rank < max(1, round(share * len(places)))
            near = near or self._near(rows, again, places)
            logits = stretches.logits(self._logits, rows, again, places, near, self._most)
            chosen, filled = again[:, places], rows[:, places]
            filled[chosen] = sampling.sample(logits[chosen], numbers[:, 1][chosen], *sampling_options)
            rows[:, places] = filled
        return rows

    def _logits(self, rows: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Return the logits `(batch, time, classes)` of tokens of which some are hidden."""
        first = self.codec.edges // 2 * self.codec.group
        logits, _ = self.engine.step(self.codec.cover(rows, hidden), [])
        return logits[:, first : first + rows.shape[1]]

    @property
    def _most(self) -> int:
        """Return how many tokens one call of the network takes at most."""
        return max(1, LOGITS // self.codec.classes)

    def _near(self, rows: np.ndarray, hidden: np.ndarray, places: np.ndarray) -> int:
        """Return how much around gaps is read: all where a piece has edges, which its stretches have not."""
        if self.codec.edges:
            return rows.shape[1]
        return stretches.margin(self._logits, rows, hidden, places, self._most)

    def measure(self, pieces: Sequence[Any], progress: bool = False) -> dict[str, float]:
        """Measure how well the model tells hidden tokens from what is around them, in each of the codec's schemes.

        Which tokens are hidden depends on the pieces and their order alone. Every hidden token is judged given those
        that are not hidden, and no other.

        Returns:
            For every scheme `<scheme>_nats_per_<unit>` (all hidden tokens pooled), where tokens are larger than the
            task's unit `<scheme>_perplexity`, its exponential, and `<scheme>_accuracy`, the fraction of those that the
            network expects most where they begin; `tokens`.

        Raises:
            ArgumentError: There is no piece.
        """
        if not sum(map(len, pieces)):
            raise ArgumentError("no pieces to measure: give at least one that is not empty")
        task, found = find(self.card.task), {}
        cut = next(iter(task.protocols.values()))[0]
        ordered, unit = storage.by_length(cut(counted(self.codec, pieces))), unit_of(self.codec, task)
        for scheme in self.codec.schemes:
            rng, total, units, right = np.random.default_rng(0), 0.0, 0, 0
            for batch in bar(_alike(ordered, self.codec.classes), progress, None, "batch"):
                x, y = self.codec.encode([self.codec.hide(ordered[i], rng, scheme) for i in batch])
                logits, _ = self.engine.step(x, [])
                asked, known = logits[y >= 0], y[y >= 0]
                total -= float(np.take_along_axis(sampling.log_softmax(asked), known[:, None], -1).sum())
                begins = self.codec.is_unit(known)
                units, right = units + int(begins.sum()), right + int((begins & (asked.argmax(-1) == known)).sum())
            found[f"{scheme}_nats_per_{self.codec.hidden_unit}"] = total / max(units, 1)
            if unit != task.unit:
                found[f"{scheme}_perplexity"] = perplexity(total / max(units, 1))
            found[f"{scheme}_accuracy"] = right / max(units, 1)
        return {**found, "tokens": sum(map(len, ordered)) * self.codec.group}


def _alike(ordered: Sequence[Any], classes: int) -> list[list[int]]:
    """Put pieces of one length together, by index: one reads back from the end, which must not be padding."""
    groups = itertools.groupby(range(len(ordered)), key=lambda i: len(ordered[i]))
    whole = [list(group) for _, group in groups]
    sizes = [min(EVALUATION_BATCH, max(1, LOGITS // (classes * max(1, len(ordered[group[0]]))))) for group in whole]
    return [group[i : i + n] for group, n in zip(whole, sizes, strict=True) for i in range(0, len(group), n)]
