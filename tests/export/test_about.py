import json

import pytest

import export
from export.about import unmeasured
from export.formats import Options
from tests.conftest import user_model
from tests.tasks.translation.translators import tiny


def test_what_a_manifest_says(tmp_path, few_shapes):
    report = export.save(user_model(), tmp_path / "m.onnx", sidecar=True)
    about = json.loads((tmp_path / "m.json").read_text())["export"]
    assert about["name"] == "user"
    assert about["compared"] == report.compared
    assert set(about["versions"]) == {"python", "rnn-zoo", "keras", "tensorflow"}
    assert about["tolerance"] == 1e-4


@pytest.mark.parametrize(("quantize", "differences", "notes"), [
    ("int8", {"parity": 0.1}, 1), ("int8", {"valid bleu after": 20.0}, 0), (None, {}, 0),
])  # fmt: skip
def test_a_metric_that_was_not_measured_is_said(quantize, differences, notes):
    assert len(unmeasured(Options(quantize), tiny(), differences)) == notes
    assert not unmeasured(Options(quantize), None, differences)
