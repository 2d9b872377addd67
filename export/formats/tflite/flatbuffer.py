"""Reading and changing TFLite files: operators, precision, manifest."""

import contextlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from export.signature import FORMS
from zoo.errors import ArtifactError

MAX_MANIFEST = 1 << 20  # bytes of one associated file


def slim(path: Path) -> None:
    """Remove what no runtime reads: names of inner tensors, empty descriptions, duplicate buffers."""
    import flatbuffers

    model = _model(path)
    places: dict[bytes, int] = {}
    buffers, model.metadata = model.buffers, None
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        tensor.name = b""  # signatures go by number
        if tensor.quantization is not None and tensor.quantization.scale is None:
            tensor.quantization = None
        data = buffers[tensor.buffer].data
        content = b"" if data is None else data.tobytes()
        tensor.buffer = places.setdefault(content, len(places) + 1) if content else 0
    model.buffers = [buffers[0], *(_buffer(content) for content in places)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def _buffer(content: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    return buffer


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Append the manifest as a zip archive, one member per value."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for name, text in manifest.items():
            members.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    with path.open("ab") as stream:
        stream.write(archive.getvalue())


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(member.file_size > MAX_MANIFEST for member in members):
                raise ArtifactError(f"{path} carries an associated file larger than {MAX_MANIFEST} bytes")
            found = {member.filename: archive.read(member).decode("utf-8", "replace") for member in members}
    except (zipfile.BadZipFile, OSError, ValueError):
        found = {}
    if {"export", "bytes", "sha256"} & set(found):
        return found
    if set(FORMS) & {definition.signatureKey.decode() for definition in _model(path).signatureDefs or []}:
        raise ArtifactError(f"{path} has lost what export.save had put behind it: copy or export it again")
    return {}


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """Read a flatbuffer inside the block, piece by piece."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        yield schema.Model.GetRootAs(path.read_bytes(), 0)
    except Exception as error:
        raise ArtifactError(f"{path} is not a TFLite file, or is truncated ({type(error).__name__})") from error


def _model(path: Path) -> Any:
    """Read the whole flatbuffer."""
    from ai_edge_litert import schema_py_generated as schema

    with _reading(path) as model:
        return schema.ModelT.InitFromObj(model)


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


def operators(path: Path) -> list[str]:
    """List the operators, those of subgraphs too; a custom one has its own name."""
    from ai_edge_litert import schema_py_generated as schema

    codes = _names(schema.BuiltinOperator)

    def name(code: Any) -> str:
        builtin = codes[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return f"CUSTOM {code.CustomCode().decode()}" if builtin == "CUSTOM" else builtin

    with _reading(path) as model:
        names = [name(model.OperatorCodes(i)) for i in range(model.OperatorCodesLength())]
        graphs = [model.Subgraphs(i) for i in range(model.SubgraphsLength())]
        return [names[graph.Operators(i).OpcodeIndex()] for graph in graphs for i in range(graph.OperatorsLength())]


def precision(path: Path) -> dict[str, int]:
    """Count the numbers stored, by dtype; shared buffers count once."""
    from ai_edge_litert import schema_py_generated as schema

    types, model = _names(schema.TensorType), _model(path)
    found: dict[int, tuple[str, int]] = {}
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        if model.buffers[tensor.buffer].data is not None:
            found[tensor.buffer] = (
                types[tensor.type].lower(),
                int(np.prod(tensor.shape)) if tensor.shape is not None else 1,
            )
    counts: Counter[str] = Counter()
    for dtype, count in found.values():
        counts[dtype] += count
    return dict(counts)
