"""What words were spotted in a recording, and when."""

import csv
import io
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.escaping import cell, escaped
from zoo.core.escaping import to_json as json_line
from zoo.core.subtitles import srt
from zoo.tasks.keyword import plots
from zoo.tasks.keyword.spotting import STEP_S, Spot, told


class Classified(NamedTuple):
    """The word of a clip of a second.

    Attributes:
        word: The likeliest word; `_unknown_` is another one, `_silence_` none.
        probability: That it is right, calibrated on clips like those that the model was trained on.
        rejected: The probability is below the threshold of the model, or below the least that was asked for.
        probabilities: Of all words, by word.
    """

    word: str
    probability: float
    rejected: bool
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Spotted:
    """What was spotted.

    Attributes:
        words: Each with start, end and probability, in their order.
        seconds: Length of the recording.
        probabilities: `(steps, classes)` float32: of the words of `vocabulary` over the last second, at every step.
        vocabulary: The words of the model, `_unknown_` and `_silence_` among them.
        source: What was listened to: a path, or samples at 16 kHz.
    """

    words: tuple[Spot, ...]
    seconds: float
    probabilities: np.ndarray = field(repr=False, compare=False)
    vocabulary: tuple[str, ...] = field(repr=False)
    source: Any = field(repr=False, compare=False, default=None)

    def __str__(self) -> str:
        """Return the words."""
        return " ".join(one.word for one in self.words)

    def to_text(self, output_format: str) -> str:
        """Return it as `txt` (start, end, word and probability), `csv`, `srt` or `json`."""
        write = {"txt": lambda: escaped(told(self.words)), "csv": self.csv, "srt": self.srt, "json": self.to_json}
        return write[output_format]()

    def csv(self) -> str:
        """Write comma-separated values: file, word, start, end, probability."""
        stream = io.StringIO()
        rows = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        name = cell(Path(self.source).name if isinstance(self.source, (str, os.PathLike)) else "")
        rows.writerow(("file", "word", "start", "end", "probability"))
        rows.writerows((name, cell(one.word), one.start, one.end, one.probability) for one in self.words)
        return stream.getvalue().rstrip("\n")

    def srt(self) -> str:
        """Write subtitles in the SubRip form, one a word."""
        return srt((one.start, one.end, one.word) for one in self.words)

    def to_json(self) -> str:
        """Write length and words as JSON."""
        source = str(self.source) if isinstance(self.source, (str, os.PathLike)) else None
        return json_line({"file": source, "seconds": self.seconds, "words": [asdict(one) for one in self.words]})

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the probabilities of words over time, and the words that were told.

        Args:
            path: A .png, .pdf or .svg.

        Raises:
            ArgumentError: The suffix names no picture format.
            DataError: The file cannot be written.
        """
        return plots.spotted(self.probabilities, self.vocabulary, self.words, STEP_S, Path(path))
