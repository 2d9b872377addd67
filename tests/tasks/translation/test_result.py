import json
from dataclasses import replace

import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.tasks.translation.result import Translation

ONE = Translation(
    text="Ça va ?", score=-1.25, probability=0.125, source="How are you?",
    source_tokens=("How", " are", " you", "?", "<end>"), tokens=("Ça", " va", " ?", "<end>"),
    alignment=np.full((4, 5), 0.2, np.float32),
)  # fmt: skip


def test_a_translation_as_text_and_json():
    assert str(ONE) == "Ça va ?"
    assert json.loads(ONE.to_json()) == {
        "source": "How are you?", "text": "Ça va ?", "score": -1.25, "probability": 0.125, "complete": True
    }  # fmt: skip
    unknown = replace(ONE, score=float("nan"), probability=float("nan"), complete=False)
    assert unknown.to_dict()["score"] is unknown.to_dict()["probability"] is None


def test_plots(tmp_path):
    for suffix in ("png", "svg", "pdf"):
        assert ONE.plot(tmp_path / f"a.{suffix}").stat().st_size > 1000
    with pytest.raises(ArgumentError, match="no alignment"):
        replace(ONE, alignment=None).plot(tmp_path / "b.png")
    odd = replace(ONE, source_tokens=("$x$", "\n", "🎵"), tokens=("<end>",), alignment=np.ones((1, 3)) / 3)
    assert odd.plot(tmp_path / "odd.png").exists()
