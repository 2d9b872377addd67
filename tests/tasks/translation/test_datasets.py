import gzip

import numpy as np
import pytest

from zoo.tasks.translation.datasets import TATOEBA, datasets, prepare, rows


def test_tables(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress('split\tenglish\tfrench\ntrain\t"Go.\tVa\u2028 !\ntest\ta\tb\n'.encode()))
    assert list(rows(path)) == [
        {"split": "train", "english": '"Go.', "french": "Va\u2028 !"}, {"split": "test", "english": "a", "french": "b"}
    ]  # fmt: skip
    found = prepare(TATOEBA.sources[0].read(path) | {"valid": []})
    assert [(pair.source, pair.target) for pair in found["train"]] == [('"Go.', "Va !")]


def test_no_sentence_is_in_two_splits(data):
    found = prepare(TATOEBA.sources[0].read(data / TATOEBA.sources[0].path))
    assert datasets() == (TATOEBA,)
    sources = {split: {pair.source for pair in pairs} for split, pairs in found.items()}
    assert {split: (len(sources[split]), len(pairs)) for split, pairs in found.items()} == {
        "train": (93_659, 135_565), "valid": (2000, 2975), "test": (2000, 2827)
    }  # fmt: skip
    assert np.sum([len(one) for one in sources.values()]) == len(set.union(*sources.values()))


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_splits_are_there(split):
    assert split in prepare({"train": [], "valid": [], "test": [], "other": []})
