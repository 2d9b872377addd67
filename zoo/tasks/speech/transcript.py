"""What was heard in a recording: text, words with their times, and how likely they are."""

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.calibration import UNCALIBRATED, Calibration, uncertain
from zoo.core.display import Plotted
from zoo.core.escaping import escaped
from zoo.core.escaping import to_json as json_line
from zoo.core.mel import STEP
from zoo.core.renaming import earlier
from zoo.core.subtitles import srt
from zoo.core.validation import number
from zoo.media import RATE_HZ, audio
from zoo.tasks.speech import plots
from zoo.tasks.speech.confidence import confidence, log_probability, words_of
from zoo.tasks.speech.decoding import SPACE, AlignedSymbol
from zoo.tasks.speech.features import log_mel
from zoo.tasks.speech.recordings import HEAD, TAIL

STEP_S = STEP / RATE_HZ
CAPTION_S, CAPTION_WORDS = 5.0, 10  # longest subtitle
EVEN = 0.5  # nothing is as likely as something
SHOWN_S = 30.0  # of a picture, unless told otherwise


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        text: The word.
        start: When it begins, in seconds.
        end: When it ends, in seconds.
        confidence: Probability of the least likely of its symbols.
    """

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class Transcript(Plotted):
    """What was heard.

    Times are those of the steps of 40 ms at which the network tells a symbol: a word begins with the first step of its
    first symbol and ends after the last step of its last one. CTC tells a symbol when it is sure of it, not when its
    sound begins: expect 0.1 to 0.3 s of delay, more from networks that only see the past.

    Attributes:
        text: All of it.
        words: Its words.
        confidence: Probability that the text is right, calibrated on recordings like those that the model was trained
            on; of no text, that nothing was said. See `zoo.tasks.speech.confidence`.
        seconds: Length of the recording.
        probabilities: `(steps, classes)` float32, of the characters of `vocabulary` and the blank.
        vocabulary: The characters.
        source: What was transcribed: a path, or samples at 16 kHz.
        rejected: The confidence is below the threshold of the model, or below the least that was asked for; or there
            is no text, and it is likelier that something was said.
    """

    text: str
    words: tuple[Word, ...]
    confidence: float
    seconds: float
    probabilities: np.ndarray = field(repr=False, compare=False)
    vocabulary: str = field(repr=False)
    source: Any = field(repr=False, compare=False, default=None)
    rejected: bool = False

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    told = earlier("told", "to_text")

    def to_text(self, output_format: str) -> str:
        """Return it as `txt` (the text, and a note if it is rejected), `srt` or `json`."""
        write = {"txt": lambda: f"{escaped(self.text)}{self._note}".strip(), "srt": self.srt, "json": self.to_json}
        return write[output_format]()

    @property
    def _note(self) -> str:
        return uncertain(self.confidence) if self.rejected else ""

    def to_json(self) -> str:
        """Write text, confidence, whether it is rejected, length and words as JSON."""
        source = str(self.source) if isinstance(self.source, (str, os.PathLike)) else None
        about = {"file": source, "text": self.text, "confidence": self.confidence, "rejected": self.rejected}
        about["seconds"] = self.seconds
        return json_line({**about, "words": [asdict(word) for word in self.words]})

    def srt(self) -> str:
        """Write subtitles in the SubRip form, of at most 10 words or 5 seconds each; a rejected text has notes."""
        lines: list[list[Word]] = []
        for word in self.words:
            if not lines or len(lines[-1]) == CAPTION_WORDS or word.end - lines[-1][0].start > CAPTION_S:
                lines.append([])
            lines[-1].append(word)
        texts = (SPACE.join(word.text for word in line) + self._note for line in lines)
        return srt((line[0].start, line[-1].end, text) for line, text in zip(lines, texts, strict=True))

    def plot(self, path: str | os.PathLike[str], start: float = 0.0, end: float | None = None) -> Path:
        """Draw the spectrogram, the words above it, and the probabilities of symbols over time below.

        Args:
            path: A .png, .pdf or .svg.
            start: Where the picture begins, in seconds.
            end: Where it ends; by default 30 seconds later, or with the recording.

        Raises:
            ArgumentError: The suffix names no picture format, or there is nothing between start and end.
            DataError: The file cannot be written.
        """
        whole = len(self.probabilities) * STEP_S
        start = number("start", start, 0, whole - STEP_S)
        end = min(whole, start + SHOWN_S) if end is None else number("end", end, start + STEP_S)
        first, last = round(start / STEP_S), min(len(self.probabilities), math.ceil(end / STEP_S - 1e-6))
        features = log_mel(self._wave(first * STEP, last * STEP))[HEAD:]
        words = [word for word in self.words if word.start < end and word.end > start]
        rows = self.probabilities[first:last]
        return plots.heard(features, rows, self.vocabulary, words, first * STEP_S, STEP_S, Path(path))

    def _wave(self, start: int, end: int) -> np.ndarray:
        """Read some samples again."""
        if not isinstance(self.source, (str, os.PathLike)):
            found: np.ndarray = self.source[start:end]
            return found
        parts, at = [np.zeros(0, np.float32)], 0
        for block in audio.blocks(self.source):
            parts.append(block[max(0, start - at) : max(0, end - at)])
            at += len(block)
            if at >= end:
                break
        return np.concatenate(parts)


def written(spells: Sequence[AlignedSymbol], vocabulary: str) -> str:
    """Put symbols together to a text with single spaces."""
    return " ".join("".join(vocabulary[spell.id] for spell in spells).split())


def words_in(spells: Sequence[AlignedSymbol], vocabulary: str) -> tuple[Word, ...]:
    """Put symbols together to words."""
    return tuple(
        Word(
            "".join(vocabulary[spell.id] for spell in group), round(group[0].start * STEP_S, 2),
            round(group[-1].end * STEP_S, 2), round(min(spell.probability for spell in group), 4),
        )
        for group in words_of(spells, vocabulary)
    )  # fmt: skip


def transcript(
    spells: Sequence[AlignedSymbol], probabilities: np.ndarray, vocabulary: str, seconds: float, source: Any,
    calibration: Calibration = UNCALIBRATED, min_confidence: float | None = None,
) -> Transcript:  # fmt: skip
    """Put symbols together to a transcript.

    Args:
        spells: The symbols.
        probabilities: `(steps, classes)`, the first `HEAD` of silence before the recording.
        vocabulary: Character of each class but the last.
        seconds: Length of the recording.
        source: What was transcribed.
        calibration: Temperature and threshold of the model.
        min_confidence: Threshold instead of that of the model.
    """
    evidence = log_probability(spells, probabilities, vocabulary)
    spells = [one._replace(start=max(0, one.start - HEAD), end=max(1, one.end - HEAD)) for one in spells]
    words = words_in(spells, vocabulary)
    heard_s = (len(probabilities) - HEAD - TAIL) * STEP_S
    sure = confidence(evidence, calibration.temperature, len(words), heard_s)
    text = written(spells, vocabulary)
    rejected = sure < calibration.least(min_confidence) or (min_confidence is None and not text and sure < EVEN)
    return Transcript(text, words, round(sure, 4), seconds, probabilities[HEAD:], vocabulary, source, rejected)
