from zoo.core.recipe import Recipe, adjusted, from_dict
from zoo.tasks.forecast.settings import ForecastSettings


def test_settings_are_read_from_words_and_from_cards():
    recipe = adjusted(Recipe(1, 1, settings=ForecastSettings()), {"season": "24", "covariates": "hour,price"})
    assert (recipe.settings.season, recipe.settings.covariates) == (24, "hour,price")
    assert from_dict(recipe.to_dict(), ForecastSettings) == recipe
