"""tf2onnx's optimizers: one copy of the graph, which is taken up again where one of them fails."""

import pytest
from tf2onnx import optimizer

from export.formats.onnx.optimizing import copied_once


class Graph:
    """What counts how often it is copied and optimized."""

    copies = 0

    def __init__(self):
        self.passes = 0

    def __deepcopy__(self, _memo):
        Graph.copies += 1
        found = Graph()
        found.passes = self.passes
        return found


@pytest.fixture
def careful(monkeypatch):
    """In place of tf2onnx's: copies for each pass if it is to catch errors; the second pass fails on demand."""
    monkeypatch.setattr(Graph, "copies", 0)

    def optimize(graph, catch_errors=True, optimizers=None):
        for number in range(3):
            if catch_errors:
                graph.__deepcopy__({})
            elif optimizers == "failing" and number == 1:
                raise ValueError("a pass failed")
            graph.passes += 1
        return graph

    monkeypatch.setattr(optimizer, "optimize_graph", optimize)
    return optimize


@pytest.mark.parametrize(("optimizers", "copies"), [(None, 1), ("failing", 4)])
def test_a_graph_is_copied_once_or_optimized_again_from_the_copy(careful, optimizers, copies):
    with copied_once():
        found = optimizer.optimize_graph(Graph(), True, optimizers=optimizers)
    assert (found.passes, Graph.copies) == (3, copies)
    assert optimizer.optimize_graph is careful


def test_the_optimizer_of_tf2onnx_comes_back_after_an_error(careful):
    with pytest.raises(RuntimeError), copied_once():
        raise RuntimeError
    assert optimizer.optimize_graph is careful
