"""What models of users have around their recurrent layers: losses, loops, tables of words, names of any kind."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import export
from tests.conftest import FEATURES, NAMES, UNITS, randomized
from tests.export.artifacts import EVERY_FORMAT, everything
from tests.export.models import around, example
from zoo.errors import ArgumentError, ExportError, UnsupportedLayer
from zoo.runtime.signature import Tensor

pytestmark = pytest.mark.usefixtures("quick")

WORDS = ["to", "be", "or", "not"]


class CTC(layers.Layer):
    """A loss of its own, from the labels that training has; the prediction is passed on."""

    def call(self, labels, predicted):
        def each(size):
            return size * ops.ones((ops.shape(labels)[0],), "int32")

        lengths = each(ops.shape(labels)[1]), each(ops.shape(predicted)[1])
        self.add_loss(ops.mean(ops.ctc_loss(ops.cast(labels, "int32"), predicted, *lengths)))
        return predicted


def reader(layer):
    """A model that looks up ids of words."""
    words = keras.Input(() if isinstance(layer, layers.TextVectorization) else (None,), dtype="string", name="words")
    hidden = layers.Embedding(layer.vocabulary_size(), FEATURES)(layer(words))
    return randomized(keras.Model(words, layers.LSTM(UNITS)(hidden)))


def fixed_ids(*after):
    stack = [keras.Input((8,)), layers.Embedding(9, FEATURES), layers.LSTM(UNITS, return_sequences=True), *after]
    return randomized(keras.Sequential(stack))


def test_labels_that_only_a_loss_takes_are_left_out(few_shapes, tmp_path):
    image, labels = keras.Input((8, FEATURES), name="image"), keras.Input((None,), name="labels")
    predicted = layers.Dense(5, "softmax")(layers.LSTM(UNITS, return_sequences=True)(image))
    model = randomized(keras.Model([image, labels], CTC(name="read")(labels, predicted)))
    report = export.save(model, tmp_path / "a.onnx")
    assert "labels: left out, since no output depends on it" in str(report)
    assert (report.operators["LSTM"], report.compared) == (1, "batch 2, time 8")
    run, x = export.load(tmp_path / "a.onnx"), example(3, 8)
    assert [tensor.name for tensor in run.inputs] == ["image"]
    np.testing.assert_allclose(run(x), keras.Model(image, predicted)(x), atol=1e-6)


def mapped(x):
    import tensorflow as tf

    return tf.map_fn(lambda row: row + ops.sum(row), x)


def scanned(x):
    return ops.scan(lambda total, row: (total + row, total), x[:, 0], ops.transpose(x, (1, 0, 2)))[1]


def test_a_loop_of_the_user_s_own_in_onnx(few_shapes, tmp_path):
    report = export.save(around(mapped), tmp_path / "a.onnx")
    assert (report.operators["GRU"], report.operators["Loop"]) == (1, 1)


@pytest.mark.parametrize(("name", "function"), [("tflite", mapped), ("tflite", scanned), ("onnx", scanned)])
def test_a_loop_that_collects_in_a_list_is_refused(tmp_path, name, function):
    with pytest.raises(UnsupportedLayer, match=r"^own: \w+ has no operator TensorList.*use keras\.ops\.vectorized_map"):
        export.save(around(function), tmp_path / NAMES[name])
    assert everything(tmp_path) == []


def test_words_are_looked_up_inside_of_a_saved_model(few_shapes, tmp_path):
    model = reader(layers.StringLookup(vocabulary=WORDS))
    report = export.save(model, tmp_path / "a")
    assert list(report.signatures) == ["sequence", "step"]
    run, words = export.load(tmp_path / "a"), np.array([["to", "be", "or"], ["whatever", "not", "be"]])
    assert run.inputs == (Tensor("words", (None, None), "string"),)
    np.testing.assert_allclose(run(words), model(words.astype(object)), atol=1e-6)
    with pytest.raises(ArgumentError, match=r"words: int64 given, string\[any, any\] wanted"):
        run(np.ones((1, 2), int))


def test_texts_are_split_inside_of_a_saved_model(few_shapes, tmp_path):
    model = reader(layers.TextVectorization(vocabulary=WORDS))
    report = export.save(model, tmp_path / "a")
    assert report.compared == "batch 2"
    texts = np.array(["To be, or not to be", "that is the question"], object)
    np.testing.assert_allclose(export.load(tmp_path / "a")(texts), model(texts), atol=1e-6)


def test_words_as_outputs_of_a_saved_model(few_shapes, tmp_path):
    x = keras.Input((None, FEATURES))
    chosen = ops.argmax(layers.GRU(len(WORDS), return_sequences=True)(x), -1)
    model = randomized(keras.Model(x, layers.StringLookup(vocabulary=WORDS, num_oov_indices=0, invert=True)(chosen)))
    report = export.save(model, tmp_path / "a")
    assert report.signatures["step"].outputs[0] == Tensor("y", (None, 1), "string")
    found = export.load(tmp_path / "a")(example())
    assert set(found.ravel()) <= {word.encode() for word in WORDS}
    np.testing.assert_array_equal(found, np.asarray(model(example())))


def test_texts_as_examples_of_a_subclassed_model(few_shapes, tmp_path):
    class Reader(keras.Model):
        def __init__(self):
            super().__init__()
            self.split, self.embed = layers.TextVectorization(vocabulary=WORDS), layers.Embedding(6, FEATURES)
            self.gru = layers.GRU(UNITS)

        def call(self, texts):
            return self.gru(self.embed(self.split(texts)))

    model, texts = Reader(), np.array(["to be", "or"])
    model(texts.astype(object))
    export.save(model, tmp_path / "a", inputs=texts)
    np.testing.assert_allclose(export.load(tmp_path / "a")(texts), model(texts.astype(object)), atol=1e-6)


def test_numbers_that_are_no_weights_are_stored(few_shapes, tmp_path):
    """Keras keeps those of a normalization as tensors."""
    stack = [layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6]), layers.LSTM(UNITS)]
    model = randomized(keras.Sequential([keras.Input((None, FEATURES)), *stack]))
    export.save(model, tmp_path / "a.onnx")
    np.testing.assert_allclose(export.load(tmp_path / "a.onnx")(example()), model(example()), atol=1e-6)


def test_a_recurrent_layer_inside_of_a_loop_shows_no_state(few_shapes, tmp_path):
    import tensorflow as tf

    class Rows(layers.Layer):
        def __init__(self):
            super().__init__()
            self.gru = layers.GRU(2)

        def call(self, x):
            return tf.map_fn(self.gru, x, fn_output_signature=tf.TensorSpec((None, 2)))

    x = keras.Input((2, 5, FEATURES))
    model, rows = keras.Model(x, Rows()(x)), np.random.default_rng(0).normal(0, 1, (3, 2, 5, FEATURES)).astype("f")
    report = export.save(model, tmp_path / "a.onnx", state=True)
    assert (report.operators["GRU"], report.operators["Loop"]) == (1, 1)
    run = export.load(tmp_path / "a.onnx")
    assert [tensor.name for tensor in run.inputs] == ["x"]
    np.testing.assert_allclose(run(rows), model(rows), atol=1e-6)


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_tables_are_refused_by_path(tmp_path, name):
    ids = keras.Input((None,), dtype="int64")
    found = layers.IntegerLookup(vocabulary=[12, 36], name="found")(ids)
    model = keras.Model(ids, layers.LSTM(2)(layers.Embedding(3, 2)(found)))
    with pytest.raises(UnsupportedLayer, match=rf"^found \(IntegerLookup\) .* {name} .*get_vocabulary"):
        export.save(model, tmp_path / NAMES[name])


def test_fixed_ids_have_single_steps(few_shapes, tmp_path):
    """The model is declared for 8 ids, its layers take any number of them."""
    model = fixed_ids(layers.Dense(2))
    report = export.save(model, tmp_path / "a")
    assert report.notes == ()
    assert report.compared == "batch 2, time 8; batch 2, time 1"
    ids = np.arange(8)[None] % 9
    run, state, parts = export.load(tmp_path / "a", form="step"), {}, []
    for i in range(8):
        part, state["h0_0"], state["c0_0"] = run(x=ids[:, i : i + 1], **state).values()
        parts.append(part)
    np.testing.assert_allclose(np.concatenate(parts, 1), model(ids), atol=1e-5)
    np.testing.assert_allclose(export.load(tmp_path / "a")(ids), model(ids), atol=1e-5)


def test_steps_that_a_model_does_not_take(tmp_path):
    with pytest.raises(ArgumentError, match="steps=5: the model takes 8, no other number"):
        export.save(fixed_ids(), tmp_path / "a.onnx", steps=5)
    features = keras.Input((4,))
    model = keras.Model(features, layers.LSTM(2)(layers.Reshape((2, 2))(features)))
    with pytest.raises(ArgumentError, match=r"steps=5: no input .* axis of time \(x \[None, 4\]\): leave it out"):
        export.save(model, tmp_path / "a.onnx", steps=5)


@pytest.mark.parametrize(
    ("after", "who"),
    [
        (
            [layers.Flatten(name="flat"), layers.Dense(2, name="last")],
            r"takes 8 .*last takes no other number \(Invalid",
        ),
        (
            [layers.Conv1D(2, 3, padding="causal", name="wide")],
            r"step by step .*: wide \(Conv1D\) may see several steps",
        ),
        ([layers.LSTM(2, go_backwards=True, name="back")], "back reads its input backwards"),
    ],
    ids=["flat", "convolution", "backwards"],
)
def test_the_reason_why_there_are_no_single_steps(tmp_path, after, who):
    with pytest.raises(UnsupportedLayer, match=who) as caught:
        export.save(fixed_ids(*after), tmp_path / "a.onnx", form="step")
    assert "attention" not in str(caught.value)


@EVERY_FORMAT
def test_names_in_any_script(few_shapes, tmp_path, name):
    """Two of them have no letter that formats take; all differ in the artifact."""
    inputs = [keras.Input((None, FEATURES), name=own) for own in ("输入", "语音", "my input", "my-input")]
    hidden = layers.LSTM(UNITS, return_sequences=True, name="_循环 (1)")(layers.Add(name="a b:c")(inputs))
    model = randomized(keras.Model(inputs, {own: layers.Dense(2)(hidden) for own in ("输出", "out put")}))
    report = export.save(model, tmp_path / NAMES[name])
    run = export.load(tmp_path / NAMES[name])
    assert [tensor.name for tensor in run.inputs] == ["x_0", "x_1", "my_input", "my_input_1"]
    assert [tensor.name for tensor in run.outputs] == ["out_put", "y_1"]
    assert (
        "输入 is x_0, 语音 is x_1, my input is my_input, my-input is my_input_1, out put is out_put, 输出 is y_1"
        in str(report)
    )
    inspected = export.inspect(tmp_path / NAMES[name])
    assert report.notes == (*inspected.about["notes"],)
    assert "notes: names here have ASCII letters" in str(inspected)
    given = [example() * scale for scale in (1, 2, 3, 4)]
    found, expected = run(*given), model(given)
    for one, own in (("out_put", "out put"), ("y_1", "输出")):
        np.testing.assert_allclose(found[one], expected[own], atol=1e-5)
    assert [layer.name for layer in model.layers[:2]] == ["输入", "语音"]


def test_a_layer_with_an_odd_name_is_named_as_it_is(tmp_path):
    x = keras.Input((None, FEATURES))
    odd = layers.Lambda(lambda x: ops.argmax(x, axis=-1), name="层 1")
    with pytest.raises(UnsupportedLayer, match="^层 1: onnx has no operator Bit"):
        export.save(keras.Model(x, odd(layers.GRU(2, return_sequences=True)(x))), tmp_path / "a.onnx")


def test_another_backend_is_refused_with_what_to_do(user, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ExportError, match="Keras runs on jax here.*KERAS_BACKEND=tensorflow before Keras is imported"):
        export.save(user, tmp_path / "a.onnx")
