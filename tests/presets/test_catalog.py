import pytest

import zoo
from zoo.core.architectures import ARCHITECTURES, Architecture
from zoo.presets import catalog


def test_catalog_name_comes_before_a_folder_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "lstm_music").mkdir()
    monkeypatch.chdir(tmp_path)
    assert zoo.info("lstm_music").name == "lstm_music"


def test_of_two_models_of_one_name_the_first_is_listed(monkeypatch):
    """The package's own tasks and architectures come first."""
    rows = [*ARCHITECTURES.values(), Architecture("stacked", "gru", 2, "")]
    monkeypatch.setattr(catalog, "ARCHITECTURES", {row.name: row for row in rows})
    monkeypatch.setattr(catalog, "names", lambda: ["music", "lstm_music"])
    with pytest.warns(UserWarning, match="is left out") as warned:
        found = catalog.catalog.__wrapped__()
    assert [str(warning.message) for warning in warned] == [
        "the model of architecture stacked and task lstm_music is left out: its name stacked_lstm_music is that of the "
        "model of architecture stacked_lstm and task music"
    ]
    entry = found["stacked_lstm_music"]
    assert (entry.architecture.name, entry.task_name, entry.pretrained) == ("stacked_lstm", "music", True)
    assert len(found) == 2 * len(rows) - 1
