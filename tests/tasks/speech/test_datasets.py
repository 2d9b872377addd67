import numpy as np
import pytest

from zoo.core.task import find
from zoo.errors import DataError


def test_an4_and_fsdd_are_split_as_told(data):
    splits = find("speech").splits_of()
    speakers = {split: {p.speaker for p in pieces if p.corpus == "an4"} for split, pieces in splits.items()}
    assert not speakers["train"] & speakers["valid"]
    assert not speakers["test"] & (speakers["train"] | speakers["valid"])
    test = splits["test"]
    assert len([p for p in test if p.corpus == "an4"]) == 130
    assert sum(len(p.text.split()) for p in test if p.corpus == "an4") == 773
    assert len([p for p in test if p.corpus == "fsdd"]) == 300
    assert sum(len(p.parts) for p in splits["train"]) == 2700
    names = {part.name for p in splits["train"] for part in p.parts}
    assert not names & {p.name for p in test}
    assert all(int(name.rpartition("_")[2]) >= 5 for name in names)
    piece = splits["valid"][0]
    assert piece.wave.dtype == np.float32
    assert 0 < np.abs(piece.wave).max() <= 1


def test_a_manifest_without_its_archive_is_told(tmp_path, monkeypatch, data):
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech/an4_manifest.tsv").write_bytes((data / "speech/an4_manifest.tsv").read_bytes())
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"an4_flac16k\.tar.* cannot be read"):
        find("speech").splits_of()


def test_data_that_cannot_be_fetched_says_where_it_is(monkeypatch):
    monkeypatch.delenv("ZOO_DATA", raising=False)
    with pytest.raises(DataError, match=r"published in another form at http.*ZOO_DATA"):
        find("speech").splits_of()
