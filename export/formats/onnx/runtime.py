"""Reading ONNX files, and running them in ONNX Runtime."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.errors import ArtifactError
from zoo.presets.graph import KEY
from zoo.runtime.engine import DEFAULT_RUNTIME, BoundEngine, RuntimeOptions
from zoo.runtime.onnx.checking import checked, inside, named
from zoo.runtime.onnx.session import engine
from zoo.runtime.onnx.wire import read, top
from zoo.runtime.signature import Signature

from .. import read as read_file

PRODUCER = "rnn-zoo"
NAMES = """
    float32 uint8 int8 uint16 int16 int32 int64 object bool float16 float64 uint32 uint64 complex64 complex128 bfloat16
    float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz uint4 int4 float4_e2m1fn
    float8_e8m0fnu
"""
NUMBERS = dict(enumerate(NAMES.split(), 1))
"""Type of a tensor → name of its numbers.

Reference: onnx/onnx.proto3, TensorProto.DataType (IR version 13)
"""


def open_(path: Path, expected: Signature | None, options: RuntimeOptions = DEFAULT_RUNTIME) -> BoundEngine:
    """Open an ONNX file in ONNX Runtime, on one thread unless told otherwise: more do not help a small network.

    Raises:
        ArtifactError: It is not an ONNX file, or is damaged.
        ArgumentError: An execution provider cannot be used here.
    """
    content = read_file(path)
    checked(path, content)
    return engine(path, content, expected.form if expected else "sequence", options)


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Append the manifest as metadata properties."""
    with path.open("ab") as stream:
        stream.write(_properties(manifest))


def _properties(manifest: Mapping[str, str]) -> bytes:
    """Return metadata properties as they stand in a file: messages of a key and a value each."""

    def field(number: int, value: bytes) -> bytes:
        size, length = len(value), bytearray()
        while size > 127:
            length.append(size & 127 | 128)
            size >>= 7
        return bytes([number << 3 | 2, *length, size]) + value

    entries = (field(1, key.encode()) + field(2, value.encode()) for key, value in manifest.items())
    return b"".join(field(14, entry) for entry in entries)


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest; nothing else of the file is parsed.

    Raises:
        ArtifactError: It is lost or damaged, or the file is no ONNX file.
    """
    content = read_file(path)
    with named(path):
        about = top(content)
    found = {entry.key or "": entry.value or "" for entry in about.metadata}
    if not {"export", "bytes", "covers", "sha256"} & set(found):
        if KEY in found:
            raise ArtifactError(f"{path} is the graph of a preset: give the folder it is in")
        if about.producer == PRODUCER:
            raise ArtifactError(f"{path} has lost what export.save had put behind it: copy or export it again")
        return {}
    if len(found) < len(about.metadata) or ("covers" not in found and content[about.tail :] != _properties(found)):
        raise ArtifactError(f"{path} is damaged: its manifest is not as export.save wrote it: copy or export it again")
    return found


def operators(path: Path) -> list[str]:
    """List the operators, those of subgraphs too."""
    return [node.kind or "" for graph in _graphs(path) for node in graph.nodes]


def precision(path: Path) -> dict[str, int]:
    """Count the numbers stored, by dtype."""
    counts: Counter[str] = Counter()
    for tensor in (tensor for graph in _graphs(path) for tensor in graph.initializers):
        counts[NUMBERS.get(tensor.type, f"type {tensor.type}")] += math.prod(tensor.dims)
    return dict(counts)


def _graphs(path: Path) -> list[Any]:
    """Read the graphs of a file, outer ones first; no other file is read.

    Raises:
        ArtifactError: It is no ONNX file, or is damaged.
    """
    with named(path):
        graph = read(read_file(path)).graph
    return [] if graph is None else inside(graph)
