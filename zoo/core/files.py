"""Writing files whole or not at all, and recognising them by their checksum.

What is written lies in a temporary folder beside its place, locked as long as its process lives, until it is complete.
"""

import contextlib
import errno
import functools
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from zoo.errors import ArgumentError, DataError

STANDARD_INPUT = "-"
"""Name that stands for the standard input on the command line."""
BLOCK = 1 << 20
"""Bytes read at a time."""
SUFFIX, LOCK, PREVIOUS = ".zoo-tmp", ".zoo-lock", ".zoo-previous"
"""End of the names of temporary folders; in them, the lock of their process, and the folder that is replaced."""
MOVING_S = 2.0
"""How long a folder may be missing while it is replaced, in seconds."""


def sha256(data: bytes | Path) -> str:
    """Hash bytes, or the content of a file, to 64 hexadecimal digits.

    Raises:
        DataError: The file is missing, cannot be opened, or is no regular file.
    """
    digest = hashlib.sha256()
    if isinstance(data, bytes):
        digest.update(data)
    else:
        with regular(data) as stream, _readable(data):
            while block := stream.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def regular(path: str | os.PathLike[str], kind: str = "a regular file") -> BinaryIO:
    """Open a regular file for reading: a pipe would wait for ever, a device such as /dev/zero never ends.

    Args:
        path: The file.
        kind: What it should be, such as `a sound file`, for messages.

    Raises:
        DataError: It is missing, cannot be read, or is no regular file.
    """
    waitless = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, os.O_RDONLY | waitless)
    except (OSError, ValueError) as error:  # ValueError: a null character in its name
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise DataError(f"{path} is {what}: give {kind}")
    return open(descriptor, "rb")


def first(path: str | os.PathLike[str], count: int) -> bytes:
    """Return the first bytes of a regular file.

    Raises:
        DataError: It is missing, cannot be read, or is no regular file.
    """
    with regular(path) as stream, _readable(path):
        return stream.read(count)


def content(path: str | os.PathLike[str], most: int) -> bytes:
    """Return what a regular file contains.

    Args:
        path: The file.
        most: Most bytes that are read.

    Raises:
        DataError: It is missing, cannot be read, is no regular file, or has more bytes.
    """
    with regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        with _readable(path):
            found = stream.read(max(size, BLOCK) + 1) if size <= most else b""  # the room for it is reserved at once
    if max(size, len(found)) > most:
        raise DataError(f"{path} has more than {most:,} bytes, which is the most that is read")
    return found


