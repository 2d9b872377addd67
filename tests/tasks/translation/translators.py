"""Untrained translators, whose weights are random enough that they say something, and files of pairs."""

import functools
from dataclasses import replace

import numpy as np

from tests.models.pair_models import untrained
from zoo.core.recipe import Recipe
from zoo.core.subwords import Subwords
from zoo.tasks.translation.codec import TranslationCodec
from zoo.tasks.translation.task import TranslationSettings

SENTENCES = ("the cat", "a", "the cat at the mat in the house", "été 🎵", "cat the")


def codec():
    return TranslationCodec(Subwords(("97 116", "116 104", "257 101", "32 99", "259 256")))  # at th the " c" " cat"


RECIPE = Recipe(units=8, embedding=6, layers=2, window=0, settings=TranslationSettings())


@functools.cache
def tiny(architecture="gru", layers=2, ending=1.0):
    """An untrained translator.

    Args:
        architecture: Its name.
        layers: Recurrent layers of encoder and decoder.
        ending: How likely outputs end.
    """
    return untrained("translation", architecture, codec(), replace(RECIPE, layers=layers), ending)


def told(found):
    """Texts, subwords and whether they are complete, of translations in any nesting: what must be the same everywhere."""
    if isinstance(found, list):
        return [told(one) for one in found]
    return found.text, found.tokens, found.complete


def pairs_file(path, count=60):
    """Write pairs of a language whose words are others, in the same order."""
    words = dict(
        zip(
            ["one", "two", "red", "big", "cat", "dog", "sees", "likes"],
            ["un", "deux", "rouge", "grand", "chat", "chien", "voit", "aime"],
            strict=True,
        )
    )
    rng, lines = np.random.default_rng(0), []
    for _ in range(count):
        chosen = rng.choice(list(words), rng.integers(1, 6))
        lines.append(f"{' '.join(chosen)}.\t{' '.join(words[word] for word in chosen)} !\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path
