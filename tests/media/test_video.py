import struct
import subprocess
import warnings
from collections import deque

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
    cases = {"missing.mp4": "No such file", "empty.mp4": "is empty", "text.mp4": "cannot be read",
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


@pytest.mark.parametrize(("suffix", "codec", "options"), [
    (".mp4", "h264", {"movflags": "faststart"}), (".mkv", "h264", {}), (".avi", "mpeg4", {}),
])  # fmt: skip
def test_missing_seconds_are_told(tmp_path, suffix, codec, options):
    path = written(tmp_path / f"film{suffix}", film(60, (48, 64), seed=3), codec=codec, options=options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.warns(UserWarning, match=r"is cut off: it says that it has .* s are missing"):
        assert 1 <= len(list(video.frames(path, 25))) < 50


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "h264"), (".mp4", "mpeg4"), (".avi", "mpeg4"), (".mpg", "mpeg1video")]
)
def test_damage_in_the_middle_is_told_and_the_rest_counts(tmp_path, suffix, codec):
    """Broken packets, and frames that the decoder makes up, key frames too."""
    path = written(tmp_path / f"film{suffix}", film(60, (48, 64), seed=3), codec=codec)
    data = bytearray(path.read_bytes())
    start = len(data) // 7
    data[start : start + len(data) // 20] = np.random.default_rng(0).bytes(len(data) // 20)
    path.write_bytes(data)
    with pytest.warns(UserWarning, match=r"film.* is damaged.*: \d+ of \d+ parts; the rest counts"):
        assert len(list(video.frames(path, 25))) > 50


def test_gif_without_an_end_is_told(tmp_path):
    path = written(tmp_path / "film.gif", film(20), codec="gif")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="has no end: it may be cut off"):
        list(video.frames(path, 25))


def test_gif_that_lacks_its_middle_is_told(tmp_path):
    path = written(tmp_path / "film.gif", film(40), codec="gif")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3] + data[len(data) // 2 :])
    with pytest.warns(UserWarning, match="film.gif is damaged in 1 place; .* s of it are read"):
        assert len(list(video.frames(path, 25))) < 40


@pytest.mark.parametrize(("name", "codec", "message"), [
    ("film.avi", "mjpeg", r"is damaged \(.+\): 1 of 20 parts"), ("film.mkv", "h264", "is damaged in 1 place"),
])  # fmt: skip
def test_a_few_changed_bytes_are_told_and_the_picture_counts(tmp_path, name, codec, message):
    frames = np.random.default_rng(0).integers(0, 255, (20, 48, 96), np.uint8)
    path = written(tmp_path / name, frames, codec=codec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(video.frames(path, 25))) == 20
    data = bytearray(path.read_bytes())
    start = len(data) * 3 // 10
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.warns(UserWarning, match=message):
        assert len(list(video.frames(path, 25))) == 20


def test_a_damaged_image_is_told(tmp_path):
    with av.open(str(tmp_path / "a.jpg"), "w", format="image2") as container:
        stream = container.add_stream("mjpeg", 1)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        picture = np.random.default_rng(0).integers(0, 255, (48, 64), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuvj420p")))
        container.mux(stream.encode())
    data = (tmp_path / "a.jpg").read_bytes()
    assert len(list(video.frames(tmp_path, 25))) == 1
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    with pytest.warns(UserWarning, match=r"a.jpg is damaged"):
        assert len(list(video.frames(tmp_path, 25))) == 1


def gif(width, height, frames, hundredths):
    """A GIF of frames that change one pixel each."""
    one = b"\x21\xf9\x04\x04" + struct.pack("<H", hundredths) + b"\0\0\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + frames * (one + b"\x02\x02\x44\x01\x00") + b";"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gif(8192, 8192, 2, 4), "pictures of 8192 × 8192 pixels, at most 16,777,216 are read"),
        (gif(65535, 65535, 2, 4), "no pictures that can be read"),
        (gif(64, 64, 2, 65535), "lasts more than 300 s, the most for its size"),
        (gif(64, 64, 300, 3000), "lasts more than 300 s"),
    ],
)
def test_small_files_are_no_long_work(tmp_path, data, message):
    (tmp_path / "film.gif").write_bytes(data)
    with pytest.raises(CodecError, match=message) as told:
        deque(video.frames(tmp_path / "film.gif", 25), 0)
    assert "film.gif" in str(told.value)


def test_what_lasts_too_long_is_refused_at_once(tmp_path):
    """Before the first frame is repeated; the last one is repeated for so long at most."""
    (tmp_path / "film.gif").write_bytes(gif(64, 64, 2, 65535))
    with pytest.raises(CodecError, match="lasts more than 300 s"):
        next(video.frames(tmp_path / "film.gif", 25))
    (tmp_path / "film.gif").write_bytes(gif(64, 64, 1, 65535))
    assert sum(1 for _ in video.frames(tmp_path / "film.gif", 2)) == 600


def test_pixels_of_all_frames_are_limited(tmp_path, monkeypatch):
    """By the bytes of the file: what is as large on the disk has more."""
    (tmp_path / "film.gif").write_bytes(gif(64, 64, 200, 4))
    monkeypatch.setattr(video, "ALL_PIXELS", 64 * 64 * 50)
    assert len(list(video.frames(tmp_path / "film.gif", 25))) == 200
    monkeypatch.setattr(video, "PIXELS_A_BYTE", 10)
    with pytest.raises(
        CodecError, match="has more than 208,896 pixels in its frames; 204,800 are read, or 10 for each"
    ):
        list(video.frames(tmp_path / "film.gif", 25))
    (tmp_path / "more.gif").write_bytes(gif(64, 64, 200, 4) + bytes(100_000) + b";")
    assert len(list(video.frames(tmp_path / "more.gif", 25))) == 200


def test_streams_without_an_end_have_no_limit(tmp_path, monkeypatch):
    """Such as those of cameras, which cannot go back."""
    path = written(tmp_path / "film.mkv", film(40, (48, 64)), codec="h264")
    monkeypatch.setattr(video, "SHOWN_S", 0.5)
    monkeypatch.setattr(video, "S_A_BYTE", 0.0)
    with pytest.raises(CodecError, match=r"film.mkv (lasts more than|says that it lasts 2 s; at most) 0 s"):
        list(video.frames(path, 25))
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
        assert len(list(video.frames(cat.stdout, 25))) == 40


def test_numbers_of_images_may_be_of_any_script(tmp_path):
    for name in ("a².png", "a10.png", "a٣.png"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in video.images(tmp_path)] == ["a².png", "a٣.png", "a10.png"]


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
