"""A network through Keras: the names and shapes of its states, one trace for all shapes, tokens in a loop."""

import gc
import weakref

import keras
import numpy as np
import pytest

from tests.conftest import CODEC, RECIPE, randomized, tiny_model
from zoo.core.codec import Context
from zoo.networks.keras_engine import COLLECT_EVERY, KerasEngine, _loop


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
    engine, memory, found, compiled = KerasEngine(tiny.engine.network), None, [], _loop.cache_info().currsize
    for half in np.split(script, 2, axis=1):
        uniform = np.full((2, 6), 0.9, np.float32)
        ids, memory = engine.generate(CODEC, half, uniform, np.zeros(6), None, None, memory)
        found.append(ids)
    np.testing.assert_array_equal(np.concatenate(found, 1), np.stack(expected, 1))
    assert _loop.cache_info().currsize == compiled + 1  # once for both


def test_models_of_one_structure_share_a_loop_and_keep_their_own_weights():
    """As of a preset that is loaded again and again, and of one that was trained further."""
    models = [tiny_model("gru") for _ in range(3)]
    randomized(models[1].engine.network, seed=5)
    compiled = _loop.cache_info().currsize
    script, uniform = np.full((1, 8), -1), np.full((1, 8), 0.9, np.float32)
    ids = [m.engine.generate(CODEC, script, uniform, np.zeros(8), None, None, None)[0].tolist() for m in models]
    assert ids[0] == ids[2] != ids[1]
    assert _loop.cache_info().currsize == compiled + 1
    variable = models[2].engine.network.get_layer("y").bias
    variable.assign(np.eye(CODEC.classes)[4] * 100)  # weights are read at every call
    changed, _ = models[2].engine.generate(CODEC, script, uniform, np.zeros(8), None, None, None)
    assert changed.tolist() == [[4] * 8]


def test_engines_that_nobody_uses_are_freed_now_and_then(tiny):
    class Held:
        pass

    held = Held()
    held.itself, gone = held, weakref.ref(held)
    gc.disable()
    try:
        del held
        for _ in range(COLLECT_EVERY):
            KerasEngine(tiny.engine.network)
    finally:
        gc.enable()
    assert gone() is None


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="counts graphs of TensorFlow")
def test_networks_and_graphs_of_models_that_are_gone_are_freed():
    from tensorflow.python.framework.func_graph import FuncGraph

    def graphs():
        gc.collect()
        return sum(isinstance(one, FuncGraph) for one in gc.get_objects())

    def used():
        model = tiny_model("stacked_lstm")
        model.generate(bars=1, seed=1)
        return weakref.ref(model.engine.network)

    used()  # what is made once
    before = graphs()
    gone = [used() for _ in range(2)]
    assert graphs() == before
    assert [one() for one in gone] == [None, None]
