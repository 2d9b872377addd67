import pytest

from tests.media.films import film, written
from zoo.errors import ArgumentError
from zoo.media.clips import Span


def test_timeline_is_drawn(tmp_path, gru):
    path = written(tmp_path / "film.mp4", film(20, (32, 48)))
    for source in (path, film(20)):
        found = gru.label(source)
        assert (
            found.plot(tmp_path / "a.png", truth=[Span("up", 0, 9.5), Span("left", 9.5, float("inf"))]).stat().st_size
            > 10_000
        )
    assert len(found.thumbnails([0.1, 0.5])) == 2
    faster = gru.label(film(40), rate_hz=50)
    assert faster.thumbnails([0.4])[0].tolist() == film(40)[20].tolist()
    with pytest.raises(ArgumentError, match="start"):
        found.plot(tmp_path / "b.png", start=99)
    with pytest.raises(ArgumentError, match="ends in"):
        found.plot(tmp_path / "b.txt")
