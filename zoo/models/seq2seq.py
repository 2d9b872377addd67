"""Encoder–decoder models: a sequence in, another one out. NumPy only."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from zoo.core.codec import PairCodec, padded
from zoo.core.engine import PairEngine
from zoo.core.pairs import BEGIN, END, PAD, longest
from zoo.core.progress import bar
from zoo.core.storage import by_length
from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.models.beam_search import Beam, Output, log_softmax, search
from zoo.models.model import Model
from zoo.runtime.engine import BoundEngine
from zoo.runtime.pair import in_calls

ROWS, SIZE = 160, 1 << 13
"""Outputs that are followed at once, of all sources of a batch; and most rows times length of its pieces."""
MOST_WIDTH, MOST_PENALTY = 100, 10.0


class Seq2Seq(Model):
    """An encoder–decoder model."""

    codec: PairCodec
    engine: PairEngine | BoundEngine
    beam_width: ClassVar[int] = 5
    length_penalty: ClassVar[float] = 1.0

    def beam(self, beam_width: int | None, n: int | None, length_penalty: float | None) -> Beam:
        """Check how outputs are to be searched for, None for what is usual; a beam has room for `n` outputs.

        Raises:
            ArgumentError: A value is out of range, or the artifact has its search inside.
        """
        inside = isinstance(self.engine, BoundEngine)
        values = [(1 if inside else self.beam_width) if beam_width is None else beam_width, 1 if n is None else n]
        sizes = zip(("beam_width", "n"), values, strict=True)
        width, count = (number(name, value, 1, MOST_WIDTH, whole=True) for name, value in sizes)
        usual = self.length_penalty if length_penalty is None else length_penalty
        penalty = number("length_penalty", usual, 0, MOST_PENALTY)
        if inside and (width > 1 or count > 1):
            raise ArgumentError(
                "this artifact has the whole search inside, which is greedy: leave out beam_width and n, or export "
                "form='step' for a beam"
            )
        return Beam(max(width, count), count, penalty)

    def outputs(self, pieces: Sequence[Any], beam: Beam, progress: bool = False) -> list[list[Output]]:
        """Search for the outputs of pieces, `beam.count` for each, the best first.

        Raises:
            ArgumentError: An artifact takes several steps at a time.
        """
        found: list[list[Output]] = [[] for _ in pieces]
        for some in bar(_parts(pieces, ROWS // beam.width), progress, None, "batch"):
            source = self.codec.sources([pieces[i] for i in some])
            for i, one in zip(some, self._searched(source, beam), strict=True):
                found[i] = one
        return found

    def _searched(self, source: np.ndarray, beam: Beam) -> list[list[Output]]:
        most = longest(self.codec.mask(np, source).sum(1)).tolist()  # of each by itself, whatever else is in the batch
        if not isinstance(self.engine, BoundEngine):
            return search(self.engine, source, beam, most)
        ids = in_calls(self.engine.named, [source], self.engine.inputs[0].shape[0])["ids"]
        return [[_greedy(row[:end])] for row, end in zip(ids, most, strict=True)]

    def attention(self, pieces: Sequence[Any], outputs: Sequence[Sequence[Output]]) -> list[list[np.ndarray]] | None:
        """Return what outputs look at in their sources, each `(tokens, source time)`; the end they have is a token.

        None: an artifact that has the whole search inside returns no attention.
        """
        engine = self.engine
        if isinstance(engine, BoundEngine):
            return None
        found: list[list[np.ndarray]] = [[] for _ in pieces]
        most = max((len(row) for row in outputs), default=1)
        for some in _parts(pieces, ROWS // max(1, most)):
            source = self.codec.sources([pieces[i] for i in some])
            rows = [(place, i, one) for place, i in enumerate(some) for one in outputs[i]]
            given = padded([np.insert(one.ids, 0, BEGIN) for _, _, one in rows], PAD)
            state = [array[[place for place, _, _ in rows]] for array in engine.encode(source)]
            lengths = self.codec.mask(np, source).sum(1)
            for (place, i, one), weights in zip(rows, engine.attention(given, state), strict=True):
                found[i].append(weights[: len(one.ids) + one.ended, : lengths[place]])
        return found

    def trial(self, steps: int, seed: int) -> list[list[int]]:
        """Return the likeliest outputs for random sources of at most so many steps, to compare engines."""
        source = self.codec.example_source(np.random.default_rng(seed), 2, min(steps, 12))
        return [row[0].ids.tolist() for row in self._searched(source, Beam(1, 1, 0.0))]

    def nats(self, pieces: Sequence[Any]) -> tuple[float, int]:
        """Return the cross-entropy of the targets of pieces in nats, all added, and the number of their tokens.

        Raises:
            ArgumentError: The artifact has the whole search inside.
        """
        if isinstance(self.engine, BoundEngine):
            raise ArgumentError("this artifact only translates: load one in the form step to measure nats")
        total, count = 0.0, 0
        for some in _parts(pieces, ROWS):
            x, y = self.codec.encode([pieces[i] for i in some])
            source, ids = self.codec.split(np, x)
            logits, _ = self.engine.step(np.ascontiguousarray(ids), self.engine.encode(np.ascontiguousarray(source)))
            chances = np.take_along_axis(log_softmax(logits), np.maximum(y, 0)[..., None], -1)[..., 0]
            total -= float(chances[y >= 0].sum())
            count += int((y >= 0).sum())
        return total, count


def _parts(pieces: Sequence[Any], most: int) -> Iterator[Sequence[int]]:
    """Yield indices of pieces of similar length: at most so many, and fewer of long ones."""
    order = by_length(pieces).indices
    while order:
        size = min(max(1, most), len(order))
        while size > 1 and size * len(pieces[order[size - 1]]) > SIZE:
            size //= 2
        yield order[:size]
        order = order[size:]


def _greedy(row: np.ndarray) -> Output:
    """Return the output of a graph that has the search inside: ids `(time,)`, END and what follows."""
    ends = np.flatnonzero(row == END)
    ids = row[: ends[0]] if len(ends) else row
    return Output(ids, float("nan"), float("nan"), bool(len(ends)))
