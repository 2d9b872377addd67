"""The metadata of an artifact as a JSON file beside it, for runtimes that cannot read them in the artifact."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.core.files import content, exists, replacing, sha256
from zoo.core.strict_json import MOST_BYTES, parse
from zoo.errors import ArgumentError, DataError

from .formats import Format

KEYS = ("artifact", "format", "form", "sha256", "bytes", "signatures", "export", "card", "codec")
"""What a sidecar has, `card` and `codec` for models of the zoo."""
ABOUT = ("format", "form", "signatures")  # of `export`: the sidecar has them itself


def sidecar_of(artifact: Path) -> Path:
    """Return the name of an artifact's sidecar: `NAME.json` for `NAME.onnx`, and for a folder `NAME`."""
    return artifact.with_name(f"{artifact.stem}.json")


@contextlib.contextmanager
def places(target: Path, folder: bool, sidecar: bool) -> Iterator[tuple[Path, Path | None]]:
    """Yield temporary paths of an artifact and of its sidecar; both take their names when the block ends.

    Args:
        target: The artifact.
        folder: It is a folder.
        sidecar: Make the second path too. Otherwise it is None, unless this artifact has a sidecar already, which would
            no longer match it.

    Raises:
        DataError: One cannot be written, or another file, or the sidecar of another artifact, has the name of this one.
    """
    beside = sidecar_of(target)
    other = owner(beside) if exists(beside) else None
    if sidecar and exists(beside) and other != target.name:
        what = f"the sidecar of {other}" if other else "no sidecar of an artifact"
        raise DataError(f"{beside} exists and is {what}: choose another name or folder, or leave sidecar= out")
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(replacing(beside)) if sidecar or other == target.name else None
        yield stack.enter_context(replacing(target, folder=folder)), scratch


def owner(path: Path) -> str | None:
    """Return the name of the artifact whose sidecar a file is; None for any other file."""
    try:
        found = parse(content(path, MOST_BYTES))
    except (DataError, ArgumentError):
        return None
    known = isinstance(found, dict) and {"artifact", "sha256", "signatures"} <= set(found)
    return str(found["artifact"]) if known else None


def metadata(artifact: Path, row: Format) -> dict[str, Any]:
    """Return the metadata of a sealed artifact (see `KEYS`).

    `sha256` and `bytes` are those of the file; of a folder they are the checksum and size in its manifest.

    Args:
        artifact: The file or folder.
        row: Its format.
    """
    manifest = row.manifest(artifact)
    about = json.loads(manifest["export"])
    whole = artifact.is_file()
    found = {
        "artifact": artifact.name,
        **{key: about[key] for key in ("format", "form")},
        "sha256": sha256(artifact) if whole else manifest["sha256"],
        "bytes": artifact.stat().st_size if whole else int(manifest["bytes"]),
        "signatures": about["signatures"],
        "export": {key: value for key, value in about.items() if key not in ABOUT},
    }
    return found | {key: json.loads(manifest[key]) for key in ("card", "codec") if key in manifest}


def write(path: Path, artifact: Path, row: Format) -> None:
    """Write the sidecar of a sealed artifact."""
    path.write_text(json.dumps(metadata(artifact, row), indent=1) + "\n", encoding="utf-8")
