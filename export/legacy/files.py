"""What a model file holds, recognized by its content: configuration, arrays, and the Keras that wrote it."""

import contextlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.core.extras import require
from zoo.core.files import regular, temporary_folder
from zoo.errors import ArgumentError, DataError, ModelFileError

from .hdf5 import Arrays, arrays_of, as_text, group_in, names_in, tree, with_slashes

HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
LFS = b"version https://git-lfs"
MAX_TEXT = 64 << 20
"""Most bytes of a configuration or vocabulary that are read."""
LEADING = 1 << 16
"""Bytes at the start of a file by which it is recognized."""


@dataclass
class Stored:
    """What a model file holds.

    Attributes:
        path: The file.
        container: `hdf5` or `zip`.
        version: Version of the Keras that wrote it, such as `2.2.4`; `1` if the file states none, as with Keras 1.
        backend: Its backend, such as `theano`; empty if the file states none.
        config: Configuration of the model; None if the file has weights alone.
        layers: HDF5: layer → its arrays by name, in the order in which they were written.
        tree: Zip: path of an object inside the model, such as `layers/lstm/cell` → its arrays by number.
        top: HDF5: arrays of the model itself.
        words: Zip: path of a lookup layer → its vocabulary.
    """

    path: Path
    container: str
    version: str
    backend: str = ""
    config: Any = None
    layers: dict[str, Arrays] = field(default_factory=dict)
    tree: dict[str, Arrays] = field(default_factory=dict)
    top: Arrays = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)

    @property
    def generation(self) -> int:
        """Number before the first dot of the version."""
        return generation_of(self.version)


def generation_of(version: str) -> int:
    """Return the number before the first dot of a version of Keras."""
    return int(found[0]) if (found := re.match(r"\d+", version)) else 1


def opened(path: str | os.PathLike[str]) -> Stored:
    """Read a model file.

    Args:
        path: A file of any Keras: HDF5, or a zip archive with `config.json`; its suffix does not matter.

    Raises:
        ArgumentError: It is no path.
        ModelFileError: It is not a model file, or is damaged; the message says what it is and what to do.
        MissingExtra: h5py is not installed.
    """
    try:
        source = Path(path)
    except TypeError:
        raise ArgumentError(f"{path!r}: give the path of a model file (.h5, .hdf5 or .keras)") from None
    if Path(f"{source}.index").exists() or source.suffix == ".index":
        raise ModelFileError(
            f"{source} is a checkpoint of TensorFlow, as save_weights of Keras 2 wrote it without a suffix: load it "
            "where the model was built, with tf_keras, and call model.save('model.h5')"
        )
    if not source.exists():
        raise ModelFileError(f"{source} does not exist: give the path of a model file (.h5, .hdf5 or .keras)")
    if source.is_dir():
        raise ModelFileError(_folder(source))
    try:
        with regular(source) as stream:
            head = stream.read(LEADING)
    except DataError as error:
        raise ModelFileError(str(error)) from error
    for is_one, read in ((head.startswith(ZIP) and zipfile.is_zipfile(source), _zip), (_is_hdf5(source), _hdf5)):
        if is_one:
            require("files of Keras need", "h5py")
            return _undamaged(read, source)
    raise ModelFileError(f"{source} {_other(head)}")


@contextlib.contextmanager
def under_suffix(stored: Stored, suffix: str) -> Iterator[Path]:
    """Yield a path of a file that ends in a suffix, for Keras, which goes by it."""
    if stored.path.name.endswith(suffix):
        yield stored.path
        return
    with temporary_folder() as folder:
        link = folder / f"model{suffix}"
        try:
            link.symlink_to(stored.path.resolve())
        except OSError:  # not every system allows it
            shutil.copy(stored.path, link)
        yield link


def _undamaged(read: Callable[[Path], Stored], path: Path) -> Stored:
    """Read a file, and name it in whatever error that raises."""
    try:
        return read(path)
    except ModelFileError as error:
        raise error if str(path) in str(error) else ModelFileError(f"{path}: {error}") from None
    except Exception as error:
        raise ModelFileError(f"{path} is damaged ({type(error).__name__}): copy or download it again") from error


