import json
from dataclasses import replace

import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.tasks.caption.result import Caption

ONE = Caption(
    text="bin blue", score=-1.25, probability=0.125, rejected=False, seconds=3.0, tokens=("bin", " blue", "<end>"),
    alignment=np.full((3, 75), 1 / 75, np.float32), source="a.mp4",
)  # fmt: skip


def test_a_caption_as_text_and_json():
    assert str(ONE) == ONE.to_text("txt") == "bin blue"
    assert json.loads(ONE.to_text("json")) == {
        "file": "a.mp4", "text": "bin blue", "score": -1.25, "probability": 0.125, "rejected": False, "complete": True,
        "seconds": 3.0,
    }  # fmt: skip
    doubtful = replace(ONE, text="a", score=float("nan"), probability=0.1, rejected=True)
    assert doubtful.to_text("txt") == "a [uncertain: confidence 0.10]"
    assert doubtful.to_dict()["score"] is None


def test_plots(tmp_path):
    for suffix in ("png", "svg", "pdf"):
        assert ONE.plot(tmp_path / f"a.{suffix}").stat().st_size > 1000
    with pytest.raises(ArgumentError, match="no alignment"):
        replace(ONE, alignment=None).plot(tmp_path / "b.png")
