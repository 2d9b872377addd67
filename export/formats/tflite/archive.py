"""The manifest of a TFLite file: a zip archive behind the flatbuffer, as TFLite's metadata have it.

The archive's comment is the checksum, which thus stands in the file as it is, and in no other place of it.
"""

import io
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from zoo.errors import ArtifactError

MAX_MANIFEST = 1 << 20  # bytes of one associated file
MAX_ALL = 4 << 20
MAX_MEMBERS = 64
MAX_DIRECTORY = 1 << 16
DATE = (1980, 1, 1, 0, 0, 0)
OURS = {"card", "codec", "export", "bytes", "covers", "sha256"}
REQUIRED = {"export", "bytes", "covers", "sha256"}
"""Names that say that an archive is a manifest."""
END = struct.Struct("<4s4H2LH")
REMAINS = re.compile(rb"PK\x03\x04.{22}(?:\x06\0..export|\x05\0..(?:bytes|codec)|\x04\0..card)", re.DOTALL)
"""A member of a manifest; left alone, of one that is damaged."""
ODD = re.compile(r"[\x00-\x1f\\:]|^/|(^|/)\.\.(/|$)")


def append(path: Path, manifest: Mapping[str, str]) -> None:
    """Append a manifest, one member per text."""
    members = {name: text for name, text in manifest.items() if name != "sha256"}
    with path.open("ab") as stream:
        stream.write(_written(members, manifest.get("sha256", "")))


def _written(members: Mapping[str, str], comment: str = "", system: int | None = None) -> bytes:
    """Return an archive; the same bytes whenever it is written."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            member = zipfile.ZipInfo(name, DATE)
            member.create_system = member.create_system if system is None else system
            archive.writestr(member, text)
        archive.comment = comment.encode()
    return packed.getvalue()


def texts(content: bytes) -> dict[str, str]:
    """Return the manifest of a file; nothing if it has no archive, or one of another tool.

    Raises:
        ArtifactError: The archive is damaged, or has what no manifest has.
    """
    if (archive := _opened(content)) is None:
        return {}
    with archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if len(set(names)) < len(names) or any(ODD.search(name) for name in names):
            raise ArtifactError("its associated files have odd names, or several have one name")
        if not REQUIRED & set(names):
            return {}
        if unknown := sorted(set(names) - OURS):
            raise ArtifactError(f"it carries {', '.join(unknown)} beside its manifest")
        _check_sizes(members)
        found = {member.filename: _text(archive, member) for member in members}
        if "covers" not in found:
            _check_as_written(content, found, members[0].create_system)
            return found
        return {**found, "sha256": archive.comment.decode("ascii", "replace")}


def _opened(content: bytes) -> zipfile.ZipFile | None:
    """Open the archive at the end of a file, if there is one.

    Raises:
        ArtifactError: It has far more members than any manifest.
    """
    at = content.rfind(b"PK\5\6", max(0, len(content) - END.size - 0xFFFF))
    if at < 0 or at + END.size > len(content):
        return None
    _, _, _, _, count, size, _, comment = END.unpack_from(content, at)
    if at + END.size + comment != len(content):
        return None
    if count > MAX_MEMBERS or size > MAX_DIRECTORY or content[max(0, at - 20) : at].startswith(b"PK\6\7"):
        raise ArtifactError(f"it carries {count} associated files, at most {MAX_MEMBERS} are read")
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    """Check that members are not packed, and not large.

    Raises:
        ArtifactError: They are.
    """
    for member in members:
        if member.file_size > MAX_MANIFEST:
            raise ArtifactError(f"it carries an associated file larger than {MAX_MANIFEST} bytes")
        if member.flag_bits & 1 or member.compress_type != zipfile.ZIP_STORED:
            raise ArtifactError(f"its associated file {member.filename} is packed or encrypted, which no manifest is")
    if sum(member.file_size for member in members) > MAX_ALL:
        raise ArtifactError(f"it carries associated files of more than {MAX_ALL} bytes")


def _text(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """Read a member.

    Raises:
        ArtifactError: It is damaged.
    """
    try:
        return archive.read(member).decode()
    except Exception as error:
        raise ArtifactError(f"its associated file {member.filename} is damaged ({type(error).__name__})") from error


def _check_as_written(content: bytes, found: Mapping[str, str], system: int) -> None:
    """Check an archive of before, whose checksum covers its texts alone.

    Raises:
        ArtifactError: It is not as it was written, byte for byte.
    """
    begin = int(found["bytes"]) if found.get("bytes", "").isdecimal() else 0
    if content[begin:] != _written(found, system=system):
        raise ArtifactError("there are other bytes than those of its network and its manifest")
