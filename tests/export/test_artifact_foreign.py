"""Artifacts of other tools."""

import sys
import warnings

import numpy as np
import pytest

import export
from tests.export.foreign import FOREIGN, A, Z, foreign_onnx, foreign_saved_model, foreign_tflite
from zoo.errors import ArgumentError, ArtifactError


@pytest.mark.parametrize("case", FOREIGN)
def test_artifact_of_another_tool_opens_with_a_warning(tmp_path, case):
    make, inputs, expected = FOREIGN[case]
    path = make(tmp_path)
    with pytest.warns(
        UserWarning, match=rf"{path.name} was not written by export\.save: no checksum.*agreement"
    ) as caught:
        run = export.load(path, trust=True)  # there is nothing to trust in ONNX and TFLite
    assert caught[0].filename == __file__
    assert run.about is None
    np.testing.assert_allclose(run(*inputs), expected)
    np.testing.assert_allclose(run(*[array.astype(np.float64) for array in inputs]), expected)
    names = [tensor.name for tensor in run.inputs]
    np.testing.assert_allclose(run(**dict(zip(names, inputs, strict=True))), expected)
    with pytest.raises(ArgumentError, match=f"{names[-1]}: missing"):
        run(*inputs[:-1])


def test_a_saved_model_of_another_tool_is_loaded_only_if_it_is_trusted(tmp_path, monkeypatch):
    path = foreign_saved_model(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    for form in (None, "serving_default"):
        with pytest.raises(ArtifactError, match=r"is a program.*`zoo inspect .*foreign`.*trust=True \(`--trust`\)"):
            export.load(path, form=form)


@pytest.mark.parametrize("case", FOREIGN)
def test_inspect_an_artifact_of_another_tool(tmp_path, case):
    path = FOREIGN[case][0](tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the text says it already
        found = export.inspect(path)
    assert found.about is found.card is None
    [signature] = found.signatures.values()
    assert all(tensor.name and tensor.dtype == "float32" for tensor in (*signature.inputs, *signature.outputs))
    assert found.size > 0
    if "onnx" not in case:
        assert found.precision["float32"] >= 6
    assert {"onnx": "Add", "tflite": "FULLY_CONNECTED"}.get(case.partition(" ")[0], "MatMul") in found.operators
    assert "was not written by export.save" in str(found)


def test_artifact_of_another_tool_has_no_form(tmp_path):
    path = foreign_onnx(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ArgumentError, match="form='step'"):
            export.load(path, form="step")


def test_tflite_without_a_signature_runs_by_position(tmp_path):
    path = foreign_tflite(tmp_path, signed=False)
    with pytest.warns(UserWarning, match="was not written by export.save"):
        run = export.load(path)
    for batch in (1, 3):
        np.testing.assert_allclose(run(np.repeat(A, batch, axis=0)), np.repeat(Z, batch, axis=0), rtol=1e-5)
    found = export.inspect(path)
    assert "FULLY_CONNECTED" in found.operators
    assert "was not written by export.save" in str(found)
