import tarfile

import numpy as np
import pytest
import soundfile

from tests.media.sounds import sound
from zoo.core.task import find
from zoo.tasks.keyword import datasets
from zoo.tasks.keyword.clips import CLIP, SILENCE
from zoo.tasks.keyword.codec import WORDS


def test_speech_commands_are_split_by_speaker(data):
    splits = find("keyword").splits_of()
    assert {split: len(pieces) for split, pieces in splits.items()} == {"train": 3035, "valid": 533, "test": 688}
    speakers = {split: {piece.speaker for piece in pieces} - {""} for split, pieces in splits.items()}
    assert {split: len(names) for split, names in speakers.items()} == {"train": 143, "valid": 24, "test": 40}
    assert len(set.union(*speakers.values())) == 207
    of = datasets.splits()
    for split, pieces in splits.items():
        assert {piece.word for piece in pieces} == set(WORDS)
        assert all(of[piece.speaker or piece.name] == split for piece in pieces)
        assert all((piece.word == SILENCE) == (not piece.speaker) for piece in pieces)
    assert splits["test"][0].wave.shape == (CLIP,)


def test_the_published_archive_has_the_same_splits(tmp_path):
    of = datasets.splits()
    speaker, silence = next(name for name, split in of.items() if split == "valid" and len(name) == 8), "1083"
    wave = sound(1.0)
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        for name in (f"_unknown_/cat_{speaker}_nohash_0.wav", "yes/00000000_nohash_0.wav", f"_silence_/{silence}.wav"):
            soundfile.write(tmp_path / "a.wav", wave, 16000)
            archive.add(tmp_path / "a.wav", f"./{name}")
    splits = datasets._published(tmp_path / "set.tar.gz")
    assert sorted(splits) == ["test", "valid"]  # others than those of the manifest are left out
    ((one,), (other,)) = splits["valid"], splits["test"]
    assert (one.word, one.speaker, other.word, other.name) == ("_unknown_", speaker, SILENCE, silence)
    np.testing.assert_allclose(one.wave, wave, atol=1e-4)


@pytest.mark.parametrize("source", datasets.SPEECH_COMMANDS.sources)
def test_sources_are_named_by_their_checksums(source):
    assert len(source.sha256) == 64
    assert source.url is None or source.url.endswith(source.path.rpartition("/")[2])
