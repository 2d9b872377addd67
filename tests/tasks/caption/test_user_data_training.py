"""Training on clips of one's own."""

import numpy as np
import pytest

import zoo
from tests.tasks.translation.translators import pairs_file
from zoo.errors import TrainingError
from zoo.presets.preset import read
from zoo.tasks.caption.user_data import read_folder

SMALL = {"units": 16, "embedding": 12, "layers": 1, "vocabulary": 300, "batch": 4, "warmup": 5, "dropout_in": 0.0,
         "dropout_out": 0.0, "label_smoothing": 0.0, "learning_rate": 0.01, "filters": 2,
         "augment": 0.0}  # fmt: skip
PLACES = {"left": 0, "right": 1}


def clips(folder, count=60):
    """Write clips of a light on a side, with captions that say which."""
    folder.mkdir()
    rng, rows = np.random.default_rng(0), ["file,caption"]
    for i in range(count):
        side = ("left", "right")[i % 2]
        frames = rng.integers(0, 60, (rng.integers(4, 8), 16, 16)).astype(np.uint8)
        frames[:, :, 8 * PLACES[side] : 8 * PLACES[side] + 8] += 150
        np.save(folder / f"{i}.npy", frames)
        rows.append(f"{i}.npy,a light on the {side}")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.mark.usefixtures("quick")
def test_training_on_own_clips(tmp_path, monkeypatch):
    """From a folder to a preset that tells left from right; and from the front end of a model of another task."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    data = clips(tmp_path / "clips")
    options = {"data": data, "verbose": False, "height": 16, **SMALL}
    card = zoo.train("gru_caption", tmp_path / "run", epochs=24, **options)
    model, splits = zoo.load(tmp_path / "run/preset"), read_folder(data, 16)
    assert card.metrics["valid"] == pytest.approx(model.measure(splits["valid"]), abs=0.05)
    assert card.metrics["valid"]["word_errors"] == 0
    assert "gru_caption" in zoo.page(tmp_path / "run/preset")
    films = tmp_path / "films"
    for side in PLACES:
        (films / side).mkdir(parents=True)
    for i in range(8):
        (films / ("left", "right")[i % 2] / f"{i}.npy").write_bytes((data / f"{i}.npy").read_bytes())
    sizes = {"units": 8, "embedding": 12, "layers": 1, "filters": 2, "batch": 4, "height": 16}
    zoo.train("gru_video", tmp_path / "video", data=films, epochs=1, verbose=False, **sizes)
    start = tmp_path / "video/preset"
    more = {**options, "epochs": 1, "start": start}
    for name in ("embedding", "filters", "height"):
        more.pop(name)
    zoo.train("lstm_caption", tmp_path / "from_video", freeze=["encoder"], **more)
    before, after = read(start).weights(), read(tmp_path / "from_video/preset").weights()
    same = {path for path in before if path in after and np.array_equal(before[path], after[path])}
    assert {path for path in before if path.startswith(("convolution", "embedding", "normalization"))} == same
    with pytest.raises(TrainingError, match="cannot be the start"):
        zoo.train(
            "gru_translation", tmp_path / "x", data=pairs_file(tmp_path / "pairs.tsv"), start=start, verbose=False
        )
