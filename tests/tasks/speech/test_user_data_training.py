"""Training on recordings of one's own."""

import pytest

import zoo
from tests.media.sounds import sound
from tests.tasks.speech.recognizers import own_folder
from zoo.tasks.speech import user_data


def test_training_on_own_recordings(tmp_path):
    """From a folder to a preset, and on from there with letters that are new to it."""
    folder = own_folder(tmp_path / "own", [f"{i}.wav\tyes no" for i in range(12)])
    small = {"units": 8, "embedding": 6, "filters": 2, "epochs": 1, "batch": 2}
    card = zoo.train("gru_speech", tmp_path / "run", data=folder, verbose=False, **small)
    model = zoo.load(tmp_path / "run/preset")
    splits = user_data.read_folder(folder)
    assert card.metrics["valid"] == pytest.approx(model.measure(splits["valid"]))
    assert model.evaluate(progress=False, data=folder) == model.measure([*splits["train"], *splits["valid"]])
    assert model.transcribe(sound()).seconds == 1.0
    other = own_folder(tmp_path / "other", [f"{i}.wav\tÖ jä" for i in range(12)])
    card = zoo.train(
        "gru_speech", tmp_path / "more", data=other, start=tmp_path / "run/preset", verbose=False, epochs=1, batch=2
    )
    more = zoo.load(tmp_path / "more/preset")
    assert more.codec.vocabulary == " ENOSYJÄÖ"
    assert "gru_speech" in zoo.page(tmp_path / "more/preset")
