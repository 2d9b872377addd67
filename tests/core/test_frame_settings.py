from dataclasses import fields

from zoo.core.frame_settings import FrameSettings
from zoo.media.crops import CROPS


def test_crops_are_those_there_are():
    [crop] = [field for field in fields(FrameSettings) if field.name == "crop"]
    assert set(crop.metadata["choices"]) == set(CROPS)
    assert crop.default in CROPS
