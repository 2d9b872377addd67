"""Files and streams that media are read from: regular files alone, and errors that name them."""

import contextlib
import errno
import io
import math
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from zoo.core import files
from zoo.errors import CodecError, DataError, ZooError


def reason(error: BaseException) -> str:
    """Return what an error of the system or of FFmpeg says, in a line."""
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__


def told(source: Any) -> str:
    """Name a source in messages."""
    return str(source if isinstance(source, os.PathLike) else getattr(source, "name", source))


def regular(source: str | os.PathLike[str], kind: str) -> BinaryIO:
    """Open a regular file that is not empty: a pipe would wait, and a device never end.

    Args:
        source: Its path.
        kind: What it should be, such as `a sound file`.

    Raises:
        CodecError: It is missing, a folder, no regular file, not readable, or empty.
    """
    try:
        stream = files.regular(source, kind)
    except DataError as error:
        raise CodecError(str(error)) from error
    if os.fstat(stream.fileno()).st_size:
        return stream
    stream.close()
    raise CodecError(f"{source} is empty: give {kind} with something in it")


@contextlib.contextmanager
def named(source: Any, kind: str) -> Iterator[None]:
    """Raise whatever a decoder of foreign bytes raises as an error that names the file.

    Raises:
        CodecError: The block raised an error that is none of the project's.
    """
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        raise CodecError(f"{told(source)} cannot be read as {kind} ({reason(error)})") from error


class Input(io.RawIOBase):
    """A binary file as C has it: with errors that are told by what it returns.

    PyAV prints the errors that Python raises below FFmpeg, and trusts in that no more is read than was asked for.

    Attributes:
        error: The last error of reading.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.file = stream
        self.error: BaseException | None = None

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell whether it can go back."""
        return self.tell() >= 0 and bool(getattr(self.file, "seekable", lambda: True)())

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes at most; none after an error."""
        try:
            data = bytes(self.file.read(size) or b"")
        except Exception as error:  # noqa: BLE001 - of any object that a user has given
            self.error, data = error, b""
        return data[:size] if size >= 0 else data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; return it, or a negative number if there is no such place."""
        try:
            return self.file.seek(offset, whence)
        except Exception:  # noqa: BLE001
            return -errno.EINVAL

    def tell(self) -> int:
        """Return the place, or a negative number."""
        try:
            return self.file.tell()
        except Exception:  # noqa: BLE001
            return -errno.EINVAL

    def size(self) -> float:
        """Return the bytes of the file; infinity for a stream that cannot go back."""
        if not self.seekable():
            return math.inf
        at = self.tell()
        size = self.seek(0, io.SEEK_END)
        self.seek(at)
        return size
