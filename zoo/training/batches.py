"""Training data for sequence models: windows of pieces, or whole pieces, in a fixed order; whole pieces for validation.

Pieces are encoded block by block, so that no more than a block is in memory: pieces may be read from a disk when the
codec asks for them.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from zoo.core.codec import Codec, InfillCodec
from zoo.core.recipe import Recipe
from zoo.core.storage import by_length
from zoo.errors import ArgumentError
from zoo.training.losses import every_token

VALIDATION_BATCH, VALIDATION_LOGITS = 16, 1 << 26
AHEAD = 4  # batches prepared while a step runs
BLOCK = 1 << 21  # tokens encoded at a time
WIDE = 1024  # numbers of an input that counts as one token: a picture counts as several
ENCODED = 16  # pieces encoded together
POOL = 32  # batches whose pieces are sorted by length, so that a batch holds pieces of like length
ROUND, LEAST_ROUND = 16, 4  # steps that lengths of whole pieces are rounded up to, long ones and short: fewer shapes
Targets = Callable[[Any, Any], tuple[Any, Any]]


class Windows:
    """Training windows of pieces, in an order that depends on the seed and the epoch alone.

    Each epoch augments every piece anew and cuts it at a random phase; its beginning is always a window of its own.
    Windows are shuffled and start from zero state. With `recipe.carry` the pieces, shuffled, are dealt to the rows of
    the batch instead, each row takes its windows in order, and `keep` is 1 where a window goes on from the one before.
    Of data larger than a block, blocks of random pieces are taken one after the other.

    With `recipe.window` 0 pieces are whole, and those of like length share a batch (bucketing); an epoch leaves out the
    random few that fill no batch.

    For infilling, tokens are hidden again in every epoch.

    Args:
        pieces: What the codec encodes; read one by one.
        codec: Raw data ↔ arrays.
        recipe: Window, batch, carry, seed, and the most steps of an epoch.
        augment: Function of a piece's index and a random generator that returns that piece changed.
        targets: `targets` of the loss; see `zoo.training.losses`.

    Raises:
        ArgumentError: An epoch has fewer steps than are to be executed at once.
    """

    def __init__(
        self,
        pieces: Sequence[Any],
        codec: Codec,
        recipe: Recipe,
        augment: Callable[[int, np.random.Generator], Any],
        targets: Targets = every_token,
    ) -> None:
        self.codec, self.recipe, self.targets = codec, recipe, targets
        self.changed = augment
        if isinstance(codec, InfillCodec):
            self.changed = lambda index, rng: codec.hide(augment(index, rng), rng)
        self.window = recipe.window * codec.group
        self.lengths = np.array([len(piece) for piece in pieces])  # steps of the raw data
        whole = len(pieces) // recipe.batch
        if recipe.window:
            whole = int(self.lengths.sum()) // (recipe.window * recipe.batch)
        self.steps = min(max(1, whole), recipe.epoch_steps or max(1, whole))
        if recipe.steps_per_execution > self.steps:
            raise ArgumentError(f"steps_per_execution={recipe.steps_per_execution}: an epoch has {self.steps} steps")
        self.steps -= self.steps % recipe.steps_per_execution  # what is left over would belong to the next epoch
        self.tokens = recipe.batch * codec.group * (recipe.window or int(self.lengths.mean()))  # of a step, about

    def epoch(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield inputs `(batch, time, features)`, `keep (batch, 1)`, targets `(batch, time)`, -1 past a piece's end."""
        rng = np.random.default_rng([self.recipe.seed, epoch])
        if not self.window:
            yield from self._whole(rng)
            return
        left = self.steps
        for block in itertools.cycle(self._blocks(rng)):
            tokens = int(self.lengths[block].sum())
            steps = min(left, max(1, tokens // (self.recipe.window * self.recipe.batch)))
            yield from self._windows(block, steps, rng)
            left -= steps
            if not left:
                return

    def _blocks(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Deal the pieces, by index, to blocks of about as many tokens as are encoded at a time."""
        sizes = self.lengths * self.codec.group * max(1, self.codec.features // WIDE)
        if sizes.sum() <= BLOCK:
            return [np.arange(len(sizes))]
        order = rng.permutation(len(sizes))
        return np.split(order, np.flatnonzero(np.diff(np.cumsum(sizes[order]) // BLOCK)) + 1)

    def _windows(self, block: np.ndarray, steps: int, rng: np.random.Generator) -> Iterator[tuple]:
        """Cut the pieces of a block into so many batches."""
        pieces = self._encoded(block, rng)
        tokens = np.array([len(y) - self.window for _, y in pieces])
        for rows in (self._rows if self.recipe.carry else self._shuffled)(tokens, steps, rng):
            cut = [[array[at : at + self.window] for array in pieces[piece]] for piece, at, _ in rows]
            x, y = map(np.stack, zip(*cut, strict=True))
            yield x, rows[:, 2:].astype(np.float32), y

    def _encoded(self, block: np.ndarray, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
        """Encode the pieces of a block, each with a window of padding at its end; only those of like length at once."""
        found: list[tuple[np.ndarray, np.ndarray]] = []
        ordered = block[np.argsort(self.lengths[block], kind="stable")]
        for some in np.array_split(ordered, -(-len(ordered) // ENCODED)):
            arrays = self.codec.encode([self.changed(int(i), rng) for i in some])
            for piece, x, y in zip(some, *arrays, strict=True):
                length = (self.lengths[piece] + self.codec.edges) * self.codec.group
                found.append((_longer(x[:length], self.window, "edge"), _longer(y[:length], self.window)))
        return found

    def _whole(self, rng: np.random.Generator) -> Iterator[tuple]:
        """Give whole pieces, those of like length together."""
        order, size = rng.permutation(len(self.lengths))[: self.steps * self.recipe.batch], self.recipe.batch
        pools = [order[i : i + POOL * size] for i in range(0, len(order), POOL * size)]
        order = np.concatenate([pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools])
        for batch in rng.permutation(self.steps):
            x, y = self.codec.encode([self.changed(int(i), rng) for i in order[batch * size : (batch + 1) * size]])
            more = -x.shape[1] % (rounding(x.shape[1] // self.codec.group) * self.codec.group)
            yield _longer(x, more, "edge", 1), np.zeros((len(x), 1), np.float32), _longer(y, more, axis=1)

    def _shuffled(self, tokens: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
        """Give `(steps, batch, 3)`: piece, first token, 0."""
        cuts: list[tuple[int, int, int]] = []
        while len(cuts) < steps * self.recipe.batch:  # more than one round only where data is short
            for piece, length in enumerate(tokens):
                phase = int(rng.integers(1, self.recipe.window + 1)) * self.codec.group
                cuts += [(piece, at, 0) for at in (0, *range(phase, int(length), self.window))]
        chosen = rng.permutation(cuts)[: steps * self.recipe.batch]
        return chosen.reshape(steps, self.recipe.batch, 3)

    def _rows(self, tokens: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
        """Give the same for carried states: the third number is 1 where the window goes on from the one before it."""
        line: list[tuple[int, int, int]] = []
        while len(line) < steps * self.recipe.batch:
            for piece in rng.permutation(len(tokens)):
                line += [(piece, at, int(at > 0)) for at in range(0, int(tokens[piece]), self.window)]
        dealt = np.array(line[: steps * self.recipe.batch]).reshape(self.recipe.batch, steps, 3)
        dealt[:, 0, 2] = 0  # a row may begin in the middle of a piece
        return dealt.transpose(1, 0, 2)

    def batches(self, first: int) -> Iterator[tuple]:
        """Yield epochs without end, from epoch `first` on, as `fit` takes them: `((x, keep), y, weights)`."""
        for epoch in itertools.count(first):
            for x, keep, y in self.epoch(epoch):
                yield fit_form(x, keep, y, self.targets)

    def stream(self, first: int) -> Any:
        """Prepare the batches ahead of use: a `tf.data` pipeline on TensorFlow, an iterator elsewhere."""
        if keras.backend.backend() != "tensorflow":
            return self.batches(first)
        import tensorflow as tf

        sample = fit_form(*next(iter(self.epoch(first))), self.targets)
        time = {} if self.window else {1: None}
        (x, keep), *rest = sample
        form = ((_spec(x, time), _spec(keep, {})), *(_spec(array, time) for array in rest))
        return tf.data.Dataset.from_generator(lambda: self.batches(first), output_signature=form).prefetch(AHEAD)


def rounding(steps: int) -> int:
    """Return what a number of steps is rounded up to a multiple of: about a quarter of it."""
    return int(min(ROUND, max(LEAST_ROUND, 2 ** (steps.bit_length() - 3))))


def _longer(array: np.ndarray, steps: int, mode: Any = "constant", axis: int = 0) -> np.ndarray:
    """Add steps at the end of an axis: the last one again, or -1."""
    more = [(0, steps if i == axis else 0) for i in range(array.ndim)]
    return np.pad(array, more, mode) if mode == "edge" else np.pad(array, more, mode, constant_values=-1)


def _spec(array: np.ndarray, changed: dict[int, None]) -> Any:
    """Describe an array for TensorFlow, some of its axes of any length."""
    import tensorflow as tf

    return tf.TensorSpec([changed.get(axis, size) for axis, size in enumerate(array.shape)], array.dtype)


def fit_form(x: np.ndarray, keep: np.ndarray, y: np.ndarray, targets: Targets) -> tuple:
    """Return a batch as `fit` takes it: inputs, targets and their weights."""
    return (x, keep), *targets(y, np)


def whole(pieces: Sequence[Any], codec: Codec, targets: Targets = every_token) -> Any:
    """Return batches of whole pieces of similar length, each from its beginning, as `fit` validates with them."""
    batches = _Batches(by_length(pieces), codec, targets)
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    form = tf.nest.map_structure(lambda a: _spec(a, {0: None, 1: None}), batches[0])
    encoded = lambda: map(batches.__getitem__, range(len(batches)))  # noqa: E731
    dataset = tf.data.Dataset.from_generator(encoded, output_signature=form)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


class _Batches(keras.utils.PyDataset):
    """Batches of whole pieces, encoded when they are asked for; smaller ones where there are many logits."""

    def __init__(self, pieces: Sequence[Any], codec: Codec, targets: Targets) -> None:
        super().__init__()
        self.pieces, self.codec, self.targets = pieces, codec, targets
        logits = len(pieces[-1]) * codec.group * codec.classes if len(pieces) else 1
        self.size = max(1, min(VALIDATION_BATCH, VALIDATION_LOGITS // max(1, logits)))

    def __len__(self) -> int:
        return -(-len(self.pieces) // self.size)

    def __getitem__(self, index: int) -> tuple:
        pieces = self.pieces[index * self.size : (index + 1) * self.size]
        if isinstance(self.codec, InfillCodec):
            rng = np.random.default_rng(index)
            pieces = [self.codec.hide(piece, rng) for piece in pieces]
        x, y = self.codec.encode(pieces)
        return fit_form(x, np.zeros((len(x), 1), np.float32), y, self.targets)
