"""Reading ONNX files, and running them in ONNX Runtime."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ArtifactError

from ...engine import BoundEngine
from ...signature import Signature, Tensor
from .. import DEFAULT_RUNTIME, RuntimeOptions
from .. import read as read_file
from .checking import checked, inside, named
from .wire import read, top

DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(string)": "object"}
"""ONNX Runtime's names that are not NumPy's in `tensor()`."""
PRODUCER, CPU = "rnn-zoo", "CPUExecutionProvider"


def check_runtime(options: RuntimeOptions) -> None:
    """Refuse execution providers that the installed ONNX Runtime does not have.

    Raises:
        ArgumentError: One of them is not available; the message lists those that are.
    """
    import onnxruntime as ort

    available = ort.get_available_providers()
    if missing := [name for name in options.providers or () if name not in available]:
        raise ArgumentError(
            f"providers={list(options.providers or ())}: {', '.join(missing)} is not available; the installed ONNX "
            f"Runtime has {', '.join(available)}. Another build of it has others, such as onnxruntime-gpu"
        )


def open_(path: Path, expected: Signature | None, options: RuntimeOptions = DEFAULT_RUNTIME) -> BoundEngine:
    """Open an ONNX file in ONNX Runtime, on one thread unless told otherwise: more do not help a small network.

    Raises:
        ArtifactError: It is not an ONNX file, or is damaged.
        ArgumentError: An execution provider cannot be used here.
    """
    content = read_file(path)
    checked(path, content)
    session = _session(path, content, options)
    if unused := set(options.providers or ()) - set(session.get_providers()):
        raise ArgumentError(
            f"providers={list(options.providers or ())}: ONNX Runtime could not start {', '.join(sorted(unused))} and "
            "would run on another one; look for its driver and libraries, or leave it out"
        )

    def tensors(values: Any) -> tuple[Tensor, ...]:
        return tuple(
            Tensor(
                v.name,
                tuple(d if isinstance(d, int) else None for d in v.shape),
                DTYPES.get(v.type, v.type.removeprefix("tensor(").removesuffix(")")),
            )
            for v in values
        )

    form = expected.form if expected else "sequence"
    found = Signature(form, tensors(session.get_inputs()), tensors(session.get_outputs()))
    input_names, output_names = [t.name for t in found.inputs], [t.name for t in found.outputs]

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        return session.run(output_names, dict(zip(input_names, arrays, strict=True)))

    # Sessions are thread-safe.
    return BoundEngine("onnx", found, run, concurrent=True, order=(input_names, output_names))


def _session(path: Path, content: bytes, options: RuntimeOptions) -> Any:
    import onnxruntime as ort

    settings = ort.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads or 1, 1
    settings.log_severity_level = 3
    settings.add_session_config_entry("session.load_model_format", "ONNX")  # what was checked, not its own format
    try:
        return ort.InferenceSession(content, settings, providers=list(options.providers or [CPU]))
    except Exception as error:
        raise ArtifactError(f"{path} is not an ONNX file, or is damaged: {first_line(error)}") from error


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Append the manifest as metadata properties."""
    with path.open("ab") as stream:
        stream.write(_properties(manifest))


def _properties(manifest: Mapping[str, str]) -> bytes:
    """Return metadata properties as they stand in a file."""
    import onnx

    tail = onnx.ModelProto()
    onnx.helper.set_model_props(tail, dict(manifest))
    return tail.SerializeToString()


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
    import onnx

    counts: Counter[str] = Counter()
    for tensor in (tensor for graph in _graphs(path) for tensor in graph.initializers):
        try:
            dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.type or 0).name
        except KeyError:
            dtype = f"type {tensor.type}"
        counts[dtype] += math.prod(tensor.dims)
    return dict(counts)


def _graphs(path: Path) -> list[Any]:
    """Read the graphs of a file, outer ones first; no other file is read.

    Raises:
        ArtifactError: It is no ONNX file, or is damaged.
    """
    with named(path):
        graph = read(read_file(path)).graph
    return [] if graph is None else inside(graph)
