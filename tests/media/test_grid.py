import itertools

import numpy as np

from zoo.core.task import find
from zoo.media import grid
from zoo.media.clips import SILENCE, Clip
from zoo.tasks.video.codec import GRAMMAR, default_codec


def test_grid_is_split_as_published(data, monkeypatch, tmp_path):
    monkeypatch.setattr(
        grid,
        "_clip",
        lambda name, _data, alignment: Clip(
            np.zeros((1, 2), np.uint8), (1, 2), grid.aligned(alignment), name, crop="mouth"
        ),
    )
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    splits = find("video").splits_of(False)
    assert {split: len(found) for split, found in splits.items()} == {"train": 750, "valid": 50, "test": 150}
    codec = default_codec()
    assert codec.classes == 52
    for piece in itertools.chain(*splits.values()):
        said = [span.label for span in piece.spans if span.label != SILENCE]
        assert all(word in part for word, part in zip(said, GRAMMAR, strict=True))
