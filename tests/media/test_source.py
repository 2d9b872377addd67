import io
import os

import pytest

from zoo.errors import CodecError, DataError
from zoo.media import source
from zoo.media.source import Input


def test_only_regular_files_are_opened(tmp_path):
    """A pipe without a writer would wait for ever, a device never end."""
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "link.wav").symlink_to("/dev/zero")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    (tmp_path / "good.wav").write_bytes(b"x")
    for name, message in (
        ("pipe.wav", "is a pipe or a device: give"),
        ("link.wav", "is a pipe or a device"),
        ("empty.wav", "is empty"),
        ("gone.wav", "No such file or directory"),
        ("loop.wav", "Too many levels"),
        (".", "is a folder"),
        ("x" * 5000, "File name too long"),
        ("a\0b", "null"),
    ):
        with pytest.raises(CodecError, match=message):
            source.regular(tmp_path / name, "a sound file")
    with source.regular(tmp_path / "good.wav", "a sound file") as stream:
        assert stream.read() == b"x"


@pytest.mark.parametrize(
    "error", [MemoryError(), RecursionError("deep"), SystemError("x"), AttributeError("no a"), OSError(5, "io")]
)
def test_whatever_a_decoder_raises_gets_the_name_of_the_file(error):
    with (
        pytest.raises(CodecError, match=r"film.mp4 cannot be read as a video \((MemoryError|deep|x|no a|io)\)"),
        source.named("film.mp4", "a video"),
    ):
        raise error


def test_errors_of_the_project_stay():
    with pytest.raises(DataError, match="^mine$"), source.named("film.mp4", "a video"):
        raise DataError("mine")
    with pytest.raises(KeyboardInterrupt), source.named("film.mp4", "a video"):
        raise KeyboardInterrupt


class Odd(io.RawIOBase):
    """A file that gives more than it is asked for, then breaks."""

    def __init__(self):
        self.count = 0

    def read(self, _size):
        self.count += 1
        if self.count > 1:
            raise OSError(5, "Input/output error")
        return b"12345678"

    def seek(self, *_):
        raise ValueError("no")

    tell = seek


def test_errors_below_ffmpeg_are_told_as_in_c():
    odd = Input(Odd())
    assert odd.read(3) == b"123"
    assert odd.read(3) == b""
    assert "Input/output" in str(odd.error)
    assert odd.seek(-5) < 0
    assert (odd.seekable(), odd.size()) == (False, float("inf"))
    good = Input(io.BytesIO(b"12345"))
    good.seek(2)
    assert (good.size(), good.tell(), good.read(), good.seek(-1), good.error) == (5, 2, b"345", -22, None)
