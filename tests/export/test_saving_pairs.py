import shutil

import numpy as np
import pytest

import export
from export.artifact import read_manifest
from export.manifest import About
from tests.conftest import small_checks
from tests.export.pairs import CLASSES, PAIRS, attending, characters, listed, source_of
from zoo.core.validation import checked
from zoo.errors import ArtifactError, DataError, ZooError

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize(("name", "file", "options"), [
    ("characters", "m.onnx", {"form": "step", "sidecar": True}), ("attending", "m.onnx", {"quantize": "int8"}),
    ("attending", "m", {"form": "step"}),
])  # fmt: skip
def test_two_graphs_with_one_contract(name, file, options, tmp_path):
    encoder, decoder = PAIRS[name]()
    report = export.save((encoder, decoder), tmp_path / file, **options)
    engine = export.load(tmp_path / file)
    form = options.get("form", "sequence")
    assert list(report.signatures) == ["encode", form] == list(report.differences)
    names = [tensor.name for tensor in report.signatures["encode"].outputs]
    assert names == [tensor.name for tensor in report.signatures[form].inputs[1:]]
    assert names == (["h0_0", "h0_1"] if name == "characters" else ["memory", "h0_0"])
    given, state = source_of(name), engine.encode(source_of(name))
    x = np.random.default_rng(0).integers(1, CLASSES, (3, 4))
    x = np.eye(CLASSES, dtype=np.float32)[x] if name == "characters" else x.astype(np.int32)
    expected = np.asarray(decoder([x, *map(np.asarray, listed(encoder(given)))])[0])
    tolerance = 0.1 * np.abs(expected).max() if "quantize" in options else 1e-5
    for t in range(4):
        y, state = engine.step(x[:, t : t + 1], state)
        np.testing.assert_allclose(y[:, 0], expected[:, t], atol=tolerance)
    assert (tmp_path / "m.json").exists() == ("sidecar" in options)
    assert "m.encoder" in str(export.inspect(tmp_path / file))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two pairs of graphs, which must not be mixed."""
    folder = tmp_path_factory.mktemp("pairs")
    with small_checks():
        for name, pair in (("a", characters()), ("b", attending())):
            export.save(pair, folder / f"{name}.onnx", form="step")
    return folder


def test_artifacts_whose_encoder_is_not_theirs(two, tmp_path):
    shutil.copytree(two, tmp_path / "p")
    folder = tmp_path / "p"
    (folder / "a.encoder.onnx").write_bytes((folder / "b.encoder.onnx").read_bytes())
    with pytest.raises(ArtifactError, match="is not the encoder that"):
        export.load(folder / "a.onnx")
    (folder / "a.encoder.onnx").unlink()
    with pytest.raises(ArtifactError, match="its encoder .*a.encoder.onnx is missing: copy both files"):
        export.load(folder / "a.onnx")


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.onnx", "..", ".", "a\0b", "C:\\a.onnx"])
def test_a_manifest_names_only_files_beside_it(name, two):
    about = read_manifest(two / "a.onnx")[2].about
    known = {field: about[field] for field in About.__dataclass_fields__ if field in about}
    assert checked(About, known).encoder == "a.encoder.onnx"
    with pytest.raises(ZooError, match="encoder"):
        checked(About, {**known, "encoder": name})


def test_what_is_in_the_way_stays(tmp_path):
    (tmp_path / "m.encoder.onnx").mkdir()
    with pytest.raises(DataError, match="where the encoder belongs"):
        export.save(characters(), tmp_path / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["m.encoder.onnx"]
