"""Files of Keras 1 and of the first Keras 2, written by hand, against cells in NumPy."""

import numpy as np
import pytest
import tf_keras

import export
from tests.export.legacy.keras1_files import RECURRENT, gates, layer, random_arrays, write
from tests.export.legacy.test_reading import assert_same, inputs_of, outputs_of, randomized
from zoo.errors import ModelFileError

X = np.random.default_rng(5).normal(0, 1, (2, 6, 4)).astype(np.float32)


def hard(z):
    return np.clip(0.2 * z + 0.5, 0, 1)


def lstm(x, a, name):
    """Keras 1's LSTM, from the arrays of its gates."""
    h = c = np.zeros((len(x), a[f"{name}_b_i"].size))
    found = []
    for t in range(x.shape[1]):
        z = {g: x[:, t] @ a[f"{name}_W_{g}"] + h @ a[f"{name}_U_{g}"] + a[f"{name}_b_{g}"] for g in "icfo"}
        c = hard(z["f"]) * c + hard(z["i"]) * np.tanh(z["c"])
        h = hard(z["o"]) * np.tanh(c)
        found.append(h)
    return np.stack(found, 1)


def gru(x, a, name):
    h = np.zeros((len(x), a[f"{name}_b_z"].size))
    for t in range(x.shape[1]):
        inside = {g: x[:, t] @ a[f"{name}_W_{g}"] + a[f"{name}_b_{g}"] for g in "zrh"}
        update, reset = (hard(inside[g] + h @ a[f"{name}_U_{g}"]) for g in "zr")
        h = update * h + (1 - update) * np.tanh(inside["h"] + (reset * h) @ a[f"{name}_U_h"])
    return h


@pytest.mark.parametrize("version", ["1.2.2", None])
def test_keras_1_sequential(version, tmp_path):
    rng = np.random.default_rng(0)
    weights = {
        "lstm_1": gates(rng, "lstm_1", "icfo", 4, 5), "gru_1": gates(rng, "gru_1", "zrh", 5, 3), "drop": {},
        "dense_1": random_arrays(rng, dense_1_W=(3, 2), dense_1_b=(2,)),
    }  # fmt: skip
    config = {"class_name": "Sequential", "config": [
        layer("LSTM", "lstm_1", **{**RECURRENT, "return_sequences": True}, output_dim=5, input_dim=4, input_length=None,
              forget_bias_init="one", batch_input_shape=[None, None, 4], input_dtype="float32"),
        layer("GRU", "gru_1", **RECURRENT, output_dim=3, input_dim=5, input_length=None),
        layer("Dropout", "drop", p=0.5),
        layer("Dense", "dense_1", output_dim=2, init="uniform", activation="linear", W_regularizer=None, b_regularizer=None,
              activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True, input_dim=None),
    ]}  # fmt: skip
    path = write(tmp_path / "m.h5", config, weights, version)
    model = export.read(path)
    hidden = gru(lstm(X.astype(float), weights["lstm_1"], "lstm_1"), weights["gru_1"], "gru_1")
    expected = hidden @ weights["dense_1"]["dense_1_W"] + weights["dense_1"]["dense_1_b"]
    np.testing.assert_allclose(model(X), expected, atol=2e-5)
    told = export.reading(model)
    assert told.version == (version or "1")
    assert "reset_after is False: the reset gate acts before the recurrent product" in told.mapped
    converted = export.convert(path, tmp_path / "new.keras")
    assert converted.checked == 2
    assert converted.difference < 2e-6
    np.testing.assert_allclose(export.read(tmp_path / "new.keras")(X), expected, atol=2e-5)


