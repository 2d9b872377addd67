"""Long prompts: the state after them, and what follows, are those of reading them step by step."""

import numpy as np
import pytest

from tests.conftest import CODEC as MUSIC
from tests.conftest import random_score
from zoo.core.card import Card
from zoo.core.codec import Context
from zoo.core.recipe import Recipe
from zoo.models import reading
from zoo.models.generation import Generator
from zoo.tasks.text.codec import TextCodec

CODEC = TextCodec("abcdefgh \n")
LONG = "".join(np.random.default_rng(0).choice(list(CODEC.vocabulary), 1000))


class Cell:
    """A network in NumPy whose state fades by a factor at every step; it notes the shapes of its calls."""

    name, concurrent = "NumPy", True
    loop_threshold = chunk = batch = steps = None

    def __init__(self, fades):
        self.fades, self.shapes = fades, []

    def initial_state(self, batch):
        return [np.zeros((batch, 2), np.float32)]

    def step(self, x, state):
        self.shapes.append(x.shape[:2])
        rows, [state] = [], state
        for column in x[..., 0].T:
            state = (self.fades * state + np.sin(column[:, None] + np.arange(2))).astype(np.float32)
            rows.append(state)
        return np.stack(rows, 1) @ np.cos(np.arange(20.0)).reshape(2, 10), [state]


def x_of(text, codec=CODEC):
    return Context(codec, 1).follow(codec.tokens(text)[None])


@pytest.fixture
def short(monkeypatch):
    """A tail of 32 tokens."""
    monkeypatch.setattr(reading, "TAIL", 32)


@pytest.mark.parametrize(
    ("fades", "read"),
    [(0.1, [(4, 16), (1, 16)]), (0.8, [(4, 16), (4, 64), (1, 64)]), (1, [(4, 16), (4, 64), (4, 256), (2, 1000)])],
)
@pytest.mark.usefixtures("short")
def test_as_much_is_read_as_the_state_depends_on(fades, read):
    engine = Cell(fades)
    [found] = reading.prompt(engine, x_of(LONG), 2)
    assert engine.shapes == read
    _, [expected] = engine.step(x_of(LONG), engine.initial_state(1))
    np.testing.assert_allclose(found, np.repeat(expected, 2, 0), atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.usefixtures("short")
def test_short_prompts_and_fixed_batches_are_read_whole():
    engine = Cell(0.1)
    reading.prompt(engine, x_of(LONG[:32]), 3)
    engine.batch = 2
    reading.prompt(engine, x_of(LONG), 2)
    assert engine.shapes == [(3, 32), (2, 1000)]
    assert reading.prompt(engine, x_of(""), 2)[0].tolist() == [[0, 0]] * 2


@pytest.mark.parametrize(
    ("rows", "steps", "sizes"), [(1, None, [64, 36]), (4, None, [16] * 6 + [4]), (1, 1, [1] * 100)]
)
def test_memory_does_not_grow_with_length(monkeypatch, rows, steps, sizes):
    monkeypatch.setattr(reading, "CHUNK", 64)
    engine = Cell(0.5)
    engine.steps = steps
    x = np.repeat(x_of(LONG[:100]), rows, 0)
    parts = list(reading.chunks(engine, x, engine.initial_state(rows)))
    assert engine.shapes == [(rows, size) for size in sizes]
    whole, [last] = engine.step(x, engine.initial_state(rows))
    np.testing.assert_allclose(np.concatenate([logits for _, logits, _ in parts], 1), whole, atol=1e-6)
    np.testing.assert_array_equal(parts[-1][2][0], last)


@pytest.mark.parametrize("fades", [0.3, 1])
@pytest.mark.usefixtures("short")
def test_what_follows_a_long_prompt_is_the_same(monkeypatch, fades):
    """The same tokens with the same seed, however much of the prompt is read, in whatever chunks."""
    engine = Cell(fades)
    model = Generator(Card("cell_text", "lstm", "text", Recipe(units=1, embedding=1)), CODEC, engine)
    usual = {"prompt": LONG, "length": 30, "seed": 1}
    stop = model.generate(**usual)[1010:1012]
    others = {"prompt": "ab" * 500, "repetition_penalty": 1e6}, {"stop": stop}, {"temperature": [0, 2]}
    options = [usual, *({**usual, **more} for more in others)]
    made = [model.generate(2, **one) for one in options]
    assert all(made[0] != other for other in made[1:])
    assert not {*"ab"} & {*made[1][0][1000:1008]}  # those of the prompt count as repeated
    assert ["".join(model.stream(**one)) for one in options] == [pieces[0] for pieces in made]
    whole = max(steps for _, steps in engine.shapes)
    assert whole == (1000 if fades == 1 else 16)
    monkeypatch.setattr(reading, "TAIL", 1 << 20)
    for chunk in (1, 100):
        monkeypatch.setattr(reading, "CHUNK", chunk)
        assert [model.generate(2, **one) for one in options] == made
    nats = model.score(LONG[:300]).nats
    monkeypatch.setattr(reading, "CHUNK", 1 << 14)
    np.testing.assert_allclose(model.score(LONG[:300]).nats, nats, atol=1e-6)


@pytest.mark.usefixtures("short")
def test_a_network_of_keras_is_read_alike(tiny):
    [x], _ = MUSIC.encode([random_score(0, 60)])
    state = tiny.engine.initial_state(1)
    for row in x:
        _, state = tiny.engine.step(row[None, None], state)
    for found, expected in zip(reading.prompt(tiny.engine, x[None], 1), state, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5 * max(1, np.abs(expected).max()))


def test_networks_of_many_classes_read_fewer_tokens_at_a_time(monkeypatch):
    monkeypatch.setattr(reading, "LOGITS", 1000)
    engine, x = Cell(0.3), x_of("abc" * 30)
    list(reading.chunks(engine, x, engine.initial_state(1), 25))
    reading.prompt(engine, x, 1, 5000)
    assert [steps for _, steps in engine.shapes] == [40, 40, 10, *[1] * 90]
