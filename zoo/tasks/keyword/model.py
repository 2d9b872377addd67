"""Models that spot words: in clips, files, or a stream of chunks. NumPy only."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from zoo.core.calibration import Calibration
from zoo.core.progress import bar
from zoo.errors import ArgumentError, CodecError
from zoo.media import RATE_HZ, audio
from zoo.models.model import Model
from zoo.models.reliability import calibrated
from zoo.models.sampling import log_softmax
from zoo.tasks.keyword.clips import STEPS, Clip, one_second
from zoo.tasks.keyword.codec import STEP, KeywordCodec
from zoo.tasks.keyword.features import in_steps
from zoo.tasks.keyword.measures import rates
from zoo.tasks.keyword.spotted import Classified, Spotted
from zoo.tasks.keyword.spotting import LEAST, REFRACTORY_S, STEP_S, Averages, Detector, Spot, Spotting, levels

BATCH = 64
CHUNK = 250  # steps of a call, where they need not be heard at once
TAIL = 8  # steps of silence behind a sound: a word at its end is told some steps later
EVERY = 3  # steps between the windows of a network that sees both sides


class Spotter(Model):
    """A model that spots words."""

    codec: KeywordCodec
    fixed_steps = True

    def spot(
        self,
        sound: Any,
        sample_rate_hz: int = RATE_HZ,
        min_confidence: float | None = None,
        words: Iterable[str] | None = None,
        refractory_s: float = REFRACTORY_S,
        smoothing_s: float = STEPS * STEP_S,
    ) -> Spotted:
        """Spot words in a recording of any length.

        Args:
            sound: A sound file, or samples `(samples,)` or `(samples, channels)`, float from -1 to 1 or int16.
            sample_rate_hz: Rate of samples; a file tells its own.
            min_confidence: Least probability of a word over the last second, from 0 to 1. None takes the threshold of
                the model, `card.calibration.threshold`, or a half if that is lower.
            words: The words to spot; None: all that the model knows.
            refractory_s: Time after a word in which none is told, in seconds.
            smoothing_s: Time that is averaged over, in seconds: the model was trained for one.

        Raises:
            CodecError: The file is missing, no sound, empty or damaged, or a value is no number.
            ArgumentError: A value is out of range, a word is none of the model, or `sound` is no samples.
        """
        options = self._options(min_confidence, words, refractory_s, smoothing_s)
        path = isinstance(sound, (str, os.PathLike))
        wave = np.concatenate(list(audio.blocks(sound) if path else audio.resampled([sound], sample_rate_hz)))
        if not len(wave):
            raise CodecError("the sound has no samples: give a recording that is not empty")
        steps, whole = -(-len(wave) // STEP), max(-(-len(wave) // STEP) + TAIL, options.smoothing_steps)
        x = in_steps(np.pad(wave, (0, whole * STEP - len(wave))))
        averages, detector = Averages(options), Detector(options)
        if self.codec.bidirectional:
            means, rows = self._windows(x)
            probabilities = averages.probabilities(means)
        else:
            rows = np.concatenate(list(self._onwards(x)))
            probabilities = averages.more(rows)
        found = (*detector.more(probabilities, rows, levels(x)), *detector.end())
        seconds = round(len(wave) / RATE_HZ, 3)
        return Spotted(
            found, seconds, probabilities[:steps].astype(np.float32), self.codec.vocabulary, sound if path else wave
        )

    def stream(
        self,
        chunks: Iterable[Any],
        sample_rate_hz: int = RATE_HZ,
        min_confidence: float | None = None,
        words: Iterable[str] | None = None,
        refractory_s: float = REFRACTORY_S,
        smoothing_s: float = STEPS * STEP_S,
    ) -> Iterator[Spot]:
        """Spot words in sound as it arrives.

        The result does not depend on how the sound is cut into chunks, and equals that of `spot`.

        Args:
            chunks: Arrays of samples of any length; see `spot`.
            sample_rate_hz: Their rate.
            min_confidence: See `spot`.
            words: See `spot`.
            refractory_s: See `spot`.
            smoothing_s: See `spot`.

        Yields:
            Each word, some tenths of a second after it was said.

        Raises:
            ArgumentError: The network reads backwards too, a value is out of range, or a chunk is no samples.
            CodecError: A value is no number.
        """
        if self.codec.bidirectional:
            raise ArgumentError(
                f"{self.card.name} reads each second from both ends: it cannot follow a stream. "
                f"Stream with a model that only sees the past, such as gru_{self.card.task}; or spot words in a file"
            )
        if self.engine.steps is not None:
            raise ArgumentError(f"the artifact takes {self.engine.steps} steps a call: export form='step' to stream")
        options = self._options(min_confidence, words, refractory_s, smoothing_s)
        return self._streamed(audio.resampled(chunks, sample_rate_hz), options)

    def classify(self, sound: Any, sample_rate_hz: int = RATE_HZ, min_confidence: float | None = None) -> Classified:
        """Tell the word of a clip: of its loudest second, if it is longer.

        Args:
            sound: See `spot`.
            sample_rate_hz: Rate of samples; a file tells its own.
            min_confidence: Least probability of a word that is not `rejected`. None takes the threshold of the model.

        Raises:
            CodecError: The file is missing, no sound, empty or damaged, or a value is no number.
            ArgumentError: A value is out of range, or `sound` is no samples.
        """
        least = self.card.calibration.least(min_confidence)
        path = isinstance(sound, (str, os.PathLike))
        wave = np.concatenate(list(audio.blocks(sound) if path else audio.resampled([sound], sample_rate_hz)))
        if not len(wave):
            raise CodecError("the sound has no samples: give a recording that is not empty")
        logits = self.logits([Clip(one_second(wave), self.codec.vocabulary[0])])[0]
        shares = np.exp(log_softmax(logits / self.card.calibration.temperature))
        found = dict(zip(self.codec.vocabulary, (round(float(share), 4) for share in shares), strict=True))
        word = max(found, key=lambda word: found[word])
        return Classified(word, found[word], found[word] < least, found)

    def _options(
        self, min_confidence: float | None, words: Iterable[str] | None, refractory_s: float, smoothing_s: float
    ) -> Spotting:
        calibration = self.card.calibration
        threshold = calibration.least(min_confidence)
        if min_confidence is None:
            threshold = max(threshold, LEAST)
        if self.codec.bidirectional:
            smoothing_s = STEPS * STEP_S
        return Spotting.of(self.codec.vocabulary, threshold, calibration.temperature, words, refractory_s, smoothing_s)

    def _streamed(self, chunks: Iterable[np.ndarray], options: Spotting) -> Iterator[Spot]:
        averages, detector = Averages(options), Detector(options)
        state, pending, heard = self.engine.initial_state(1), np.zeros(0, np.float32), 0
        for chunk in itertools.chain(chunks, [None]):
            if chunk is None:  # the end
                steps = -(-heard // STEP)
                whole = max(steps + TAIL, options.smoothing_steps) if heard else 0
                chunk = np.zeros(whole * STEP - heard, np.float32)
            heard += len(chunk)
            pending = np.concatenate([pending, chunk])
            ready, pending = np.split(pending, [len(pending) // STEP * STEP])
            if len(ready):
                x = ready.reshape(-1, STEP)
                logits, state = self.engine.step(x[None], state)
                yield from detector.more(averages.more(logits[0]), logits[0], levels(x))
        yield from detector.end()

    def _onwards(self, x: np.ndarray) -> Iterator[np.ndarray]:
        """Give the logits `(steps, classes)` of steps `(steps, STEP)` from left to right, part by part."""
        state, size = self.engine.initial_state(1), self.engine.steps or CHUNK
        for first in range(0, len(x), size):
            part = x[first : first + size]
            more = max(0, (self.engine.steps or 0) - len(part))
            logits, state = self.engine.step(np.pad(part, ((0, more), (0, 0)))[None], state)
            yield logits[0][: len(part)]

    def _windows(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give, at every step, the mean of the logits of the last second, and the logits of the step.

        A network that sees both sides reads a second every `EVERY` steps; steps in between have the mean before them.
        """
        if self.engine.steps not in (None, STEPS):
            raise ArgumentError(f"the artifact takes {self.engine.steps} steps a call: export it with steps={STEPS}")
        ends = [*range(STEPS, len(x), EVERY), len(x)]
        means, rows = np.zeros((len(x), self.codec.classes)), np.zeros((len(x), self.codec.classes))
        size = self.engine.batch or BATCH
        for start in range(0, len(ends), size):
            some = ends[start : start + size]
            logits, _ = self.engine.step(np.stack([x[end - STEPS : end] for end in some]), [])
            for end, found in zip(some, logits, strict=True):
                rows[end - STEPS : end] = found
                means[end - 1 :] = found.mean(0)
        means[: STEPS - 1] = means[STEPS - 1]
        return means, rows

    def trial(self, steps: int, seed: int) -> list[str]:
        """Return the likeliest word of every step of something like sound: to compare engines."""
        x = self.codec.example(np.random.default_rng(seed), 1, steps)
        logits, _ = self.engine.step(x, self.engine.initial_state(1))
        return self.codec.decode(logits[0].argmax(1))

    def logits(self, pieces: Sequence[Clip], progress: bool = False) -> np.ndarray:
        """Return the mean of the logits over the steps of each clip, `(clips, classes)`."""
        found = [np.zeros((0, self.codec.classes), np.float32)]
        if self.engine.steps not in (None, STEPS):
            found += [self._mean(piece) for piece in bar(pieces, progress, None, "clip")]
            return np.concatenate(found)
        size = self.engine.batch or BATCH
        for start in bar(range(0, len(pieces), size), progress, None, "batch"):
            x, y = self.codec.encode(pieces[start : start + size])
            logits, _ = self.engine.step(x, self.engine.initial_state(len(x)))
            counted = (y[..., :1] >= 0).astype(np.float32)
            found.append((logits * counted).sum(1) / counted.sum(1))
        return np.concatenate(found)

    def _mean(self, piece: Clip) -> np.ndarray:
        return np.concatenate(list(self._onwards(in_steps(piece.wave)))).mean(0, keepdims=True)

    def measure(self, pieces: Sequence[Clip], progress: bool = False) -> dict[str, float]:
        """Measure how many clips the model knows the word of, in per cent.

        Returns:
            Those of `zoo.tasks.keyword.measures.rates`, and `tokens`: steps.

        Raises:
            ArgumentError: There is no clip.
            CodecError: The word of one is none of the model.
        """
        if not pieces:
            raise ArgumentError("no clips to measure: give at least one")
        right = self.right(pieces, self.logits(pieces, progress))
        return {**rates(pieces, right), "tokens": sum(map(len, pieces))}

    def right(self, pieces: Sequence[Clip], logits: np.ndarray) -> np.ndarray:
        """Tell for which clips the likeliest word by logits `(clips, classes)` is theirs, `(clips,)` bool."""
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

        return confidences, self.right(pieces, logits)
