import sys

import pytest

from export.conversion import converted
from export.formats import MissingOperator, Options, formats
from tests.conftest import tiny_model
from zoo.errors import ExportError, MissingExtra, UnsupportedLayer, VerificationError


def rows(raised):
    from dataclasses import replace

    def convert(*_):
        raise raised

    return replace(formats()["onnx"], convert=convert)


class Source:
    network = tiny_model("rnn").network


class Face:
    source = Source


@pytest.mark.parametrize(
    ("raised", "error", "message"),
    [
        (
            MissingOperator("Erfc", "rnn/y/Erfc"),
            UnsupportedLayer,
            "y: onnx has no operator Erfc: compute it from other",
        ),
        (MissingOperator("TensorListStack", "rnn/y/a"), UnsupportedLayer, "a loop collects its results in a list"),
        (ValueError("first\nsecond"), ExportError, "^conversion to onnx failed: ValueError: first$"),
        (VerificationError("parity", "it differs"), VerificationError, "it differs"),
        (OSError(28, "No space left on device"), OSError, "No space"),
    ],
)
def test_what_goes_wrong_is_named(tmp_path, raised, error, message):
    with pytest.raises(error, match=message):
        converted(rows(raised), [Face], tmp_path / "a.onnx", Options())


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    missing = ModuleNotFoundError("No module named 'tf2onnx'", name="tf2onnx")
    with pytest.raises(MissingExtra, match=r"^conversion to onnx needs tf2onnx: pip install 'rnn-zoo\[keras\]'$"):
        converted(rows(missing), [Face], tmp_path / "a.onnx", Options())
