"""Reading and changing TFLite files: order and names of inputs and outputs, operators, precision, manifest."""

import copy
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArtifactError
from zoo.runtime.signature import FORMS, Signature, Tensor

from .. import read as read_file
from . import litert
from .archive import REMAINS, texts
from .checking import named
from .schema import TYPES
from .structure import name_of, read


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
    schema = litert.schema()

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
    schema = litert.schema()

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    return buffer


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest.

    Raises:
        ArtifactError: It is lost or damaged, or the file is no TFLite file.
    """
    content = read_file(path)
    try:
        found = texts(content)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error
    if found:
        return found
    if REMAINS.search(content) or set(FORMS) & {entry.key for entry in _read(path, content).signatures or []}:
        raise ArtifactError(f"{path} has lost what export.save had put behind it: copy or export it again")
    return {}


def _read(path: Path, content: bytes) -> Any:
    """Read a file that nobody has checked."""
    with named(path):
        return read(content)


def _model(path: Path) -> Any:
    """Read a file as objects that can be changed and written again."""
    schema = litert.schema()

    content = path.read_bytes()
    _read(path, content)
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def operators(path: Path) -> list[str]:
    """List the operators, those of subgraphs too; a custom one has its own name."""
    model = _read(path, read_file(path))
    with named(path):
        return [name_of(model, operator)[0] for graph in model.graphs or [] for operator in graph.operators or []]


def precision(path: Path) -> dict[str, int]:
    """Count the numbers stored, by dtype; shared buffers count once."""
    schema = litert.schema()

    model = _read(path, read_file(path))
    types = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    buffers = model.buffers or []
    found = {
        tensor.buffer: (types.get(tensor.type, f"type {tensor.type}"), math.prod(tensor.shape or ()))
        for graph in model.graphs or []
        for tensor in graph.tensors or []
        if tensor.buffer < len(buffers) and buffers[tensor.buffer].data
    }
    counts: Counter[str] = Counter()
    for dtype, count in found.values():
        counts[dtype] += count
    return dict(counts)


def signatures(path: Path) -> dict[str, Signature] | None:
    """Read the signatures of a file by name; None if it has none.

    Raises:
        ArtifactError: It is damaged.
    """
    model, found = _read(path, read_file(path)), {}
    names = {number: name for number, (_, _, name) in TYPES.items()}
    try:
        for definition in model.signatures or []:
            tensors = model.graphs[definition.graph].tensors
            sides = [
                tuple(
                    Tensor(entry.name, _sizes(tensors[entry.tensor]), names.get(tensors[entry.tensor].type, "unknown"))
                    for entry in sorted(entries or [], key=lambda entry: entry.name)  # as the interpreter has them
                )
                for entries in (definition.inputs, definition.outputs)
            ]
            found[definition.key] = Signature(definition.key, *sides)
    except (IndexError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged: a signature names a tensor that is not there") from error
    return found or None


def _sizes(tensor: Any) -> tuple[int | None, ...]:
    """Return the sizes of a tensor, None where any size is taken."""
    return tuple(None if size < 0 else size for size in tensor.free or tensor.shape or ())
