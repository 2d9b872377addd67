"""Models that spot words: in clips, files, or a stream of chunks. NumPy only."""

from collections.abc import Callable, Sequence

import numpy as np

from zoo.core.calibration import Calibration
from zoo.core.progress import bar
from zoo.errors import ArgumentError
from zoo.models.model import Model
from zoo.models.reliability import calibrated
from zoo.models.sampling import log_softmax
from zoo.tasks.keyword.clips import SILENCE, Clip
from zoo.tasks.keyword.codec import KeywordCodec

BATCH = 64


class Spotter(Model):
    """A model that spots words."""

    codec: KeywordCodec

    def trial(self, steps: int, seed: int) -> list[str]:
        """Return the likeliest word of every step of something like sound: to compare engines."""
        x = self.codec.example(np.random.default_rng(seed), 1, steps)
        logits, _ = self.engine.step(x, self.engine.initial_state(1))
        return self.codec.decode(logits[0].argmax(1))

    def logits(self, pieces: Sequence[Clip], progress: bool = False) -> np.ndarray:
        """Return the mean of the logits over the steps of each clip, `(clips, classes)`."""
        found = [np.zeros((0, self.codec.classes), np.float32)]
        for start in bar(range(0, len(pieces), BATCH), progress, None, "batch"):
            x, y = self.codec.encode(pieces[start : start + BATCH])
            logits, _ = self.engine.step(x, self.engine.initial_state(len(x)))
            counted = (y[..., :1] >= 0).astype(np.float32)
            found.append((logits * counted).sum(1) / counted.sum(1))
        return np.concatenate(found)

    def measure(self, pieces: Sequence[Clip], progress: bool = False) -> dict[str, float]:
        """Measure how many clips the model knows the word of, in per cent.

        Returns:
            `accuracy` of all clips, `accuracy_without_silence` of those with a word, if they differ, and `tokens`:
            steps.

        Raises:
            ArgumentError: There is no clip.
        """
        if not pieces:
            raise ArgumentError("no clips to measure: give at least one")
        right = self._right(pieces, self.logits(pieces, progress))
        spoken = np.array([piece.word != SILENCE for piece in pieces])
        found = {"accuracy": 100 * float(right.mean())}
        if spoken.any() and not spoken.all():
            found["accuracy_without_silence"] = 100 * float(right[spoken].mean())
        return {**found, "tokens": sum(map(len, pieces))}

    def _right(self, pieces: Sequence[Clip], logits: np.ndarray) -> np.ndarray:
        words = self.codec.decode(logits.argmax(1))
        return np.array([piece.word == word for piece, word in zip(pieces, words, strict=True)], bool)

    def calibrate(self, pieces: Sequence[Clip]) -> Calibration:
        """Fit temperature and threshold to clips that the model was not trained on."""
        return calibrated(*self.judge(pieces))

    def judge(self, pieces: Sequence[Clip]) -> tuple[Callable[[float], np.ndarray], np.ndarray]:
        """Tell how confident the model is of clips, and which it knows the word of.

        Returns:
            A function, temperature → confidences `(clips,)`; and bools `(clips,)`.
        """
        logits = self.logits(pieces)

        def confidences(temperature: float) -> np.ndarray:
            return np.exp(log_softmax(logits / temperature)).max(1, initial=0)

        return confidences, self._right(pieces, logits)
