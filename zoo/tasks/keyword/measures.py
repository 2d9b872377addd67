"""How many clips a model knows the word of: of all, of the worst word, and how much that differs among speakers."""

from collections.abc import Sequence

import numpy as np

from zoo.tasks.keyword.clips import SILENCE, Clip


def rates(pieces: Sequence[Clip], right: np.ndarray) -> dict[str, float]:
    """Measure in per cent of clips.

    Args:
        pieces: Clips, at least one.
        right: Which of them the model knows the word of, `(clips,)` bool.

    Returns:
        `accuracy` of all clips; `accuracy_without_silence` of those with a word, if there are others; where there are
        several words `worst_word_accuracy`; and of several speakers `error_over_speakers`, the standard error of the
        accuracy of clips with a word, with speakers drawn at random.
    """
    found = {"accuracy": 100 * float(right.mean())}
    spoken = np.array([piece.word != SILENCE for piece in pieces], bool)
    if spoken.any() and not spoken.all():
        found["accuracy_without_silence"] = 100 * float(right[spoken].mean())
    words = by([piece.word for piece in pieces], right)
    if len(words) > 1:
        found["worst_word_accuracy"] = min(words.values())
    speakers = [piece.speaker for piece in pieces]
    named = np.array([bool(speaker) for speaker in speakers], bool) & spoken
    if len(set(np.array(speakers)[named])) > 1:
        found["error_over_speakers"] = standard_error(np.array(speakers)[named], right[named])
    return found


def by(names: Sequence[str], right: np.ndarray) -> dict[str, float]:
    """Return the accuracy of each name, in per cent, the worst first."""
    found = {name: 100 * float(right[np.array(names) == name].mean()) for name in set(names)}
    return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))


def standard_error(speakers: np.ndarray, right: np.ndarray) -> float:
    """Return the standard error of an accuracy whose clips come in clusters, one for each speaker, in per cent.

    Example:
        >>> round(standard_error(np.array(["ann", "ann", "bob", "bob"]), np.array([True, True, True, False])), 2)
        25.0
    """
    names, of = np.unique(speakers, return_inverse=True)
    residuals = np.bincount(of, right - right.mean(), len(names))
    return 100 * float(np.sqrt(len(names) / (len(names) - 1) * np.square(residuals).sum()) / len(right))
