"""Reading ONNX files, and running them in ONNX Runtime."""

import os
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
from .graph import graphs

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
    session = _session(path, options)
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


def _session(path: Path, options: RuntimeOptions = DEFAULT_RUNTIME) -> Any:
    import onnxruntime as ort

    settings = ort.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads or 1, 1
    settings.log_severity_level = 3
    try:
        return ort.InferenceSession(os.fspath(path), settings, providers=list(options.providers or [CPU]))
    except Exception as error:
        raise ArtifactError(f"{path} is not an ONNX file, or is damaged: {first_line(error)}") from error


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Append the manifest as metadata properties."""
    import onnx

    tail = onnx.ModelProto()
    onnx.helper.set_model_props(tail, dict(manifest))
    with path.open("ab") as stream:
        stream.write(tail.SerializeToString())


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest."""
    about = _session(path).get_modelmeta()
    found = dict(about.custom_metadata_map)
    if not {"export", "bytes", "sha256"} & set(found):
        if about.producer_name == PRODUCER:
            raise ArtifactError(f"{path} has lost what export.save had put behind it: copy or export it again")
        return {}
    return found


def operators(path: Path) -> list[str]:
    """List the operators, those of subgraphs too."""
    import onnx

    return [node.op_type for graph in graphs(onnx.load(path).graph) for node in graph.node]


def precision(path: Path) -> dict[str, int]:
    """Count the numbers stored, by dtype."""
    import onnx

    counts: Counter[str] = Counter()
    for graph in graphs(onnx.load(path).graph):
        for tensor in graph.initializer:
            counts[onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).name] += int(np.prod(tensor.dims))
    return dict(counts)
