import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import ArgumentError
from zoo.models.sampling import MOST, check, log_softmax, penalised, sample

LOGITS = np.log(np.array([[0.5, 0.25, 0.15, 0.1]]))
UNIFORM = np.linspace(0, 1, 4001)[:-1]


def shares(**options):
    """Give each class's share over a fine grid of random numbers: the distribution itself."""
    ids = sample(np.repeat(LOGITS, len(UNIFORM), 0), UNIFORM, **options)
    return np.bincount(ids, minlength=4) / len(UNIFORM)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.5, 0.25, 0.15, 0.1]),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, np.array([0.25, 0.0625, 0.0225, 0.01]) / 0.345),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_k": 9}, [0.5, 0.25, 0.15, 0.1]),
        ({"top_p": 0.6}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 1e-9}, [1, 0, 0, 0]),
        ({"top_k": 3, "top_p": 0.5}, [1, 0, 0, 0]),
    ],
)
def test_distribution(options, expected):
    np.testing.assert_allclose(shares(**options), expected, atol=1e-3)


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_k": 1.5},
        {"top_p": 0},
        {"top_p": 1.1},
        {"repetition_penalty": 0.5},
        {"temperature": []},
        {"temperature": [1, -1]},
    ],
)
def test_bad_options_name_the_range(bad):
    with pytest.raises(ArgumentError, match="give a"):
        check(**bad)


@given(
    st.lists(st.floats(-50, 50, width=16), min_size=2, max_size=9),  # so that those that differ do so when divided
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 9),
    st.floats(0.01, 1),
)
def test_choice_is_always_possible(logits, uniform, top_k, top_p):
    row = np.array([logits])
    chosen = int(sample(row, np.array([uniform]), 0.7, top_k, top_p)[0])
    assert (row > logits[chosen]).sum() < top_k


def at_length(logits, uniform, temperature, top_k, top_p):
    """Return what `sample` returns, without its short cuts."""
    scaled = logits.astype(np.float64)
    scaled = (scaled - scaled.max(-1, keepdims=True)) / max(temperature, 1e-6)
    if top_k is not None and top_k < scaled.shape[-1]:
        scaled[scaled < np.partition(scaled, -top_k)[:, -top_k, None]] = -np.inf
    shares = np.exp(scaled)
    if top_p is not None:
        shares /= shares.sum(-1, keepdims=True)
        ranked = -np.sort(-shares)
        kept = (ranked.cumsum(-1) - ranked < top_p).sum(-1, keepdims=True)
        shares[shares < np.take_along_axis(ranked, kept - 1, -1)] = 0
    sums = shares.cumsum(-1)
    return (sums <= np.minimum(uniform, MOST)[:, None] * sums[:, -1:]).sum(-1)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.integers(2, 150),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([1.0, 0.7, 1e-9, 3]),
    st.none() | st.integers(1, 20),
    st.none() | st.floats(1e-9, 1),
)
def test_short_cuts_change_no_draw(seed, batch, classes, dtype, temperature, top_k, top_p):
    """The same ids to the last bit, where random numbers fall on a border too, and where logits are no numbers."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, rng.choice([0.1, 3, 30]), (batch, 2, classes)).astype(np.float32)[:, -1]
    logits[rng.random(logits.shape) < 0.1] = rng.choice([0, -np.inf, np.nan, 5])
    shares = np.exp(logits.astype(float) - logits.max(-1, keepdims=True)).cumsum(-1)
    borders = (shares / shares[:, -1:])[:, rng.integers(classes)]
    for uniform in (rng.random(batch, dtype), np.nan_to_num(borders).clip(0, 1 - 2.0**-24).astype(dtype)):
        with np.errstate(invalid="ignore"):
            wanted = at_length(logits, uniform, temperature, top_k, top_p)
            assert sample(logits, uniform, temperature, top_k, top_p).tolist() == wanted.tolist()


def test_log_softmax_survives_large_logits():
    np.testing.assert_allclose(log_softmax(np.array([[1e4, 0.0]]))[0], [0, -1e4])


def test_repetitions_are_divided_by_the_penalty():
    logits = np.log(np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]))
    changed = np.exp(penalised(logits, np.array([[0, 0], [1, 2]]), 2.0))
    np.testing.assert_allclose(changed, [[0.25, 0.3, 0.2], [0.5, 0.15, 0.1]])
