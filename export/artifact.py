"""Artifacts as files: their manifest, and how they are opened.

The manifest records how an artifact was made and how well it agreed with Keras, the card and codec of a model of the
zoo, and one sha256 over all of that and the network itself: over every byte of a file but its own digits. `load` needs
the path alone.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.core.card import Card, codec_json
from zoo.core.codec import Codec, PairCodec
from zoo.core.files import BLOCK, exists, regular, sha256
from zoo.errors import (
    ArgumentError,
    ArtifactError,
    DataError,
    MissingExtra,
    PluginError,
    PresetError,
    VerificationError,
)
from zoo.models.model import Model, make
from zoo.presets.preset import read_codec
from zoo.runtime.engine import BoundEngine, RuntimeOptions, of_engines, runtime_options
from zoo.runtime.pair import Pair

from . import formats
from .formats import Format
from .manifest import TEXTS, Manifest, check_texts, described
from .model_files import is_meant
from .verification.compare import check_signature

FOREIGN = (
    "was not written by export.save: no checksum, no measured agreement with Keras, no names or versions beyond what "
    "the format itself has"
)


def load(
    path: str | os.PathLike[str],
    form: str | None = None,
    *,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    trust: bool = False,
) -> Any:
    """Open an artifact; ONNX and TFLite need no TensorFlow. Any number of threads may call what is returned.

    Args:
        path: What `save` wrote, or an ONNX, TFLite or SavedModel artifact of another tool.
        form: `sequence`, `step` or `generate`, for a SavedModel that has several; None takes the one it was saved in.
            Of an artifact of another tool, one of its signatures; None takes `serving_default`, or the only one.
        threads: Threads that the runtime may use within one call, in ONNX and TFLite; None takes one, which is best for
            small networks and for calls from several threads.
        providers: ONNX Runtime's execution providers, the preferred one first, such as `["CUDAExecutionProvider",
            "CPUExecutionProvider"]`; None takes the CPU.
        trust: Load a SavedModel without checking what it contains, and one of another tool at all. A SavedModel is a
            program: it can do anything that you can, when it is loaded or called.

    Returns:
        For a model of the zoo the same API as `zoo.load`, run by the artifact's own runtime. For any other model a
        callable: `run(x)`, by position or by name, returns the output, or a dict of several (see `BoundEngine`). An
        artifact of another tool is opened with a warning about what is not known of it.

    Raises:
        ArtifactError: The artifact is missing, truncated or corrupt, or a SavedModel that is not trusted contains more
            than computation, or is of another tool.
        ArgumentError: It has no such form, or the runtime of its format no such option.
        MissingExtra: The runtime of its format is not installed.
    """
    source, row, manifest = read_manifest(path)
    options = _runtime_options(row, threads, providers, trust)
    if manifest is None:
        if row.program and not trust:
            raise ArtifactError(
                f"{source} was not written by export.save, and a {row.name} is a program, which can do anything that "
                f"you can: export.inspect (`zoo inspect {source}`) describes it without running it; if you trust "
                "whoever made it, load it by trust=True (`--trust`)"
            )
        signatures = row.signatures(source) or {}
        if form is not None and form not in signatures:
            raise ArgumentError(f"form={form!r}: {source} has {', '.join(signatures) or 'none'}, it {FOREIGN}")
        row.runnable(source)
        warnings.warn(f"{source} {FOREIGN}", stacklevel=2)
        return row.open(source, signatures[form] if form else None, *options)
    if form is not None and form not in manifest.signatures:
        raise ArgumentError(f"form={form!r}: {source} has {', '.join(manifest.signatures)}")
    signature = manifest.signatures[form or manifest.form]
    engine: BoundEngine = row.open(source, signature, *options)
    engine.about = manifest.about
    try:
        check_signature(signature, engine.signature)
        whole = _with_encoder(source, row, manifest, engine, options) if manifest.about.get("encoder") else engine
        return _model(manifest, whole) if "card" in manifest.texts else whole
    except (PresetError, PluginError, VerificationError) as error:
        raise ArtifactError(f"{source}: {error}") from error


def _with_encoder(
    source: Path, row: Format, manifest: Manifest, decoder: BoundEngine, options: list[RuntimeOptions]
) -> Pair:
    """Return the engine of a decoder and the encoder beside it.

    Raises:
        ArtifactError: The encoder is missing or damaged, or is not the one that was exported with the decoder.
    """
    name, digest = manifest.about["encoder"], manifest.about["encoder_sha256"]
    beside = source.with_name(Path(name).name)
    if not exists(beside):
        raise ArtifactError(f"{source} is a decoder, and its encoder {beside} is missing: copy both files")
    _, other, found = read_manifest(beside)
    if other.name != row.name or found is None or found.texts["sha256"] != digest:
        raise ArtifactError(f"{beside} is not the encoder that {source} was exported with: copy both files again")
    signature = found.signatures[found.form]
    encoder = row.open(beside, signature, *options)
    check_signature(signature, encoder.signature)
    both = of_engines(encoder, decoder)
    both.about = manifest.about
    return both


def _model(manifest: Manifest, engine: BoundEngine | Pair) -> Any:
    """Return the model of the zoo that a manifest describes, run by an opened artifact.

    Raises:
        PresetError: The card or codec is damaged, or describes another network.
    """
    card = Card.from_json(manifest.texts["card"])
    codec = read_codec(card, manifest.texts["codec"])
    if isinstance(codec, PairCodec) or isinstance(engine, Pair):
        _check_pair(codec, engine)
    elif engine.signature.form != "generate":
        x, y = engine.inputs[0].shape[2:], engine.outputs[0].shape[-1:]
        if x != codec.shape or y not in ((codec.classes,), (None,)):
            raise PresetError(
                f"the codec has inputs {codec.shape} and {codec.classes} classes, the network {engine.signature.text()}"
            )
    stored, own = manifest.about.get("x"), codec.columns()
    if stored and [(c["offset"], c["size"]) for c in stored] != [(c["offset"], c["size"]) for c in own]:
        raise PresetError("the codec has other columns of x than the manifest")
    return make(card, codec, engine)


def _check_pair(codec: Codec, engine: BoundEngine | Pair) -> None:
    """Compare the inputs and outputs of an encoder–decoder model with its codec.

    Raises:
        PresetError: They differ.
    """
    if not isinstance(codec, PairCodec):
        raise PresetError(f"the codec is of other models than those of an encoder and a decoder, {engine!r}")
    if isinstance(engine, BoundEngine):
        if engine.signature.form == "generate" and engine.inputs[0].shape[2:] == codec.source_shape:
            return
        raise PresetError(f"the codec belongs to an encoder–decoder model, the network is {engine.signature.text()}")
    if engine.classes not in (codec.classes, None):
        raise PresetError(f"the codec has {codec.classes} classes, the network {engine.classes}")


def _runtime_options(
    row: Format, threads: int | None, providers: Sequence[str] | None, trust: bool
) -> list[RuntimeOptions]:
    """Return the options of a runtime, as the last argument of `row.open`; nothing if none are given.

    Raises:
        ArgumentError: They are not what they should be, or the format does not have them.
    """
    trusted = (trust and row.program) or None  # other formats have nothing to trust
    if threads is None and providers is None and not trusted:
        return []
    options = runtime_options(threads, providers, trusted)
    row.check_runtime(options)
    return [options]


def read_manifest(path: str | os.PathLike[str]) -> tuple[Path, Format, Manifest | None]:
    """Return an artifact's path, format and manifest; None for an artifact of another tool.

    Raises:
        ArtifactError: It is missing, truncated or corrupt, or its manifest says what cannot be.
        MissingExtra: What reads its format is not installed.
    """
    source = Path(path)
    if not os.fspath(path) or not exists(source):
        raise ArtifactError(f"{source} does not exist: export.save writes it, or `zoo export NAME`")
    try:
        row = _format(source)
        _check_regular(source)
        texts = row.manifest(source)
        if not texts:
            return source, row, None
        check_texts(source, texts)
        _check_sizes(source)
        if not _matches(source, texts, row):
            raise ArtifactError(f"{source} is damaged (its sha256 differs): copy or export it again")
        return source, row, described(source, texts)
    except (ArtifactError, MissingExtra):
        raise
    except DataError as error:  # no regular file
        raise ArtifactError(str(error)) from error
    except Exception as error:
        raise ArtifactError(f"{source} is damaged ({type(error).__name__}): copy or export it again") from error


def _check_regular(source: Path) -> None:
    """Refuse pipes and devices, which may have no end, as an artifact or inside of its folder.

    Raises:
        ArtifactError: There is one.
    """
    for path in source.rglob("*") if source.is_dir() else [source]:
        if not path.is_dir():
            try:
                regular(path).close()
            except DataError as error:
                raise ArtifactError(str(error)) from error


def _check_sizes(source: Path) -> None:
    """Refuse to hash files that are too large, such as one that takes no room on the disk.

    Raises:
        ArtifactError: One is.
    """
    for path in source.rglob("*") if source.is_dir() else [source]:
        if (size := path.stat().st_size) > formats.MOST_BYTES and path.is_file():
            raise ArtifactError(f"{path} has {size:,} bytes, at most {formats.MOST_BYTES:,} are read")


def _format(source: Path) -> Format:
    """Return the format of an artifact.

    Raises:
        ArtifactError: No format recognizes it.
    """
    if row := formats.of_artifact(source):
        return row
    if is_meant(source):
        raise ArtifactError(
            f"{source} is a Keras model, not an artifact: export.read reads it, `zoo export {source}` exports it, and "
            f"`zoo inspect {source}` describes it"
        )
    what = "folder" if source.is_dir() else "file"
    raise ArtifactError(
        f"{source} is a {what}, but not an artifact, or it is damaged: give one in the formats {formats.accepted()}"
    )


def seal(path: Path, row: Format, model: Model | None, about: dict[str, Any]) -> None:
    """Embed the manifest of an artifact, checksum last.

    Args:
        path: The artifact without a manifest.
        row: Its format.
        model: The model of the zoo that it was made from, or None.
        about: How it was made.
    """
    texts = {"card": model.card.to_json(), "codec": codec_json(model.codec)} if model else {}
    embed(path, row, {**texts, "export": json.dumps(about), "bytes": str(path.stat().st_size)})


def embed(path: Path, row: Format, manifest: Mapping[str, str]) -> None:
    """Put the texts of a manifest, and the checksum over them and the network, into an artifact without one.

    Raises:
        PluginError: The format writes the checksum in another way than it must.
    """
    digest = _digest(path, manifest, row)
    if path.is_dir():
        row.embed(path, {**manifest, "sha256": digest})
        return
    row.embed(path, {**manifest, "covers": "file", "sha256": digest})  # these digits hold the place of the others
    whole = path.read_bytes()
    if whole.count(digest.encode()) != 1:
        raise PluginError(f"format {row.name}: embed must write the 64 digits of sha256 as they are, and only once")
    path.write_bytes(whole.replace(digest.encode(), _whole(whole, digest).encode()))


def _matches(path: Path, manifest: Mapping[str, str], row: Format) -> bool:
    """Tell whether an artifact is as it was sealed: all bytes of a file, of one of before the network and the texts."""
    digest = manifest["sha256"]
    if path.is_dir() or "covers" not in manifest:
        return _digest(path, manifest, row) == digest
    whole = path.read_bytes()
    return len(digest) == 64 and whole.count(digest.encode()) == 1 and _whole(whole, digest) == digest


def _whole(content: bytes, digest: str) -> str:
    """Hash a file in which the digits of the checksum itself are zeros."""
    return sha256(content.replace(digest.encode(), b"0" * len(digest)))


def _digest(path: Path, manifest: Mapping[str, str], row: Format) -> str:
    """Hash the texts and the network: a file's first `bytes` bytes, or a folder's files except the manifest."""
    parts = [manifest.get(name, "").encode() for name in (*TEXTS, "bytes")]
    if path.is_dir():
        files = sorted(
            p for p in path.rglob("*") if p.is_file() and p != path / row.manifest_file and not _of_system(p)
        )
        parts += [f"{file.relative_to(path).as_posix()} {sha256(file)}".encode() for file in files]
    else:
        digest = hashlib.sha256(b"".join(part + b"\0" for part in parts))
        with path.open("rb") as stream:
            left = int(manifest["bytes"])
            while left > 0 and (block := stream.read(min(left, BLOCK))):
                digest.update(block)
                left -= len(block)
        return digest.hexdigest()
    return sha256(b"\0".join(parts))


def _of_system(path: Path) -> bool:
    """Tell whether file managers write a file of this name into folders, where nobody reads it."""
    return path.name in (".DS_Store", "Thumbs.db", "desktop.ini") or path.name.startswith("._")


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size
