"""What was seen in a film: labels, when, and how likely they are."""

import bisect
import csv
import io
import itertools
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.calibration import UNCALIBRATED, Calibration, uncertain
from zoo.core.display import Plotted
from zoo.core.escaping import cell, escaped
from zoo.core.escaping import to_json as json_line
from zoo.core.renaming import earlier
from zoo.core.subtitles import srt
from zoo.media import clips
from zoo.media.clips import Span
from zoo.tasks.video import decoding, plots
from zoo.tasks.video.codec import VideoCodec

NO_MOUTH = " [no mouth found]"


@dataclass(frozen=True)
class Run:
    """Frames one after the other that have the same label.

    Attributes:
        label: Their label.
        start: When the first one begins, in seconds.
        end: When the last one ends, in seconds.
        probability: Mean probability of the label in them.
    """

    label: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Timeline(Plotted):
    """What was seen.

    Attributes:
        runs: A label, probability and time range per run of frames; under a grammar those of the likeliest sentences.
        label: The label of the whole film: its sentences where there is a grammar, else the likeliest label over all
            frames; rest only where no frame is anything else.
        probability: That the label is right, calibrated on clips like those that the model was trained on. It is made
            of the mean probability of the label, or under a grammar of that of the sentences among all sentences.
        seconds: Length of the film.
        probabilities: `(time, classes)` float32: of each frame, of the labels of `vocabulary`.
        vocabulary: The labels.
        rate_hz: Frames per second.
        rest: The label that stands for nothing; "" if there is none.
        source: What was labelled.
        rejected: The probability is below the threshold of the model, or below the least that was asked for.
        mouth_found: Fraction of the frames in which a mouth was found; the others are background. None: the model looks
            for none.
    """

    runs: tuple[Run, ...]
    label: str
    probability: float
    seconds: float
    probabilities: np.ndarray = field(repr=False, compare=False)
    vocabulary: tuple[str, ...] = field(repr=False)
    rate_hz: float = field(repr=False)
    rest: str = field(repr=False, default="")
    source: Any = field(repr=False, compare=False, default=None)
    rejected: bool = False
    mouth_found: float | None = None

    def __str__(self) -> str:
        """Return the label of the whole film."""
        return self.label

    def at(self, seconds: float) -> Run | None:
        """Return what is seen at a moment."""
        run = self.runs[max(0, bisect.bisect_right(self.runs, seconds, key=lambda run: run.start) - 1)]
        return run if run.start <= seconds < run.end else None

    told = earlier("told", "to_text")

    def to_text(self, output_format: str) -> str:
        """Return it as `txt` (the label, and a note if it is rejected), `csv`, `srt` or `json`."""
        text = f"{escaped(self.label)}{self._note}".strip()
        write = {"txt": lambda: text, "csv": self.csv, "srt": self.srt, "json": self.to_json}
        return write[output_format]()

    @property
    def _note(self) -> str:
        if self.mouth_found == 0:
            return NO_MOUTH
        return uncertain(self.probability) if self.rejected else ""

    def csv(self) -> str:
        """Write the runs as comma-separated values: file, label, start, end, probability, rejected (1 or 0).

        The last column is about the film. As `labels.csv` beside the film such a list can be trained on.
        """
        stream = io.StringIO()
        rows = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        name = Path(self.source).name if isinstance(self.source, (str, os.PathLike)) else ""
        rows.writerow(("file", "label", "start", "end", "probability", "rejected"))
        about = cell(name), int(self.rejected)
        rows.writerows((about[0], cell(run.label), run.start, run.end, run.probability, about[1]) for run in self.runs)
        return stream.getvalue().rstrip("\n")

    def srt(self) -> str:
        """Write subtitles in the SubRip form, one a run; rest has none. Each of a rejected film says so."""
        return srt((run.start, run.end, run.label + self._note) for run in self.runs if run.label != self.rest)

    def to_json(self) -> str:
        """Write label, probability, whether it is rejected, length and runs as JSON."""
        source = str(self.source) if isinstance(self.source, (str, os.PathLike)) else None
        about = {"file": source, "label": self.label, "probability": self.probability, "rejected": self.rejected}
        about |= {"mouth_found": self.mouth_found, "seconds": self.seconds}
        return json_line({**about, "runs": [asdict(run) for run in self.runs]})

    def thumbnails(self, moments: Sequence[float]) -> list[np.ndarray]:
        """Read what is on at moments, in seconds, in their order; nothing where the film was no pictures."""
        from zoo.media import video

        if isinstance(self.source, (str, os.PathLike)):
            path = Path(self.source)
            still = path.suffix.lower() == ".npy"
            frames: Any = clips.array(path) if still else video.frames(path, self.rate_hz, colour=True)
        else:
            frames = np.asarray(self.source)
        if getattr(frames, "ndim", 3) < 3:
            return []
        wanted = [int(moment * self.rate_hz) for moment in moments]
        found = {i: frame for i, frame in enumerate(itertools.islice(frames, wanted[-1] + 1)) if i in set(wanted)}
        return [found[i] for i in wanted if i in found]

    def plot(
        self, path: str | os.PathLike[str], truth: Sequence[Span] = (), start: float = 0.0, seconds: float = 30.0
    ) -> Path:
        """Draw thumbnails over a coloured strip of labels with their probabilities.

        Args:
            path: A .png, .pdf or .svg.
            truth: True labels, in frames, such as `Clip.spans`: a strip of their own.
            start: Where the picture begins, in seconds.
            seconds: How much of the film it shows.

        Raises:
            ArgumentError: The suffix names no picture format, or the film ends before `start`.
            DataError: The file cannot be written.
        """
        return plots.seen(self, truth, start, seconds, Path(path))


