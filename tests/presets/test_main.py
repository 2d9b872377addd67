"""`python -m zoo.presets` writes card and page again; codec and weights stay."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

import zoo
from zoo.errors import PresetError
from zoo.presets.__main__ import main, reseal
from zoo.presets.page import PAGE
from zoo.presets.preset import CARD, CODEC, WEIGHTS


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_preset_of_this_version_stays_as_it_is(preset):
    before = content(preset)
    assert reseal(preset) == zoo.info(preset)
    assert content(preset) == before
    assert PAGE not in before  # none is made where there was none


def test_form_and_page_follow_the_code(preset):
    """The command of an earlier version is written as it is now; the figures stay."""
    card = replace(zoo.info(preset), command="zoo train lstm_music --from 'a --fromage' --set epochs=2", epochs=17)
    (preset / CARD).write_text(card.to_json(), encoding="utf-8")
    (preset / PAGE).write_text("an earlier page")
    before = content(preset)
    result = CliRunner().invoke(main, [str(preset)])
    assert (result.exit_code, result.output) == (0, "lstm_music\n")
    assert zoo.info(preset) == replace(card, command="zoo train lstm_music --start 'a --fromage' --set epochs=2")
    assert (preset / PAGE).read_text(encoding="utf-8") == zoo.page(preset)
    after = content(preset)
    assert (after[CODEC], after[WEIGHTS]) == (before[CODEC], before[WEIGHTS])


@pytest.mark.parametrize("name", [WEIGHTS, CODEC, CARD])
def test_what_does_not_belong_together_is_not_sealed(preset, name):
    (preset / name).write_bytes((preset / name).read_bytes()[:-2])
    before = content(preset)
    with pytest.raises(PresetError, match=str(preset)):
        reseal(preset)
    assert content(preset) == before


def test_without_a_folder_it_is_all_shipped_presets(preset, monkeypatch):
    from zoo.presets import __main__ as module

    (preset.parent / "notes").mkdir()  # no preset
    monkeypatch.setattr(module, "SHIPPED", preset.parent)
    assert CliRunner().invoke(main, []).output == "lstm_music\n"
