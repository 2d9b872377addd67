import numpy as np
import pytest

from tests.media.sounds import sound
from tests.tasks.keyword.spotters import CAUSAL, tiny
from zoo.core.mel import STEP
from zoo.tasks.keyword.clips import Clip


def test_network_hears_what_it_was_trained_on(model):
    """The samples' network and the features' network are one, with the features of NumPy in between."""
    learned = tiny(model.card.architecture, samples=False)
    piece = Clip(sound(1.0), "yes")
    (x, _), (features, y) = model.codec.encode([piece]), learned.codec.encode([piece])
    assert (x.shape, features.shape, y.shape) == ((1, 25, STEP), (1, 25, 160), (1, 25, 4))
    expected, _ = learned.engine.step(features, learned.engine.initial_state(1))
    found, _ = model.engine.step(x, model.engine.initial_state(1))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert found.std() > 0.1


@pytest.mark.parametrize("architecture", CAUSAL)
def test_steps_chain_to_one_call(architecture):
    one = tiny(architecture)
    x = one.codec.example(np.random.default_rng(1), 2, 30)
    whole, last = one.engine.step(x, one.engine.initial_state(2))
    state, parts = one.engine.initial_state(2), []
    for part in np.split(x, [1, 4, 20], axis=1):
        y, state = one.engine.step(part, state)
        parts.append(y)
    for a, b in zip([np.concatenate(parts, 1), *state], [whole, *last], strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_states_and_shapes_are_as_told():
    """Without convolutions too; features have no state of samples."""
    import zoo

    net = zoo.build("gru_keyword", units=4, embedding=3, filters=4)
    assert [(t.name, t.shape[-1]) for t in net.inputs[1:]] == [
        ("f0_0", 240), ("f0_1", 3 * 40), ("f0_2", 1 * 20 * 4), ("h0_0", 4),
    ]  # fmt: skip
    assert net.get_layer("convolution_1").kernel.shape == (3, 3, 4, 6)
    plain = zoo.build("gru_keyword", units=4, embedding=3, filters=0)
    assert [t.name for t in plain.inputs] == ["x", "f0_0", "h0_0"]
