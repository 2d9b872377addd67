"""Graphs of presets as they are made; `tests/presets/test_graph.py` opens them."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnx.reference
import pytest

import zoo
from export import preset_graph
from export.formats.onnx import nodes
from export.preset_graph import _refer, _Weights, add_graph
from tests.conftest import small_checks, tiny_model
from zoo.errors import ExportError, VerificationError
from zoo.networks.transfer import weights
from zoo.presets.graph import GRAPH, KINDS
from zoo.presets.preset import read, write
from zoo.runtime.onnx.checking import ExternalData


def written(folder, architecture):
    model = tiny_model(architecture)
    write(folder, model.card, model.codec, weights(model.network))
    return folder


@pytest.mark.parametrize("architecture", ["rnn", "gru", "bilstm"])
def test_every_weight_is_taken_from_the_file(tmp_path, architecture):
    folder = written(tmp_path / "preset", architecture)
    with small_checks():
        card = add_graph(folder)
    assert card == zoo.info(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "codec.json", GRAPH, "weights.safetensors"]
    model = onnx.load(folder / GRAPH, load_external_data=False)
    taken = {tensor.name for tensor in model.graph.initializer if tensor.external_data}
    assert taken == {path for path, array in read(folder).weights().items() if array.any()}


def test_what_else_is_in_the_folder_stays_and_links_are_followed_to_it(tmp_path, monkeypatch):
    folder = written(tmp_path / "preset", "rnn")
    (folder / "samples" / "deeper").mkdir(parents=True)
    (folder / "samples" / "deeper" / "a.txt").write_text("a")
    (folder / "notes.md").write_text("mine")
    (folder / "notes.md").chmod(0o600)
    (folder / "link.md").symlink_to("notes.md")
    (folder / "weights.safetensors").rename(tmp_path / "stored")
    (folder / "weights.safetensors").symlink_to("../stored")
    folder.chmod(0o700)
    (tmp_path / "link").symlink_to("preset")
    monkeypatch.chdir(tmp_path / "link" / "samples")
    with small_checks():
        add_graph(Path(".."))
    assert zoo.load(tmp_path / "link").engine.name == "onnx"
    assert (tmp_path / "link").is_symlink()
    assert (folder / "samples" / "deeper" / "a.txt").read_text() == "a"
    assert os.readlink(folder / "link.md") == "notes.md"
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "notes.md")] == [0o700, 0o600]


def test_a_graph_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    folder = written(tmp_path / "preset", "lstm")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setitem(nodes.GATES, "lstm", (0, 2, 1, 3))
    with small_checks(), pytest.raises(VerificationError, match="parity"):
        add_graph(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_stored_weights_are_found_turned_and_in_another_shape():
    rng = np.random.default_rng(0)
    arrays = {"a": rng.normal(size=(3, 4, 5)).astype(np.float16), "b": rng.normal(size=(4, 6)).astype(np.float32)}
    stored = {
        name: ExternalData("w", 0, array.nbytes, KINDS[array.dtype.name], array.shape) for name, array in arrays.items()
    }
    constants = {
        "turned": arrays["a"].transpose(2, 0, 1).astype(np.float32), "flat": arrays["a"].reshape(-1).astype(np.float32),
        "same": arrays["b"], "other": rng.normal(size=(4, 6)).astype(np.float32), "few": np.float32([1]),
    }  # fmt: skip
    names = list(constants)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", [name], [f"{name}!"]) for name in names], "g", [],
        [onnx.helper.make_tensor_value_info(f"{name}!", 1, None) for name in names],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )  # fmt: skip
    _refer(graph, _Weights(arrays), stored)
    assert [tensor.name for tensor in graph.initializer] == ["other", "few", "a", "b"]
    for tensor in graph.initializer[2:]:  # as they would be read
        tensor.CopyFrom(onnx.numpy_helper.from_array(arrays[tensor.name], tensor.name))
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    found = onnx.reference.ReferenceEvaluator(model).run(None, {})
    for name, array in zip(names, found, strict=True):
        np.testing.assert_array_equal(array, constants[name])


def test_another_backend_lets_another_process_make_it(tmp_path, monkeypatch):
    folder = written(tmp_path / "preset", "lstm")
    asked = []

    def run(command, env, **_):
        asked.append((command, env["KERAS_BACKEND"]))
        return SimpleNamespace(returncode=len(asked) - 1, stderr="line\nError: it failed\n")

    monkeypatch.setattr("keras.config.backend", lambda: "jax")
    monkeypatch.setattr(subprocess, "run", run)
    assert add_graph(folder) == zoo.info(folder)
    assert asked == [([sys.executable, "-m", "zoo", "graph", os.fspath(folder)], "tensorflow")]
    with pytest.raises(ExportError, match="graph.onnx could not be made: Error: it failed"):
        add_graph(folder)


def test_a_graph_with_large_constants_of_its_own_is_refused(tmp_path, monkeypatch):
    folder = written(tmp_path / "preset", "lstm")
    monkeypatch.setattr(preset_graph, "MOST_BYTES", 1000)
    with pytest.raises(ExportError, match="at most 1,000 are read"):
        add_graph(folder)
    assert replace(zoo.info(folder), graph_sha256="") == zoo.info(folder)
