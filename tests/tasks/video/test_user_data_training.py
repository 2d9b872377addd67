"""Training on clips of one's own."""

import warnings

import numpy as np
import pytest

import zoo
from zoo.errors import ArgumentError, TrainingError
from zoo.tasks.video import user_data


@pytest.mark.filterwarnings("ignore:left out")
def test_training_on_own_clips(folder, tmp_path):
    """Another architecture takes the encoder over; frozen, what it makes of clips is computed once."""
    options = {"units": 12, "batch": 4, "verbose": False, "learning_rate": 0.005, "warmup": 5}
    with pytest.warns(UserWarning, match="left out"):
        card = zoo.train(
            "gru_video", tmp_path / "a", data=folder, height=24, filters=3, embedding=16, epochs=2, rate_hz=12.5,
            precision="mixed_bfloat16", **options,
        )  # fmt: skip
    assert card.metrics["valid"]["tokens"] == 24
    assert card.recipe.precision == "mixed_bfloat16"
    model = zoo.load(tmp_path / "a/preset")
    assert (model.codec.vocabulary, model.codec.shape, model.codec.rate_hz) == (("left", "right"), (24, 24), 12.5)
    assert model.label(folder / "left/0.mp4").label in ("left", "right")
    gestures = tmp_path / "gestures"
    gestures.mkdir()
    for name, way in (("right", "left"), ("wave", "right")):  # one label is known, and stands for something else
        (gestures / name).symlink_to(folder / way)
    with pytest.warns(UserWarning, match="left out"):
        own = model.evaluate(progress=False, data=folder)
    with pytest.warns(UserWarning, match="left out"):
        splits = user_data.read_folder(folder, height=24, rate_hz=12.5)
    assert own == model.measure([*splits["train"], *splits["valid"]])
    assert own["tokens"] == sum(map(len, splits["train"])) + 24
    with pytest.warns(UserWarning, match="left out: .*wave.* does not fit"):
        assert 0 < model.evaluate(progress=False, data=gestures)["tokens"] < own["tokens"]
    start = {"start": tmp_path / "a/preset", "freeze": ["encoder"], "epochs": 2}
    for wrong, message in (
        ({"height": 64}, "height=64: the model to start from has 24"), ({"freeze": ["encodr"]}, "no layer is called"),
        ({"start": None}, "would be random"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=message):
            zoo.train("bilstm_video", tmp_path / "b", data=gestures, **{**start, **options, **wrong})
        assert not (tmp_path / "b").exists()
    with pytest.warns(UserWarning, match="left out"):
        zoo.train("bilstm_video", tmp_path / "b", data=gestures, **start, **options)
    other = zoo.load(tmp_path / "b/preset")
    assert (other.codec.shape, other.card.recipe.settings.filters, other.codec.bidirectional) == ((24, 24), 3, True)
    assert (other.codec.vocabulary, other.codec.rate_hz) == (("right", "wave"), 12.5)
    for name in ("convolution_0", "embedding"):
        mine, theirs = (m.engine.network.get_layer(name).get_weights()[0] for m in (model, other))
        np.testing.assert_array_equal(mine, theirs)
    log = (tmp_path / "b/log.csv").read_text().splitlines()
    column = log[0].split(",").index("val_nats")
    best = min(float(line.split(",")[column]) for line in log[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valid = user_data.read_folder(gestures, height=24, rate_hz=12.5)["valid"]
    logits = np.concatenate(other.logits(valid))
    truth = np.concatenate([other.codec.tokens(piece) for piece in valid])
    nats = np.logaddexp.reduce(logits, 1) - logits[np.arange(len(truth)), truth]
    assert nats.mean() == pytest.approx(best, abs=0.01)  # the whole network, whose weights are stored in float16
    with pytest.raises(TrainingError, match="cannot be the start"):
        zoo.train("gru_music", tmp_path / "c", start=tmp_path / "a/preset", verbose=False)
