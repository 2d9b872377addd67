import numpy as np

from tests.media.films import film


def test_states_are_named_and_flat(model):
    names = [tensor.name for tensor in model.engine.network.inputs]
    assert model.engine.network.inputs[0].dtype == "uint8"
    if model.codec.bidirectional:
        assert names == ["x"]
    else:
        assert names[:2] == ["x", "f0_0"]
        assert model.engine.initial_state(2)[0].shape == (2, 2 * 16 * 24)


def test_light_and_contrast_do_not_count(gru):
    frames = film(9)
    brighter = (frames * 0.7 + 40).astype(np.uint8)
    state = gru.engine.initial_state(1)
    a, b = (gru.engine.step(x[None], state)[0] for x in (frames, brighter))
    assert np.abs(a - b).max() < 0.6  # rounding, and what is added to the deviation
    assert np.abs(a - gru.engine.step(film(9, seed=5)[None], state)[0]).max() > 2
