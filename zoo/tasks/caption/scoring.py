"""How captions are compared with those that people gave."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from zoo.core.extras import needing
from zoo.core.sentences import padded_references

APART = re.compile(r"[^\w'\s]+")


def words(text: str) -> list[str]:
    """Return the words of a caption as they are compared: lower case, without punctuation.

    Example:
        >>> words("A man, it's said, plays.")
        ['a', 'man', "it's", 'said', 'plays']
    """
    return APART.sub(" ", unicodedata.normalize("NFC", text).lower()).split()


def scores(texts: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """Compare captions with references.

    Args:
        texts: A caption for each clip.
        references: One caption or more of each.

    Returns:
        `word_errors`: edits that turn captions into the nearest reference, per 100 words of these. `bleu4`: BLEU of one
        to four words, in per cent (sacreBLEU, no smoothing, tokens of `words`). `cider`: CIDEr of pycocoevalcap, times
        100, whose weights of words are those of these references (Vedantam, Zitnick & Parikh, CVPR 2015).

    Raises:
        MissingExtra: sacreBLEU or pycocoevalcap is not installed.
    """
    from rapidfuzz.distance import Levenshtein

    with needing("measuring captions needs", "sacrebleu", "pycocoevalcap"):
        from pycocoevalcap.cider.cider import Cider
        from sacrebleu.metrics import BLEU

    told = [words(text) for text in texts]
    known = [[words(text) for text in some] for some in references]
    nearest = [
        min(((Levenshtein.distance(one, text), len(one)) for one in some), key=lambda row: row[0] / max(1, row[1]))
        for text, some in zip(told, known, strict=True)
    ]
    errors, length = map(sum, zip(*nearest, strict=True))
    lines, rows = [" ".join(text) for text in told], [[" ".join(one) for one in some] for some in known]
    columns: Any = padded_references(rows)  # None, where a clip has fewer, is not in its types
    bleu = BLEU(tokenize="none", smooth_method="none").corpus_score(lines, columns)
    cider, _ = Cider().compute_score(dict(enumerate(rows)), {i: [line] for i, line in enumerate(lines)})
    return {
        "word_errors": 100 * errors / max(1, length),
        "bleu4": float(bleu.score),
        "cider": 100 * float(cider),
    }
