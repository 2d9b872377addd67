"""Data sets: where they are published, what their bytes hash to, and how they come to this machine.

`ZOO_DATA` names a folder with local copies that is looked at first; otherwise files are downloaded once into the cache
(`ZOO_CACHE`, by default the user's cache folder), a broken download goes on where it stopped, and bytes with
another checksum than the published one are refused.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.core.files import replacing, sha256
from zoo.core.progress import tqdm
from zoo.errors import ChecksumError, DataError, DownloadError

TIMEOUT_S = 30


@dataclass(frozen=True)
class Source:
    """One file that holds a data set.

    Attributes:
        path: Name below `ZOO_DATA`; its last part is the name in the cache.
        sha256: Checksum of the whole file.
        read: Reader of the file; gives split name → pieces.
        url: Where it is published, or None for a form that exists only as a local copy.
        beside: Files that belong to it and lie in the same folder, name → checksum; of a local copy.
        home: Where what a local copy was made from is published, in another form.
    """

    path: str
    sha256: str
    read: Callable[[Path], dict[str, Any]]
    url: str | None = None
    beside: Mapping[str, str] = field(default_factory=dict)
    home: str = ""


@dataclass(frozen=True)
class Dataset:
    """A published data set: its name, the files that hold it (any one will do), its licence and what to cite."""

    name: str
    sources: Sequence[Source]
    licence: str
    citation: str


def load(dataset: Dataset, progress: bool = True) -> dict[str, Any]:
    """Read a data set from `ZOO_DATA`, the cache or the network, whichever has it first.

    Args:
        dataset: Row of a task's data set table.
        progress: Show a progress bar while downloading.

    Returns:
        Split name → pieces, as the source's reader gives them.

    Raises:
        ChecksumError: A copy differs from the published bytes.
        DownloadError: The network did not deliver.
        DataError: The file cannot be read.
    """
    source, path = _locate(dataset, progress)
    try:
        return source.read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} has the right checksum but cannot be read: {error}") from error


def _locate(dataset: Dataset, progress: bool) -> tuple[Source, Path]:
    if folder := os.environ.get("ZOO_DATA"):
        for source in dataset.sources:
            path = Path(folder) / source.path
            if path.is_file():
                _verify(path, source.sha256)
                for name, digest in source.beside.items():
                    _verify(path.parent / name, digest)
                return source, path
    source = next((source for source in dataset.sources if source.url), dataset.sources[0])
    return source, fetch(source, progress)


def _verify(path: Path, digest: str) -> None:
    try:
        found = sha256(path)
    except (DataError, OSError) as error:
        raise DataError(f"{error}: it cannot be read, and belongs to the data set") from error
    if found != digest:
        raise ChecksumError(
            f"{path} has sha256 {found}, expected {digest}: the copy is damaged or another version; "
            "replace it, or remove it to download the published one"
        )


def cache_folder() -> Path:
    """Return the folder for downloads: `ZOO_CACHE`, or the user's cache folder."""
    import pooch

    return Path(os.environ.get("ZOO_CACHE") or pooch.os_cache("rnn-zoo"))


def prepared(name: str, build: Callable[[Path], None]) -> Path:
    """Return the folder in the cache that holds a data set in the form training reads it, made once.

    Args:
        name: Names the form and everything it was made from and by; its folder in the cache.
        build: Fills a new folder.

    Raises:
        DataError: The cache cannot be written.
    """
    folder = cache_folder() / "prepared" / name
    if not folder.is_dir():
        try:
            with replacing(folder, folder=True) as scratch:
                build(scratch)
        except DataError:
            if not folder.is_dir():  # another process has made it
                raise
    return folder


def fetch(source: Source, progress: bool = True) -> Path:
    """Download a file into the cache unless it is there; resume a broken download; check its sha256.

    Raises:
        ChecksumError: The delivered bytes are not the published ones; they are not kept.
        DownloadError: The network failed; what has arrived is kept for the next try.
    """
    import pooch
    import requests

    if source.url is None:
        where = f"is published in another form at {source.home}" if source.home else "is published nowhere"
        raise DataError(f"{source.path} {where}: put a copy into the folder that ZOO_DATA names")
    name, folder = source.url.rsplit("/", 1)[-1], cache_folder()
    pooch.get_logger().setLevel("WARNING")  # the progress bar says it already
    try:
        return Path(
            pooch.retrieve(
                source.url,
                known_hash=f"sha256:{source.sha256}",
                fname=name,
                path=folder,
                downloader=_Resuming(folder / f"{name}.part", progress),
            )
        )
    except requests.exceptions.RequestException as error:
        raise DownloadError(
            f"cannot download {source.url}: {error}. Try again (it goes on where it stopped), or put a copy into a "
            f"folder as {source.path} and name that folder in ZOO_DATA"
        ) from error
    except ValueError as error:  # pooch's word for a wrong hash
        raise ChecksumError(f"{source.url} delivered other bytes than published (sha256 {source.sha256})") from error
    except OSError as error:
        raise DataError(f"cannot write into the cache {folder}: {error}; set ZOO_CACHE to another folder") from error


class _Resuming:
    """A pooch downloader that continues a partial file with an HTTP range request (RFC 9110, section 14)."""

    def __init__(self, partial: Path, progress: bool) -> None:
        self.partial, self.progress = partial, progress

    def __call__(self, url: str, output_file: str, _pooch: Any) -> None:
        import requests

        have = self.partial.stat().st_size if self.partial.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as reply:
            if reply.status_code == 416:  # nothing is left to send: the checksum will tell
                total, blocks = have, iter([b""])
            else:
                reply.raise_for_status()
                have = have if reply.status_code == 206 else 0
                total, blocks = have + int(reply.headers.get("Content-Length", 0)), reply.iter_content(1 << 16)
            bar = tqdm()(
                total=total, initial=have, unit="B", unit_scale=True, desc=self.partial.stem, disable=not self.progress
            )
            with self.partial.open("ab" if have else "wb") as stream, bar:
                for block in blocks:
                    stream.write(block)
                    bar.update(len(block))
            if self.partial.stat().st_size < total:
                raise requests.exceptions.ConnectionError(
                    f"the connection closed at {self.partial.stat().st_size} of {total} bytes"
                )
        os.replace(self.partial, output_file)
