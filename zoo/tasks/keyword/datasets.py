"""Keyword data sets."""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from zoo.core.datasets import Dataset, Source, prepared
from zoo.core.files import sha256
from zoo.media import archive
from zoo.media.samples import rounded
from zoo.tasks.keyword.clips import Clip, store, stored
from zoo.tasks.keyword.layout import speaker_of
from zoo.tasks.keyword.sounds import LONGEST_S, ArchivedSounds

SPLITS = Path(__file__).with_name("splits.json")
STORED = 1  # version of the form that clips are prepared in
TARS = {
    "speech_commands_v2_test_flac16k_1.tar": "2f25ec252cfe4566ebb7550a784042c4cc066476fe22ab4114e20a30bb8bfa3c",
    "speech_commands_v2_test_flac16k_2.tar": "c48fd27d5614569654f835ebc5731c63d727a460231a1ac1fb55604dbef351bd",
}


def _manifest(manifest: Path) -> dict[str, list[Clip]]:
    """Read a manifest and the sound files it names; their samples are kept in the cache."""
    rows = {row["path"]: row for row in archive.rows(manifest)}

    def build(folder: Path) -> None:
        def each() -> Iterator[tuple[str, Clip]]:
            for tar in TARS:
                for name, samples, _ in archive.members(manifest.parent / tar, set(rows)):
                    row = rows[name]
                    yield row["split"], Clip(samples, row["label12"], row["speaker"].strip("-"), row["clip"])

        store(each(), folder)

    return stored(prepared(f"keyword-{STORED}-{sha256(manifest)}", build))


def splits() -> dict[str, str]:
    """Return speaker, or name of a clip of silence, → split: those of the manifest."""
    found = json.loads(SPLITS.read_text(encoding="utf-8"))
    return {
        name: split
        for split, parts in found.items()
        for part in ("speakers", "silence")
        for name in parts[part].split()
    }


def _published(path: Path) -> dict[str, list[Clip]]:
    """Read the archive as it is published: the same clips, in another form."""
    sounds, of = ArchivedSounds(path), splits()

    def build(folder: Path) -> None:
        def each() -> Iterator[tuple[str, Clip]]:
            for name, wave, _ in sounds.waves(sounds.names, LONGEST_S):
                speaker, clip = speaker_of(name), PurePosixPath(name).stem
                if (split := of.get(speaker or clip)) and not isinstance(wave, str):
                    yield split, Clip(rounded(wave), name.partition("/")[0], speaker, clip)

        store(each(), folder)

    return stored(prepared(f"keyword-{STORED}-{sha256(path)}", build))


SPEECH_COMMANDS = Dataset(
    name="Speech Commands v0.02, test set",
    sources=(
        Source(
            "speech/speech_commands_v2_test_manifest.tsv",
            "7aacb00d567c2a8c2d554da52c7cf4f47ea23b83a0dca06ca86ee50dbeb5d202",
            _manifest,
            beside=TARS,
        ),
        Source(
            "speech/speech_commands_test_set_v0.02.tar.gz",
            "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
            _published,
            url="http://download.tensorflow.org/data/speech_commands_test_set_v0.02.tar.gz",
        ),
    ),
    licence="CC BY 4.0",
    citation="Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, arXiv:1804.03209, 2018",
)


def datasets() -> tuple[Dataset, ...]:
    """Return what the keyword models are trained on."""
    return (SPEECH_COMMANDS,)


def prepare(commands: dict[str, Any]) -> dict[str, list[Clip]]:
    """Split by speaker: those of valid and test are heard in no other; silence is split by file."""
    return {split: commands[split] for split in ("train", "valid", "test")}
