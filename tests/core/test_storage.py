"""Arrays on disk, and sequences made of others: read when they are asked for."""

import numpy as np
import pytest

from zoo.core.storage import NUMBERS, Joined, Subset, by_length, pack, packed

ARRAYS = [np.arange(6, dtype=np.int16).reshape(2, 3), np.zeros(0, np.int16), np.array([-7, 300], np.int16)]


class Log(list):
    """A list that notes which pieces are asked for."""

    def __init__(self, pieces):
        super().__init__(pieces)
        self.asked = []

    def __getitem__(self, index):
        self.asked.append(index)
        return super().__getitem__(index)


def test_packed_arrays_come_back_with_what_is_known_of_them(tmp_path):
    pack(((array, ("train", {"at": i}, None)) for i, array in enumerate(ARRAYS)), tmp_path)
    found = list(packed(tmp_path))
    assert [about for _, about in found] == [["train", {"at": i}, None] for i in range(3)]
    assert [len(numbers) for numbers, _ in found] == [6, 0, 2]
    for (numbers, _), array in zip(found, ARRAYS, strict=True):
        assert np.asarray(numbers).dtype == np.int16
        assert np.asarray(numbers).tolist() == array.ravel().tolist()
    assert (tmp_path / NUMBERS).stat().st_size == 8 * 2  # nothing but the numbers


def test_numbers_are_read_when_they_are_asked_for(tmp_path):
    pack([(np.arange(10, dtype=np.float32), ())], tmp_path)
    [(numbers, _)] = packed(tmp_path)
    part = numbers.part(2, 8).part(1, 4)
    assert (len(part), np.asarray(part).tolist()) == (3, [3, 4, 5])
    assert np.asarray(part, np.uint8).dtype == np.uint8
    (tmp_path / NUMBERS).unlink()
    assert len(numbers.part(0, 3)) == 3
    with pytest.raises(FileNotFoundError):
        np.asarray(numbers)


def test_nothing_is_packed_too(tmp_path):
    pack([], tmp_path)
    assert list(packed(tmp_path)) == []


def test_a_subset_asks_for_its_pieces_alone():
    pieces = Log("abcde")
    some = Subset(pieces, [4, 0, 4])
    assert len(some) == 3
    assert pieces.asked == []
    assert (some[0], some[-1], some[1:], list(some)) == ("e", "e", ["a", "e"], ["e", "a", "e"])
    assert set(pieces.asked) == {0, 4}
    with pytest.raises(IndexError):
        some[3]


def test_joined_sequences_are_one():
    """As one list would be, of any index and slice; a part may be empty."""
    whole = Joined("ab", [], ("c", "d", "e"))
    expected = list("abcde")
    assert (len(whole), list(whole), list(reversed(whole))) == (5, expected, expected[::-1])
    assert [whole[i] for i in range(-5, 5)] == expected * 2
    for part in (slice(None), slice(1, 4), slice(None, None, -2), slice(-2, 99), slice(4, 1)):
        assert whole[part] == expected[part]
    for index in (5, -6):
        with pytest.raises(IndexError):
            whole[index]
    with pytest.raises(TypeError):
        whole["a"]


def test_pieces_of_one_length_keep_their_order():
    assert list(by_length(["ccc", "b", "aaa", "", "a"])) == ["", "b", "a", "ccc", "aaa"]
    assert list(by_length([])) == []
