"""Models that label what is seen: video files, arrays, or frames as they come. NumPy only."""

import itertools
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from zoo.core import storage
from zoo.core.calibration import Calibration
from zoo.core.progress import bar
from zoo.core.renaming import earlier
from zoo.errors import ArgumentError, CodecError
from zoo.media import films
from zoo.media.clips import Clip
from zoo.media.mouth import LEAST_MATCH, Matching
from zoo.models.model import Model, overlapping
from zoo.models.reliability import calibrated
from zoo.models.sampling import log_softmax
from zoo.tasks.video import decoding, poses
from zoo.tasks.video.codec import VideoCodec
from zoo.tasks.video.timeline import Timeline, film_label, judged, labels_of, timeline

CHUNK = 32  # frames of a call, where they need not be seen at once
WINDOW, MARGIN = 250, 50  # frames that a network which sees both sides reads at once, and how many it reads twice
BATCH = 16


class FramePrediction(NamedTuple):
    """What is seen in a frame.

    Attributes:
        frame: Which one, from 0.
        label: Its likeliest label.
        probability: Of that label; 0 where the model looks for a mouth and finds none: such frames are background.
        seconds: When the frame begins.
        probabilities: `(classes,)` of all labels.
    """

    frame: int
    label: str
    probability: float
    seconds: float
    probabilities: np.ndarray