@contextlib.contextmanager
def _readable(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file where reading fails, as from a bad disk: such errors name none."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


def exists(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file or folder exists; of a text that cannot be a name, such as a long one, it does not.

    A folder that a killed process moved away to replace it is put back first.
    """
    deadline = time.monotonic() + MOVING_S
    while not os.path.exists(path):  # Path.exists raises an error for such a text
        if not (replaced := _replaced(Path(path))) or time.monotonic() > deadline:
            return False
        sweep(replaced.parent)
        time.sleep(0.01)  # if its process lives, it is about to move the new one in
    return True


def _replaced(path: Path) -> Path | None:
    """Return the temporary folder from which a folder is about to be replaced, the earlier one moved away."""
    found = _workplaces(path.parent)
    return next((one for one in found if (one / path.name).exists() and (one / PREVIOUS).exists()), None)


def check_name(path: Path) -> None:
    """Refuse a name that no file can have, before there is something to be written.

    Raises:
        ArgumentError: It is too long, or has a null character.
    """
    try:
        os.path.lexists(path) or os.lstat(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in (errno.ENAMETOOLONG, None):
            raise ArgumentError(
                f"{str(path)[:50]}… is no name of a file: {getattr(error, 'strerror', None) or error}"
            ) from error


def suffixed(path: str | os.PathLike[str], accepted: tuple[str, ...]) -> Path:
    """Return a path whose suffix says what is written there.

    Raises:
        ArgumentError: It has another suffix.
    """
    if Path(path).suffix.lower() not in accepted:
        raise ArgumentError(f"{path}: give a file name that ends in {' or '.join(accepted)}")
    return Path(path)


def take(path: Path) -> Any:
    """Take the lock of a lock file, which ends with this process, however that ends; None if another holds it.

    Raises:
        OSError: The file cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    if path.exists():
        return lock
    lock.release()  # of a file that its last holder has removed
    return None


def sweep(folder: Path) -> None:
    """Remove temporary folders that killed processes left in a folder, and finish what they were amid.

    Folders of processes that live are locked, and stay.
    """
    for workplace in _workplaces(folder):
        with contextlib.suppress(OSError):
            if lock := take(workplace / LOCK):
                _finish(workplace)
                _remove(workplace, lock)


_OWN: dict[Path, Any] = {}
"""Temporary folders of this process and their locks."""
_sweep_once = functools.cache(sweep)
"""`sweep` of a folder that many files are written to."""


def _workplaces(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(e.path) for e in entries if e.name.endswith(SUFFIX) and e.is_dir(follow_symlinks=False)]
    except (OSError, ValueError):  # it is missing, or its name can be none
        return []


def _finish(workplace: Path) -> None:
    """Put the new folder in place where the process was killed between its two renames: the new one is complete."""
    if (workplace / PREVIOUS).exists():
        for path in workplace.iterdir():
            target = workplace.parent / path.name
            if path.name not in (LOCK, PREVIOUS) and not os.path.exists(target):
                os.replace(path, target)


def _remove(workplace: Path, lock: Any) -> None:
    if not workplace.name:  # none has been made; the empty path is the current folder
        return
    shutil.rmtree(workplace, ignore_errors=True)
    if lock is not None:
        lock.release()
    shutil.rmtree(workplace, ignore_errors=True)  # Windows removes no locked file


def abandon() -> None:
    """Remove the temporary folders of this process, which is about to end wherever it is."""
    while _OWN:
        workplace, lock = _OWN.popitem()
        with contextlib.suppress(OSError, RuntimeError):  # of another thread
            _finish(workplace)
            _remove(workplace, lock)


@contextlib.contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder for the time of a block; if the process is killed in it, the next one in that place removes it.

    Args:
        parent: Where to; None takes the system's folder for temporary files.

    Raises:
        OSError: It cannot be made.
    """
    place = Path(tempfile.gettempdir()) if parent is None else parent
    sweep(place)
    with _workplace(place) as folder:
        yield folder


@contextlib.contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    folder, lock = Path(), None
    try:
        while lock is None:  # another process may take a folder without a lock for one that is left
            _OWN.pop(folder, None)
            folder = Path(tempfile.mkdtemp(prefix=".", suffix=SUFFIX, dir=parent))
            _OWN[folder] = None
            with contextlib.suppress(FileNotFoundError):
                lock = _OWN[folder] = take(folder / LOCK)
        yield folder
    finally:
        _remove(folder, _OWN.pop(folder, lock))


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, whole or not at all, in UTF-8.

    Raises:
        DataError: The place cannot be written.
    """
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], folder: bool = False) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the final name only when the block ends without an error.

    A crash, an exception or a full disk leaves what stood under the final name before, or nothing.

    Args:
        path: Final name of a file, or of a folder.
        folder: Make the temporary path a folder; an existing folder of that name is replaced as one.

    Raises:
        DataError: The place cannot be written, or a folder stands where a file should be (or the reverse).
    """
    target = Path(path)
    if not folder and os.path.isdir(target):  # False for a name that is too long
        raise DataError(f"{target} is a folder: give the name of a file")
    if folder and exists(target) and not target.is_dir():
        raise DataError(f"{target} is a file where a folder should be: remove it or choose another name")
    with contextlib.ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                target.lstat()  # a name that can be none is refused before anything is computed
            (sweep if folder else _sweep_once)(target.parent.absolute())
            workplace = stack.enter_context(_workplace(target.parent))
        except OSError as error:
            raise DataError(f"cannot write into {target.parent}: {error.strerror or error}") from error
        scratch, previous = workplace / target.name, workplace / PREVIOUS
        try:
            if folder:
                scratch.mkdir()
            yield scratch
            _replace(scratch, target, previous)
        except OSError as error:
            raise DataError(f"cannot write {target}: {error.strerror or error}; nothing was changed") from error
        finally:
            if previous.exists() and not os.path.exists(target):
                os.replace(previous, target)


def _replace(scratch: Path, target: Path, previous: Path) -> None:
    """Move a file or folder to its final name; a folder of that name goes to `previous`."""
    for last in (False, False, True):
        if scratch.is_dir() and target.is_dir():
            with contextlib.suppress(FileNotFoundError):  # another process has moved it
                os.replace(target, previous)
        try:
            os.replace(scratch, target)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or last or not previous.exists():
                raise
            shutil.rmtree(previous)  # another process has put its own there meanwhile: the last one stays
