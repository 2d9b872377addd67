import pytest

import export
from export.formats import onnx as onnx_format
from tests.zoo_of_layers import build


@pytest.mark.parametrize("model", ["plain", "state", "step", "fixed", "several", "zoo", "zoo step"])
def test_onnx_is_valid(saved, artifacts, model):
    import onnx

    key = ("onnx", "step" if "step" in model else "sequence")
    loaded = onnx.load(artifacts[key] if "zoo" in model else saved(model, "onnx"))
    assert {entry.domain: entry.version for entry in loaded.opset_import}[""] == 17
    assert loaded.ir_version <= 10
    assert {node.domain for node in loaded.graph.node} <= {"", "ai.onnx"}
    onnx.checker.check_model(loaded, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(loaded, check_type=True, strict_mode=True, data_prop=True)
    for value, tensor in zip(inferred.graph.output, onnx_format.open_(saved(model, "onnx"), None).outputs
                             if "zoo" not in model else (), strict="zoo" not in model):  # fmt: skip
        assert (value.name, len(value.type.tensor_type.shape.dim)) == (tensor.name, len(tensor.shape))
    names = [d.dim_param for value in loaded.graph.input for d in value.type.tensor_type.shape.dim if d.dim_param]
    assert model == "fixed" or "batch" in names


@pytest.mark.parametrize("model", ["rnn masked", "gru plain"])
def test_scan(model, tmp_path):
    """The second form of ONNX: no native node, the same values."""
    report = export.save(build(model), tmp_path / "model.onnx", recurrence="scan")
    assert report.operators["Scan"] >= 7
    assert not {"RNN", "GRU"} & set(report.operators)
