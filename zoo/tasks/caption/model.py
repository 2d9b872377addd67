"""Models that say what is seen in a clip, in a sentence. NumPy only."""

import itertools
import math
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, overload

import numpy as np

from zoo.core.calibration import Calibration
from zoo.core.pairs import END
from zoo.errors import ArgumentError, CodecError
from zoo.media import films
from zoo.media.mouth import LEAST_MATCH, Matching
from zoo.models.beam_search import Output
from zoo.models.reliability import calibrated
from zoo.models.seq2seq import Seq2Seq
from zoo.runtime.engine import BoundEngine
from zoo.tasks.caption.codec import CaptionCodec
from zoo.tasks.caption.pieces import MOST_FRAMES, Captioned
from zoo.tasks.caption.result import Caption
from zoo.tasks.caption.scoring import scores, words


class Captioner(Seq2Seq):
    """A model that describes clips."""

    codec: CaptionCodec

    @overload
    def caption(self, film: Any, beam_width: int | None = ..., n: None = ..., length_penalty: float | None = ...,
                rate_hz: float | None = ..., min_confidence: float | None = ...) -> Caption: ...  # fmt: skip
    @overload
    def caption(self, film: Any, beam_width: int | None = ..., *, n: int, length_penalty: float | None = ...,
                rate_hz: float | None = ..., min_confidence: float | None = ...) -> list[Caption]: ...  # fmt: skip
    def caption(
        self, film: Any, beam_width: int | None = None, n: int | None = None, length_penalty: float | None = None,
        rate_hz: float | None = None, min_confidence: float | None = None,
    ) -> Any:  # fmt: skip
        """Describe a clip in a sentence.

        Args:
            film: A video file, open or by its path, a folder of images, or frames in their order: `(height, width)` or
                `(height, width, 3)` uint8, or vectors `(features,)`; an array of them will do, or a .npy file.
            beam_width: Captions that are followed at a time; 1 is greedy, and there are never fewer than `n`. None
                takes 5, and 1 in an artifact that has the whole search inside.
            n: Captions returned, the best first; None returns the best one.
            length_penalty: Exponent by which long captions are preferred; 0 compares probabilities alone. None takes 1.
            rate_hz: Frames per second of an array; None: as many as the model takes. A video file has its own.
            min_confidence: Least probability of a caption that is not `rejected`, from 0 to 1. None takes the threshold
                of the model: `card.calibration.threshold`.

        Returns:
            A `Caption`, or a list of `n`.

        Raises:
            CodecError: The file is missing, empty, damaged, too long, or has no pictures.
            ArgumentError: `film` is no frames, they are of another size than the model takes, or an option is out of
                range.
        """
        beam, calibration = self.beam(beam_width, n, length_penalty), self.card.calibration
        least = calibration.least(min_confidence)
        form = self.codec.form
        frames = films.frames(films.sampled(film, rate_hz, form.rate_hz), form)
        needed = calibration.least_match and form.crop == "mouth" and form.pixels
        matching = Matching(*form.shape[:2]) if needed else None
        seen = list(itertools.islice(matching.watched(frames) if matching else frames, MOST_FRAMES + 1))
        if not seen:
            raise CodecError("the film has no frames: give one that is not empty")
        if len(seen) > MOST_FRAMES:
            longest = f"{MOST_FRAMES / form.rate_hz:g} s ({MOST_FRAMES:,} frames)"
            raise CodecError(f"the film is longer than {longest}: cut it into parts")
        name = str(film) if isinstance(film, (str, os.PathLike)) else ""
        mouth = not matching or matching.found(calibration.least_match).any()
        if not mouth:
            warnings.warn(f"{name or 'the film'}: no mouth was found: what is read is not to be trusted", stacklevel=2)
        clip = np.stack(seen)
        [outputs] = self.outputs([clip], beam)
        attention = self.attention([clip], [outputs])
        found = [
            self._caption(clip, one, attention[0][i] if attention else None, name, least if mouth else math.inf)
            for i, one in enumerate(outputs)
        ]
        return found[0] if n is None else found

    def _caption(
        self, clip: np.ndarray, output: Output, alignment: np.ndarray | None, name: str, least: float
    ) -> Caption:
        codec, ids = self.codec, np.append(output.ids, [END] * output.ended)
        if alignment is not None:  # frames behind the last one that is not black are looked at by none
            alignment = np.pad(alignment, ((0, 0), (0, len(clip) - alignment.shape[1])))
        probability = math.exp(output.log_probability / self.card.calibration.temperature)
        return Caption(
            text=codec.decode(ids).strip(), score=output.score, probability=probability,
            tokens=tuple(codec.words(ids)), alignment=alignment, complete=output.ended,
            rejected=bool(probability < least or math.isinf(least)), seconds=len(clip) / codec.rate_hz, source=name,
        )  # fmt: skip

    def measure(self, pieces: Sequence[Captioned], progress: bool = False) -> dict[str, float]:
        """Measure captions of clips.

        Returns:
            Those of `zoo.tasks.caption.scoring.scores`, of the usual beam; `nats_per_token` of all captions, where the
            artifact does single steps; and `tokens`: frames.

        Raises:
            ArgumentError: There is no clip.
            MissingExtra: sacreBLEU or pycocoevalcap is not installed.
        """
        if not pieces:
            raise ArgumentError("no clips to measure: give at least one")
        best = self._best(pieces, progress)
        found = scores([self._text(one) for one in best], [piece.captions for piece in pieces])
        if not isinstance(self.engine, BoundEngine):
            every = [replace(piece, chosen=i) for piece in pieces for i in range(len(piece.captions))]
            total, count = self.nats(every)
            found["nats_per_token"] = total / count
        return {**found, "tokens": sum(map(len, pieces))}

    def _best(self, pieces: Sequence[Captioned], progress: bool = False) -> list[Output]:
        return [row[0] for row in self.outputs(pieces, self.beam(None, None, None), progress)]

    def _text(self, output: Output) -> str:
        return self.codec.decode(output.ids).strip()

    def calibrate(self, pieces: Sequence[Captioned]) -> Calibration:
        """Fit temperature and threshold to clips that the model was not trained on.

        A mouth is looked for from then on, if it is cut out and found in all of these clips.
        """
        least, form = 0.0, self.codec.form
        if pieces and form.crop == "mouth" and form.pixels:
            matches = [Matching(*form.shape[:2]).over(piece.clip.pixels) for piece in pieces]
            least = LEAST_MATCH if all(one.found(LEAST_MATCH).all() for one in matches) else 0.0
        return calibrated(*self.judge(pieces), least)

    def judge(self, pieces: Sequence[Captioned]) -> tuple[Callable[[float], np.ndarray], np.ndarray]:
        """Return how confident the model is of clips, and of which the caption is one of theirs, word by word.

        Returns:
            A function, temperature → confidences `(pieces,)`; and bools `(pieces,)`.
        """
        best = self._best(pieces)
        evidence = np.array([one.log_probability for one in best])
        told = [words(self._text(one)) for one in best]
        right = [text in [words(one) for one in piece.captions] for text, piece in zip(told, pieces, strict=True)]
        return lambda temperature: np.exp(evidence / temperature), np.array(right, bool)
