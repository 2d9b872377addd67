"""Untrained labelers, and clips of one's own."""

import numpy as np

from tests.conftest import scatter
from tests.media.films import SHAPE
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.core.recipe import Recipe
from zoo.models.model import make
from zoo.tasks.video.codec import VideoCodec
from zoo.tasks.video.task import VideoSettings
from zoo.tasks.video.timeline import timeline

RECIPE = Recipe(units=8, embedding=6, layers=1, settings=VideoSettings(filters=2))
LABELS = ("rest", "up", "down", "left", "right")
GRAMMAR = (("up", "down"), ("left", "right"))
CAUSAL = [name for name, row in ARCHITECTURES.items() if not row.bidirectional]


def codec_for(architecture="gru", shape=SHAPE, **options):
    bidirectional = ARCHITECTURES[architecture].bidirectional
    options = {"delay": 0 if bidirectional else 2, "rest": "rest", "grammar": GRAMMAR, **options}
    return VideoCodec(LABELS, shape, 25.0, bidirectional=bidirectional, **options)


def tiny(architecture="gru", seed=0, **options):
    """An untrained labeler whose weights are random enough that labels change."""
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine

    row, codec = ARCHITECTURES[architecture], codec_for(architecture, **options)
    net = network(row, codec, RECIPE)
    scatter(net, seed, 1.0, 4.0)
    engine = KerasEngine(net)
    x = codec.example(np.random.default_rng(0), 1, 60)
    logits, _ = engine.step(x, engine.initial_state(1))
    last = net.get_layer("y")
    last.set_weights([last.get_weights()[0], last.get_weights()[1] - logits.mean((0, 1))])  # no label always wins
    digest = sha256(codec_json(codec).encode())
    card = Card(f"{architecture}_video", architecture, "video", RECIPE, net.count_params(), codec_sha256=digest)
    return make(card, codec, engine)


def seen(ids, codec=None, source=None, **options):
    codec = codec or codec_for()
    return timeline((np.eye(5)[ids] * 0.9 + 0.02).astype(np.float32), codec, source, **options)


def moving(way, count=12, seed=0, side=32):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 60, (count, side, side)).astype(np.uint8)
    start = rng.integers(4, side - 8)
    for t in range(count):
        at = int(start + (t if way == "right" else -t) * 2) % (side - 6)
        frames[t, 10:22, at : at + 6] = 230
    return frames


def classes(folder, *names, clips=2):
    """Write clips of vectors for each class."""
    for name in names:
        (folder / name).mkdir()
        for i in range(clips):
            np.save(folder / name / f"{i}.npy", np.random.default_rng(i).normal(size=(9, 4)))
    return folder