def test_keras_1_for_the_gpu_and_in_both_directions(tmp_path):
    rng = np.random.default_rng(1)
    one = random_arrays(rng, f_W=(4, 12), f_U=(3, 12), f_b=(12,), b_W=(4, 12), b_U=(3, 12), b_b=(12,))
    config = {"class_name": "Sequential", "config": [
        layer("Bidirectional", "both", merge_mode="concat", batch_input_shape=[None, 6, 4], layer=layer(
            "LSTM", "inner", **{**RECURRENT, "consume_less": "gpu"}, output_dim=3, input_dim=4, input_length=6,
            forget_bias_init="one")),
    ]}  # fmt: skip
    model = export.read(write(tmp_path / "m.h5", config, {"both": one}))
    ways = []
    for way, x in (("f", X), ("b", X[:, ::-1])):
        split = {f"{way}_{kind}_{gate}": part for kind in "WUb"
                 for gate, part in zip("ifco", np.split(one[f"{way}_{kind}"], 4, axis=-1), strict=True)}  # fmt: skip
        ways.append(lstm(x.astype(float), split, way)[:, -1])
    np.testing.assert_allclose(model(X), np.concatenate(ways, -1), atol=2e-5)


@pytest.mark.parametrize("backend", ["tensorflow", "theano"])
def test_keras_1_convolutions_and_merge(backend, tmp_path):
    """A functional model: two convolutions, one of which is a list of layers, merged."""
    rng = np.random.default_rng(2)
    new, before = rng.normal(0, 0.5, (3, 1, 4, 2)), rng.normal(0, 0.5, (2, 4, 3, 1))  # 1.2, and 1.1 and older
    convolution = {"filter_length": 3, "nb_filter": 2, "border_mode": "same", "subsample_length": 1, "bias": False,
                   "activation": "relu", "init": "uniform", "input_dim": 4, "input_length": 6}  # fmt: skip
    nodes = [[["x", 0, 0]]]
    config = {"class_name": "Model", "config": {
        "name": "m", "input_layers": [["x", 0, 0]], "output_layers": [["merged", 0, 0]], "layers": [
            {**layer("InputLayer", "x", batch_input_shape=[None, 6, 4], input_dtype="float32", sparse=False),
             "name": "x", "inbound_nodes": []},
            {**layer("Convolution1D", "a", **convolution), "name": "a", "inbound_nodes": nodes},
            {**layer("Convolution1D", "b", **convolution), "name": "b", "inbound_nodes": nodes},
            {**layer("Merge", "merged", mode="mul", concat_axis=-1, dot_axes=-1, output_shape=None, layers=None),
             "name": "merged", "inbound_nodes": [[["a", 0, 0], ["b", 0, 0]]]},
        ]}}  # fmt: skip
    weights = {"x": {}, "a": {"a_W": new}, "b": {"b_W": before}, "merged": {}}
    model = export.read(write(tmp_path / "m.h5", config, weights, backend=backend))
    padded = np.pad(X.astype(float), ((0, 0), (1, 1), (0, 0)))
    found = []
    for kernel in (new[:, 0], before.transpose(2, 3, 1, 0)[:, 0]):
        kernel = kernel[::-1] if backend == "theano" else kernel  # Theano's convolution turns its kernel round
        found.append(np.maximum(sum(padded[:, i : i + 6] @ kernel[i] for i in range(3)), 0))
    np.testing.assert_allclose(model(X), found[0] * found[1], atol=2e-5)


