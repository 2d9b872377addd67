"""Long pieces with gaps: what fills them is what reading all of the piece says."""

import numpy as np
import pytest

from zoo.models import stretches

CLASSES = 3


def network(reach, seen=None):
    """A network whose logits are sums over the tokens up to a distance on both sides, the hidden ones left out."""

    def run(rows, hidden):
        if seen is not None:
            seen.append(rows.shape[1])
        shown = np.pad(np.where(hidden, 0, rows + 1.0), ((0, 0), (reach, reach)))
        sums = [np.convolve(row, np.ones(2 * reach + 1), "valid") for row in shown]
        return np.stack(sums)[..., None] * np.arange(1.0, 1 + CLASSES)

    return run


@pytest.fixture
def piece(monkeypatch):
    monkeypatch.setattr(stretches, "MARGIN", 8)
    monkeypatch.setattr(stretches, "LONGEST", 128)
    monkeypatch.setattr(stretches, "ROUND", 16)
    rng = np.random.default_rng(0)
    places = np.array([0, 1, 90, 127, 128, 129, 600, 605, 999])
    hidden = np.zeros((2, 1000), bool)
    hidden[:, places] = True
    return rng.integers(0, CLASSES, (2, 1000)), hidden, places


@pytest.mark.parametrize(("reach", "near"), [(0, 8), (8, 8), (9, 32), (30, 32), (100, 128), (300, 1000)])
def test_as_much_is_read_as_gaps_depend_on(piece, reach, near):
    run = network(reach)
    assert stretches.margin(run, *piece) == near
    expected = run(*piece[:2])[:, piece[2]]
    np.testing.assert_array_equal(stretches.logits(run, *piece, near), expected)


def test_stretches_are_short_and_of_few_lengths(piece):
    seen = []
    stretches.logits(network(8, seen), *piece, 8)
    assert seen == [32] * 6
    seen.clear()
    every = np.arange(1000)
    stretches.logits(network(8, seen), piece[0], np.ones((2, 1000), bool), every, 8)
    assert seen == [144] * 7 + [128]


def test_short_pieces_are_read_whole(piece):
    rows, hidden, _ = piece
    seen = []
    assert stretches.margin(network(1, seen), rows[:, :128], hidden[:, :128], np.array([0, 1, 90, 127])) == 128
    assert seen == []


@pytest.mark.parametrize("most", [1, 100, 1000])
def test_calls_have_few_tokens(piece, most):
    rows = []

    def run(tokens, hidden):
        rows.append(len(tokens))
        return network(8)(tokens, hidden)

    found = stretches.logits(run, *piece, 8, most)
    np.testing.assert_array_equal(found, stretches.logits(network(8), *piece, 8))
    assert {*rows} == ({2} if most > 64 else {1})
