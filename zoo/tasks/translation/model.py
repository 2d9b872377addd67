"""Models that translate. NumPy only."""

import math
from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from zoo.core.extras import needing
from zoo.core.pairs import END
from zoo.core.sentences import padded_references
from zoo.errors import ArgumentError
from zoo.models.beam_search import Output
from zoo.models.seq2seq import Seq2Seq
from zoo.runtime.engine import BoundEngine
from zoo.tasks.translation.codec import TranslationCodec
from zoo.tasks.translation.pairs import Pair, checked, references
from zoo.tasks.translation.result import Translation


class Translator(Seq2Seq):
    """A model that translates sentences."""

    codec: TranslationCodec

    @overload
    def translate(self, text: str, beam_width: int | None = ..., n: None = ..., length_penalty: float | None = ...,
                  progress: bool = ...) -> Translation: ...  # fmt: skip
    @overload
    def translate(self, text: Any, beam_width: int | None = ..., n: int | None = ...,
                  length_penalty: float | None = ..., progress: bool = ...) -> Any: ...  # fmt: skip
    def translate(
        self, text: str | Sequence[str], beam_width: int | None = None, n: int | None = None,
        length_penalty: float | None = None, progress: bool = False,
    ) -> Any:  # fmt: skip
        """Translate a sentence, or several.

        Args:
            text: A sentence, or a list of them.
            beam_width: Translations that are followed at a time; 1 is greedy, and there are never fewer than `n`. None
                takes 5, and 1 in an artifact that has the whole search inside.
            n: Translations returned for each sentence, the best first; None returns the best one.
            length_penalty: Exponent by which long translations are preferred; 0 compares probabilities alone. None
                takes 1.
            progress: Show a progress bar.

        Returns:
            A `Translation`; with `n` a list of at most so many; of a list of sentences, a list of either.

        Raises:
            CodecError: A sentence is no text, empty or too long.
            ArgumentError: A value is out of range, or the artifact has its search inside and cannot do this.
        """
        beam = self.beam(beam_width, n, length_penalty)
        several = isinstance(text, Sequence) and not isinstance(text, (str, bytes, bytearray))
        sentences = [checked(each) for each in (text if several else [text])]
        outputs = self.outputs(sentences, beam, progress)
        weights = self.attention(sentences, outputs)
        found = [
            [self._translation(sentence, row[k], weights[i][k] if weights else None) for k in range(len(row))]
            for i, (sentence, row) in enumerate(zip(sentences, outputs, strict=True))
        ]
        chosen: list[Any] = [row[0] for row in found] if n is None else found
        return chosen if several else chosen[0]

    def _translation(self, sentence: str, output: Output, alignment: np.ndarray | None) -> Translation:
        codec, ids = self.codec, np.append(output.ids, [END] * output.ended)
        return Translation(
            text=codec.decode(ids).strip(), score=output.score, probability=math.exp(output.log_probability),
            tokens=tuple(codec.words(ids)), alignment=alignment, complete=output.ended, source=sentence,
            source_tokens=tuple(codec.words(codec.sources([sentence])[0])),
        )  # fmt: skip

    def measure(self, pieces: Sequence[Pair], progress: bool = False) -> dict[str, float]:
        """Measure translations of the sources of pairs, each once, by all its references.

        Returns:
            `bleu` and `chrf` of sacreBLEU (13a tokens, mixed case; of the usual beam), `nats_per_token` of all pairs,
            where the artifact does single steps, and `tokens`: characters, the longer side of each pair.

        Raises:
            ArgumentError: There is no pair.
            MissingExtra: sacreBLEU is not installed.
        """
        if not pieces:
            raise ArgumentError("no pairs to measure: give at least one")
        known = references(pieces)
        best = [row[0] for row in self.outputs(list(known), self.beam(None, None, None), progress)]
        texts = [self.codec.decode(one.ids).strip() for one in best]
        found = scores(texts, list(known.values()))
        if not isinstance(self.engine, BoundEngine):
            total, count = self.nats(pieces)
            found["nats_per_token"] = total / count
        return {**found, "tokens": sum(map(len, pieces))}


def scores(texts: Sequence[str], known: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return sacreBLEU's BLEU and chrF, in per cent, of translations with one or more references each.

    Raises:
        MissingExtra: sacreBLEU is not installed.
    """
    with needing("measuring translations needs", "sacrebleu"):
        from sacrebleu.metrics import BLEU, CHRF

    rows: Any = padded_references(known)  # None, where a sentence has fewer, is not in its types
    metrics = {"bleu": BLEU(), "chrf": CHRF()}
    return {name: float(metric.corpus_score(list(texts), rows).score) for name, metric in metrics.items()}


def signatures() -> dict[str, str]:
    """Return the signatures of sacreBLEU that describe how `scores` computes: metric → signature.

    Raises:
        MissingExtra: sacreBLEU is not installed.
    """
    with needing("measuring translations needs", "sacrebleu"):
        from sacrebleu.metrics import BLEU, CHRF

    found = {}
    for name, metric in (("bleu", BLEU()), ("chrf", CHRF())):
        metric.corpus_score(["a"], [["a"]])
        found[name] = str(metric.get_signature())
    return found
