import warnings

import av
import numpy as np
import pytest
import soundfile

from tests.media.films import SHAPE, film, written
from zoo.errors import ArgumentError, CodecError
from zoo.media import video


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mp4", "mpeg4"), (".mp4", "h264"), (".avi", "mpeg4"), (".mpg", "mpeg1video"), (".webm", "vp9"), (".mkv", "h264"), (".gif", "gif"), (".mov", "mpeg4")],
)  # fmt: skip
def test_films_of_any_kind(tmp_path, suffix, codec):
    frames = film(12, (48, 64))
    path = written(tmp_path / f"film{suffix}", frames, codec=codec, sound=suffix == ".mpg")
    found = list(video.frames(path, 25))
    assert len(found) == 12
    assert all(frame.shape == (48, 64) and frame.dtype == np.uint8 for frame in found)
    assert np.abs(np.stack(found).astype(float) - frames).mean() < (30 if suffix == ".gif" else 12)
    assert next(video.frames(path, 25, colour=True)).shape == (48, 64, 3)
    assert next(video.frames(path.open("rb"), 25)).tolist() == found[0].tolist()


@pytest.mark.parametrize(("rate_hz", "wanted", "count"), [(50, 25, 10), (10, 25, 50), (30, 25, 17), (25, 12.5, 10)])
def test_films_of_any_rate_are_sampled_by_time(tmp_path, rate_hz, wanted, count):
    frames = np.stack([np.full((32, 32), 10 * i + 20, np.uint8) for i in range(20)])
    found = np.stack(list(video.frames(written(tmp_path / "film.mp4", frames, rate_hz), wanted))).mean((1, 2))
    assert len(found) == count
    shown = [20 + 10 * int(k / wanted * rate_hz + 1e-6) for k in range(count)]
    np.testing.assert_allclose(found, shown, atol=6)


def test_films_of_varying_rate_are_sampled_by_time(tmp_path):
    times = [0, 0.04, 0.08, 0.4, 0.44, 0.52]
    frames = np.stack([np.full((32, 32), 30 * i + 20, np.uint8) for i in range(6)])
    found = np.stack(list(video.frames(written(tmp_path / "film.mkv", frames, times=times), 25))).mean((1, 2))
    shown = [max(i for i, t in enumerate(times) if t <= k / 25 + 1e-6) for k in range(len(found))]
    assert len(found) in (14, 15)
    np.testing.assert_allclose(found, [20 + 30 * i for i in shown], atol=6)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_films_are_upright(tmp_path, degrees):
    """The matrix of the track's header says by how much the picture is turned clockwise when it is shown."""
    picture = np.zeros((32, 48), np.uint8)
    picture[:16, :24] = 220  # bright at the top left
    path = written(tmp_path / "film.mp4", np.stack([picture] * 3), codec="h264")
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    data[at : at + 20] = b"".join(int(v * 65536).to_bytes(4, "big", signed=True) for v in (cos, sin, 0, -sin, cos))
    path.write_bytes(data)
    found = next(video.frames(path, 25)).astype(float)
    np.testing.assert_allclose(found, np.rot90(picture, -degrees // 90).astype(float), atol=60)


def test_folders_of_images_are_clips(tmp_path):
    for i, frame in enumerate(film(11)):
        with av.open(str(tmp_path / f"frame{i}.png"), "w", format="image2") as container:
            stream = container.add_stream("png", 1)
            stream.height, stream.width, stream.pix_fmt = *SHAPE, "gray"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "gray")))
            container.mux(stream.encode())
    found = np.stack(list(video.frames(tmp_path, 25)))
    assert found.tolist() == film(11).tolist()  # 10 after 9


def test_what_is_no_film_is_told(tmp_path):
    good = written(tmp_path / "film.mp4", film(30, (48, 64)))
    empty, text, part = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "part.mp4"
    empty.write_bytes(b"")
    text.write_text("no film")
    part.write_bytes(good.read_bytes()[:200])
    soundfile.write(tmp_path / "sound.wav", np.zeros(1000), 16000)
    (tmp_path / "folder").mkdir()
    cases = {"missing.mp4": "No such file", "empty.mp4": "cannot be read", "text.mp4": "cannot be read",
             "part.mp4": "cannot be read", "sound.wav": "audio alone", "folder": "no images"}  # fmt: skip
    for name, message in cases.items():
        with pytest.raises(CodecError, match=message):
            list(video.frames(tmp_path / name, 25))


def test_a_film_cut_off_counts_up_to_there(tmp_path):
    good = written(tmp_path / "film.mkv", film(60, (48, 64), seed=3), codec="h264")
    data = good.read_bytes()
    (tmp_path / "part.mkv").write_bytes(data[: len(data) // 2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(video.frames(tmp_path / "part.mkv", 25))
    assert 1 <= len(found) < 60


def test_clocks_may_be_set_back_and_are_damaged_at_last():
    frame, other = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    joined = [(k / 25, frame, 0.04) for k in range(5)] + [(3.0 - 3 + k / 25 - 0.6, other, 0.04) for k in range(5)]
    assert [int(f[0, 0]) for f in video._sampled(joined, 25)] == [0] * 5 + [1] * 5
    with pytest.warns(UserWarning, match="without a picture"):
        assert len(list(video._sampled([(0.0, frame, 0.04), (1e6, frame, 0.04)], 25))) == 1
    assert len(list(video._sampled([(0.0, frame, 1e9)], 25))) == 25 * video.LONGEST_GAP_S
    assert len(list(video._sampled([(0.0, frame, 0.001)], 25))) == 1
    assert len(list(video._sampled([], 25))) == 0
    with pytest.raises(ArgumentError, match="rate_hz"):
        next(video.frames("film.mp4", 0))