def test_keras_1_branches_of_a_sequential(tmp_path):
    rng = np.random.default_rng(3)
    dense = {"init": "uniform", "activation": "tanh", "bias": True, "output_dim": 2}
    branch = [
        {
            "class_name": "Sequential",
            "config": [layer("Dense", name, **dense, input_dim=3, batch_input_shape=[None, 3])],
        }
        for name in ("left", "right")
    ]
    config = {"class_name": "Sequential", "config": [
        layer("Merge", "merge_1", mode="concat", concat_axis=1, layers=branch), layer("Dense", "last", **dense)]}  # fmt: skip
    merged = random_arrays(rng, left_W=(3, 2), left_b=(2,), right_W=(3, 2), right_b=(2,))
    last = random_arrays(rng, last_W=(4, 2), last_b=(2,))
    model = export.read(write(tmp_path / "m.h5", config, {"merge_1": merged, "last": last}))
    x, y = X[:, 0, :3], X[:, 1, :3]
    joined = np.concatenate(
        [np.tanh(x @ merged["left_W"] + merged["left_b"]), np.tanh(y @ merged["right_W"] + merged["right_b"])], 1
    )
    np.testing.assert_allclose(model([x, y]), np.tanh(joined @ last["last_W"] + last["last_b"]), atol=2e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_cudnn(kind, wrapped, tmp_path):
    """tf_keras takes the weights of cuDNN layers into plain ones: it is the judge."""
    rng, count = np.random.default_rng(4), {"LSTM": 4, "GRU": 3}[kind]
    shapes = {"kernel": (4, 3 * count), "recurrent_kernel": (3, 3 * count), "bias": (6 * count,)}
    ways = ("forward", "backward") if wrapped else ("layer",)
    arrays = {f"{way}/{name}:0": a for way in ways for name, a in random_arrays(rng, **shapes).items()}
    plain = {"return_sequences": False, "return_state": False, "go_backwards": False, "stateful": False, "units": 3}
    inner = layer(
        f"CuDNN{kind}", "layer", **plain, kernel_initializer={"class_name": "VarianceScaling", "config": {"scale": 1.0}}
    )
    spec = layer("Bidirectional", "layer", layer=inner, merge_mode="sum") if wrapped else inner
    spec["config"]["batch_input_shape"] = [None, 6, 4]
    path = write(tmp_path / "m.h5", {"class_name": "Sequential", "config": [spec]}, {"layer": arrays}, "2.1.6")
    judge = getattr(tf_keras.layers, kind)(3)
    judge = tf_keras.Sequential(
        [tf_keras.layers.Input((6, 4)), tf_keras.layers.Bidirectional(judge, "sum") if wrapped else judge]
    )
    judge.load_weights(path)
    model = export.read(path)
    assert_same(outputs_of(judge, [X]), outputs_of(model, [X]))
    assert any("cuDNN" in line for line in export.reading(model).lines)
    converted = export.convert(path, tmp_path / "new.keras")
    assert converted.checked == len(ways)


def test_first_keras_2(tmp_path):
    """Without what later versions stored: `reset_after`, `dtype`, the gates' activation, a dictionary around the layers."""
    model = tf_keras.Sequential([tf_keras.layers.Input((None, 4)), tf_keras.layers.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid"),
                                 tf_keras.layers.LeakyReLU(0.3), tf_keras.layers.BatchNormalization()])  # fmt: skip
    randomized(model)
    values = model.get_weights()
    config = {"class_name": "Sequential", "config": [
        layer("GRU", "g", units=3, activation="tanh", batch_input_shape=[None, None, 4], implementation=0, return_sequences=False),
        layer("LeakyReLU", "l", alpha={"type": "ndarray", "value": 0.30000001192092896}),
        layer("BatchNormalization", "n", axis=[-1], momentum=0.99, epsilon=0.001, center=True, scale=True, fused=None)]}  # fmt: skip
    weights = {"g": dict(zip(("k", "r", "b"), values[:3], strict=True)), "l": {},
               "n": dict(zip(("gamma", "beta", "mean", "variance"), values[3:], strict=True))}  # fmt: skip
    assert_same(
        outputs_of(model, [X]), outputs_of(export.read(write(tmp_path / "m.h5", config, weights, "2.0.6")), [X])
    )


def test_input_shape_from_the_weights(tmp_path):
    rng = np.random.default_rng(7)
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer("LSTM", "l", units=3)]}}
    arrays = random_arrays(rng, kernel=(4, 12), recurrent=(3, 12), bias=(12,))
    model = export.read(write(tmp_path / "m.h5", config, {"l": arrays}, "2.2.4"))
    assert model.input_shape == (None, None, 4)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (layer("LSTM", "a", units=3, gate_norm=True), r"a \(LSTM\): gate_norm=True has no equivalent in Keras 3"),
        (
            layer("LSTM", "a", units=3, activation="snake"),
            "activation 'snake' is a function of the file's author.*--import",
        ),
        (layer("Highway", "a"), "Highway.*Dense and Multiply"),
        (layer("BatchNormalization", "a", mode=1), "mode=1 normalizes"),
        (layer("Nothing", "a"), "a is a layer of a class Nothing.*custom_objects=.*--import MODULE"),
        (layer("TFOpLambda", "a", function="signal.fft"), "signal.fft is not among"),
    ],
)
def test_what_has_no_meaning_is_named(spec, message, tmp_path):
    config = {"class_name": "Model", "config": {
        "name": "m", "input_layers": [["x", 0, 0]], "output_layers": [["a", 0, 0]], "layers": [
            {**layer("InputLayer", "x", batch_input_shape=[None, 6, 4]), "name": "x", "inbound_nodes": []},
            {**spec, "name": "a", "inbound_nodes": [[["x", 0, 0, {}]]]}]}}  # fmt: skip
    with pytest.raises(ModelFileError, match=message):
        export.read(write(tmp_path / "m.h5", config, {}, "2.2.4"))


