import json

import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.tasks.translation.result import Translation

ONE = Translation(
    "Ça va ?", -1.25, 0.125, "How are you?", ("How", " are", " you", "?", "<end>"), ("Ça", " va", " ?", "<end>"),
    np.full((4, 5), 0.2, np.float32),
)  # fmt: skip


def test_a_translation_as_text_and_json():
    assert str(ONE) == "Ça va ?"
    assert json.loads(ONE.to_json()) == {
        "source": "How are you?", "text": "Ça va ?", "score": -1.25, "probability": 0.125, "complete": True
    }  # fmt: skip
    unknown = Translation("a", float("nan"), float("nan"), "b", (), (), None, False)
    assert unknown.to_dict()["score"] is unknown.to_dict()["probability"] is None


def test_plots(tmp_path):
    for suffix in ("png", "svg", "pdf"):
        assert ONE.plot(tmp_path / f"a.{suffix}").stat().st_size > 1000
    with pytest.raises(ArgumentError, match="no alignment"):
        Translation("a", 0, 1, "b", (), (), None).plot(tmp_path / "b.png")
    odd = Translation("", 0, 1, "", ("$x$", "\n", "🎵"), ("<end>",), np.ones((1, 3)) / 3)
    assert odd.plot(tmp_path / "odd.png").exists()
