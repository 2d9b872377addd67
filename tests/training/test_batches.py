import json

import numpy as np
import pytest

from tests.conftest import random_score
from zoo.core.recipe import Recipe, adjusted
from zoo.errors import ArgumentError
from zoo.tasks.music.augment import transposed
from zoo.tasks.music.codec import MusicCodec
from zoo.training.batches import Windows


def windows(pieces, augment=None, **changes):
    codec = MusicCodec()
    recipe = adjusted(Recipe(units=1, embedding=1, batch=4, window=5), changes)
    return Windows(pieces, codec, recipe, augment or transposed(pieces))


def test_windows_depend_on_seed_and_epoch_alone():
    pieces = [random_score(i, 20 + i, MusicCodec()) for i in range(6)]
    one, two = windows(pieces), windows(pieces)
    list(one.epoch(0))
    for epoch in (0, 3):
        for (xa, _, ya), (xb, _, yb) in zip(one.epoch(epoch), two.epoch(epoch), strict=True):
            np.testing.assert_array_equal(xa, xb)
            np.testing.assert_array_equal(ya, yb)
    first = [next(iter(w.epoch(e)))[2].tolist() for w, e in ((one, 0), (one, 1), (windows(pieces, seed=2), 0))]
    assert len({json.dumps(f) for f in first}) == 3


def test_windows_are_cut_from_the_pieces():
    pieces = [random_score(i, 23, MusicCodec()) for i in range(5)]
    lines = [MusicCodec().tokens(piece).tolist() for piece in pieces]
    stream = windows(pieces, augment=lambda i, _: pieces[i])
    batches = list(stream.epoch(0))
    assert len(batches) == stream.steps == 5 * 23 // 20
    for x, keep, y in batches:
        assert not keep.any()
        assert x.shape == (4, 20, MusicCodec().features)
        for row in y:
            real = row[row >= 0].tolist()
            assert real
            assert any(real == line[i : i + len(real)] for line in lines for i in range(0, len(line), 4))


def test_whole_pieces_of_like_length_share_a_batch(monkeypatch):
    monkeypatch.setattr("zoo.training.batches.POOL", 4)
    monkeypatch.setattr("zoo.training.batches.ROUND", 2)
    lengths = np.random.default_rng(0).permutation(np.arange(5, 200, 5))  # 39 pieces, 4 a batch
    pieces = [random_score(i, int(n), MusicCodec()) for i, n in enumerate(lengths)]
    lines = {tuple(MusicCodec().tokens(piece)) for piece in pieces}
    stream = windows(pieces, augment=lambda i, _: pieces[i], window=0)
    batches = list(stream.epoch(0))
    assert len(batches) == stream.steps == 9
    found = [tuple(row[row >= 0]) for _, _, y in batches for row in y]
    assert len(set(found)) == 36
    assert lines.issuperset(found)  # whole ones
    assert all(x.shape[1] % (2 * 4) == 0 and x.shape[:2] == y.shape and not keep.any() for x, keep, y in batches)
    padding = np.mean([(y < 0).mean() for _, _, y in batches])
    unsorted = np.mean([(1 - lengths[i : i + 4] / lengths[i : i + 4].max()).mean() for i in range(0, 36, 4)])
    assert padding < 0.6 * unsorted
    again = windows(pieces, augment=lambda i, _: pieces[i], window=0)
    assert [y.tolist() for _, _, y in again.epoch(0)] == [y.tolist() for _, _, y in batches]
    assert [y.tolist() for _, _, y in again.epoch(1)] != [y.tolist() for _, _, y in batches]
    [(x, _, _)] = windows(pieces[:3], augment=lambda i, _: pieces[i], window=0).epoch(0)
    assert len(x) == 3  # fewer pieces than a batch takes


def test_an_epoch_is_whole_executions():
    pieces = [random_score(i, 23, MusicCodec()) for i in range(5)]
    assert [windows(pieces, steps_per_execution=n).steps for n in (1, 2, 3, 5)] == [5, 4, 3, 5]
    with pytest.raises(ArgumentError, match="steps_per_execution=6: an epoch has 5 steps"):
        windows(pieces, steps_per_execution=6)


def test_rows_of_carried_windows_follow_one_another():
    pieces = [random_score(i, 17 + 3 * i, MusicCodec()) for i in range(7)]
    lines = ["".join(map(chr, MusicCodec().tokens(piece))) for piece in pieces]
    stream = windows(pieces, augment=lambda i, _: pieces[i], carry=True)
    before, went_on = [""] * 4, 0
    for step, (_, keep, y) in enumerate(stream.epoch(0)):
        for row in range(4):
            text = "".join(map(chr, y[row][y[row] >= 0]))
            if keep[row, 0]:
                went_on += 1
                assert step
                assert any(before[row] + text in line for line in lines)
            before[row] = text
    assert went_on > 5


def test_data_larger_than_a_block_is_taken_block_by_block(monkeypatch):
    """Random blocks of pieces, no more than about a block encoded at once, so many steps an epoch as asked for."""
    pieces = [random_score(i, 20 + i, MusicCodec()) for i in range(12)]
    lines = [MusicCodec().tokens(piece).tolist() for piece in pieces]
    monkeypatch.setattr("zoo.training.batches.BLOCK", 400)
    stream = windows(pieces, augment=lambda i, _: pieces[i])
    encoded, encode = [], stream.codec.encode
    monkeypatch.setattr(
        stream.codec, "encode", lambda pieces: encoded.append(sum(map(len, pieces)) * 4) or encode(pieces)
    )
    rows = [row for _, _, y in stream.epoch(0) for row in y]
    assert len(rows) == 4 * stream.steps
    assert len(encoded) > 1
    assert max(encoded) <= 400 + 31 * 4
    found = set()
    for row in rows:
        real = row[row >= 0].tolist()
        found |= {n for n, line in enumerate(lines) for i in range(0, len(line), 4) if real == line[i : i + len(real)]}
    assert len(found) > 8
    again = windows(pieces, augment=lambda i, _: pieces[i], epoch_steps=2)
    assert len(list(again.epoch(3))) == again.steps == 2
