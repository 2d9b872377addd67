"""Reading ONNX files, and running them in ONNX Runtime."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from export.engine import BoundEngine
from export.formats.onnx.graph import graphs
from export.signature import Signature, Tensor
from zoo.core.validation import first_line
from zoo.errors import ArtifactError

DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(string)": "object"}
"""ONNX Runtime's names that are not NumPy's in `tensor()`."""
PRODUCER = "rnn-zoo"


def open_(path: Path, expected: Signature | None) -> BoundEngine:
    """Open an ONNX file in ONNX Runtime, on one thread: more do not help a small recurrent network."""
    session = _session(path)

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

    return BoundEngine("onnx", found, run)


def _session(path: Path) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
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
