"""What the encoder makes of clips is computed once, and the rest of the network takes it for its input."""

from dataclasses import replace

import numpy as np
import pytest

from tests.media.films import SHAPE, film
from tests.tasks.video.labelers import RECIPE, tiny
from zoo.core.architectures import ARCHITECTURES
from zoo.media.clips import Clip, Span, whole
from zoo.networks.build import network
from zoo.networks.keras_engine import KerasEngine
from zoo.tasks.video.feature_cache import cached

CLIPS = {
    "train": [Clip(film(7), SHAPE, (Span("up", 0, 3), Span("left", 3, 7)), "a"), Clip(film(4, seed=1), SHAPE, whole("up"))],
    "valid": [Clip(film(5, seed=2), SHAPE, whole("down"), "b", mirrored=True)],
    "test": [Clip(film(3), SHAPE, whole("left"))],
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return tiny("gru")


@pytest.fixture(scope="module")
def features(model, tmp_path_factory):
    """Cached clips, their codec, and the folder they are in."""
    folder = tmp_path_factory.mktemp("run") / "features"
    return *cached(model.engine.network, model.codec, CLIPS, folder), folder


def test_features_have_the_frames_that_the_network_waits_for(model, features):
    found, codec, _ = features
    assert {split: [len(clip) for clip in clips] for split, clips in found.items()} == {"train": [9, 6], "valid": [7]}
    assert codec.shape == found["train"][0].shape == (RECIPE.embedding,)
    assert (codec.dtype, codec.delay, codec.frontend()) == ("float32", 0, None)
    assert (codec.vocabulary, codec.rest, codec.rate_hz) == (model.codec.vocabulary, "rest", 25.0)
    assert found["train"][0].spans == (Span("up", 2, 5), Span("left", 5, 9))
    assert found["valid"][0] == replace(found["valid"][0], name="b", mirrored=True, spans=(Span("down", 2, np.inf),))


def test_the_rest_of_the_network_goes_on_from_them(model, features):
    """Logits and targets are those of the whole network on the frames."""
    found, codec, _ = features
    rest = network(ARCHITECTURES["gru"], codec, RECIPE)
    for name in ("recurrent_0", "y"):
        rest.get_layer(name).set_weights(model.engine.network.get_layer(name).get_weights())
    engine = KerasEngine(rest)
    for split in ("train", "valid"):
        for clip, frames in zip(found[split], CLIPS[split], strict=True):
            (x, y), (seen, labels) = codec.encode([clip]), model.codec.encode([frames])
            logits, _ = engine.step(x, engine.initial_state(1))
            expected, _ = model.engine.step(seen, model.engine.initial_state(1))
            np.testing.assert_allclose(logits, expected, atol=1e-4)
            np.testing.assert_array_equal(y, labels)


def test_they_are_computed_once(model, features, monkeypatch):
    found, codec, folder = features
    monkeypatch.setattr(KerasEngine, "step", lambda *_: pytest.fail("computed again"))
    again, same = cached(model.engine.network, model.codec, CLIPS, folder)
    assert same.to_json() == codec.to_json()
    for split, clips in found.items():
        for a, b in zip(clips, again[split], strict=True):
            np.testing.assert_array_equal(a.pixels, b.pixels)


def test_what_was_broken_off_leaves_no_folder(model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cached(model.engine.network, model.codec, {"train": Broken()}, tmp_path / "features")
    assert not list(tmp_path.iterdir())


class Broken:
    """Clips that are interrupted after the first."""

    def __iter__(self):
        yield CLIPS["train"][0]
        raise KeyboardInterrupt
