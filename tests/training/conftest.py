import pytest

import zoo
from tests.training.runs import SMALL


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A dozen short pieces, all alike, so that a few epochs learn something."""
    path = tmp_path_factory.mktemp("midi")
    for i in range(12):
        zoo.Score([[72, 67, 60, 48 + i % 3], [zoo.HOLD] * 4, [74, 65, 62, 50], [zoo.HOLD] * 4] * 6).save(
            path / f"{i:02}.mid"
        )
    return path


@pytest.fixture(scope="session")
def run(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "a"
    card = zoo.train("lstm_music", out=out, data=folder, epochs=4, verbose=False, **SMALL)
    return out, card
