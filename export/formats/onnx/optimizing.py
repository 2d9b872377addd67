"""The optimizers of tf2onnx, without a copy of the graph for each of them."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def copied_once() -> Iterator[None]:
    """Let tf2onnx copy a graph once before it is optimized, inside the block.

    It copies the whole graph before each of some 40 passes, so that it can leave out one that fails; that takes longer
    than the passes. If one fails here, the copy is optimized in that way.
    """
    from tf2onnx import optimizer

    careful = optimizer.optimize_graph

    def optimize(graph: Any, catch_errors: bool = True, optimizers: Any = None) -> Any:
        before = copy.deepcopy(graph)
        try:
            return careful(graph, False, optimizers)
        except Exception:  # noqa: BLE001 (whatever an optimizer raises)
            return careful(before, catch_errors, optimizers)

    optimizer.optimize_graph = optimize
    try:
        yield
    finally:
        optimizer.optimize_graph = careful
