import pytest

from tests.media.films import written
from tests.tasks.video.labelers import moving, tiny
from zoo.core.architectures import ARCHITECTURES


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return tiny(request.param)


@pytest.fixture(scope="session")
def gru():
    return tiny()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Clips of two classes, vectors aside, and some that are bad."""
    root = tmp_path_factory.mktemp("clips")
    for way in ("left", "right"):
        (root / way).mkdir()
        for i in range(10):
            written(root / way / f"{i}.mp4", moving(way, seed=i), codec="h264")
    (root / "left" / "bad.mp4").write_bytes(b"nothing")
    (root / "left" / "notes.txt").write_text("x")
    return root