def is_model_file(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is HDF5 or a zip archive of Keras, whatever its name ends in."""
    source = Path(path)
    if not source.is_file():
        return False
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            return {"config.json", "model.weights.h5"} <= set(archive.namelist())
    return _is_hdf5(source)


def _is_hdf5(path: Path) -> bool:
    """Look for the signature of HDF5: at the beginning, or at 512, 1024, 2048 … bytes, behind a user's block."""
    place, size = 0, path.stat().st_size
    with regular(path) as stream:
        while place + len(HDF5) <= size:
            stream.seek(place)
            if stream.read(len(HDF5)) == HDF5:
                return True
            place = max(512, 2 * place)
    return False


def _folder(path: Path) -> str:
    """Describe a folder that was given in place of a model file."""
    if (path / "saved_model.pb").exists() or (path / "saved_model.pbtxt").exists():
        keras = (path / "keras_metadata.pb").exists()
        who = "a SavedModel of Keras 2" if keras else "a SavedModel"
        return (
            f"{path} is {who}, a graph without its layers, which cannot be converted back: call model.save('model.h5') "
            "where it was trained and read that file; `zoo inspect` describes the SavedModel itself, and "
            "export.load(path, trust=True) runs it"
        )
    if (path / "config.json").exists() or (path / "metadata.json").exists():
        return (
            f"{path} is a folder with the members of a .keras file: zip them (without the folder) and read the archive"
        )
    return f"{path} is a folder, not a model file of Keras (.h5, .hdf5 or .keras)"


def _other(head: bytes) -> str:
    """Describe a file that is not a model file, by its first bytes."""
    start = head.lstrip()[:400]
    if not head:
        return "is empty: copy or download it again"
    if start.startswith(LFS):
        return (
            "is a Git LFS pointer, not the model itself: run `git lfs pull` where it comes from, or download the file"
        )
    if start.startswith(b"{") and b'"cells"' in head:
        return "is a Jupyter notebook, not a model: run it, and read the file that its model.save(...) writes"
    if re.match(rb"(?i)<(!doctype|html|\?xml)", start):
        return "is a web page, not a model: download the file itself (on GitHub: the `raw` link)"
    if start.startswith(b"{") and (b'"class_name"' in head or b'"layers"' in head):
        return (
            "is the JSON of a model's configuration, without weights: build the model with "
            "keras.models.model_from_json and give it its weights by export.load_weights"
        )
    if head[4:8] == b"TFL3":
        return "is a TFLite file, an artifact already: open it with export.load"
    if head.startswith(b"\x80") or start.startswith((b"ccopy_reg", b"ckeras")):
        return (
            "is a Python pickle, which can run any code when it is opened: open it yourself where it was made and "
            "call model.save('model.h5')"
        )
    if head.startswith((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")):
        return "is a compressed archive: unpack it first"
    return (
        "is not a model file of Keras, or is damaged: accepted are HDF5 files (.h5, .hdf5) and zip archives (.keras) "
        "that model.save wrote; copy or download it again"
    )


def _hdf5(path: Path) -> Stored:
    """Read an HDF5 file: a whole model, or weights alone."""
    import h5py

    with h5py.File(path, "r") as file:
        group = group_in(file, "model_weights") if "model_weights" in file else file
        if "model_config" not in file.attrs and not names_in(group, "layer_names"):
            if "layers" in file or "_layer_checkpoint_dependencies" in file:
                return Stored(path, "zip", "3", tree=tree(file))  # weights alone, as in a .keras archive
            raise ModelFileError(
                f"{path} is an HDF5 file, but neither a model nor weights of Keras: give one that model.save or "
                "model.save_weights wrote"
            )
        text = as_text(file.attrs.get("model_config"))
        said = as_text(file.attrs.get("keras_version")) or as_text(group.attrs.get("keras_version")) or "1"
        backend = as_text(file.attrs.get("backend")) or as_text(group.attrs.get("backend"))
        layers = {name: arrays_of(group_in(group, name)) for name in names_in(group, "layer_names") if name in group}
        top = arrays_of(group_in(group, "top_level_model_weights")) if "top_level_model_weights" in group else {}
        return Stored(path, "hdf5", said, backend, json.loads(text) if text else None, layers, top=top)


def _zip(path: Path) -> Stored:
    """Read a `.keras` archive."""
    import h5py

    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if not {"config.json", "model.weights.h5"} <= names:
            raise ModelFileError(f"{path} {_archive(names)}")
        vocabularies = [name for name in sorted(names) if re.match(r"assets[/\\].*vocabulary\.txt$", name)]
        texts = {"config.json", "metadata.json"} & names
        if large := [n for n in (*sorted(texts), *vocabularies) if archive.getinfo(n).file_size > MAX_TEXT]:
            raise ModelFileError(
                f"{path}: its {large[0]} is larger than {MAX_TEXT >> 20} MB, the most that is read: is this a model?"
            )
        config = json.loads(archive.read("config.json"))
        metadata = json.loads(archive.read("metadata.json")) if "metadata.json" in names else {}
        words = {with_slashes(name)[len("assets/") :].rsplit("/", 1)[0]: archive.read(name).decode().split("\n")
                 for name in vocabularies}  # fmt: skip
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
            arrays = tree(file)
    return Stored(path, "zip", str(metadata.get("keras_version", "3")), config=config, tree=arrays, words=words)


def _archive(names: set[str]) -> str:
    """Describe an archive that is not a model file."""
    inner = sorted(name for name in names if name.endswith((".h5", ".hdf5", ".keras", ".pb")))
    if inner:
        return f"is a zip archive with {', '.join(inner[:3])}: unpack it and read that"
    if any(name.endswith("/data.pkl") for name in names):
        return "is a file of PyTorch, not of Keras: export it to ONNX there"
    return "is a zip archive without config.json and model.weights.h5: not a .keras file of Keras"
