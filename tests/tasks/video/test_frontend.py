import numpy as np
import pytest

from tests.media.films import film
from zoo.tasks.video import landmarks


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


BODY = {"joints": ["left_hip", "right_hip", "neck", "hand"], "size": [["left_hip", "neck"], ["right_hip", "neck"]]}


def normalized(points, about):
    """Landmarks `(joints, axes)` as the layer has them, joint by joint in NumPy."""
    seen = ~np.isnan(points).any(1)
    index = {name: i for i, name in enumerate(about.joints)}
    hips = [i for i in about.indices(about.origin) if seen[i]] or np.flatnonzero(seen)
    points = points - points[hips].mean(0)
    lines = [(index[a], index[b]) for a, b in about.size if seen[index[a]] and seen[index[b]]]
    size = np.sqrt((points[seen] ** 2).sum(1).mean())
    if lines:
        size = np.mean([np.linalg.norm(points[a] - points[b]) for a, b in lines])
    return np.where(seen[:, None], points / size, 0)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("size", [BODY["size"], []])
def test_bodies_have_one_origin_and_size(axes, size):
    from zoo.tasks.video.frontend import Bodies

    about = landmarks.of({**BODY, "size": size, "axes": axes})
    layer = Bodies.from_config(Bodies(about.to_json(), 15.0).get_config())
    points = np.random.default_rng(0).normal(size=(5, 4, axes)).astype(np.float32)
    for frame, gone in enumerate(([], [0], [0, 1], [3], [2])):
        points[frame, gone] = np.nan
    x = points.reshape(1, 5, -1)
    found, state = map(np.asarray, layer([x, None]))
    places = np.stack([normalized(frame, about) for frame in points])
    np.testing.assert_allclose(found[0, ..., :axes], places, atol=1e-5)
    there = ~np.isnan(points).any(-1, keepdims=True)
    motion = np.where(there[1:] & there[:-1], 5 * np.diff(places, axis=0), 0)
    np.testing.assert_allclose(found[0, 1:, :, axes:], motion, atol=1e-4)
    assert not found[0, 0, :, axes:].any()
    np.testing.assert_allclose(np.asarray(layer([x * 300 + 40, None])[0]), found, atol=1e-3)
    first, kept = layer([x[:, :2], None])
    second, last = layer([x[:, 2:], kept])
    np.testing.assert_allclose(np.concatenate([first, second], 1), found, atol=1e-5)
    np.testing.assert_allclose(last, state, atol=1e-5)
    assert not np.asarray(layer([np.full((1, 2, 4 * axes), np.nan, np.float32), None])[0]).any()