def timeline(
    probabilities: np.ndarray, codec: VideoCodec, source: Any, calibration: Calibration = UNCALIBRATED,
    found: np.ndarray | None = None, min_confidence: float | None = None,
) -> Timeline:  # fmt: skip
    """Put the probabilities `(time, classes)` of frames together to a timeline.

    Args:
        probabilities: Of each frame, of each label.
        codec: Has the labels and their grammar.
        source: What was labelled.
        calibration: Temperature and threshold of the model.
        found: Frames in which a mouth was found, `(time,)` bool; None: none was looked for.
        min_confidence: Threshold instead of that of the model.
    """
    seen = np.ones(len(probabilities), bool) if found is None else found
    shown, rate_hz = masked(probabilities, seen, codec), codec.rate_hz
    ids = labels_of(shown, codec)
    runs, at = [], 0
    for label, group in itertools.groupby(ids):
        length = len(list(group))
        share = float((probabilities[at : at + length, label] * seen[at : at + length]).mean())
        start, end = (round(frame / rate_hz, 3) for frame in (at, at + length))
        runs.append(Run(codec.vocabulary[label], start, end, round(share, 4)))
        at += length
    label, evidence = judged(shown, ids, codec)
    probability = float(np.exp(evidence / calibration.temperature))
    if label in ("", codec.rest):  # nothing is seen where no mouth is
        probability *= seen.mean()
    rejected = probability < calibration.least(min_confidence) or not seen.any()
    return Timeline(
        tuple(runs), label, round(probability, 4), round(len(ids) / rate_hz, 3), probabilities, codec.vocabulary,
        rate_hz, codec.rest, source, bool(rejected), None if found is None else round(float(found.mean()), 4),
    )  # fmt: skip


def masked(probabilities: np.ndarray, seen: np.ndarray, codec: VideoCodec) -> np.ndarray:
    """Return probabilities in which frames that count for nothing are background, if the codec has a label for it."""
    if seen.all() or not codec.rest:
        return probabilities
    return np.where(seen[:, None], probabilities, np.eye(codec.classes, dtype=np.float32)[codec.ids[codec.rest]])


def labels_of(probabilities: np.ndarray, codec: VideoCodec) -> np.ndarray:
    """Return the labels of frames, `(time,)`: under a grammar those of the likeliest sentences."""
    return decoding.of(_logarithms(probabilities), codec) if codec.grammar else probabilities.argmax(1)


def judged(probabilities: np.ndarray, ids: np.ndarray, codec: VideoCodec) -> tuple[str, float]:
    """Return the label of a film, and the natural logarithm of its probability.

    Args:
        probabilities: `(time, classes)`.
        ids: Labels of the frames, `(time,)`.
        codec: Has the labels and their grammar.
    """
    if codec.grammar:
        words = [codec.vocabulary[i] for i, _ in itertools.groupby(ids) if codec.vocabulary[i] != codec.rest]
        return " ".join(words), decoding.log_posterior(_logarithms(probabilities), ids, codec)
    label, share = film_label(probabilities, codec)
    return label, float(_logarithms(np.array(share)))


def _logarithms(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, 1e-12))


def film_label(probabilities: np.ndarray, codec: VideoCodec) -> tuple[str, float]:
    """Give the likeliest label over all frames of a film `(time, classes)`, and its mean probability.

    Rest, if the codec has a label for it, is told only of a film in which no frame has another label.
    """
    mean = probabilities.mean(0)
    among = np.arange(len(mean))
    if codec.rest:
        seen = np.unique(probabilities.argmax(1))
        seen = seen[seen != codec.ids[codec.rest]]
        among = seen if len(seen) else among
    best = int(among[mean[among].argmax()])
    return codec.vocabulary[best], float(mean[best])
