"""Training on pairs of one's own."""

import numpy as np
import pytest

import zoo
from tests.tasks.translation.translators import pairs_file
from zoo.presets.preset import read
from zoo.tasks.translation.user_data import read_folder
from zoo.training.batches import Windows

SMALL = {"units": 24, "embedding": 16, "layers": 1, "vocabulary": 300, "batch": 8, "warmup": 5, "dropout_in": 0.0,
         "dropout_out": 0.0, "label_smoothing": 0.0, "learning_rate": 0.01}  # fmt: skip


def weights(folder):
    return read(folder).weights()


@pytest.mark.usefixtures("quick")
def test_training_on_own_pairs(tmp_path):
    """From a file to a preset that learned something; on from there, with layers that stay, and with a teacher."""
    data = pairs_file(tmp_path / "pairs.tsv", 300)
    card = zoo.train("gru_translation", tmp_path / "run", data=data, verbose=False, epochs=6, **SMALL)
    model, splits = zoo.load(tmp_path / "run/preset"), read_folder(data)
    assert card.metrics["valid"] == pytest.approx(model.measure(splits["valid"]), abs=1e-3)
    assert card.metrics["valid"]["nats_per_token"] < 2.5  # the frequencies of subwords alone give 3.4
    assert model.codec.symbols <= 300
    start = tmp_path / "run/preset"
    more = {"data": data, "start": start, "verbose": False, "epochs": 1, "batch": 8}
    zoo.train("gru_translation", tmp_path / "more", freeze=["encoder"], **more)
    before, after = weights(start), weights(tmp_path / "more/preset")
    same = {path for path in before if np.array_equal(before[path], after[path])}
    assert same == {path for path in before if path.startswith(("e", "memory", "bridge"))}
    zoo.train("gru_translation", tmp_path / "inner", freeze=["recurrent_0"], teachers=[start], **more)
    after = weights(tmp_path / "inner/preset")
    assert {path for path in before if np.array_equal(before[path], after[path])} == {
        path for path in before if path.startswith("recurrent_0")
    }
    assert "gru_translation" in zoo.page(tmp_path / "inner/preset")


@pytest.mark.usefixtures("quick")
def test_a_resumed_training_is_the_same(tmp_path, monkeypatch):
    """Which merges are left out follows from the seed and the epoch."""
    options = {
        "data": pairs_file(tmp_path / "pairs.tsv"),
        "verbose": False,
        "epochs": 3,
        **SMALL,
        "subword_dropout": 0.3,
    }
    zoo.train("gru_translation", tmp_path / "whole", **options)
    epoch = Windows.epoch

    def broken(self, number):
        if number == 2:
            raise KeyboardInterrupt
        return epoch(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(Windows, "epoch", broken)
        with pytest.raises((KeyboardInterrupt, Exception)):
            zoo.train("gru_translation", tmp_path / "resumed", **options)
    zoo.train("gru_translation", tmp_path / "resumed", resume=True, verbose=False)
    whole, resumed = (weights(tmp_path / name / "preset") for name in ("whole", "resumed"))
    for path, array in whole.items():
        np.testing.assert_array_equal(array, resumed[path])
