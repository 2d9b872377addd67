import io
import re

import av
import pytest

from tests.media import films
from tests.media.sounds import encoded, sound, written
from zoo.errors import ArgumentError, CodecError
from zoo.media import audio, video
from zoo.media.container import Decoder, MediaFile


def opened(source):
    return MediaFile(source, "a sound file", "wav")


def test_content_decides_and_not_the_name(tmp_path):
    path = written(tmp_path / "take.wav", sound())
    for name in ("take.mp3", "take%d.png", "concat:take", "http:take", "take"):
        path = path.rename(tmp_path / name)
        with opened(path) as file:
            assert file.format == "wav"
        with path.open("rb") as stream, opened(stream) as file:
            assert (file.format, file.size) == ("wav", path.stat().st_size)


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile take.wav\n", "<svg/>", "v=0\no=- 0 0 IN IP4 127.0.0.1\n"],
)  # fmt: skip
def test_files_that_read_other_files_are_refused(tmp_path, text):
    written(tmp_path / "take.wav", sound())
    (tmp_path / "list.mp4").write_text(text)
    with pytest.raises(CodecError, match=r"list.mp4 cannot be read as a sound file .*: give wav"):
        opened(tmp_path / "list.mp4")


@pytest.mark.parametrize("source", [3, None, [1], object()])
def test_what_is_no_file_is_refused(source):
    with pytest.raises(ArgumentError, match="give a sound file, by its path or open"):
        opened(source)


class Broken(io.BytesIO):
    """A file whose disk fails after some bytes."""

    def read(self, size=-1):
        if self.tell() > 20_000:
            raise OSError(5, "Input/output error")
        return super().read(size)


def test_an_error_of_the_disk_is_told(tmp_path):
    source = Broken(written(tmp_path / "take.au", sound(4.0)).read_bytes())
    with opened(source) as file:
        decoder = Decoder(file, file.container.streams.audio[0])
        assert 0 < sum(frame.samples for frame in decoder) < 64_000
        assert "Input/output error" in decoder.told()


def test_packets_that_cannot_be_decoded_are_counted_and_the_rest_is_read(tmp_path):
    path = encoded(tmp_path / "take.m4a", "alac", 4.0)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4000
    data[start : start + 200] = b"\xff" * 200
    path.write_bytes(data)
    with opened(path) as file:
        stream = file.container.streams.audio[0]
        decoder = Decoder(file, stream)
        found = sum(frame.samples for frame in decoder)
    assert 1 <= decoder.damaged <= 2
    assert found == 64_000 - 4096 * decoder.damaged
    assert re.search(rf"is damaged \(.+\): {decoder.damaged} of 16 parts; the rest counts", decoder.told())


def test_whatever_a_decoder_raises_is_counted():
    class Stream:
        def decode(self, packet):
            if packet.size == 2:
                raise MemoryError
            return [av.AudioFrame("s16", "mono", 10)]

    class Packet:
        def __init__(self, size):
            self.size = size

    class File:
        container = type("", (), {"demux": lambda self, _: iter(map(Packet, (1, 2, 3)))})()
        stream = type("", (), {"error": None})

    decoder = Decoder(File(), Stream())
    assert len(list(decoder)) == 2
    assert decoder.told() == "is damaged (MemoryError): 1 of 3 parts; the rest counts"


def test_coding_that_ffmpeg_does_not_know_is_told(tmp_path):
    film = films.written(tmp_path / "film.mp4", films.film(4), codec="h264")
    film.write_bytes(film.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(CodecError, match="film.mp4 has pictures of a kind that cannot be decoded"):
        next(video.frames(film, 25))
    sound = encoded(tmp_path / "take.mkv", "flac", 0.5)
    sound.write_bytes(sound.read_bytes().replace(b"A_FLAC", b"A_NONE"))
    with pytest.raises(CodecError, match="take.mkv has sound of a kind that cannot be decoded"):
        next(audio.blocks(sound))


def test_whole_files_lack_nothing(tmp_path):
    path = films.written(tmp_path / "film.mkv", films.film(20, (48, 64)), codec="h264")
    with opened(path) as file:
        [stream] = file.container.streams.video
        assert file.missing(stream, 0.8) == ""
        assert "0.4 s are missing" in file.missing(stream, 0.4)
