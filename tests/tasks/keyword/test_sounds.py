import tarfile

import numpy as np
import pytest

from tests.media.sounds import sound, written
from tests.tasks.keyword.spotters import own_folder
from zoo.errors import CodecError
from zoo.tasks.keyword.sounds import ArchivedSounds, Sounds


@pytest.fixture
def folder(tmp_path):
    folder = own_folder(tmp_path / "own")
    (folder / "validation_list.txt").write_text("left/1.wav\n")
    (folder / "left/notes.md").write_text("none")
    (folder / "left/broken.wav").write_bytes(b"RIFF")
    written(folder / "loose.wav", sound())
    return folder


def test_folders_and_archives_are_read_alike(folder, tmp_path):
    with tarfile.open(tmp_path / "own.tar.gz", "w:gz") as archive:
        archive.add(folder, ".")
    found, packed = Sounds(folder), ArchivedSounds(tmp_path / "own.tar.gz")
    assert found.names == packed.names == ["left/0.wav", "left/1.wav", "left/2.wav", "left/broken.wav",
                                           "right/0.wav", "right/1.wav", "right/2.wav"]  # fmt: skip
    assert found.lists == packed.lists == {"valid": ["left/1.wav", ""]}
    one, other = ({name: wave for name, wave, _ in sounds.waves(["left/1.wav", "left/broken.wav"], 5)}
                  for sounds in (found, packed))  # fmt: skip
    np.testing.assert_array_equal(one["left/1.wav"], other["left/1.wav"])
    assert isinstance(one["left/broken.wav"], str)
    assert isinstance(other["left/broken.wav"], str)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"no archive" * 99)
    with pytest.raises(CodecError, match=r"a\.tar\.gz cannot be read as a tar archive"):
        ArchivedSounds(tmp_path / "a.tar.gz")


def test_long_clips_are_refused_and_the_digest_is_that_of_the_content(folder):
    sounds = Sounds(folder)
    ((_, reason, _),) = sounds.waves(["left/1.wav"], 0.5)
    assert "cut it into clips of one word" in reason
    before = sounds.digest()
    assert Sounds(folder).digest() == before
    written(folder / "left/1.wav", sound(0.8, seed=77))
    assert Sounds(folder).digest() != before
