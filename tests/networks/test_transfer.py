import numpy as np
import pytest

import zoo
from tests.conftest import CODEC, RECIPE, random_score, tiny_model
from zoo.core.architectures import ARCHITECTURES
from zoo.errors import ArgumentError
from zoo.networks.build import network
from zoo.networks.keras_engine import KerasEngine
from zoo.networks.transfer import resize_vocabulary, set_weights, weights
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.text.codec import Text, TextCodec


def test_weights_go_out_and_in(model):
    stored = weights(model.engine.network, "float32")
    set_weights(model.engine.network, stored)
    for path, array in weights(model.engine.network, "float32").items():
        np.testing.assert_array_equal(array, stored[path])
    with pytest.raises(ArgumentError, match="another network"):
        set_weights(model.engine.network, {k: v[:1] for k, v in stored.items()})


def test_what_was_learned_is_kept_when_the_vocabulary_grows():
    from zoo.networks.transfer import resize_vocabulary, weights

    codec = TextCodec("ab")
    larger, *kept = codec.extended([Text(np.array([0]), "z")])
    nets = [network(zoo.ARCHITECTURES["lstm"], one, RECIPE) for one in (codec, larger)]
    set_weights(nets[1], resize_vocabulary(weights(nets[0], "float32"), weights(nets[1], "float32"), *kept))
    x = np.array([[[2], [0], [1], [1]]], np.int32)  # the beginning of a text, a, b, b
    state = [np.zeros((1, 12), np.float32)] * 2
    before, after = (
        net([np.where(x == 2, one.blank, x), *state])[0].numpy() for net, one in zip(nets, (codec, larger), strict=True)
    )
    np.testing.assert_allclose(after[..., :2], before, atol=1e-6)
    rare = int(weights(nets[0])["y/bias"].argmin())
    np.testing.assert_allclose(after[..., 2], before[..., rare], atol=1e-6)


@pytest.mark.parametrize(
    ("architecture", "voices", "heard"),
    [
        *(("lstm", len(heard), heard) for heard in ([0], [0, 2], [0, 1, 2], [0, 0, 1, 2, 2])),
        *(("bilstm", len(heard), heard) for heard in ([0], [0, 2], [0, 1, 2], [0, 1, 1, 2, 2])),  # from each downwards
    ],
)
def test_trained_weights_fit_other_voices_and_pitches(architecture, voices, heard):
    old, wide = tiny_model(architecture), random_score(0, 200, MusicCodec(voices, 45, 75))
    codec, symbols, classes, features = old.codec.extended([wide])
    assert codec.voices == voices
    assert codec.low < CODEC.low
    assert codec.high > CODEC.high
    assert features.tolist() == [0, 1, *(2 + 3 * kind + v for kind in range(len(codec.kinds)) for v in heard)]
    trained, net = weights(old.engine.network, "float32"), network(ARCHITECTURES[architecture], codec, old.card.recipe)
    arrays = resize_vocabulary(trained, weights(net, "float32"), symbols, classes, features)
    set_weights(net, arrays)
    kept = np.asarray(classes) >= 0
    assert kept.sum() == CODEC.classes
    np.testing.assert_array_equal(arrays["y/kernel"][:, kept], trained["y/kernel"][:, classes[kept]])

    np.testing.assert_array_equal(arrays["y/bias"][kept], trained["y/bias"][classes[kept]])
    np.testing.assert_array_equal(arrays["y/bias"][~kept], trained["y/bias"].min())
    if voices < 3:  # a voice is gone
        return

    # All that is heard, seen through the new columns, gives what it gave before.
    before = old.codec.example(np.random.default_rng(0), 2, 9)
    after = np.zeros((*before.shape[:2], codec.features), np.int32)
    for new, column in enumerate(features):
        mine = slice(codec.offsets[new], codec.offsets[new] + codec.sizes[new])
        places = {old_symbol: at for at, old_symbol in enumerate(symbols[mine], codec.offsets[new])}
        after[..., new] = np.vectorize(places.__getitem__)(before[..., column])
    state = [np.random.default_rng(1).normal(size=(2, RECIPE.units)).astype(np.float32) for _ in old.engine.states]
    expected, found = old.engine.step(before, state)[0], KerasEngine(net).step(after, state)[0]
    np.testing.assert_allclose(found[..., kept], expected[..., classes[kept]], atol=1e-5)
