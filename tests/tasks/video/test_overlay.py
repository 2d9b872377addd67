import av
import numpy as np
import pytest

from tests.media.films import film, written
from tests.tasks.video.labelers import seen
from zoo.errors import ArgumentError, DataError
from zoo.media import video
from zoo.tasks.video import overlay


def test_films_are_written_with_labels(tmp_path, gru):
    path = written(tmp_path / "film.mpg", film(30, (48, 64)), codec="mpeg1video", sound=True)
    found = gru.label(path)
    out = overlay.write(path, tmp_path / "out.mp4", found)
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    frames = list(video.frames(out, 25, colour=True))
    assert len(frames) == 30
    assert frames[0].shape == (240, 320, 3)
    plain, shown = (
        overlay.labelled(np.full((240, 320, 3), 90, np.uint8), t, 0.1) for t in (seen([0] * 9), seen([1] * 4 + [3] * 5))
    )
    assert (plain == 90).all()  # rest has no label
    assert (shown[-40:] > 200).any()


def test_films_of_varying_rate_and_odd_sound_are_written(tmp_path, gru):
    times = [0, 0.04, 0.06, 0.4, 0.44, 0.52]
    path = written(tmp_path / "film.mkv", film(6, (48, 64)), times=times)
    out = overlay.write(path, tmp_path / "out.mkv", gru.label(path))
    with av.open(str(out)) as container:
        found = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(np.array(found) - found[0], times, atol=0.002)
    with av.open(str(tmp_path / "film.avi"), "w") as container:
        picture, sound = container.add_stream("mpeg4", 25), container.add_stream("pcm_s16le", 44100)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 2000), np.int16), "s16", "stereo")
        samples.rate = 44100
        for frame in film(10, (48, 64)):
            grey = av.VideoFrame.from_ndarray(frame, "gray").reformat(format="yuv420p")
            container.mux(picture.encode(grey))
        container.mux([*picture.encode(), *sound.encode(samples), *sound.encode()])
    out = overlay.write(tmp_path / "film.avi", tmp_path / "out.mp4", gru.label(tmp_path / "film.avi"))
    assert len(list(video.frames(out, 25))) == 10


def test_overlays_that_cannot_be_are_refused(tmp_path, gru):
    path = written(tmp_path / "film.mp4", film(5, (48, 64)))
    for out, read, message in (
        (path, [path], "is read"),
        (tmp_path / "a.txt", [path], "ends in"),
        (tmp_path / "a.mp4", [path, path], "one film"),
        (tmp_path / "a.mp4", [tmp_path], "no film"),
        (tmp_path / "a.mp4", [tmp_path / "x.npy"], "no film"),
    ):
        with pytest.raises(ArgumentError, match=message):
            overlay.check(out, read)
    overlay.check(None, [path, path])
    with pytest.raises(DataError):
        overlay.write(path, tmp_path / "film.mp4" / "x.mp4", gru.label(path))