class Labeler(Model):
    """A model that gives every frame, and every clip, a label."""

    codec: VideoCodec
    fixed_steps = True

    def label(
        self, film: Any, rate_hz: float | None = None, min_confidence: float | None = None
    ) -> Timeline:  # fmt: skip
        """Label a film of any length.

        Args:
            film: A video file, open or by its path, a folder of images, or frames in their order: `(height, width)`
                or `(height, width, 3)` uint8, or vectors `(features,)`; an array of them will do, or a .npy file.
            rate_hz: Frames per second of an array; None: as many as the model wants. A video file tells its own.
            min_confidence: Least probability of a label that is not `rejected`, from 0 to 1. None takes the threshold
                of the model: `card.calibration.threshold`.

        Raises:
            CodecError: The file is missing, empty, damaged, or has no pictures.
            ArgumentError: `film` is no frames, or they are of another size than the model takes.
        """
        film, calibration = films.sampled(film, rate_hz, self.codec.rate_hz), self.card.calibration
        calibration.least(min_confidence)
        matching = self._matching()
        frames = self._frames(film)
        if self.codec.landmarks:
            frames = poses.needed(frames, str(film) if isinstance(film, (str, os.PathLike)) else "the film")
        rows = list(self._rows(matching.watched(frames) if matching else frames))
        if not rows:
            raise CodecError("the film has no frames: give one that is not empty")
        probabilities = np.exp(log_softmax(np.concatenate(rows))).astype(np.float32)
        found = self._found(matching, film)
        return timeline(probabilities, self.codec, film, calibration, found, min_confidence)

    def _matching(self) -> Matching | None:
        """Return what tells whether there is a mouth, if the model needs one."""
        needed = self.card.calibration.least_match and self.codec.crop == "mouth" and self.codec.pixels
        return Matching(*self.codec.shape[:2]) if needed else None

    def _found(self, matching: Matching | None, film: Any) -> np.ndarray | None:
        """Tell in which frames a mouth was found, `(time,)`; warn if in none. None: it was not looked for."""
        if not matching or not matching.count:
            return None
        least = self.card.calibration.least_match
        found = matching.found(least)
        if not found.any():
            name = film if isinstance(film, (str, os.PathLike)) else "the film"
            best = f"best match {max(matching.looks):.2f}, at least {least:g} is needed"
            warnings.warn(f"{name}: no mouth was found ({best}): nothing is read", stacklevel=3)
        return found

    def stream(self, frames: Iterable[Any]) -> Iterator[FramePrediction]:
        """Label frames as they come; the label of a frame is told `delay` frames later and never taken back.

        Args:
            frames: Frames `(height, width)`, `(height, width, 3)` or `(features,)`, as many a second as the model wants
                (`model.codec.rate_hz`), or a video file.

        Yields:
            What is seen in each frame, in their order.

        Raises:
            ArgumentError: The network reads backwards too, or a frame is none.
        """
        if self.codec.bidirectional:
            raise ArgumentError(
                f"{self.card.name} reads a film from both ends: it can tell nothing before it has ended. "
                f"Stream with a model that only sees the past, such as gru_{self.card.task}; or label"
            )
        if self.engine.steps is not None:
            raise ArgumentError(f"the artifact takes {self.engine.steps} steps a call: export form='step' to stream")
        return self._streamed(self._frames(frames), frames)

    def _streamed(self, frames: Iterable[np.ndarray], source: Any) -> Iterator[FramePrediction]:
        matching, least = self._matching(), self.card.calibration.least_match
        frames = matching.watched(frames) if matching else frames
        for count, logits in enumerate(itertools.chain.from_iterable(self._onwards(frames, 1))):
            rows = np.exp(log_softmax(logits))
            label, probability = self.codec.vocabulary[int(rows.argmax())], float(rows.max())
            if matching and matching[count] < least:
                label, probability = self.codec.rest or label, 0.0
            yield FramePrediction(count, label, probability, count / self.codec.rate_hz, rows)
        self._found(matching, source)

    def _frames(self, film: Any) -> Iterator[np.ndarray]:
        """Return frames as the network takes them."""
        landmarks = self.codec.landmarks
        frames = films.frames(film, self.codec, bool(landmarks))
        return poses.filled(frames, landmarks, self.codec.bidirectional) if landmarks else frames

    def _rows(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Give the logits `(time, classes)` of frames, part by part."""
        if self.codec.bidirectional:
            size = self.engine.steps or WINDOW
            margin = min(MARGIN, size // 6)
            source = iter(frames)
            first = list(itertools.islice(source, size + 1))
            inner = size if len(first) <= size else size - 2 * margin  # a short film is read at once
            for x, counted in overlapping(_blocks(itertools.chain(first, source), inner), margin):
                yield self._step(x, [])[0][counted]
        else:
            yield from self._onwards(frames, self.engine.steps or CHUNK)

    def _onwards(self, frames: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
        """Give the same from left to right; what comes in the first `delay` steps is of no frame."""
        state, skipped = self.engine.initial_state(1), 0
        for x in _blocks(_followed(frames, self.codec.delay), size):
            logits, state = self._step(x, state)
            yield logits[max(0, self.codec.delay - skipped) :]
            skipped += len(x)

    def _step(self, x: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """Run the network over frames `(time, *shape)`, padded where the engine has a fixed number of steps."""
        more = max(0, (self.engine.steps or 0) - len(x))
        logits, state = self.engine.step(np.concatenate([x, *[x[-1:]] * more])[None], state)
        return logits[0][: len(x)], state

    def trial(self, steps: int, seed: int) -> str:
        """Label so many steps of something like film: to compare engines."""
        x = self.codec.example(np.random.default_rng(seed), 1, steps)
        logits, _ = self.engine.step(x, self.engine.initial_state(1))
        return self.codec.decode(logits[0].argmax(1))

    see = earlier("see", "logits")

    def logits(self, pieces: Sequence[Clip], progress: bool = False) -> list[np.ndarray]:
        """Give the logits `(time, classes)` of clips, in their order."""
        if self.engine.steps is not None:
            return [
                np.concatenate(list(self._rows(self.codec.frames(piece))))
                for piece in bar(pieces, progress, None, "clip")
            ]
        found: dict[int, np.ndarray] = {}
        ordered, lengths = storage.by_length(pieces), [len(piece) for piece in pieces]
        batches: list[list[int]] = []
        for index in ordered.indices:  # of equal length: what reads back from the end must find no padding there
            if not batches or len(batches[-1]) == BATCH or lengths[batches[-1][0]] != lengths[index]:
                batches.append([])
            batches[-1].append(index)
        for some in bar(batches, progress, None, "batch"):
            x, _ = self.codec.encode([pieces[i] for i in some])
            logits, _ = self.engine.step(x, self.engine.initial_state(len(x)))
            found |= {i: rows[self.codec.delay :] for i, rows in zip(some, logits, strict=True)}
        return [found[index] for index in range(len(pieces))]

    def measure(self, pieces: Sequence[Clip], progress: bool = False) -> dict[str, float]:
        """Measure how well the model labels clips.

        Returns:
            In per cent: `frames_correct`, the share of frames that have a label whose likeliest label is that; with a
            label for rest `active_frames_correct`, the same of frames that have another; with a grammar
            `parsed_frames_correct`, the share under the likeliest sentences, and `word_errors`, the edits that turn
            these into the true words, over the true words; else `clips_correct`, the share of clips whose label is
            theirs, of those with one alone. `tokens`: frames.

        Raises:
            ArgumentError: There is no piece.
        """
        if not pieces:
            raise ArgumentError("no clips to measure: give at least one")
        return {**rates(pieces, self.logits(pieces, progress), self.codec), "tokens": sum(map(len, pieces))}

    def calibrate(self, pieces: Sequence[Clip]) -> Calibration:
        """Fit temperature and threshold to clips that the model was not trained on.

        A mouth is looked for from then on, if it is cut out and found in all of these clips: the template does not fit
        everyone.
        """
        least = 0.0
        if pieces and self.codec.crop == "mouth" and self.codec.pixels:
            found = [Matching(*self.codec.shape[:2]).over(piece.pixels) for piece in pieces]
            least = LEAST_MATCH if all(one.found(LEAST_MATCH).all() for one in found) else 0.0
        return calibrated(*self.judge(pieces), least)

    def judge(self, pieces: Sequence[Clip]) -> tuple[Callable[[float], np.ndarray], np.ndarray]:
        """Tell how confident the model is of clips, and which it labels right.

        Without a grammar only clips that have one label count.

        Returns:
            A function, temperature → confidences `(pieces,)`; and bools `(pieces,)`.
        """
        codec = self.codec
        pieces = [piece for piece in pieces if codec.grammar or piece.label]
        shown = [np.exp(log_softmax(rows)).astype(np.float32) for rows in self.logits(pieces)]
        found = [judged(rows, labels_of(rows, codec), codec) for rows in shown]
        evidence = np.array([one for _, one in found])
        said = [" ".join(words(codec.tokens(piece), codec)) if codec.grammar else piece.label for piece in pieces]
        right = [label == true for (label, _), true in zip(found, said, strict=True)]
        return lambda temperature: np.exp(evidence / temperature), np.array(right, bool)


def rates(pieces: Sequence[Clip], logits: Sequence[np.ndarray], codec: VideoCodec) -> dict[str, float]:
    """Compare what was seen with what is there; see `Labeler.measure`."""
    from rapidfuzz.distance import Levenshtein

    truths = [codec.tokens(piece) for piece in pieces]
    truth, told = np.concatenate(truths), np.concatenate([rows.argmax(1) for rows in logits])
    labelled = truth >= 0
    active = labelled & (truth != codec.ids.get(codec.rest, -1))

    def share(right: np.ndarray, counted: np.ndarray) -> float:
        return 100 * float(right[counted].mean()) if counted.any() else 0.0

    found = {"frames_correct": share(truth == told, labelled)}
    if codec.rest:
        found["active_frames_correct"] = share(truth == told, active)
    if codec.grammar:
        paths = [decoding.of(log_softmax(rows), codec) for rows in logits]
        found["parsed_frames_correct"] = share(truth == np.concatenate(paths), labelled)
        pairs = [(words(a, codec), words(b, codec)) for a, b in zip(truths, paths, strict=True)]
        edits, said = sum(Levenshtein.distance(*pair) for pair in pairs), sum(len(a) for a, _ in pairs)
        found["word_errors"] = 100 * edits / max(1, said)
        return found
    alone = [(piece.label, rows) for piece, rows in zip(pieces, logits, strict=True) if piece.label]
    if alone:
        right = [film_label(np.exp(log_softmax(rows)), codec)[0] == label for label, rows in alone]
        found["clips_correct"] = 100 * float(np.mean(right))
    return found


def words(ids: np.ndarray, codec: VideoCodec) -> list[str]:
    """Give the words of labels `(time,)`, rest left out."""
    return [codec.vocabulary[i] for i, _ in itertools.groupby(ids) if i >= 0 and codec.vocabulary[i] != codec.rest]


def _blocks(frames: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Put so many frames together, at the end fewer."""
    source = iter(frames)
    while some := list(itertools.islice(source, size)):
        yield np.stack(some)


def _followed(frames: Iterable[np.ndarray], times: int) -> Iterator[np.ndarray]:
    """Show the last frame some times more."""
    last = None
    for last in frames:
        yield last
    if last is not None:
        yield from [last] * times
