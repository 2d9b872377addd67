"""Training on files of one's own."""

import tarfile

import numpy as np
import pytest

import zoo
from tests.conftest import random_score, tiny_model
from zoo.errors import ArgumentError
from zoo.networks.transfer import weights
from zoo.presets.catalog import find
from zoo.presets.preset import write
from zoo.tasks.music.midi import HOLD
from zoo.tasks.music.score import Score


def test_fine_tuning_with_two_voices(tmp_path, preset):
    for i in range(4):
        steps = [[72 + i, 48], [HOLD, HOLD], [100, 50 + i], [HOLD, HOLD]] * 12
        Score(steps).save(tmp_path / f"midi/{i}.mid")
    options = {"data": tmp_path / "midi", "epochs": 1, "batch": 2, "window": 8, "verbose": False}
    zoo.train("lstm_music", out=tmp_path / "two", start=preset, voices=2, **options)
    model = zoo.load(tmp_path / "two/preset")
    assert model.generate(steps=3, seed=0).voices == 2
    assert model.codec.high == 100
    zoo.train("lstm_music", out=tmp_path / "more", start=tmp_path / "two/preset", **options)  # as many as its start has
    assert zoo.load(tmp_path / "more/preset").codec.voices == 2
    zoo.train("lstm_music", out=tmp_path / "one", units=4, embedding=2, voices=1, **options)
    assert zoo.load(tmp_path / "one/preset").codec.voices == 1
    with pytest.raises(ArgumentError, match="voices=17"):
        zoo.train("lstm_music", out=tmp_path / "no", voices=17, **options)
    with pytest.raises(ArgumentError, match="--data"):
        zoo.train("lstm_music", out=tmp_path / "no", voices=2)
    (tmp_path / "a.txt").write_text("to be or not to be " * 9)
    with pytest.raises(ArgumentError, match="no setting is called 'voices'"):
        zoo.train("lstm_text", out=tmp_path / "no", voices=2, data=tmp_path / "a.txt")


def test_fine_tuning_keeps_the_sizes(tmp_path):
    old = tiny_model("bilstm")
    write(tmp_path / "start", old.card, old.codec, weights(old.engine.network))
    for i in range(2):
        random_score(i, 40).save(tmp_path / f"midi/{i}.mid")
    options = {"start": tmp_path / "start", "data": tmp_path / "midi", "epochs": 1, "batch": 1, "verbose": False}
    with pytest.raises(ArgumentError, match="head: those of the model"):
        zoo.train("bilstm_music", out=tmp_path / "run", head=0, **options)
    card = zoo.train("bilstm_music", out=tmp_path / "run", **options)
    assert (card.recipe.units, card.recipe.head) == (old.card.recipe.units, old.card.recipe.head)
    assert card.recipe.head != find("bilstm_music").task.recipe("bilstm").head
    assert len(zoo.load(tmp_path / "run/preset").infill("C4/4 D4/4", seed=0)) == 8


@pytest.mark.filterwarnings("ignore:.*dropped", "ignore:Tempo, Key or Time signature", "ignore:only")
def test_fine_tuning_on_files_from_elsewhere(data, tmp_path, preset):
    with tarfile.open(data / "music/example_midi.tar") as tar:
        tar.extractall(tmp_path, [m for m in tar if m.name.startswith("goldberg_mutopia")], filter="data")
    out, folder = tmp_path / "run", tmp_path / "goldberg_mutopia"
    options = {"voices": 3, "epochs": 3, "batch": 2, "window": 8, "learning_rate": 0.01, "verbose": False}
    card = zoo.train("lstm_music", out=out, start=preset, data=folder, **options)
    model = zoo.load(out / "preset")
    assert (model.codec.voices, model.codec.beats_per_bar) == (3, 3)
    assert card.metrics["valid"]["nats_per_step"] < 0.8 * 3 * np.log(model.codec.classes)  # all alike
    assert model.generate(bars=1, seed=0).grid.shape == (12, 3)
    known = Score.read(min(folder.iterdir()), voices=3)
    assert model.score(known).nats.shape == (known.grid.size,)
