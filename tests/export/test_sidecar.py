"""The JSON file beside an artifact: what it has, and that it is written whole, with the artifact, or not at all."""

import hashlib
import json

import pytest

import export
from export import saving
from export.sidecar import KEYS, owner, places, sidecar_of
from tests.conftest import NAMES
from zoo.errors import DataError, VerificationError


@pytest.mark.parametrize("name", NAMES)
def test_sidecar_has_what_the_artifact_has(name, user, tmp_path, quick):
    path = tmp_path / NAMES[name]
    export.save(user, path, sidecar=True)
    beside = tmp_path / "tiny.json"
    assert sorted(tmp_path.iterdir()) == sorted([path, beside])
    found, inspected = json.loads(beside.read_text()), export.inspect(path).to_dict()
    assert set(found) == {*KEYS} - {"card", "codec"}
    assert (found["artifact"], found["format"], found["form"]) == (path.name, name, "sequence")
    if path.is_file():
        assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert found["bytes"] == path.stat().st_size
    assert found["signatures"] == json.loads(json.dumps(inspected["signatures"]))
    [tensor] = found["signatures"]["sequence"]["inputs"]
    assert tensor == {"name": "x", "shape": [None, None, 3], "dtype": "float32"}
    assert found["export"]["differences"]["sequence"]["parity"] <= found["export"]["tolerance"]


def test_sidecar_of_a_model_of_the_zoo(sealed, tmp_path, quick):
    export.save(sealed, tmp_path / "a.onnx", sidecar=True)
    found = json.loads(sidecar_of(tmp_path / "a.onnx").read_text())
    assert set(found) == {*KEYS}
    assert found["card"] == json.loads(sealed.card.to_json())
    assert found["codec"] == sealed.codec.to_json()
    assert [t["name"] for t in found["signatures"]["sequence"]["inputs"]] == ["x", "h0_0", "c0_0"]


def test_none_is_written_unless_asked_for(user, tmp_path, quick):
    export.save(user, tmp_path / "a.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_an_existing_sidecar_is_kept_up_to_date(user, tmp_path, quick):
    """Also if the artifact is exported again without the option."""
    path = tmp_path / "a.onnx"
    export.save(user, path, sidecar=True)
    export.save(user, path, batch=2)
    found = json.loads(sidecar_of(path).read_text())
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found["signatures"]["sequence"]["inputs"][0]["shape"] == [2, None, 3]


def test_a_failed_export_leaves_both_as_they_were(user, tmp_path, quick, monkeypatch):
    export.save(user, tmp_path / "a.onnx", sidecar=True)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def fails(*_):
        raise VerificationError("parity", "it differs")

    monkeypatch.setattr(saving, "load", fails)
    with pytest.raises(VerificationError):
        export.save(user, tmp_path / "a.onnx", sidecar=True, quantize="float16")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("text", ["", "[1]", '{"artifact": 1}', "\ud83d"])
def test_a_file_of_the_user_is_not_replaced(tmp_path, text):
    beside = tmp_path / "a.json"
    beside.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert owner(beside) is None
    with pytest.raises(DataError, match=r"a\.json exists and is no sidecar"), places(tmp_path / "a", True, True):
        pass
    assert [*tmp_path.iterdir()] == [beside]


def test_the_sidecar_of_another_artifact_is_not_replaced(tmp_path):
    sidecar_of(tmp_path / "a.onnx").write_text('{"artifact": "a.onnx", "sha256": "", "signatures": {}}')
    refused = pytest.raises(DataError, match=r"a\.json exists and is the sidecar of a\.onnx")
    with refused, places(tmp_path / "a", True, True):
        pass
    with places(tmp_path / "a", True, False) as (_, beside):
        assert beside is None
    with places(tmp_path / "a.onnx", False, True) as paths:
        for path in paths:
            path.write_text("{}")