def test_names_with_slashes_and_windows_paths(tmp_path):
    """Names become names that Keras 3 accepts; archives made on Windows have backslashes in their paths."""
    import zipfile

    import h5py

    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [layers.Input((6, 4)), layers.LSTM(3, name="scope/lstm"), layers.Dense(2, name="out/y")]
    )
    randomized(model)
    model.save(tmp_path / "m.h5")
    model.save(tmp_path / "m.keras")
    [x] = inputs_of(model)
    assert_same(outputs_of(model, [x]), outputs_of(export.read(tmp_path / "m.h5"), [x]))
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        archive.extractall(tmp_path / "inside")
    with h5py.File(tmp_path / "inside/model.weights.h5") as old, h5py.File(tmp_path / "weights.h5", "w") as new:
        names: list[str] = []
        old.visit(names.append)
        for name in names:
            if isinstance(old[name], h5py.Dataset):
                path, _, number = name.partition("/vars/")
                new.create_dataset(path.replace("/", "\\") + "/vars/" + number, data=old[name][()])
    with zipfile.ZipFile(tmp_path / "windows.keras", "w") as archive:
        for name in ("config.json", "metadata.json"):
            archive.write(tmp_path / "inside" / name, name)
        archive.write(tmp_path / "weights.h5", "model.weights.h5")
    assert_same(outputs_of(model, [x]), outputs_of(export.read(tmp_path / "windows.keras"), [x]))


@pytest.mark.parametrize(("kind", "key"), [("StringLookup", "vocabulary"), ("TextVectorization", "vocabulary"),
                                           ("TextVectorization", "idf_weights")])  # fmt: skip
def test_no_other_file_is_read(kind, key, tmp_path):
    (tmp_path / "secret.txt").write_text("a\nb\n")
    spec = layer(kind, "words", batch_input_shape=[None, 6], **{key: str(tmp_path / "secret.txt")})
    path = write(tmp_path / "m.h5", {"class_name": "Sequential", "config": [spec]}, {}, "2.4.0")
    with pytest.raises(ModelFileError, match=f"its {key} is the path .*must not read another"):
        export.read(path)


def test_embedding_of_the_first_keras_2(tmp_path):
    """It stored the dtype of the ids as that of the layer."""
    spec = layer(
        "Embedding", "e", input_dim=9, output_dim=2, dtype="int32", batch_input_shape=[None, 5], input_length=5
    )
    arrays = random_arrays(np.random.default_rng(0), e=(9, 2))
    model = export.read(
        write(tmp_path / "m.h5", {"class_name": "Sequential", "config": [spec]}, {"e": arrays}, "2.0.2")
    )
    ids = np.array([[1, 2, 3, 4, 8]])
    np.testing.assert_array_equal(model(ids), arrays["e"][ids])
