import copy
import pickle
from dataclasses import dataclass

import pytest

import zoo
from zoo.core.recipe import Recipe, adjusted, from_dict, setting
from zoo.errors import ArgumentError


def test_whole_pieces_carry_nothing():
    with pytest.raises(ArgumentError, match="window=0"):
        adjusted(Recipe(units=1, embedding=1), {"window": 0, "carry": True})


@pytest.mark.parametrize(
    "bad", [{"epochs": 0}, {"units": 1.5}, {"dropout_in": 1}, {"learning_rate": -1}, {"colour": 1}, {"batch": True}]
)
def test_bad_settings_are_named(bad):
    with pytest.raises(ArgumentError, match=next(iter(bad))):
        zoo.train("lstm_music", out="runs/never", **bad)


@dataclass(frozen=True)
class Own:
    language: str = setting("en", help="Any word.")
    Curve: str = setting("Slow", choices=("Slow", "Fast"), help="One of two words.")
    noise: float = setting(0.5, least=0, most=1, help="A number.")


RECIPE = Recipe(units=1, embedding=1, settings=Own())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"language": "De"}, "De"),
        ({"Curve": "fast"}, "Fast"),
        ({"Curve": "SLOW"}, "Slow"),
        ({"noise": "0.25"}, 0.25),
        ({"xla": "True"}, True),
    ],
)
def test_words_are_read_as_what_the_setting_is(given, kept):
    changed = adjusted(RECIPE, given)
    assert changed.to_dict()[next(iter(given))] == kept


def test_words_that_are_not_choices_name_the_choices():
    with pytest.raises(ArgumentError, match="give one of Slow, Fast"):
        adjusted(RECIPE, {"Curve": "steep"})


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"default": None}, "int, float, bool or str"), ({"default": 1, "fixed": True}, "reads_files")],
)
def test_settings_that_could_not_be_used_are_refused(options, reason):
    with pytest.raises(ArgumentError, match=reason):
        setting(**options, help="Wrong.")


def test_stored_recipes_with_other_settings_are_refused_by_name():
    stored = RECIPE.to_dict()
    assert from_dict(stored, Own) == RECIPE
    assert from_dict({**stored, "voices": 4}, Own, ignored=["voices"]) == RECIPE
    with pytest.raises(ArgumentError, match="unknown settings: voices; there are: Curve, batch"):
        from_dict({**stored, "voices": 4}, Own)
    with pytest.raises(ArgumentError, match="missing settings: units"):
        from_dict({name: value for name, value in stored.items() if name != "units"}, Own)


def test_settings_of_a_task_are_still_found_in_the_recipe():
    with pytest.warns(FutureWarning, match="recipe.noise is now recipe.settings.noise"):
        assert RECIPE.noise == 0.5
    with pytest.raises(AttributeError, match="no attribute 'voices'"):
        _ = RECIPE.voices
    assert copy.deepcopy(RECIPE) == pickle.loads(pickle.dumps(RECIPE)) == RECIPE


def test_words_that_are_whole_numbers_are_not_made_fractions():
    with pytest.raises(ArgumentError, match="epochs=0: give a whole number"):
        adjusted(RECIPE, {"epochs": "0"})
