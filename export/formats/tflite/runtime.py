"""Running a TFLite file in LiteRT."""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ArtifactError, ZooError
from zoo.runtime.engine import DEFAULT_RUNTIME, BoundEngine, Run, RuntimeOptions
from zoo.runtime.signature import Signature, Tensor, default_of

from .. import read
from . import litert
from .checking import checked

Order = tuple[Sequence[str], Sequence[str]]


class Interpreters:
    """Runs calls of several threads at the same time, each in an interpreter of its own.

    An interpreter is for one call at a time: two calls in it give wrong numbers, or end the process. Further ones are
    made when calls overlap, at most one for each core, and are used again by whichever thread comes next. On two cores,
    calls of 0.34 ms from two threads took 0.18 ms each on average, behind a lock 0.42 ms; one interpreter for each
    thread is no faster, and takes more memory. A further one is made within 1 ms, and its first call takes some
    milliseconds more; it has its own copy of the weights as the runtime packs them (5 MB of a file of 4.4 MB).

    Args:
        make: Make another interpreter; return the function that runs it.
        first: The function of the first one.
    """

    def __init__(self, make: Callable[[], Run], first: Run) -> None:
        self.make, self.idle = make, [first]
        self.cores = threading.BoundedSemaphore(os.cpu_count() or 1)

    def __call__(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """Run one call in an interpreter that no other call is in."""
        with self.cores:
            try:
                run = self.idle.pop()
            except IndexError:
                run = self.make()
            results = run(arrays)
            self.idle.append(run)  # not one that failed, whose tensors have sizes that nobody knows
            return results


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Name the file in errors of the interpreter, which may find only when it prepares that it cannot run it."""
    try:
        yield
    except ZooError:
        raise
    except (ValueError, RuntimeError) as error:
        raise ArtifactError(f"{path} is not a TFLite file, or is damaged: {first_line(error)}") from error


def check_runtime(options: RuntimeOptions) -> None:
    """Refuse options that the interpreter does not have.

    Raises:
        ArgumentError: Execution providers are given.
    """
    if options.providers is not None:
        raise ArgumentError("providers=: they are for ONNX Runtime; TFLite runs on the CPU, leave it out")


def open_(path: Path, expected: Signature | None, options: RuntimeOptions = DEFAULT_RUNTIME) -> BoundEngine:
    """Open a TFLite file in the plain interpreter, which has no Flex delegate; without a signature, by position.

    The file is read once: further interpreters are of the same network, even if the file has been replaced.

    Raises:
        ArtifactError: It is not a TFLite file, is damaged, or the interpreter cannot run it.
    """
    content = read(path)
    checked(path, content)
    with _readable(path):
        return _opened(path, expected, functools.partial(litert.interpreter, content, options.threads or 1))


def _opened(path: Path, expected: Signature | None, make: Callable[[], Any]) -> BoundEngine:
    interpreter = make()
    signed = _signatures(interpreter)
    if expected and expected.form not in signed:
        raise ArtifactError(f"{path} has no signature {expected.form}: export it again")
    if not signed:
        return _unsigned(make, interpreter)
    found = signed[expected.form].ordered(expected) if expected else default_of(path, signed)
    runner = interpreter.get_signature_runner(found.form)
    entering, leaving = runner.get_input_details(), runner.get_output_details()
    order = _names(interpreter.get_input_details(), entering), _names(interpreter.get_output_details(), leaving)
    if len(signed) == 1 and all(None not in tensor.shape for tensor in found.inputs):
        places = [entering[t.name]["index"] for t in found.inputs], [leaving[t.name]["index"] for t in found.outputs]
        del runner  # the interpreter does not reset while somebody else holds it
        return _engine(found, order, make, interpreter, lambda one: _by_number(one, *places))
    return _engine(found, order, make, interpreter, lambda one: _by_name(one, found))


def _signatures(interpreter: Any) -> dict[str, Signature]:
    found = {}
    for name, sides in interpreter.get_signature_list().items():
        runner = interpreter.get_signature_runner(name)
        details = (sides["inputs"], runner.get_input_details()), (sides["outputs"], runner.get_output_details())
        found[name] = Signature(name, *(tuple(_tensor(each, some[each]) for each in names) for names, some in details))
    return found


def _engine(
    found: Signature, order: Order, make: Callable[[], Any], first: Any, running: Callable[[Any], Run]
) -> BoundEngine:
    """Return the engine of a first interpreter, a function that makes others, and one that makes functions of them."""
    run = Interpreters(lambda: running(make()), running(first))
    return BoundEngine("tflite", found, run, concurrent=True, order=order)


def _names(details: Sequence[Mapping[str, Any]], signed: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of the tensors of one side as they stand in the file.

    A tensor whose own name is another than that in the signature has both.
    """
    names = {detail["index"]: name for name, detail in signed.items()}
    pairs = [(detail["name"], names.get(detail["index"], "")) for detail in details]
    return [own if own == name else f"{own or 'a tensor without a name'} ({name})" for own, name in pairs]


def _tensor(name: str, detail: Mapping[str, Any]) -> Tensor:
    shape = tuple(int(size) if size >= 0 else None for size in detail["shape_signature"])
    return Tensor(name, shape, detail["dtype"].__name__.removesuffix("_"))


def _unsigned(make: Callable[[], Any], interpreter: Any) -> BoundEngine:
    """Open a network that has no signature under the names its tensors have; the order is that of the file."""
    sides = interpreter.get_input_details(), interpreter.get_output_details()
    found = [tuple(_tensor(detail["name"] or f"{i}", detail) for i, detail in enumerate(side)) for side in sides]
    places = [[detail["index"] for detail in side] for side in sides]
    signature = Signature("unnamed", *found)
    order = [t.name for t in signature.inputs], [t.name for t in signature.outputs]
    return _engine(signature, order, make, interpreter, lambda one: _by_number(one, *places))


def _by_name(interpreter: Any, found: Signature) -> Run:
    """Run a signature of an interpreter by names, at any size."""
    runner = interpreter.get_signature_runner(found.form)

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = runner(**{t.name: array for t, array in zip(found.inputs, arrays, strict=True)})
        return [results[t.name] for t in found.outputs]

    return run


def _by_number(interpreter: Any, entering: Sequence[int], leaving: Sequence[int]) -> Run:
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
