"""Untrained translators, whose weights are random enough that they say something, and files of pairs."""

import functools
from dataclasses import replace

import numpy as np

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.core.pairs import END
from zoo.core.recipe import Recipe
from zoo.core.subwords import Subwords
from zoo.models.model import make
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
    from zoo.networks.build import network
    from zoo.networks.keras_engine import engine_of
    from zoo.networks.transfer import set_weights, weights

    own, recipe = codec(), replace(RECIPE, layers=layers)
    net, rng = network(ARCHITECTURES[architecture], own, recipe), np.random.default_rng(3)
    arrays = {
        path: rng.normal(0, 1.5 / np.sqrt(max(1, a.shape[0])) if a.ndim > 1 else 0.2, a.shape).astype(np.float16)
        for path, a in weights(net).items()
    }
    arrays["embedding/embeddings"] = rng.normal(0, 2.5, arrays["embedding/embeddings"].shape).astype(np.float16)
    arrays["y/bias"][END] = ending
    set_weights(net, arrays)
    digest = sha256(codec_json(own).encode())
    name = f"{architecture}_translation"
    card = Card(name, architecture, "translation", recipe, net.count_params(), codec_sha256=digest)
    return make(card, own, engine_of(net, own))


def told(found):
    """Texts, subwords and whether they are complete, of translations in any nesting: what must be the same everywhere."""
    if isinstance(found, list):
        return [told(one) for one in found]
    return found.text, found.target_tokens, found.complete


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
