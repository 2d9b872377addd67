from zoo.media.grid import GRID
from zoo.tasks.video.datasets import datasets


def test_video_models_are_trained_on_grid():
    assert datasets() == (GRID,)
