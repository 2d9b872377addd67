"""Training on words of one's own."""

import pytest

import zoo
from tests.media.sounds import sound
from tests.tasks.keyword.spotters import own_folder
from zoo.tasks.keyword.user_data import read_folder


@pytest.mark.usefixtures("quick")
def test_training_on_own_words(tmp_path):
    """From a folder to a preset, and on from there with other words."""
    folder = own_folder(tmp_path / "own", count=6)
    small = {"units": 8, "embedding": 6, "filters": 2, "epochs": 1, "batch": 2}
    card = zoo.train("gru_keyword", tmp_path / "run", data=folder, verbose=False, **small)
    model, splits = zoo.load(tmp_path / "run/preset"), read_folder(folder)
    assert model.codec.vocabulary == ("left", "right", "_silence_")
    assert card.metrics["valid"] == pytest.approx(model.measure(splits["valid"]), abs=1e-3)
    assert set(card.metrics["valid"]) >= {"accuracy", "tokens"}
    assert model.evaluate(progress=False, data=folder) == model.measure([*splits["train"], *splits["valid"]])
    assert model.spot(sound(1.0)).seconds == 1.0
    other = own_folder(tmp_path / "other", ("left", "stopp"), count=6, noise=True)
    zoo.train(
        "gru_keyword", tmp_path / "more", data=other, start=tmp_path / "run/preset", verbose=False, epochs=1, batch=2
    )
    assert zoo.load(tmp_path / "more/preset").codec.vocabulary == ("left", "stopp", "_silence_")
    assert "gru_keyword" in zoo.page(tmp_path / "more/preset")
