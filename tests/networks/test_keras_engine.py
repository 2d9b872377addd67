"""A network through Keras: the names and shapes of its states, one trace for all shapes, tokens in a loop."""

import numpy as np

from tests.conftest import CODEC, RECIPE, tiny_model
from zoo.core.codec import Context
from zoo.networks.keras_engine import KerasEngine


def test_states_are_the_inputs_after_x():
    lstm, bilstm = (tiny_model(name).engine for name in ("stacked_lstm", "bilstm"))
    assert lstm.states == ["h0_0", "c0_0", "h0_1", "c0_1", "h0_2", "c0_2"]
    assert lstm.sizes == [RECIPE.units] * 6
    assert [(s.shape, s.dtype, s.any()) for s in lstm.initial_state(5)] == [((5, RECIPE.units), np.float32, False)] * 6
    assert (bilstm.states, bilstm.initial_state(5)) == ([], [])


def test_one_trace_is_for_all_batches_and_times(tiny):
    engine, rng = KerasEngine(tiny.engine.network), np.random.default_rng(0)
    for batch, time in ((1, 1), (3, 5), (2, 1)):
        y, new = engine.step(CODEC.example(rng, batch, time), engine.initial_state(batch))
        assert isinstance(y, np.ndarray)
        assert y.shape == (batch, time, CODEC.classes)
        assert [state.shape for state in new] == [(batch, RECIPE.units)] * 2
    if hasattr(engine._call, "experimental_get_tracing_count"):  # TensorFlow's
        assert engine._call.experimental_get_tracing_count() == 1


def test_every_call_is_for_itself(tiny):
    """The state is what is given: the engine remembers nothing."""
    x = CODEC.example(np.random.default_rng(1), 2, 3)
    state = [np.full((2, RECIPE.units), 0.5, np.float32)] * 2
    first = tiny.engine.step(x, state)
    tiny.engine.step(x[:, ::-1], first[1])
    again = tiny.engine.step(x, state)
    for a, b in zip([first[0], *first[1]], [again[0], *again[1]], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.allclose(first[0], tiny.engine.step(x, tiny.engine.initial_state(2))[0])


def test_a_loop_goes_on_where_the_call_before_ended(tiny):
    """Two calls of six tokens: what is known stays, what is chosen is the likeliest of single steps."""
    script = np.full((2, 12), -1)
    script[:, [0, 7]] = 5, 3
    context, state, expected = Context(CODEC, 2), tiny.engine.initial_state(2), []
    for known in script[0]:
        logits, state = tiny.engine.step(context.x(), state)
        expected.append(logits[:, -1].argmax(-1) if known < 0 else np.full(2, known))
        context.push(expected[-1])
    engine, memory, found = KerasEngine(tiny.engine.network), None, []
    for half in np.split(script, 2, axis=1):
        uniform = np.full((2, 6), 0.9, np.float32)
        ids, memory = engine.generate(CODEC, half, uniform, np.zeros(6), None, None, memory)
        found.append(ids)
    np.testing.assert_array_equal(np.concatenate(found, 1), np.stack(expected, 1))
    assert len(engine._loops) == 1  # compiled once for both
