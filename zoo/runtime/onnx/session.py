"""ONNX graphs in ONNX Runtime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ArtifactError
from zoo.runtime.engine import DEFAULT_RUNTIME, BoundEngine, RuntimeOptions
from zoo.runtime.signature import Signature, Tensor

DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(string)": "object"}
"""ONNX Runtime's names that are not NumPy's in `tensor()`."""
CPU = "CPUExecutionProvider"
Arrays = Mapping[str, np.ndarray]
NO_ARRAYS: Arrays = {}


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


def engine(
    path: Path, content: bytes, form: str, options: RuntimeOptions = DEFAULT_RUNTIME, external: Arrays = NO_ARRAYS
) -> BoundEngine:
    """Open a checked ONNX model in ONNX Runtime, on one thread unless told otherwise: more do not help a small network.

    Args:
        path: Its file, for messages.
        content: Its bytes.
        form: Row of `zoo.runtime.signature.FORMS`.
        options: How it is run.
        external: Constants that the model only names, as external data: name → array.

    Raises:
        ArtifactError: ONNX Runtime cannot open it.
        ArgumentError: An execution provider cannot be used here.
    """
    session = _session(path, content, options, external)
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

    found = Signature(form, tensors(session.get_inputs()), tensors(session.get_outputs()))
    input_names, output_names = [t.name for t in found.inputs], [t.name for t in found.outputs]

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        return session.run(output_names, dict(zip(input_names, arrays, strict=True)))

    # Sessions are thread-safe.
    return BoundEngine("onnx", found, run, concurrent=True, order=(input_names, output_names))


def _session(path: Path, content: bytes, options: RuntimeOptions, external: Arrays) -> Any:
    import onnxruntime as ort

    settings = ort.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads or 1, 1
    settings.log_severity_level = 3
    settings.add_session_config_entry("session.load_model_format", "ONNX")  # what was checked, not its own format
    arrays = {name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in external.items()}
    if arrays:
        settings.add_external_initializers(list(arrays), list(arrays.values()))
    try:
        return ort.InferenceSession(content, settings, providers=list(options.providers or [CPU]))
    except Exception as error:
        raise ArtifactError(f"{path} is not an ONNX file, or is damaged: {first_line(error)}") from error
