import pytest

import zoo
from tests.cli.calls import call


def test_every_setting_has_its_own_help():
    text = " ".join(call("train", "--help").output.split())
    for name, told in (("units", "Units of each"), ("embedding", "Size of the vector"), ("layers", "Recurrent layers"),
                       ("voices", "Voices read"), ("seed", "Seed of")):  # fmt: skip
        assert f" {name} {told}" in text


def test_evaluate_and_train(tmp_path, data):
    folder = tmp_path / "midi"
    folder.mkdir()
    for i in range(3):
        zoo.Score([[72, 67, 60, 48], [zoo.HOLD] * 4] * 20).save(folder / f"{i}.mid")
    arguments = [
        "train",
        "lstm_music",
        "--data",
        folder,
        "--out",
        tmp_path / "run",
        *("--set", "units=4", "--set", "epochs=1", "--set", "batch=2"),
    ]
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert "1 epochs" in result.output
    result = call("evaluate", "lstm_music", "--split", "nosuch")
    assert result.exit_code == 1
    assert "train, valid, test" in " ".join(result.output.split())


def test_start_is_the_base_model(monkeypatch):
    asked = []

    def train(*_names, **options):
        asked.append(options["start"])
        raise zoo.TrainingError("not now")

    monkeypatch.setattr(zoo.api, "train", train)
    for option in ("--start", "--from"):
        result = call("train", "lstm_music", option, "gru_music")
        assert ("--from is now --start" in result.stderr) == (option == "--from")
    assert asked == ["gru_music"] * 2
    assert "--from" not in call("train", "--help").output


@pytest.mark.parametrize("name", ["out", "name", "data", "start", "verbose", "nosuch"])
def test_set_takes_settings_only(name, tmp_path):
    """Not the other arguments of `zoo.train`."""
    found = call("train", "lstm_text", "--data", tmp_path, "--set", f"{name}=4")
    assert found.exit_code == 1
    assert found.stderr.startswith(f"Error: no setting is called '{name}': ")
