import numpy as np
import pytest

from zoo.core.frame_settings import FrameSettings
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.layers.frames import FrameFrontEnd, Frames

RECIPE = Recipe(units=4, embedding=6, settings=FrameSettings(filters=2))
SHAPES = ((16, 24), (17, 16, 3), (5,))


def example(shape, batch=2, time=4):
    rng = np.random.default_rng(0)
    if len(shape) == 1:
        return rng.normal(size=(batch, time, *shape)).astype(np.float32)
    return rng.integers(0, 256, (batch, time, *shape)).astype(np.uint8)


def built(front, shape):
    import keras

    x = keras.Input((None, *shape), dtype="uint8" if len(shape) > 1 else "float32")
    states = [keras.Input((size,)) for size in front.sizes(RECIPE).values()]
    y, new = front.below(x, RECIPE, states)
    return keras.Model([x, *states], [y, *new])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("stateless", [True, False])
def test_the_weights_are_those_it_says(shape, stateless):
    front = FrameFrontEnd(shape, stateless)
    network = built(front, shape)
    assert {weight.path: tuple(weight.shape) for weight in network.weights} == front.shapes(RECIPE)
    states = [np.zeros((2, size), np.float32) for size in front.sizes(RECIPE).values()]
    assert len(states) == (not stateless and len(shape) > 1)
    y = network([example(shape), *states])
    assert (y[0] if isinstance(y, list) else y).shape == (2, 4, 6)


def test_steps_with_states_are_the_whole():
    front = FrameFrontEnd((16, 24), False)
    network, x = built(front, (16, 24)), example((16, 24))
    state = np.zeros((2, front.sizes(RECIPE)["f0_0"]), np.float32)
    whole, _ = network([x, state])
    parts = []
    for i in range(4):
        y, state = network([x[:, i : i + 1], np.asarray(state)])
        parts.append(np.asarray(y))
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, atol=1e-5)


def test_light_and_contrast_do_not_count():
    x = example((16, 24)).astype(np.float32)
    one, other = (np.asarray(Frames()([frames, None])[0]) for frames in (x, 20 + 0.8 * x))
    assert np.abs(one - other).max() < 0.1
    assert np.abs(one).max() > 1


def test_pictures_need_filters():
    with pytest.raises(ArgumentError, match="filters=0"):
        FrameFrontEnd((16, 24), True).shapes(Recipe(units=4, embedding=6, settings=FrameSettings()))
