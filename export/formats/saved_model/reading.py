"""What a SavedModel folder says of itself: signatures, operators, precision, manifest; read without TensorFlow."""

import json
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.core.files import content
from zoo.core.strict_json import MOST_BYTES as MOST_MANIFEST_BYTES
from zoo.core.strict_json import parse
from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ArtifactError, DataError
from zoo.runtime.signature import ANY_SHAPE, FORMS, SERVING, Signature, Tensor

from .messages import DTYPES, message_class

GRAPH, MANIFEST = "saved_model.pb", "assets/manifest.json"
INNER = "__saved_model_"  # signatures of the format itself begin so
VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
SHARD = "variables/variables.data-{:05}-of-{:05}"
MOST_BYTES = 2**31 - 1
"""Bytes of a graph: what a protocol buffer can have."""


def message(path: Path) -> tuple[Any, bytes]:
    """Return the content of `saved_model.pb`, as a message and as it is.

    Raises:
        ArtifactError: The file cannot be read.
    """
    from google.protobuf.message import DecodeError

    try:
        whole = content(path / GRAPH, MOST_BYTES)
        found = message_class().FromString(whole)
    except (DecodeError, DataError) as error:
        raise ArtifactError(f"{path}: {GRAPH} cannot be read, or is damaged ({first_line(error)})") from error
    if not found.meta_graphs:
        raise ArtifactError(f"{path}: {GRAPH} has no graph in it: it is empty or damaged")
    return found, whole


def meta_graph(path: Path) -> Any:
    """Return the graph of a SavedModel; of several, which TensorFlow 1 could write, that for serving.

    Raises:
        ArtifactError: The file cannot be read.
    """
    graphs = message(path)[0].meta_graphs
    return next((graph for graph in graphs if list(graph.meta_info_def.tags) == ["serve"]), graphs[0])


def signatures(path: Path) -> dict[str, Signature]:
    """Return the signatures, inputs and outputs sorted by name as TensorFlow has them; `serving_default` first."""
    found = {entry.key: entry.value for entry in meta_graph(path).signature_def if not entry.key.startswith(INNER)}
    names = sorted(found, key=lambda name: (name != SERVING, name))
    return {name: Signature(name, _tensors(found[name].inputs), _tensors(found[name].outputs)) for name in names}


def _tensors(entries: Sequence[Any]) -> tuple[Tensor, ...]:
    ordered = [(entry.key, entry.value) for entry in sorted(entries, key=lambda entry: entry.key)]
    return tuple(Tensor(name, shape_of(info.tensor_shape), _dtype(info)) for name, info in ordered)


def shape_of(shape: Any) -> tuple[int | None, ...]:
    """Return a shape in a message: None for a free axis, `ANY_SHAPE` for an unknown number of axes."""
    return ANY_SHAPE if shape.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in shape.dim)


def _dtype(info: Any) -> str:
    return f"sparse {dtype_name(info.dtype)}" if info.HasField("coo_sparse") else dtype_name(info.dtype)


def dtype_name(number: int) -> str:
    """Return the name of a dtype in a message."""
    return DTYPES.get(number % 100, f"dtype {number}")


def nodes(path: Path) -> Iterator[Any]:
    """Yield the nodes of the graph, those of functions too."""
    graph = meta_graph(path).graph_def
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def operators(path: Path) -> list[str]:
    """List the operators, those of functions too."""
    return [node.op for node in nodes(path)]


def precision(path: Path) -> dict[str, int]:
    """Count the numbers stored, by dtype: constants, and variables as the graph declares them.

    The files of the variables are not opened. A variable whose shape the graph does not say is left out.
    """
    counts: Counter[str] = Counter()
    variables: dict[str, tuple[str, tuple[int | None, ...]]] = {}
    for node in nodes(path):
        if node.op not in ("Const", *VARIABLES):
            continue
        options = defaultdict(message_class("AttrValue"), {entry.key: entry.value for entry in node.attr})
        if node.op == "Const":
            tensor = options["value"].tensor
            counts[dtype_name(tensor.dtype)] += math.prod(dim.size for dim in tensor.tensor_shape.dim)
        else:
            name = options["shared_name"].s.decode(errors="replace") or node.name
            variables[name] = dtype_name(options["dtype"].type), shape_of(options["shape"].shape)
    for dtype, shape in variables.values():
        known = [size for size in shape if size is not None and size >= 0]
        if len(known) == len(shape):
            counts[dtype] += math.prod(known)
    return dict(counts.most_common())


def missing_files(path: Path, meta: Any) -> list[str]:
    """Return the files that a SavedModel refers to and does not have."""
    wanted = [f"assets/{asset.filename}" for asset in meta.asset_file_def]
    if any(node.HasField("variable") for node in meta.object_graph_def.nodes):
        totals = {int(file.name[-5:]) for file in path.glob(f"variables/variables.data-*-of-{'[0-9]' * 5}")}
        shards = [SHARD.format(i, total) for total in sorted(totals) or [1] for i in range(total)]
        wanted += ["variables/variables.index", *shards]
    return [name for name in wanted if not os.path.isfile(path / name)]  # False for a name that is too long


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Write the manifest into the folder's assets."""
    (path / "assets").mkdir(exist_ok=True)
    (path / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest."""
    try:
        if not os.path.exists(path / MANIFEST):
            if _is_ours(path):
                raise ArtifactError(f"{path} has lost its {MANIFEST}, which export.save had written")
            return {}
        found = parse(content(path / MANIFEST, MOST_MANIFEST_BYTES), MOST_MANIFEST_BYTES)
    except (DataError, ArgumentError) as error:
        raise ArtifactError(f"{path}/{MANIFEST} cannot be read: {error}") from error
    if (
        not isinstance(found, dict)
        or not {"export", "bytes", "sha256"} & set(found)
        or not all(isinstance(value, str) for value in found.values())
    ):
        raise ArtifactError(f"{path}/{MANIFEST} is damaged; export the model again")
    return found


def _is_ours(path: Path) -> bool:
    """Return whether a SavedModel has the signatures of ours, and its weights as ours has them: as constants."""
    meta = meta_graph(path)
    names = {entry.key for entry in meta.signature_def if not entry.key.startswith(INNER)}
    variables = any(node.HasField("variable") for node in meta.object_graph_def.nodes)
    return SERVING in names and bool(names & set(FORMS)) and names <= {SERVING, *FORMS} and not variables
