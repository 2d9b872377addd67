"""The loop of generation inside artifacts."""

import shutil

import numpy as np
import pytest

import export
from export.formats import formats
from tests.conftest import NAMES, random_score, seal, tiny_model
from tests.export.artifacts import check_threads
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError, ArtifactError, UnsupportedLayer

OPTIONS = (
    {"steps": 20, "seed": 3},
    {"steps": 12, "n": 2, "seed": 1, "prompt": random_score(1, 6), "fixed": {0: [60] * 4}, "top_k": 9, "top_p": 0.8,
     "temperature": [0.5, 1.2, 0]},
)  # fmt: skip


def text_model(architecture, units=8):
    from zoo.core.architectures import ARCHITECTURES
    from zoo.core.card import Card
    from zoo.models.model import make
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine
    from zoo.networks.transfer import set_weights, weights
    from zoo.tasks.text.codec import TextCodec

    codec, recipe, row = TextCodec("\n abcdefgh"), Recipe(units=units, embedding=6), ARCHITECTURES[architecture]
    net, rng = network(row, codec, recipe), np.random.default_rng(0)
    set_weights(net, {k: rng.normal(0.1, 0.5, a.shape).astype(np.float32) for k, a in weights(net).items()})
    card = Card(f"{architecture}_text", architecture, "text", recipe, net.count_params())
    return seal(make(card, codec, KerasEngine(net)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", OPTIONS)
def test_one_call_makes_what_keras_makes(loops, sealed, name, options):
    opened = export.load(loops[name])
    assert opened.engine.signature.form == "generate"
    assert opened.generate(**options) == sealed.generate(**options)


@pytest.mark.parametrize("name", NAMES)
def test_threads_may_share_a_loop(loops, name):
    opened = export.load(loops[name])
    assert opened.engine.concurrent
    check_threads(lambda i: opened.generate(steps=4 + 3 * i, seed=i).grid, calls=1)


@pytest.mark.parametrize("name", NAMES)
def test_without_this_package(loops, sealed, name):
    """Ids in, ids out: one temperature for all places, another row's limits do not matter."""
    engine, codec = export.load(loops[name]).engine, sealed.codec
    rng = np.random.default_rng(4)
    script = np.full((2, 30), -1, np.int32)
    script[1, :6] = rng.integers(0, codec.classes, 6)
    uniform = rng.random((2, 30), np.float32)
    both = engine(prompt=script, uniform=uniform, temperature=[[1.0], [0.0]], top_k=[5, 0], top_p=[0.9, 1.0])
    for row, (warm, top_k, top_p) in enumerate([(1.0, 5, 0.9), (0.0, 0, 1.0)]):
        one = slice(row, row + 1)
        alone = engine(script[one], uniform[one], [[warm]], [top_k], [top_p])
        np.testing.assert_array_equal(alone, both[one])
    np.testing.assert_array_equal(both[1, :6], script[1, :6])
    assert both.min() >= 0
    assert both.max() < codec.classes


@pytest.mark.parametrize(
    ("architecture", "file"), [("rnn", "t.tflite"), ("gru", "t.onnx"), ("stacked_lstm", "t.onnx"), ("gru", "t")]
)
def test_text(architecture, file, tmp_path):
    model = text_model(architecture)
    report = export.save(model, tmp_path / file, form="generate")
    assert report.differences["generate"]["ids"] == 330
    opened = export.load(tmp_path / file)
    options = {"prompt": "abba ", "length": 40, "seed": 2, "top_p": 0.9}
    assert opened.generate(**options) == model.generate(**options)
    assert "".join(opened.stream(**options)) == model.generate(**options)
    assert opened.generate(stop="a", **options) == model.generate(stop="a", **options)


@pytest.mark.parametrize(
    ("architecture", "units", "file", "kinds"),
    [
        ("lstm", 128, "q.onnx", {"Loop", "DynamicQuantizeLSTM"}),
        ("gru", 320, "q.onnx", {"Loop", "MatMulIntegerToFloat"}),
        ("lstm", 128, "q.tflite", {"WHILE"}),
    ],
)
def test_quantized(architecture, units, file, kinds, tmp_path):
    """Compared with quantized single steps, which are compared with Keras."""
    report = export.save(text_model(architecture, units=units), tmp_path / file, form="generate", quantize="int8")
    found = export.inspect(tmp_path / file)
    assert kinds <= set(found.operators)
    assert found.precision["int8"] > 0.9 * sum(found.precision.values())
    assert report.differences["generate"]["parity"] > 1e-4
    assert len(export.load(tmp_path / file).generate(length=20, seed=1)) == 20


@pytest.mark.parametrize("name", ["tflite", "saved_model"])
def test_lost_manifest_is_found(loops, tmp_path, name):
    target = tmp_path / loops[name].name
    if loops[name].is_dir():
        shutil.copytree(loops[name], target)
        (target / "assets/manifest.json").unlink()
    else:
        target.write_bytes(loops[name].read_bytes()[: int(formats()[name].manifest(loops[name])["bytes"])])
    with pytest.raises(ArtifactError, match=r"has lost .*export\.save"):
        export.load(target)


def test_loop_copies_no_weights(loops):
    """What the body of ONNX's loop only passes on it sees from outside."""
    import onnx

    [loop] = [node for node in onnx.load(loops["onnx"]).graph.node if node.op_type == "Loop"]
    body = loop.attribute[0].g
    assert len(body.input) - 2 == len(loop.input) - 2 == len(body.output) - 1 == len(loop.output) <= 8
    large = [tensor.name for tensor in onnx.load(loops["onnx"]).graph.initializer if np.prod(tensor.dims) > 100]
    assert large
    assert not set(large) & set(loop.input)


def test_fixed_shape(tmp_path, sealed):
    path = tmp_path / "fixed.tflite"
    export.save(sealed, path, form="generate", batch=1, steps=60)
    opened = export.load(path)
    assert opened.generate(steps=20, seed=3) == sealed.generate(steps=20, seed=3)
    assert opened.generate(steps=11, seed=3) == sealed.generate(steps=11, seed=3)
    with pytest.raises(ArgumentError, match="63 tokens: .* fixed to 60"):
        opened.generate(steps=21, seed=3)
    with pytest.raises(ArgumentError, match="prompt"):
        opened.generate(steps=20, seed=3, n=2)


def test_what_a_loop_cannot_do(loops, sealed, user, tmp_path):
    opened = export.load(loops["onnx"])
    for call in (
        lambda: opened.score(random_score(0, 4)),
        lambda: opened.measure([random_score(0, 4)]),
        lambda: opened.generate(steps=3, repetition_penalty=2),
    ):
        with pytest.raises(ArgumentError, match="whole loop inside"):
            call()
    for model in (user, tiny_model("bilstm")):
        with pytest.raises(UnsupportedLayer, match="a model that generates"):
            export.save(model, tmp_path / "x.onnx", form="generate")
    with pytest.raises(ArgumentError, match="other forms"):
        export.save(sealed, tmp_path / "x.tflite", form="generate", recurrence="fused", batch=1, steps=6)
    assert not list(tmp_path.iterdir())


def test_saved_model_has_all_forms(artifacts, sealed):
    path = artifacts["saved_model", "sequence"]
    opened = export.load(path, form="generate")
    assert opened.generate(steps=20, seed=3) == sealed.generate(steps=20, seed=3)
    assert opened.card == sealed.card
