"""Models that transcribe speech: files, samples, or a stream of chunks. NumPy only."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from zoo.core import storage
from zoo.core.calibration import Calibration
from zoo.core.mel import STEP
from zoo.core.progress import bar
from zoo.core.renaming import earlier, renamed
from zoo.errors import ArgumentError, CodecError
from zoo.media import RATE_HZ, audio
from zoo.models.model import Model, overlapping
from zoo.models.reliability import calibrated
from zoo.models.sampling import log_softmax
from zoo.tasks.speech import decoding
from zoo.tasks.speech.codec import SpeechCodec
from zoo.tasks.speech.confidence import confidence, log_probability
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording
from zoo.tasks.speech.search import Search
from zoo.tasks.speech.transcript import Transcript, transcript, written

CHUNK = 250  # steps of a call, where they need not be heard at once
WINDOW, MARGIN = 750, 125  # steps that a network which sees both sides reads at once, and how many it reads twice
BATCH = 16


class PartialTranscript(NamedTuple):
    """What was heard so far.

    Attributes:
        text: All of it.
        new: What was added to it since the one before.
        seconds: How much of the sound was heard.
        last: The sound has ended.
    """

    text: str
    new: str
    seconds: float
    last: bool


class Recognizer(Model):
    """A model that transcribes speech."""

    codec: SpeechCodec

    @renamed(beam="beam_width", words="lexicon", language="language_model", weight="lm_weight")
    def transcribe(
        self,
        sound: Any,
        sample_rate_hz: int = RATE_HZ,
        beam_width: int | None = None,
        lexicon: Iterable[str] | None = None,
        language_model: Any = None,
        lm_weight: float = 0.3,
        min_confidence: float | None = None,
    ) -> Transcript:
        """Transcribe a recording of any length.

        Args:
            sound: A sound file, or samples `(samples,)` or `(samples, channels)`, float from -1 to 1 or int16.
            sample_rate_hz: Rate of samples; a file tells its own.
            beam_width: Hypotheses that a beam search keeps at every step. None takes the most likely symbol of every
                step, or searches 16 with a lexicon or language model.
            lexicon: The only words that can be recognized.
            language_model: A text model of the zoo, or a function of a text that returns the natural logarithm of its
                probability: the hypotheses of the beam are ranked again with it.
            lm_weight: Weight of the language model beside the acoustic score.
            min_confidence: Least confidence of a transcript that is not `rejected`, from 0 to 1. None takes the
                threshold of the model: `card.calibration.threshold`.

        Raises:
            CodecError: The file is missing, no sound, empty or damaged, or a value is no number.
            ArgumentError: A value is out of range, or `sound` is no samples.
        """
        self._check_free()
        self.card.calibration.least(min_confidence)
        options = Search.of(beam_width, lexicon, language_model, lm_weight, self.codec.vocabulary)
        path = isinstance(sound, (str, os.PathLike))
        kept = sound if path else np.concatenate(list(audio.resampled([sound], sample_rate_hz)))
        heard = _Counted(audio.blocks(sound) if path else [kept])
        probabilities = np.concatenate(list(self._probabilities(heard)))
        if not heard.samples:
            raise CodecError("the sound has no samples: give a recording that is not empty")
        spells = options.spells(probabilities) if options else decoding.greedy(probabilities)
        seconds = round(heard.samples / RATE_HZ, 3)
        vocabulary, calibration = self.codec.vocabulary, self.card.calibration
        return transcript(spells, probabilities, vocabulary, seconds, kept, calibration, min_confidence)

    def stream(self, chunks: Iterable[Any], sample_rate_hz: int = RATE_HZ) -> Iterator[PartialTranscript]:
        """Transcribe audio as it arrives.

        The result does not depend on how the audio is cut into chunks. Emitted symbols are final.

        Args:
            chunks: Arrays of samples of any length; see `transcribe`.
            sample_rate_hz: Their rate.

        Yields:
            What was heard so far, after every chunk, and once more when the sound has ended.

        Raises:
            ArgumentError: The network reads backwards too, the rate is out of range, or a chunk is no samples.
            CodecError: A value is no number.
        """
        if self.codec.bidirectional:
            raise ArgumentError(
                f"{self.card.name} reads a recording from both ends: it can tell nothing before it has ended. "
                "Stream with a model that only sees the past, such as gru_speech; or transcribe"
            )
        self._check_free()
        return self._streamed(chunks, sample_rate_hz)

    def _check_free(self) -> None:
        if self.engine.steps is not None:
            raise ArgumentError(
                f"the artifact takes {self.engine.steps} steps a call, a recording has any number: export it without "
                "steps=, or in form='step'"
            )

    def _streamed(self, chunks: Iterable[Any], rate_hz: int) -> Iterator[PartialTranscript]:
        state, path, heard = self.engine.initial_state(1), _Path(self.codec.vocabulary), 0
        pending = np.zeros(HEAD * STEP, np.float32)
        for chunk in itertools.chain(audio.resampled(chunks, rate_hz), [None]):
            last = chunk is None
            heard += 0 if chunk is None else len(chunk)
            behind = np.zeros(-heard % STEP + TAIL * STEP, np.float32) if chunk is None else chunk
            pending = np.concatenate([pending, behind])
            ready, pending = np.split(pending, [len(pending) // STEP * STEP])
            new = ""
            if len(ready):
                logits, state = self.engine.step(ready.reshape(1, -1, STEP), state)
                new = path.more(logits[0])
            yield PartialTranscript(path.text, new, heard / RATE_HZ, last)

    def _probabilities(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Give the probabilities `(steps, classes)` of the steps of a recording, part by part."""
        if self.codec.bidirectional:
            windows = overlapping(_cut(blocks, WINDOW - 2 * MARGIN), MARGIN)
            parts: Iterator[np.ndarray] = (self.engine.step(x[None], [])[0][0][inner] for x, inner in windows)
        else:
            parts = self._onwards(blocks)
        for logits in parts:
            yield _softmax(logits)

    def _onwards(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        state = self.engine.initial_state(1)
        for x in _cut(blocks, CHUNK):
            logits, state = self.engine.step(x[None], state)
            yield logits[0]

    def trial(self, steps: int, seed: int) -> str:
        """Write down so many steps of something like sound, of each the likeliest character: to compare engines.

        Noise is no speech, of which a trained model tells nothing; with blanks left out there is always a text.
        """
        x = self.codec.example(np.random.default_rng(seed), 1, steps)
        logits, _ = self.engine.step(x, self.engine.initial_state(1))
        return self.codec.decode(logits[0][:, : self.codec.blank].argmax(1))

    hear = earlier("hear", "logits")

    def logits(self, pieces: Sequence[Recording], progress: bool = False) -> list[np.ndarray]:
        """Give the logits `(steps, classes)` of recordings, in their order."""
        found: dict[int, np.ndarray] = {}
        ordered = storage.by_length(pieces)
        size = 1 if self.codec.bidirectional else BATCH  # what reads back from the end must find no padding there
        for start in bar(range(0, len(ordered), size), progress, None, "batch"):
            some = ordered[start : start + size]
            x, _ = self.codec.encode(some)
            logits, _ = self.engine.step(x, self.engine.initial_state(len(x)))
            for index, piece, rows in zip(ordered.indices[start : start + size], some, logits, strict=True):
                found[index] = rows[: len(piece)]
        return [found[index] for index in range(len(pieces))]

    def measure(self, pieces: Sequence[Recording], progress: bool = False) -> dict[str, float]:
        """Measure how well the model writes down recordings, taking the likeliest symbol of every step.

        Returns:
            For every corpus among the pieces, in per cent: `<corpus>_cer` and `<corpus>_wer`, the edits that turn what
            was heard into what was said over the characters, or words, that were said, all recordings pooled; and
            `<corpus>_exact`, the share of recordings without an error. `tokens`: steps.

        Raises:
            ArgumentError: There is no piece.
        """
        if not pieces:
            raise ArgumentError("no recordings to measure: give at least one")
        texts = [written(decoding.greedy(rows), self.codec.vocabulary) for rows in self.logits(pieces, progress)]
        return {**rates(pieces, texts), "tokens": sum(map(len, pieces))}

    def calibrate(self, pieces: Sequence[Recording]) -> Calibration:
        """Fit temperature and threshold to recordings that the model was not trained on."""
        return calibrated(*self.judge(pieces))

    def judge(self, pieces: Sequence[Recording]) -> tuple[Callable[[float], np.ndarray], np.ndarray]:
        """Tell how confident the model is of recordings, and which it transcribes right.

        Returns:
            A function, temperature → confidences `(pieces,)`; and bools `(pieces,)`.
        """
        vocabulary, scores, right = self.codec.vocabulary, list[tuple[float, int, float]](), list[bool]()
        for piece, rows in zip(pieces, self.logits(pieces), strict=True):
            probabilities = _softmax(rows)
            spells = decoding.greedy(probabilities)
            text, evidence = written(spells, vocabulary), log_probability(spells, probabilities, vocabulary)
            scores.append((evidence, len(text.split()), (len(rows) - HEAD - TAIL) * STEP / RATE_HZ))
            right.append(text == piece.text)

        def confidences(temperature: float) -> np.ndarray:
            return np.array([confidence(score, temperature, words, seconds) for score, words, seconds in scores])

        return confidences, np.array(right, bool)


def rates(pieces: Sequence[Recording], texts: Sequence[str]) -> dict[str, float]:
    """Compare what was heard with what was said, corpus by corpus; see `Recognizer.measure`."""
    from rapidfuzz.distance import Levenshtein

    found: dict[str, float] = {}
    for corpus in dict.fromkeys(piece.corpus for piece in pieces):
        pairs = [(p.text, text) for p, text in zip(pieces, texts, strict=True) if p.corpus == corpus]
        for name, cut in (("cer", list), ("wer", str.split)):
            edits = sum(Levenshtein.distance(cut(said), cut(heard)) for said, heard in pairs)
            found[f"{corpus}_{name}"] = 100 * edits / max(1, sum(len(cut(said)) for said, _ in pairs))
        found[f"{corpus}_exact"] = 100 * sum(said == heard for said, heard in pairs) / len(pairs)
    return found


class _Counted:
    """Blocks of samples, counted as they pass."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self.blocks, self.samples = blocks, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self.blocks:
            self.samples += len(block)
            yield block


class _Path:
    """The text along the likeliest symbols of the steps so far."""

    def __init__(self, vocabulary: str) -> None:
        self.vocabulary, self.spelled, self.before, self.text = vocabulary, "", -1, ""

    def more(self, rows: np.ndarray) -> str:
        """Take the rows `(steps, classes)` of more steps; give what they add to the text."""
        self.spelled += "".join(self.vocabulary[spell.id] for spell in decoding.greedy(rows, before=self.before))
        self.before, told = int(rows[-1].argmax()), self.text
        self.text = " ".join(self.spelled.split())
        return self.text[len(told) :]


def _softmax(logits: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.exp(log_softmax(logits)).astype(np.float32)
    return found


def _cut(blocks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Cut a recording into parts `(size, STEP)`, or fewer steps, with silence before the first and behind the last."""
    pending = np.zeros(HEAD * STEP, np.float32)
    for block in blocks:
        pending = np.concatenate([pending, block])
        while len(pending) > size * STEP:
            yield pending[: size * STEP].reshape(-1, STEP)
            pending = pending[size * STEP :]
    yield np.pad(pending, (0, -len(pending) % STEP + TAIL * STEP)).reshape(-1, STEP)
