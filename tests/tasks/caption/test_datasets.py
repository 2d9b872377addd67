import numpy as np
import pytest

from tests.tasks.caption.captioners import tiny
from zoo.media.clips import Clip, Span
from zoo.media.grid import GRID
from zoo.tasks.caption.datasets import datasets, prepare, sentence


def test_sentences_are_what_is_said():
    spans = (Span("sil", 0, 3), Span("bin", 3, 5), Span("blue", 5, 8), Span("sil", 8, 9))
    clip = Clip(np.zeros((9, 48, 96), np.uint8), (48, 96), spans)
    assert sentence(clip) == "bin blue"
    found = prepare({"train": [clip], "test": []})
    assert found["train"][0].captions == ("bin blue",)
    assert datasets() == (GRID,)


@pytest.mark.parametrize("architecture", ["gru"])
def test_models_take_them(architecture):
    model = tiny(architecture, (48, 96))
    clip = Clip(np.zeros((9, 48, 96), np.uint8), (48, 96), (Span("a", 0, 9),))
    assert model.nats(prepare({"train": [clip]})["train"])[1] == 2
