"""Running a TFLite file in LiteRT."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.engine import BoundEngine
from export.signature import Signature, Tensor
from zoo.errors import ArtifactError


def _interpreter(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    try:
        # From a path the runtime maps the file; the archive behind the model is not its business.
        return Interpreter(model_path=os.fspath(path), num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise ArtifactError(f"{path} is not a TFLite file, or is damaged: {error}") from error


def open_(path: Path, expected: Signature | None) -> BoundEngine:
    """Open a TFLite file in the plain interpreter, which has no Flex delegate; without a signature, by position."""
    interpreter = _interpreter(path)
    signatures: dict[str, dict[str, list[str]]] = interpreter.get_signature_list()
    form = expected.form if expected else next(iter(signatures), "")
    if form not in signatures:
        if expected:
            raise ArtifactError(f"{path} has no signature {form}: export it again")
        return _unsigned(interpreter)
    runner = interpreter.get_signature_runner(form)
    entering, leaving = runner.get_input_details(), runner.get_output_details()
    names = signatures[form]
    found = Signature(
        form,
        tuple(_tensor(name, entering[name]) for name in names["inputs"]),
        tuple(_tensor(name, leaving[name]) for name in names["outputs"]),
    )
    found = found.ordered(expected) if expected else found

    if all(None not in tensor.shape for tensor in found.inputs):
        places = [entering[t.name]["index"] for t in found.inputs], [leaving[t.name]["index"] for t in found.outputs]
        del runner  # the interpreter does not reset while somebody else holds it
        return BoundEngine("tflite", found, _by_number(interpreter, *places))

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = runner(**{t.name: array for t, array in zip(found.inputs, arrays, strict=True)})
        return [results[t.name] for t in found.outputs]

    return BoundEngine("tflite", found, run)


def _tensor(name: str, detail: Mapping[str, Any]) -> Tensor:
    shape = tuple(int(size) if size >= 0 else None for size in detail["shape_signature"])
    return Tensor(name, shape, detail["dtype"].__name__.removesuffix("_"))


def _unsigned(interpreter: Any) -> BoundEngine:
    """Open a network that has no signature under the names its tensors have; the order is that of the file."""
    sides = interpreter.get_input_details(), interpreter.get_output_details()
    found = [tuple(_tensor(detail["name"] or f"{i}", detail) for i, detail in enumerate(side)) for side in sides]
    places = [[detail["index"] for detail in side] for side in sides]
    return BoundEngine("tflite", Signature("unnamed", *found), _by_number(interpreter, *places))


def _by_number(interpreter: Any, entering: Sequence[int], leaving: Sequence[int]) -> Callable:
    """Run an interpreter by the numbers of its tensors; every call starts with empty variables."""
    interpreter.allocate_tensors()
    shown = {detail["index"]: tuple(detail["shape"]) for detail in interpreter.get_input_details()}
    shapes = [shown[place] for place in entering]

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        if shapes != (asked := [array.shape for array in arrays]):
            for place, shape in zip(entering, asked, strict=True):
                interpreter.resize_tensor_input(place, shape)
            interpreter.allocate_tensors()
            shapes[:] = asked
        interpreter.reset_all_variables()  # where a fused LSTM keeps its state
        for place, array in zip(entering, arrays, strict=True):
            interpreter.set_tensor(place, array)
        interpreter.invoke()
        return [interpreter.get_tensor(place) for place in leaving]

    return run
