"""The seam: a model needs nothing of an engine but what the protocol says."""

import inspect

import numpy as np
import pytest

from zoo.core.card import Card
from zoo.core.engine import Engine, LoopEngine
from zoo.core.recipe import Recipe
from zoo.models.generation import Generator
from zoo.runtime.engine import BoundEngine
from zoo.tasks.text.codec import TextCodec


class Alphabet:
    """A network in NumPy: its one state counts the steps, and at each it is sure of the letter after the last.

    Every third step it is sure of the first letter instead, which it can only know by its state.
    """

    name, concurrent = "NumPy", True
    loop_threshold = chunk = batch = steps = None

    def __init__(self, letters):
        self.letters, self.shapes, self.network = letters, [], None

    def initial_state(self, batch):
        return [np.zeros((batch, 1), np.float32)]

    def step(self, x, state):
        self.shapes.append(x.shape)
        count = state[0] + np.arange(1, x.shape[1] + 1)
        chosen = np.where(count % 3 == 0, 0, (x[..., 0] + 1) % self.letters)
        return 50 * np.eye(self.letters, dtype=np.float32)[chosen], [count[:, -1:].astype(np.float32)]


@pytest.fixture
def model():
    codec = TextCodec("abcd")
    return Generator(Card("new_text", "new", "text", Recipe(units=1, embedding=1)), codec, Alphabet(4))


def test_a_model_runs_on_whatever_has_a_step(model):
    """After the prompt `c` come d, then a because it is the third step, b, c, a, …; the state goes from call to call."""
    assert model.generate(prompt="c", length=7, seed=0) == "cdabcabc"
    assert model.generate(2, prompt="ab", length=1, seed=0) == ["aba"] * 2
    assert set(model.engine.shapes) == {(1, 1, 1), (2, 1, 1), (2, 2, 1)}
    assert "on NumPy" in repr(model)


def test_a_whole_piece_is_one_call(model):
    nats = model.score("cdab").nats
    assert model.engine.shapes == [(1, 4, 1)]
    # The first letter comes after "nothing", the id 4, so that b was expected: c is a surprise of 50 nats.
    np.testing.assert_allclose(nats, [50, 0, 0, 0], atol=1e-4)


def engines():
    from zoo.networks.keras_engine import KerasEngine

    return KerasEngine, BoundEngine, Alphabet


MEMBERS = [name for name in (*Engine.__annotations__, *vars(Engine)) if not name.startswith("_")]


@pytest.mark.parametrize("member", MEMBERS)
def test_engines_have_what_the_protocol_says(member):
    promised = getattr(Engine, member, None)
    for engine in engines():
        if inspect.isfunction(promised):
            given = [inspect.signature(one).parameters for one in (promised, getattr(engine, member))]
            assert [*given[0]] == [*given[1]], engine
        else:
            assert hasattr(engine, member) or f"self.{member}" in inspect.getsource(engine.__init__), engine


def test_loops_take_the_arguments_that_the_protocol_says():
    for engine in engines()[:2]:
        assert [*inspect.signature(engine.generate).parameters] == [*inspect.signature(LoopEngine.generate).parameters]
    assert {"step", "initial_state", "loop_threshold", "name"} <= {*MEMBERS}
