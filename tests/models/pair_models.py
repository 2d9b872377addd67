"""Untrained encoder–decoder models, to test with."""

import numpy as np

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.core.pairs import END
from zoo.models.model import make


def untrained(task, architecture, codec, recipe, ending):
    """A model with random weights that are large enough to make outputs differ.

    Args:
        task: Name of its task.
        architecture: Its name.
        codec: Its codec.
        recipe: Its sizes.
        ending: How likely outputs end.
    """
    from zoo.networks.build import network
    from zoo.networks.keras_engine import engine_of
    from zoo.networks.transfer import set_weights, weights

    net, rng = network(ARCHITECTURES[architecture], codec, recipe), np.random.default_rng(3)
    arrays = {
        path: rng.normal(0, 1.5 / np.sqrt(max(1, a.shape[0])) if a.ndim > 1 else 0.2, a.shape).astype(np.float16)
        for path, a in weights(net).items()
    }
    arrays["embedding/embeddings"] = rng.normal(0, 2.5, arrays["embedding/embeddings"].shape).astype(np.float16)
    arrays["y/bias"][END] = ending
    set_weights(net, arrays)
    digest = sha256(codec_json(codec).encode())
    card = Card(f"{architecture}_{task}", architecture, task, recipe, net.count_params(), codec_sha256=digest)
    return make(card, codec, engine_of(net, codec))
