"""Left-to-right models: they continue what they are given, one token after another. NumPy only."""

import functools
import itertools
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, cast, overload

import numpy as np

from zoo.core import plots, storage
from zoo.core.codec import Context, GenerationCodec, StreamedCodec, UnitCodec, counted, given
from zoo.core.display import Plotted
from zoo.core.engine import LoopEngine
from zoo.core.progress import bar
from zoo.core.task import find
from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.models import options as model_options
from zoo.models import reading, sampling
from zoo.models.model import EVALUATION_BATCH, MAX_PIECES, Model, Piece, perplexity, unit_of

REMEMBERED = 64  # tokens that a repetition penalty looks back at
AHEAD = 256  # random numbers drawn together
SAMPLING = ("temperature", "top_k", "top_p", "repetition_penalty", "seed", "stop")
"""Options of `generate` that every model takes."""


@dataclass(frozen=True)
class Surprisal(Plotted):
    """How little a model expected each token of a piece.

    Attributes:
        labels: The tokens, named.
        nats: Of each, `(time,)`: minus the natural logarithm of the probability that the model gave it.
    """

    labels: tuple[str, ...]
    nats: np.ndarray

    @property
    def mean(self) -> float:
        """Return the mean, in nats per token."""
        return float(self.nats.mean())

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the tokens on colours: the darker, the less expected.

        Raises:
            ArgumentError: The suffix names no picture format.
            DataError: The file cannot be written.
        """
        return plots.coloured(self.labels, self.nats, Path(path), "nats")


class Generator(Model, Generic[Piece]):
    """A causal model: it continues what it is given, one token after another."""

    codec: GenerationCodec
    others: ClassVar = {"infill": "bidirectional models fill gaps with it; use generate, stream or score"}

    @overload
    def generate(self, n: None = None, progress: bool = False, **options: Any) -> Piece: ...
    @overload
    def generate(self, n: int, progress: bool = False, **options: Any) -> list[Piece]: ...
    def generate(self, n: int | None = None, progress: bool = False, **options: Any) -> Piece | list[Piece]:
        """Make a piece, or several at once.

        Args:
            n: Number of pieces; None gives one piece, a number gives a list.
            progress: Show a progress bar.
            options: `temperature` (several take turns, token by token), `top_k`, `top_p`, `repetition_penalty` of the
                last 64 tokens (see `sampling`); `seed` (the same seed gives the same piece on every engine, but
                where a random number is within rounding of the border between two tokens; None draws one); `stop`
                (what a piece ends after, such as text); and what the codec takes, such as `prompt`:
                `help(model.codec.script)` describes these.

        Returns:
            The prompt, if any, and what follows, as the codec's `decode` returns it, such as a string.

        Raises:
            ArgumentError: The model has no such option, or a value is out of range; the message names what is accepted.
            CodecError: A prompt or fixed voice cannot be read or does not fit.
        """
        count = 1 if n is None else number("n", n, 1, MAX_PIECES, whole=True)
        model_options.check(self.card.name, options, self.options, SAMPLING)
        options, like = given(self.codec, options)
        script, tokens = self._tokens(count, ahead=True, **options)
        made = np.full((count, len(script)), -1)
        for at, ids in enumerate(bar(tokens, progress, len(script), "token")):
            made[:, at] = ids
        pieces = [self.codec.decode(row[row >= 0], like=like) for row in made]
        return pieces[0] if n is None else pieces

    def stream(self, **options: Any) -> Iterator[Any]:
        """Yield one piece step by step as it is made; options as in `generate`.

        Yields:
            Each time step, as the codec's `decode_step` returns it, such as a character.
        """
        if "n" in options:
            raise ArgumentError("n: a stream is one piece; leave it out")
        model_options.check(self.card.name, options, self.options, SAMPLING)
        _, tokens = self._tokens(1, **options)
        decode = self.codec.decoder() if isinstance(self.codec, StreamedCodec) else self.codec.decode_step

        def steps() -> Iterator[Any]:
            made: list[int] = []
            for token in tokens:
                made.append(int(token[0]))
                if len(made) == self.codec.group:
                    yield decode(made)
                    made = []

        return steps()

    def trial(self, steps: int, seed: int) -> Any:
        """Make a piece of so many steps, whatever the task: to compare engines."""
        _, tokens = self._tokens(1, seed, script=np.full(steps * self.codec.group, -1), ahead=True)
        return self.codec.decode(np.concatenate(list(tokens)))

    def _tokens(
        self,
        n: int,
        seed: int | None = None,
        temperature: float | Sequence[float] = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        repetition_penalty: float = 1.0,
        stop: Any = None,
        script: np.ndarray | None = None,
        ahead: bool = False,
        **options: Any,
    ) -> tuple[np.ndarray, Iterator[np.ndarray]]:
        """Check every option now; return the script and an iterator over the tokens `(n,)` made from it.

        Where a piece has ended its tokens are -1. `ahead`: many may be made before the first is taken.
        """
        sampling.check(temperature, top_k, top_p, repetition_penalty)
        entropy = secrets.randbits(63) if seed is None else number("seed", seed, 0, whole=True)
        end = np.zeros(0, int) if stop is None else self.codec.tokens(stop)
        if stop is not None and not len(end):
            raise ArgumentError(f"stop={stop!r}: give at least one token after which a piece ends")
        script = self._script(options) if script is None else script
        cycle = itertools.cycle(sampling.cycle(temperature))
        temperatures = np.array([next(cycle) if known < 0 else 1.0 for known in script], np.float64)
        # One stream of random numbers a piece: piece i is the same however many are made beside it. (Not so in ONNX
        # int8, where one scale serves all rows.)
        draws = [np.random.default_rng([entropy, i]) for i in range(n)]
        plan = _Plan(script, temperatures, draws, top_k, top_p, repetition_penalty)
        loop_threshold = self.engine.loop_threshold if repetition_penalty == 1 else None
        if loop_threshold == 0 and len(script) > (self.engine.chunk or len(script)):
            raise ArgumentError(f"{len(script)} tokens: the artifact is fixed to {self.engine.chunk}, prompt included")
        ahead = ahead and loop_threshold is not None and len(script) - plan.given >= loop_threshold
        made = self._in_graph(plan, 0, None) if loop_threshold == 0 else self._continued(plan, ahead)
        return script, _until(made, end, self.codec.group, plan.given // self.codec.group * self.codec.group, n)

    @property
    def options(self) -> tuple[str, ...]:
        """Options of `generate` that this model takes besides `SAMPLING`: those of its codec."""
        return model_options.named(self.codec.script)

    def _script(self, options: dict[str, Any]) -> np.ndarray:
        """Lay out a piece."""
        model_options.check(self.card.name, options, self.options, SAMPLING)
        model_options.require(self.card.name, self.codec.script, options)
        return np.asarray(self.codec.script(**options))

    def _continued(self, plan: "_Plan", in_graph: bool) -> Iterator[np.ndarray]:
        """Read the tokens that a piece begins with, and make the others: chunk by chunk in a graph, or one by one."""
        n, context = len(plan.draws), Context(self.codec, 1)
        yield from (np.full(n, known) for known in plan.script[: plan.given])
        plan.skip()
        x = context.follow(plan.script[None, : plan.given])
        context.repeat(n)
        state = reading.prompt(self.engine, x, n, self.codec.classes)
        if in_graph:
            yield from self._in_graph(plan, plan.given, (context.memory, tuple(state), np.int32(context.position)))
        else:
            yield from self._step_by_step(plan, context, state)

    def _in_graph(self, plan: "_Plan", begin: int, memory: tuple | None) -> Iterator[np.ndarray]:
        """Make the tokens of a piece from a place on, chunk by chunk, each in one call of the engine."""
        engine = cast(LoopEngine, self.engine)
        size = engine.chunk or max(1, len(plan.script))
        for start in range(begin, len(plan.script), size):
            script, temperatures = (row[start : start + size] for row in (plan.script, plan.temperatures))
            rest = (0, size - len(script))  # what is made beyond the end is not used
            given = np.tile(np.pad(script, rest), (len(plan.draws), 1))
            uniform = np.pad(plan.numbers(len(script)), ((0, 0), rest))
            warm = np.pad(temperatures, rest, constant_values=1)
            ids, memory = engine.generate(self.codec, given, uniform, warm, plan.top_k, plan.top_p, memory)
            yield from ids.T[: len(script)]

    def _step_by_step(self, plan: "_Plan", context: Context, state: reading.State) -> Iterator[np.ndarray]:
        """Make the tokens of a piece after those that it begins with, one by one."""
        n, step = len(plan.draws), self.engine.step
        lately = np.full((n, REMEMBERED), -1)
        if plan.given:
            lately[:, -plan.given :] = plan.script[: plan.given][-REMEMBERED:]
        for start in range(plan.given, len(plan.script), AHEAD):
            here = slice(start, start + AHEAD)
            known, heats = plan.script[here].tolist(), plan.temperatures[here].tolist()
            for token, heat, numbers in zip(known, heats, plan.numbers(len(known)).T, strict=True):
                logits, state = step(context.x(), state)
                if token < 0:
                    likely = sampling.penalised(logits[:, -1], lately, plan.penalty)
                    ids = sampling.sample(likely, numbers, heat, plan.top_k, plan.top_p)
                else:
                    ids = np.full(n, token)
                context.push(ids)
                yield ids
                if plan.penalty != 1:
                    lately = np.column_stack((lately[:, 1:], ids))

    def score(self, piece: Any) -> Surprisal:
        """Tell how little the model expected each token of a piece, given those before it.

        Args:
            piece: What `generate` returns, or what it takes as a prompt.

        Raises:
            ArgumentError: It is empty.
            CodecError: It cannot be read, or does not fit the model's codec.
        """
        piece = self.codec.read(piece)
        if not len(piece):
            raise ArgumentError("nothing to score: give at least one token")
        [nats] = self._nats([piece])
        return Surprisal(tuple(self.codec.labels(piece)), nats)

    def measure(self, pieces: Sequence[Any], progress: bool = False) -> dict[str, float]:
        """Measure how well the model predicts pieces, in each of the ways that are usual for its task.

        Returns:
            `nats_per_<unit>` and `nats_per_token` (natural log, all tokens of all pieces pooled), `tokens`. Each piece
            is read from its beginning; for text the figures are those of windows of 256 tokens without state, and
            `stateful_…` those of one pass with the state carried on from piece to piece. Where tokens are larger than
            the task's unit, such as words, `perplexity` is the exponential of the nats per token, and
            `stateful_nats_per_<unit of the task>` is comparable with models of smaller tokens; it is left out where
            tokens of unknown length occur, such as unknown words.

        Raises:
            ArgumentError: There is no piece.
        """
        if not sum(map(len, pieces)):
            raise ArgumentError("no pieces to measure: give at least one that is not empty")
        task, found = find(self.card.task), {}
        unit, pieces = unit_of(self.codec, task), counted(self.codec, pieces)
        for name, (cut, carried) in task.protocols.items():
            nats = self._nats(cut(pieces), carried, progress)
            total, tokens = sum(float(row.sum()) for row in nats), sum(map(len, nats))
            found[f"{name}nats_per_{unit}"] = total / tokens * self.codec.group
            found[f"{name}nats_per_token"] = total / tokens
            if unit != task.unit:
                found[f"{name}perplexity"] = perplexity(total / tokens)
            if unit != task.unit and carried and (extent := self._extent(pieces)):
                found[f"{name}nats_per_{task.unit}"] = total / extent
        return {**found, "tokens": tokens}

    def _extent(self, pieces: Sequence[Any]) -> int:
        """Return how many units of the task pieces have; 0 if that is not known."""
        extents = [self.codec.extent(piece) for piece in pieces] if isinstance(self.codec, UnitCodec) else []
        return 0 if None in extents else sum(extent or 0 for extent in extents)

    def _nats(self, pieces: Sequence[Any], carried: bool = False, progress: bool = False) -> list[np.ndarray]:
        """Give the nats of every token of pieces, `(time,)` each, the pieces by length unless the state is carried."""
        ordered, size = (pieces, 1) if carried else (storage.by_length(pieces), EVALUATION_BATCH)
        state, found, classes = cast(reading.State, self.engine.initial_state(size)), [], self.codec.classes
        for start in bar(range(0, len(ordered), size), progress, None, "batch"):
            x, y = self.codec.encode(ordered[start : start + size])
            before, picked = state if carried else self.engine.initial_state(len(x)), np.zeros(y.shape)
            for part, logits, state in reading.chunks(self.engine, x, before, classes):  # noqa: B007 (for the next piece)
                ids = np.maximum(y[:, part], 0)[..., None]
                picked[:, part] = np.take_along_axis(sampling.log_softmax(logits), ids, -1)[..., 0]
            found += [-row[known] for row, known in zip(picked, y >= 0, strict=True)]
        return found


@dataclass(frozen=True)
class _Plan:
    """What is to be made: for every token what is known of it (-1: nothing) and its temperature; and how."""

    script: np.ndarray
    temperatures: np.ndarray
    draws: list[np.random.Generator]
    top_k: int | None
    top_p: float | None
    penalty: float

    @functools.cached_property
    def given(self) -> int:
        """Return how many tokens are known before the first that is not."""
        return int(np.append(self.script < 0, True).argmax())

    def skip(self) -> None:
        """Leave out the random numbers of the tokens that a piece begins with."""
        for start in range(0, self.given, AHEAD):
            self.numbers(min(AHEAD, self.given - start))

    def numbers(self, count: int) -> np.ndarray:
        """Draw the random numbers of the next tokens, `(batch, count)` float32."""
        return np.stack([draw.random(count, np.float32) for draw in self.draws])


def _until(tokens: Iterator[np.ndarray], end: np.ndarray, group: int, first: int, n: int) -> Iterator[np.ndarray]:
    """Give -1 for the tokens of pieces that have ended: after those of `end`, whole steps made from `first` on."""
    yield from itertools.islice(tokens, first if len(end) else None)
    ended, lately = np.zeros(n, bool), np.full((n, len(end)), -1)
    for at, ids in enumerate(tokens, first + 1):
        yield np.where(ended, -1, ids)
        lately = np.column_stack((lately[:, 1:], ids))
        if at >= first + len(end) and at % group == 0:
            ended |= (lately == end).all(1)
            if ended.all():
                return
