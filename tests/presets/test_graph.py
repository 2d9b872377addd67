"""Graphs of presets: opened in ONNX Runtime with the weights beside them, or refused."""

import os
from dataclasses import replace

import numpy as np
import onnx
import pytest

import zoo
from export.preset_graph import add_graph
from tests.conftest import small_checks
from zoo.core.files import sha256
from zoo.errors import ArtifactError, PresetError
from zoo.presets.graph import GRAPH, KEY


def seal(folder, model):
    """Write a forged graph, with its checksum in the card."""
    data = model.SerializeToString()
    (folder / GRAPH).write_bytes(data)
    (folder / "card.json").write_text(replace(zoo.info(folder), graph_sha256=sha256(data)).to_json())


def forged(change):
    def damage(folder):
        model = onnx.load(folder / GRAPH, load_external_data=False)
        change(model)
        seal(folder, model)

    return damage


def external(model, name="y/kernel"):
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def point(**entries):
    """Point a constant somewhere else."""

    def change(model):
        for entry in external(model).external_data:
            entry.value = str(entries.get(entry.key, entry.value))

    return change


def renamed(model):
    external(model).name = "z"


def doubled(model):
    model.graph.initializer.append(external(model))


def reshaped(model):
    dims = external(model).dims
    dims[0], dims[1] = dims[1], dims[0]


def of_version(version):
    return lambda model: onnx.helper.set_model_props(model, {KEY: version} if version else {})


def one_state_less(model):
    del model.graph.output[-1]


def flip(folder):
    data = bytearray((folder / GRAPH).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / GRAPH).write_bytes(data)


def pipe(folder):
    (folder / GRAPH).unlink()
    os.mkfifo(folder / GRAPH)


def resized(folder):
    card = zoo.info(folder)
    card = replace(card, recipe=replace(card.recipe, units=13), parameters=0)
    (folder / "card.json").write_text(card.to_json())


DAMAGE = {
    "missing": (lambda folder: (folder / GRAPH).unlink(), "graph.onnx"),
    "a folder": (lambda folder: ((folder / GRAPH).unlink(), (folder / GRAPH).mkdir()), "graph.onnx"),
    "a pipe": (pipe, "regular file"),
    "flipped": (flip, "has sha256 .*, the card says"),
    "too large": (lambda folder: os.truncate(folder / GRAPH, 1 << 30), "the most that is read"),
    "another version": (forged(of_version("2")), "is a graph of version 2, this release reads version 1"),
    "no version": (forged(of_version("")), "is a graph of version none"),
    "outside": (forged(point(location="../weights.safetensors")), r"'\.\./weights\.safetensors' .* not its place"),
    "another file": (forged(point(location="card.json")), "'card.json'"),
    "an absolute path": (forged(point(location="/etc/passwd")), "'/etc/passwd'"),
    "another place": (forged(point(offset=0)), "from byte 0 on, which is not its place in weights.safetensors"),
    "more": (forged(point(length=1 << 40)), "not its place"),
    "no such weights": (forged(renamed), "constant z"),
    "the same twice": (forged(doubled), "constant y/kernel is there twice"),
    "another shape": (forged(reshaped), "constant y/kernel: other numbers than weights.safetensors has"),
    "another network": (forged(one_state_less), "the graph is that of another network"),
    "another card": (resized, "the weights are those of another network"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_not_the_graph_of_the_preset_is_refused_by_name(preset, case):
    damage, message = DAMAGE[case]
    damage(preset)
    with pytest.raises(PresetError, match=message) as caught:
        zoo.load(preset)
    assert str(preset) in str(caught.value)


def test_the_remedy_is_to_write_it_again(preset):
    (preset / GRAPH).unlink()
    with pytest.raises(PresetError, match=f"write it again by `zoo graph {preset}`"):
        zoo.load(preset)
    with small_checks():
        add_graph(preset)
    assert zoo.load(preset).engine.name == "onnx"


def test_the_graph_has_no_weights_of_its_own_and_opens_where_it_lies(preset):
    import onnxruntime

    model = onnx.load(preset / GRAPH, load_external_data=False)
    inside = [
        tensor.name for tensor in model.graph.initializer if not tensor.external_data and np.prod(tensor.dims) > 8
    ]
    assert not inside
    session = onnxruntime.InferenceSession(preset / GRAPH)
    assert [value.name for value in session.get_inputs()] == ["x", "h0_0", "c0_0"]


def test_the_graph_is_no_artifact(preset):
    with pytest.raises(ArtifactError, match=r"graph\.onnx is the graph of a preset: give the folder it is in"):
        zoo.load(preset / GRAPH)
