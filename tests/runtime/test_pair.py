import numpy as np
import pytest

from zoo.errors import ArgumentError, ArtifactError
from zoo.runtime.engine import BoundEngine, of_engines
from zoo.runtime.pair import Pair, in_calls
from zoo.runtime.signature import Signature, Tensor

BETWEEN = ("memory", "h0_0")


def pair(fixed=(None, None), decode=None):
    """The encoder returns the source and its sum; the decoder adds x to the state, step by step."""
    calls = []

    def encoder(source):
        calls.append(("encode", source.shape))
        return {"memory": source, "h0_0": source.sum(1, keepdims=True)}

    def decoder(x, memory, h):
        calls.append(("step", x.shape))
        y = h + np.cumsum(x, 1)
        return {"y": y[..., None], "attention": np.repeat(memory[:, None], x.shape[1], 1), "hn_0": y[:, -1:]}

    return Pair("test", encoder, decode or decoder, BETWEEN, fixed=fixed), calls


@pytest.mark.parametrize("fixed", [(None, None), (2, 1), (2, None), (None, 3), (5, 6)])
def test_calls_of_fixed_sizes_compute_the_same(fixed):
    engine, calls = pair(fixed)
    source, x = np.arange(9.0).reshape(3, 3), np.arange(18.0).reshape(3, 6)
    state = engine.encode(source)
    y, new = engine.step(x, state)
    np.testing.assert_array_equal(y[..., 0], source.sum(1, keepdims=True) + np.cumsum(x, 1))
    np.testing.assert_array_equal(new[1], y[:, -1])
    assert new[0] is state[0]  # what does not leave the decoder stays
    assert engine.attention(x, state).shape == (3, 6, 3)
    assert {shape[0] for _, shape in calls} == {fixed[0] or 3}
    assert {shape[1] for name, shape in calls if name == "step"} == {fixed[1] or 6}


def test_what_an_engine_refuses():
    engine, _ = pair((None, 4))
    with pytest.raises(ArgumentError, match="4 steps at a time: 6 cannot"):
        engine.step(np.zeros((1, 6)), engine.encode(np.zeros((1, 3))))
    with pytest.raises(ArgumentError, match="starts from a source"):
        engine.initial_state(1)
    with pytest.raises(ArgumentError, match="no Keras network"):
        _ = engine.network


@pytest.mark.parametrize("damage", [
    {"y": np.zeros((2, 1, 4)), "hn_0": np.zeros((1, 1))}, {"y": np.zeros((1, 1, 4)), "hn_0": np.zeros((1, 2))},
])  # fmt: skip
def test_a_decoder_that_returns_other_sizes_is_damaged(damage):
    engine, _ = pair(decode=lambda *_: dict(damage))
    with pytest.raises(ArtifactError, match="decoder is damaged"):
        engine.step(np.zeros((1, 1)), engine.encode(np.zeros((1, 3))))


def test_rows_that_fill_up_a_call_are_left_out():
    found = in_calls(lambda x: {"y": x + len(x)}, [np.arange(5)], 3)
    np.testing.assert_array_equal(found["y"], np.arange(5) + 3)


def test_encoder_and_decoder_must_belong_together():
    x, memory, y = (Tensor(name, (None, None), "float32") for name in ("x", "memory", "y"))

    def bound(inputs, outputs):
        return BoundEngine("test", Signature("sequence", inputs, outputs), lambda _: [])

    assert of_engines(bound((x,), (memory,)), bound((x, memory), (y,))).between == ("memory",)
    with pytest.raises(ArtifactError, match="do not belong together"):
        of_engines(bound((x,), (y,)), bound((x, memory), (y,)))
