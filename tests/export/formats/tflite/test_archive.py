"""The zip archive behind a TFLite file: written, read with bounds, and never with other content."""

import io
import re
import zipfile

import numpy as np
import pytest

from export.formats.tflite import archive, flatbuffer
from export.formats.tflite.runtime import open_
from tests.conftest import ROOT
from tests.export.formats.tflite.handmade import ADDED, model, written
from zoo.errors import ArtifactError

ABOUT = {"export": '{"möglich": "→"}', "bytes": "12", "covers": "file", "sha256": "ab" * 32}
OLD = ROOT / "tests/data/v0_1/lstm_music.tflite"


def test_manifest_is_a_zip_archive_behind_the_model(tmp_path):
    path = written(tmp_path, model())
    before = path.read_bytes()
    archive.append(path, ABOUT)
    assert flatbuffer.manifest(path) == archive.texts(path.read_bytes()) == ABOUT
    assert path.read_bytes().startswith(before)
    with zipfile.ZipFile(path) as members:  # as other tools read it
        assert members.namelist() == ["export", "bytes", "covers"]
        assert members.comment.decode() == ABOUT["sha256"]
        assert members.testzip() is None
        assert members.getinfo("bytes").date_time[0] == 1980  # the same bytes whenever it is written
    x = np.float32([[1, 2, 3]])
    np.testing.assert_array_equal(open_(path, None)(x=x, y=x)["next"], x + ADDED)


@pytest.mark.parametrize("lost", [1, 30, 200])
def test_remains_of_a_manifest_are_not_taken_for_another_tools_file(tmp_path, lost):
    """Not even if the network has no signature of ours."""
    path = written(tmp_path, model("another"))
    assert flatbuffer.manifest(path) == {}
    archive.append(path, ABOUT)
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(ArtifactError, match=r"a.tflite has lost what export.save had put behind it"):
        flatbuffer.manifest(path)


@pytest.mark.parametrize("first", ["card", "codec"])
def test_the_first_text_of_a_manifest_is_its_remains_too(tmp_path, first):
    path = written(tmp_path, model("another"))
    whole = path.read_bytes()
    archive.append(path, {first: "x" * 100, **ABOUT})
    path.write_bytes(path.read_bytes()[: len(whole) + 60])  # of the archive only a part of its first text
    with pytest.raises(ArtifactError, match=r"a.tflite has lost what export.save had put behind it"):
        flatbuffer.manifest(path)


def zipped(members, compression=zipfile.ZIP_STORED, network=b"network"):
    """Pairs of name and text as an archive behind a network."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as target:
        for name, text in members:
            target.writestr(name, text)
    return network + packed.getvalue()


def encrypted():
    content = bytearray(zipped(ABOUT.items()))
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


def many_in_the_directory():
    """As many as fit into the field of a small archive."""
    content = bytearray(zipped(ABOUT.items()))
    at = content.index(b"PK\5\6")
    content[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    return bytes(content)


LARGE = [("export", " " * (archive.MAX_MANIFEST + 1))]
BAD = {
    "a large text": (zipped(LARGE), "an associated file larger than 1048576 bytes"),
    "a large text, packed": (zipped(LARGE, zipfile.ZIP_DEFLATED), "an associated file larger than 1048576 bytes"),
    "a packed text": (zipped([("export", " " * 5000)], zipfile.ZIP_DEFLATED), "export is packed or encrypted"),
    "an encrypted text": (encrypted(), "is packed or encrypted"),
    "large in all": (zipped([(name, " " * (1 << 20)) for name in archive.OURS]), "of more than 4194304 bytes"),
    "many": (zipped([(f"{i}", "") for i in range(100)]), "it carries 100 associated files, at most 64 are read"),
    "more than it says": (many_in_the_directory(), "it carries 65535 associated files"),
    "long names": (zipped([(f"{i}" * 4000, "") for i in range(10, 30)]), "it carries 20 associated files"),
    "one name twice": (zipped([("export", "a"), ("export", "b")]), "several have one name"),
    "a path": (zipped([("export", ""), ("../card", "")]), "odd names"),
    "an absolute path": (zipped([("/etc/passwd", "")]), "odd names"),
    "a line": (zipped([("a\nb", "")]), "odd names"),
    "other content": (zipped([("export", ""), ("labels.txt", "")]), "labels.txt beside its manifest"),
    "no text": (zipped([("export", b"\xff\xfe")]), r"export is damaged \(UnicodeDecodeError\)"),
    "another sum": (zipped(ABOUT.items()).replace(b"12", b"13"), r"bytes is damaged \(BadZipFile\)"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", BAD)
def test_odd_archives_are_refused(case):
    content, message = BAD[case]
    with pytest.raises(ArtifactError, match=message):
        archive.texts(content)


def test_nothing_of_a_refused_archive_is_unpacked(monkeypatch):
    """Nor of one of another tool."""
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was read"))
    for case in ("a large text, packed", "a packed text", "large in all", "many", "other content"):
        with pytest.raises(ArtifactError):
            archive.texts(BAD[case][0])
    assert archive.texts(zipped([("labels.txt", "a\nb" * 5000)], zipfile.ZIP_DEFLATED)) == {}


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\5\6", zipped(ABOUT.items())[:-1], zipped([("a", "")]) + b"x"]
)
def test_files_without_an_archive_have_no_manifest(content):
    assert archive.texts(content) == {}


def test_an_archive_of_before_is_read_as_it_was_written():
    found = archive.texts(OLD.read_bytes())
    assert list(found) == ["card", "codec", "export", "bytes", "sha256"]
    assert re.fullmatch("[0-9a-f]{64}", found["sha256"])


def test_no_byte_behind_the_network_of_a_file_of_before_can_change():
    """Its checksum covers the network and the texts alone, not what is between and behind them."""
    good = OLD.read_bytes()
    begin = int(archive.texts(good)["bytes"])
    changed = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(begin, len(good), 7)]
    changed += [good[:at] + b"gap" + good[at:] for at in (begin, begin + 40, good.index(b"PK\1\2"), len(good))]
    for content in changed:
        try:
            assert archive.texts(content) == {}  # no archive any more: the manifest is lost
        except ArtifactError:
            continue
