"""`convert` checks what it writes; the checks can fail."""

import keras
import numpy as np
import pytest
import tf_keras

import export
from tests.export.legacy.keras2_models import mixed_precision
from tests.export.legacy.test_reading import inputs_of, outputs_of, randomized
from zoo.errors import ArgumentError, VerificationError

K = tf_keras.layers


@pytest.fixture
def saved(tmp_path):
    layers = [
        K.LSTM(3, recurrent_activation="hard_sigmoid", return_sequences=True),
        K.Activation("hard_sigmoid"),
        K.GRU(2),
    ]
    model = randomized(tf_keras.Sequential([K.Input((None, 4)), *layers]))
    model.save(tmp_path / "m.h5")
    return model, tmp_path / "m.h5"


def test_report_and_file_need_nothing_else(saved, tmp_path, monkeypatch):
    """The file loads where this package is not imported, and its functions are not registered."""
    model, path = saved
    report = export.convert(path, tmp_path / "new.keras")
    text = str(report)
    assert f"written by Keras {tf_keras.__version__}" in text
    assert "multiplied by 1.2: lstm" in text
    assert "2 recurrent cells compute the same as the old weights in NumPy" in text
    assert report.checked == 2
    assert not report.needs
    x = np.random.default_rng(0).normal(0, 1, (2, 7, 4)).astype(np.float32)
    for name in list(keras.saving.get_custom_objects()):
        monkeypatch.delitem(keras.saving.get_custom_objects(), name)
    again = keras.models.load_model(tmp_path / "new.keras")
    np.testing.assert_allclose(again(x), outputs_of(model, [x])[0], atol=2e-5)


@pytest.mark.parametrize("fault", ["kernel", "recurrent_kernel", "bias"])
def test_wrong_weights_are_found(fault, saved, tmp_path, monkeypatch):
    from export.legacy import weights

    converted = weights.converted

    def broken(leaf, *rest):
        arrays = list(converted(leaf, *rest))
        place = ("kernel", "recurrent_kernel", "bias").index(fault)
        if len(arrays) == 3:
            arrays[place] = np.roll(arrays[place], 1, axis=-1)
        return arrays

    monkeypatch.setattr(weights, "converted", broken)
    with pytest.raises(VerificationError, match="cells check failed: .* differs from the weights of the file"):
        export.convert(saved[1], tmp_path / "new.keras")
    assert not (tmp_path / "new.keras").exists()


def test_wrong_activation_is_found(saved, tmp_path, monkeypatch):
    from export.legacy import layers

    monkeypatch.setattr(layers, "foldable", lambda *_: False)
    monkeypatch.setattr(layers, "activation", lambda value, *_: keras.activations.get(value))
    with pytest.raises(VerificationError, match="cells"):
        export.convert(saved[1], tmp_path / "new.keras")


def test_mixed_precision(tmp_path):
    """Cells in float16 agree as well as float16 can."""
    randomized(mixed_precision()).save(tmp_path / "m.h5")
    assert 1e-5 < export.convert(tmp_path / "m.h5", tmp_path / "new.keras").difference < 5e-3


def test_activation_that_is_a_layer_is_not_compared(tmp_path):
    model = tf_keras.Sequential([K.Input((6, 4)), K.LSTM(3, activation=K.LeakyReLU(0.2))])
    randomized(model).save(tmp_path / "m.h5")
    report = export.convert(tmp_path / "m.h5", tmp_path / "new.keras")
    assert (report.checked, len(report.unchecked)) == (0, 1)
    [x] = inputs_of(model)
    again = keras.models.load_model(tmp_path / "new.keras")
    np.testing.assert_allclose(again(x), outputs_of(model, [x])[0], atol=2e-5)


def test_custom_cells_are_named_as_not_compared(tmp_path):
    class Doubled(tf_keras.layers.LSTMCell):
        pass

    class DoubledOf3(keras.layers.LSTMCell):
        pass

    model = randomized(tf_keras.Sequential([K.Input((6, 4)), K.RNN(Doubled(3), name="own")]))
    model.save(tmp_path / "m.h5")
    report = export.convert(tmp_path / "m.h5", tmp_path / "new.keras", custom_objects={"Doubled": DoubledOf3})
    assert len(report.unchecked) == 1
    assert "custom_objects" in report.needs
    [x] = inputs_of(model)
    again = keras.models.load_model(tmp_path / "new.keras", custom_objects={"DoubledOf3": DoubledOf3})
    np.testing.assert_allclose(again(x), outputs_of(model, [x])[0], atol=2e-5)


def test_name_of_the_new_file(saved, tmp_path):
    with pytest.raises(ArgumentError, match="ends in .keras"):
        export.convert(saved[1], tmp_path / "new.h5")
