"""Reading and changing TFLite files: order and names of inputs and outputs, operators, precision, manifest."""

import contextlib
import copy
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArtifactError

from ...signature import FORMS, Signature, Tensor

MAX_MANIFEST = 1 << 20  # bytes of one associated file


def slim(path: Path, signature: Signature) -> None:
    """Arrange inputs and outputs, and remove what no runtime reads.

    Inputs and outputs get the order and the names of the signature, for runtimes that bind tensors by position or by
    their own name. Removed are names of inner tensors, empty descriptions, and duplicate buffers.

    Args:
        path: The file; it is replaced.
        signature: Signature of the face that the file holds.
    """
    import flatbuffers

    model = _model(path)
    _arrange(model, signature)
    places: dict[bytes, int] = {}
    buffers, model.metadata = model.buffers, None
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        tensor.name = b""
        if tensor.quantization is not None and tensor.quantization.scale is None:
            tensor.quantization = None
        data = buffers[tensor.buffer].data
        content = b"" if data is None else data.tobytes()
        tensor.buffer = places.setdefault(content, len(places) + 1) if content else 0
    model.buffers = [buffers[0], *(_buffer(content) for content in places)]
    for definition in model.signatureDefs or []:
        for entry in (*definition.inputs, *definition.outputs):
            model.subgraphs[definition.subgraphIndex].tensors[entry.tensorIndex].name = entry.name
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def _arrange(model: Any, signature: Signature) -> None:
    """Sort inputs and outputs as in a signature, by number too, and assign every output a tensor of its own.

    The converter makes one tensor of outputs that are equal, and of an output that is an input: it could have one name.
    """
    for definition in model.signatureDefs or []:
        graph = model.subgraphs[definition.subgraphIndex]
        definition.inputs = _ordered(definition.inputs, signature.inputs)
        definition.outputs = _ordered(definition.outputs, signature.outputs)
        taken = {entry.tensorIndex for entry in definition.inputs}
        for entry in definition.outputs:
            if entry.tensorIndex in taken:
                entry.tensorIndex = _copied(model, graph, entry.tensorIndex)
            taken.add(entry.tensorIndex)
        numbers = _renumbered(graph, definition.inputs) | _renumbered(graph, definition.outputs)
        graph.tensors = [graph.tensors[numbers.get(i, i)] for i in range(len(graph.tensors))]
        graph.inputs = [entry.tensorIndex for entry in definition.inputs]
        graph.outputs = [entry.tensorIndex for entry in definition.outputs]


def _renumbered(graph: Any, entries: Sequence[Any]) -> dict[int, int]:
    """Assign the numbers of some tensors in their order, wherever they occur; return new number → old."""
    old = [entry.tensorIndex for entry in entries]
    new = dict(zip(old, sorted(old), strict=True))
    for entry in entries:
        entry.tensorIndex = new[entry.tensorIndex]
    for operator in graph.operators:
        for name in ("inputs", "outputs", "intermediates"):
            if (found := getattr(operator, name)) is not None:
                setattr(operator, name, [new.get(int(i), int(i)) for i in found])
    return {number: i for i, number in new.items()}


def _ordered(entries: Sequence[Any], tensors: Sequence[Tensor]) -> list[Any]:
    places = {tensor.name: place for place, tensor in enumerate(tensors)}
    return sorted(entries, key=lambda entry: places.get(entry.name.decode(), len(places)))


def _copied(model: Any, graph: Any, index: int) -> int:
    """Add a copy of a tensor to a graph, a slice that is all of it; return its index."""
    from ai_edge_litert import schema_py_generated as schema

    source = graph.tensors[index]
    rank = 0 if source.shape is None else len(source.shape)
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SLICE
    code.version = 2 if rank <= 4 else 5  # the operator's versions with all dtypes of outputs, and with five axes
    operator.opcodeIndex = len(model.operatorCodes)
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.SliceOptions, schema.SliceOptionsT()
    operator.inputs, operator.outputs = [index], [len(graph.tensors)]
    made = copy.copy(source)
    made.buffer, made.isVariable = 0, False
    graph.tensors = [*graph.tensors, made]
    for value in (0, -1):  # from the beginning, to the end
        limit = schema.TensorT()
        limit.shape, limit.type, limit.buffer = [rank], schema.TensorType.INT32, len(model.buffers)
        operator.inputs.append(len(graph.tensors))
        graph.tensors.append(limit)
        model.buffers = [*model.buffers, _buffer(np.full(rank, value, np.int32).tobytes())]
    model.operatorCodes = [*model.operatorCodes, code]
    graph.operators = [*graph.operators, operator]
    return operator.outputs[0]


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
