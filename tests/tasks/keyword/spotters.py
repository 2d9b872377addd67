"""Untrained spotters, models whose logits are known, and folders of words."""

from types import SimpleNamespace

import numpy as np

from tests.conftest import scatter
from tests.media.sounds import sound, written
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.core.recipe import Recipe
from zoo.models.model import make
from zoo.tasks.keyword.clips import SILENCE, Clip
from zoo.tasks.keyword.codec import KeywordCodec
from zoo.tasks.keyword.model import Spotter
from zoo.tasks.keyword.task import KeywordSettings

WORDS = ("no", "yes", "_unknown_", "_silence_")
RECIPE = Recipe(units=8, embedding=6, settings=KeywordSettings(filters=2))
CAUSAL = [name for name, row in ARCHITECTURES.items() if not row.bidirectional]


def tiny(architecture="gru", samples=True, seed=0):
    """An untrained spotter whose weights are random enough that it hears something."""
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine

    row = ARCHITECTURES[architecture]
    codec = KeywordCodec(WORDS, bidirectional=row.bidirectional)
    net = network(row, codec if samples else codec.learning, RECIPE)
    scatter(net, seed, 1.5, 3.0)
    digest = sha256(codec_json(codec).encode())
    card = Card(f"{architecture}_keyword", architecture, "keyword", RECIPE, net.count_params(), codec_sha256=digest)
    return make(card, codec if samples else codec.learning, KerasEngine(net))


def by_level(bidirectional=False, steps=None):
    """A spotter without a network: loud steps are a word by the sign of their first sample, others are silence."""

    def step(x, state):
        loud = np.abs(x).max(-1) > 0.01
        y = np.zeros((*x.shape[:2], len(WORDS)), np.float32)
        y[..., 3] = np.where(loud, -2, 2)
        y[..., 0], y[..., 1] = (np.where(loud, np.where(sign * x[..., 0] > 0, 24, -6), -2) for sign in (-1, 1))
        return y, state

    engine = SimpleNamespace(
        step=step, initial_state=lambda _batch: [], steps=steps, batch=None, name="level", concurrent=True
    )
    card = Card("gru_keyword", "gru", "keyword", RECIPE, 1)
    return Spotter(card, KeywordCodec(WORDS, bidirectional=bidirectional), engine)


def said(*words, pause=0.0):
    """Put words of `by_level` one behind the other: `(sign, seconds)` each, and silence before and behind them."""
    parts = [np.zeros(16000, np.float32)]
    for sign, seconds in words:
        parts += [np.full(int(16000 * seconds), 0.1 * sign, np.float32), np.zeros(int(16000 * pause), np.float32)]
    return np.concatenate([*parts, np.zeros(16000, np.float32)])


def clips(count=6, words=("no", "yes", SILENCE)):
    """Clips of a second, of words in turn, each of another speaker."""
    return [
        Clip(
            sound(1.0, seed=i) * (0.01 if words[i % len(words)] == SILENCE else 1),
            words[i % len(words)],
            f"s{i}",
            f"{i}",
        )
        for i in range(count)
    ]


def own_folder(folder, words=("left", "right"), count=3, name="{i}.wav", noise=False):
    for number, word in enumerate(words):
        (folder / word).mkdir(parents=True)
        for i in range(count):
            written(folder / word / name.format(i=i, number=number), sound(0.8, seed=10 * number + i))
    if noise:
        (folder / "background").mkdir()
        written(folder / "background/hum.wav", 0.1 * sound(4.0, seed=99))
    return folder
