from zoo.core import datasets
from zoo.core.files import sha256
from zoo.tasks.music.datasets import JSB_16TH
from zoo.tasks.music.task import TASK


def test_published_data_has_the_published_sizes(data):
    splits = TASK.prepare(datasets.load(JSB_16TH))
    assert {k: len(v) for k, v in splits.items()} == {"train": 229, "valid": 76, "test": 77}
    assert {k: sum(map(len, v)) for k, v in splits.items()} == {"train": 55228, "valid": 18408, "test": 18900}
    assert len(TASK.default_codec().tokens(splits["test"][0])) == 4 * len(splits["test"][0])


def test_canonical_file_has_the_same_music(data, tmp_path, monkeypatch):
    """The published JSON, written anew from the local arrays, has the checksum in the table, and reads the same."""
    import json

    canonical, local = JSB_16TH.sources
    splits = local.read(data / local.path)
    text = json.dumps({split: [p.tolist() for p in splits[split]] for split in ("test", "train", "valid")})
    assert sha256(text.encode()) == canonical.sha256
    (tmp_path / "music").mkdir()
    (tmp_path / canonical.path).write_text(text)
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    assert TASK.prepare(datasets.load(JSB_16TH)) == TASK.prepare(splits)
