"""Artifacts as files: their manifest, and how they are opened and inspected.

The manifest records how an artifact was made and how well it agreed with Keras, the card and codec of a model of the
zoo, and one sha256 over all of that and the network itself. `load` needs the path alone.
"""

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export import formats
from export.formats import Format
from export.signature import Signature, Tensor
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.errors import ArgumentError, ArtifactError, PresetError
from zoo.models.model import Model, make
from zoo.presets.preset import read_codec

TEXTS = ("card", "codec", "export")
FOREIGN = (
    "was not written by export.save: no checksum, no measured agreement with Keras, no names or versions beyond what "
    "the format itself has"
)


def load(path: str | os.PathLike[str], form: str | None = None) -> Any:
    """Open an artifact; ONNX and TFLite need no TensorFlow.

    Args:
        path: What `save` wrote, or an ONNX, TFLite or SavedModel artifact of another tool.
        form: `sequence`, `step` or `generate`, for a SavedModel that has several; None takes the one it was saved in.

    Returns:
        For a model of the zoo the same API as `zoo.load`, run by the artifact's own runtime. For any other model a
        callable: `run(x)`, by position or by name, returns the output, or a dict of several (see `BoundEngine`). An
        artifact of another tool is opened with a warning about what is not known of it.

    Raises:
        ArtifactError: The artifact is missing, truncated or corrupt.
        ArgumentError: It has no such form.
    """
    source, row, manifest = _read(path)
    if not manifest:
        if form is not None:
            raise ArgumentError(f"form={form!r}: {source} has none, it {FOREIGN}")
        row.runnable(source)
        warnings.warn(f"{source} {FOREIGN}", stacklevel=2)
        return row.open(source, None)
    about = json.loads(manifest["export"])
    signatures = _signatures(about)
    if form is not None and form not in signatures:
        raise ArgumentError(f"form={form!r}: {source} has {', '.join(signatures)}")
    engine = row.open(source, signatures[form or about["form"]])
    engine.about = about
    if "card" not in manifest:
        return engine
    try:
        card = Card.from_json(manifest["card"])
        return make(card, read_codec(card, manifest["codec"]), engine)
    except (PresetError, KeyError, OSError) as error:
        raise ArtifactError(f"{source}: {error}") from error


def _read(path: str | os.PathLike[str]) -> tuple[Path, Format, dict[str, str]]:
    """Return an artifact's path, format and manifest; an empty one for an artifact of another tool.

    Raises:
        ArtifactError: It is missing, truncated or corrupt.
    """
    source = Path(path)
    if not source.exists():
        raise ArtifactError(f"{source} does not exist: export.save writes it, or `zoo export NAME`")
    try:
        row = _format(source)
        manifest = row.manifest(source)
        if not manifest:
            return source, row, {}
        if missing := {"export", "bytes", "sha256"} - set(manifest):
            raise ArtifactError(f"{source} carries no {', '.join(sorted(missing))}: copy or export it again")
        if _digest(source, manifest, row) != manifest["sha256"]:
            raise ArtifactError(f"{source} is damaged (its sha256 differs): copy or export it again")
    except ArtifactError:
        raise
    except Exception as error:
        raise ArtifactError(f"{source} is damaged ({type(error).__name__}): copy or export it again") from error
    return source, row, manifest


def _signatures(about: Mapping[str, Any]) -> dict[str, Signature]:
    def tensors(listed: list[dict[str, Any]]) -> tuple[Tensor, ...]:
        return tuple(Tensor(t["name"], tuple(t["shape"]), t["dtype"]) for t in listed)

    return {
        form: Signature(form, tensors(sides["inputs"]), tensors(sides["outputs"]))
        for form, sides in about["signatures"].items()
    }


@dataclass(frozen=True)
class Inspection:
    """What an artifact is and how it was made.

    Attributes:
        path: Where.
        format: Format name.
        size: Bytes.
        precision: dtypes of the weights, and how many numbers of each.
        operators: How often each operator occurs, subgraphs included.
        signatures: What it takes and gives, form by form.
        about: How it was made and how well it agreed with Keras; None if another tool made it.
        card: The card of a model of the zoo.
    """

    path: Path
    format: str
    size: int
    precision: dict[str, int]
    operators: dict[str, int]
    signatures: dict[str, Signature]
    about: dict[str, Any] | None = None
    card: Card | None = None

    def __str__(self) -> str:
        """Return a text of a few lines."""
        weights = ", ".join(f"{count:,} {dtype}" for dtype, count in self.precision.items())
        kinds = ", ".join(f"{count} {name}" for name, count in self.operators.items())
        lines = [
            f"{self.path}: {self.format}, {self.size / 1e6:.2f} MB",
            f"  weights: {weights}",
            f"  operators: {kinds}",
        ]
        lines += [f"  {form}: {signature.text()}" for form, signature in self.signatures.items()]
        if self.about is None:
            return "\n".join([*lines, f"  it {FOREIGN}"])
        shown = {key: value for key, value in self.about.items() if key not in ("signatures", "x", "form", "format")}
        lines += [f"  {key}: {_compact(value)}" for key, value in shown.items() if value is not None]
        if self.card:
            lines.append(
                f"  card: {self.card.name}, {self.card.parameters:,} parameters, {_compact(self.card.metrics)}"
            )
        return "\n".join(lines)


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_compact(v)}" for k, v in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Return what an artifact is: operators, precision, size, signatures, and how it was made.

    Args:
        path: An ONNX or TFLite file, or a SavedModel folder; of any tool.

    Returns:
        A record; print it.

    Raises:
        ArtifactError: The artifact is missing, truncated or corrupt.
    """
    source, row, manifest = _read(path)
    about = json.loads(manifest["export"]) if manifest else None
    found = row.operators(source)
    opened = None if about else row.open(source, None).signature
    signatures = _signatures(about) if about else {opened.form: opened} if opened else {}
    counts = sorted(((found.count(name), name) for name in set(found)), key=lambda pair: (-pair[0], pair[1]))
    return Inspection(
        source,
        row.name,
        size_of(source),
        row.precision(source),
        {n: c for c, n in counts},
        signatures,
        about,
        _card(source, manifest),
    )


def _card(source: Path, manifest: dict[str, str]) -> Card | None:
    """Read the card of a model of the zoo; one that cannot be used here is left out with a warning."""
    try:
        return Card.from_json(manifest["card"]) if "card" in manifest else None
    except PresetError as error:
        warnings.warn(f"{source}: {error}", stacklevel=3)
        return None


def _format(source: Path) -> Format:
    """Return the format of an artifact.

    Raises:
        ArtifactError: No format recognizes it.
    """
    if row := formats.of_artifact(source):
        return row
    if source.suffix == ".keras":
        raise ArtifactError(f"{source} is a Keras model, no artifact: `zoo export {source}` makes one")
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
    manifest = {**texts, "export": json.dumps(about), "bytes": str(path.stat().st_size)}
    row.embed(path, {**manifest, "sha256": _digest(path, manifest, row)})


def _digest(path: Path, manifest: Mapping[str, str], row: Format) -> str:
    """Hash the texts and the network: a file's first `bytes` bytes, or a folder's files except the manifest."""
    parts = [manifest.get(name, "").encode() for name in (*TEXTS, "bytes")]
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and p != path / row.manifest_file)
        parts += [f"{file.relative_to(path).as_posix()} {sha256(file)}".encode() for file in files]
    else:
        with path.open("rb") as stream:
            parts.append(stream.read(int(manifest["bytes"])))
    return sha256(b"\0".join(parts))


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size
