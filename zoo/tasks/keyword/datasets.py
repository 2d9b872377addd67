"""Keyword data sets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.core.datasets import Dataset, Source, prepared
from zoo.core.files import sha256
from zoo.media import archive
from zoo.tasks.keyword.clips import Clip, store, stored

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


SPEECH_COMMANDS = Dataset(
    name="Speech Commands v0.02, test set",
    sources=(
        Source(
            "speech/speech_commands_v2_test_manifest.tsv",
            "7aacb00d567c2a8c2d554da52c7cf4f47ea23b83a0dca06ca86ee50dbeb5d202",
            _manifest,
            beside=TARS,
            home="http://download.tensorflow.org/data/speech_commands_test_set_v0.02.tar.gz",
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
