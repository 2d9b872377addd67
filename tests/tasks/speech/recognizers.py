"""Untrained recognizers, folders of recordings, and probabilities to decode."""

import itertools

import numpy as np

from tests.conftest import scatter
from tests.media.sounds import sound, written
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.core.recipe import Recipe
from zoo.models.model import make
from zoo.tasks.speech import user_data
from zoo.tasks.speech.codec import VOCABULARY, SpeechCodec
from zoo.tasks.speech.task import SpeechSettings

RECIPE = Recipe(units=8, embedding=6, settings=SpeechSettings(filters=2))
CAUSAL = [name for name, row in ARCHITECTURES.items() if not row.bidirectional]


def tiny(architecture="gru", samples=True, seed=0):
    """An untrained recognizer whose weights are random enough that it hears something."""
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine

    row = ARCHITECTURES[architecture]
    codec = SpeechCodec(VOCABULARY, bidirectional=row.bidirectional)
    net = network(row, codec if samples else codec.learning, RECIPE)
    scatter(net, seed, 1.5, 3.0)
    digest = sha256(codec_json(codec).encode())
    card = Card(f"{architecture}_speech", architecture, "speech", RECIPE, net.count_params(), codec_sha256=digest)
    return make(card, codec if samples else codec.learning, KerasEngine(net))


def own_folder(folder, rows):
    folder.mkdir()
    for i in range(12):
        written(folder / f"{i}.wav", sound(1.0, seed=i))
    written(folder / "short.wav", sound(0.1))
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / user_data.LIST).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def random_rows(seed, time=6, classes=4):
    rows = np.random.default_rng(seed).random((time, classes)) ** 3
    return rows / rows.sum(1, keepdims=True)


def texts_by_force(rows, vocabulary):
    """Sum the probabilities of all alignments of every text."""
    found = {}
    for path in itertools.product(range(rows.shape[1]), repeat=len(rows)):
        ids = [k for k, _ in itertools.groupby(path) if k < len(vocabulary)]
        text = "".join(vocabulary[i] for i in ids)
        p = float(np.prod([rows[t, k] for t, k in enumerate(path)]))
        best = max(found.get(text, (0, 0, None))[1:], (p, path), key=lambda pair: pair[0])
        found[text] = (found.get(text, (0,))[0] + p, *best)
    return found
