"""Artifacts: save (convert → verify → embed → rename) and load.

Beside the network an artifact carries a manifest: the model's card and codec, how it was exported, and one
sha256 over all of that and the network itself. One path is all that `load` needs.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export import formats
from export.formats import FORMS, Format
from export.formats.saved_model import MANIFEST
from export.verify import expected_signature, verify
from zoo.architectures import ARCHITECTURES
from zoo.cards import Card, codec_json
from zoo.errors import ArgumentError, ArtifactError, DataError, ExportError, PresetError
from zoo.files import replacing, sha256
from zoo.models import make
from zoo.presets import read_codec

TEXTS = ("card", "codec", "export")


@dataclass(frozen=True)
class Report:
    """What was saved.

    Attributes:
        path: Where.
        format: Format name.
        form: `sequence` or `step`.
        size: Bytes.
        differences: Largest measured differences from Keras, check by check.
        operators: How often each recurrent or loop operator occurs.
        seconds: Time for conversion and verification.
    """

    path: Path
    format: str
    form: str
    size: int
    differences: dict[str, float]
    operators: dict[str, int]
    seconds: float

    def __str__(self) -> str:
        """Show the report on a few lines."""
        measured = ", ".join(f"{check} {value:.1e}" for check, value in self.differences.items())
        kinds = ", ".join(f"{count} {name}" for name, count in self.operators.items())
        return (
            f"{self.path}: {self.format} ({self.form} form), {self.size / 1e6:.2f} MB, {self.seconds:.1f} s\n"
            f"  operators: {kinds}\n  verified against Keras, largest difference: {measured}\n"
            f'  next: export.load("{self.path}").generate()'
        )


def save(model: Any, path: str | os.PathLike[str], format: str | None = None, form: str = "sequence") -> Report:  # noqa: A002
    """Export a model of the zoo, verified against Keras before it exists.

    Args:
        model: What `zoo.load` gave.
        path: `NAME.onnx`, `NAME.tflite`, or a folder name for a SavedModel. An artifact of that name is replaced.
        format: `onnx`, `tflite` or `saved_model`; None goes by the path.
        form: `sequence` takes any number of time steps in a call, `step` one; both any batch, with explicit state.

    Returns:
        A report; print it.

    Raises:
        ArgumentError: An unknown format or form.
        ExportError: The model does not run on Keras (it is an artifact already), or conversion failed.
        UnsupportedLayer: A layer has no exact translation.
        VerificationError: The converted network disagrees with Keras; nothing is written.
        DataError: The place cannot be written.
    """
    target = Path(path)
    row = formats.of_path(target, format)
    if form not in FORMS:
        raise ArgumentError(f"form={form!r}: give one of {', '.join(FORMS)}")
    network = getattr(getattr(model, "engine", None), "network", None)
    if network is None:
        raise ExportError(f"{type(model).__name__} does not run on Keras: give a model that zoo.load returned")
    _check_target(target, row)
    began = time.perf_counter()
    signature = expected_signature(network, form)
    with replacing(target, folder=not row.suffix) as scratch:
        try:
            row.convert(network, signature, scratch)
        except (ExportError, OSError):
            raise
        except Exception as error:
            reason = next(iter(str(error).splitlines()), "")
            raise ExportError(f"conversion to {row.name} failed: {type(error).__name__}: {reason}") from error
        operators = row.operators(scratch)
        architecture = ARCHITECTURES[model.card.architecture]
        measured = verify(model, row.open(scratch), signature, row, operators, architecture)
        export = {
            "format": row.name,
            "form": form,
            "differences": measured,
            "tolerance": row.tolerance,
            "x": model.codec.columns(),
        }
        _seal(scratch, row, model, export)
        load(scratch)  # what takes the final name has been opened as its users will
        size = _size(scratch)
    kinds = [
        name for name in dict.fromkeys(operators) if name.upper() in ("LSTM", "GRU", "RNN", "WHILE", "STATELESSWHILE")
    ]
    counts = {"all": len(operators), **{name: operators.count(name) for name in kinds}}
    return Report(target, row.name, form, size, measured, counts, time.perf_counter() - began)


def load(path: str | os.PathLike[str]) -> Any:
    """Open an artifact behind the same API as `zoo.load`; ONNX and TFLite need no TensorFlow.

    Args:
        path: What `save` wrote.

    Returns:
        The model, run by the artifact's own runtime.

    Raises:
        ArtifactError: The artifact is missing, truncated, corrupt or not one of ours.
    """
    source = Path(path)
    if not source.exists():
        raise ArtifactError(f"{source} does not exist: export.save writes it, or `zoo export NAME`")
    row = _recognise(source)
    try:
        manifest = row.manifest(source)
    except ArtifactError:
        raise
    except Exception as error:
        raise ArtifactError(f"{source} is damaged ({type(error).__name__}): copy or export it again") from error
    if missing := {*TEXTS, "bytes", "sha256"} - set(manifest):
        raise ArtifactError(f"{source} carries no {', '.join(sorted(missing))}: it was not written by export.save")
    try:
        if _digest(source, manifest) != manifest["sha256"]:
            raise ArtifactError(f"{source} is damaged (its sha256 differs): copy or export it again")
        card = Card.from_json(manifest["card"])
        codec = read_codec(card, manifest["codec"])
    except (PresetError, ValueError, OSError) as error:
        raise ArtifactError(f"{source}: {error}") from error
    return make(card, codec, row.open(source))


def _recognise(source: Path) -> Format:
    table = formats.formats()
    if source.is_dir():
        return table["saved_model"]
    with source.open("rb") as stream:
        head = stream.read(8)
    return table["tflite" if head[4:8] == b"TFL3" else "onnx"]


def _check_target(target: Path, row: Format) -> None:
    """Refuse to replace what is not an artifact of this format."""
    if row.suffix and target.is_dir():
        raise DataError(f"{target} is a folder: a {row.name} artifact is a file")
    if not row.suffix and target.is_dir() and any(target.iterdir()) and not (target / "saved_model.pb").exists():
        raise DataError(f"{target} is a folder with other content: remove it or choose another name")


def _seal(path: Path, row: Format, model: Any, export: dict[str, Any]) -> None:
    """Embed the manifest, checksum last."""
    texts = {"card": model.card.to_json(), "codec": codec_json(model.codec), "export": json.dumps(export)}
    manifest = {**texts, "bytes": str(path.stat().st_size)}
    row.embed(path, {**manifest, "sha256": _digest(path, manifest)})


def _digest(path: Path, manifest: Mapping[str, str]) -> str:
    """Hash the texts and the network: a file's first `bytes` bytes, or a folder's files but the manifest."""
    parts = [manifest[name].encode() for name in (*TEXTS, "bytes")]
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and p.name != MANIFEST)
        parts += [f"{file.relative_to(path).as_posix()} {sha256(file)}".encode() for file in files]
    else:
        with path.open("rb") as stream:
            parts.append(stream.read(int(manifest["bytes"])))
    return sha256(b"\0".join(parts))


def _size(path: Path) -> int:
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size
