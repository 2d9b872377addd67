import hashlib
import json
from dataclasses import replace

import pytest

from zoo.core.calibration import UNCALIBRATED, Calibration
from zoo.core.card import Card
from zoo.core.recipe import Recipe
from zoo.errors import PresetError
from zoo.tasks.music.task import MusicSettings

RECIPE = Recipe(units=1, embedding=1, settings=MusicSettings())
CARD = Card("lstm_music", "lstm", "music", RECIPE, metrics={"test": {"nats_per_step": 1.5}})


def test_card_survives_json():
    assert Card.from_json(CARD.to_json()) == CARD
    with_one = replace(CARD, calibration=Calibration(0.9, 0.4, 0.75, {"valid": {"pieces": 9, "ece": 0.1}}))
    assert Card.from_json(with_one.to_json()) == with_one


def test_a_card_without_a_calibration_is_as_it_was():
    assert "calibration" not in json.loads(CARD.to_json())
    assert Card.from_json(CARD.to_json()).calibration == UNCALIBRATED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"recipe": {"units": 1, "embedding": 1, "novelty": 2}}, "unknown settings: novelty"),
        ({"recipe": {"units": 1}}, "missing settings: embedding"),
        ({"speed": 3}, "unknown fields: speed; there are: name, architecture"),
        ({"recipe": 3}, "recipe=3: give an object"),
        ({"recipe": {"units": "many", "embedding": 1}}, "units='many': give a whole number"),
        ({"recipe": {"units": 1, "embedding": 1, "layers": -1}}, "layers=-1: give a whole number of at least 0"),
        ({"recipe": {"units": 1, "embedding": 1, "schedule": 5}}, "schedule=5: give one of 'cosine'"),
        ({"recipe": {"units": "12", "embedding": 1}}, "units='12': give a whole number"),
        ({"recipe": {"units": 10**9, "embedding": 1}}, "units=1000000000: .* at most 16384"),
        ({"architecture": ["lstm"]}, "architecture=a list of 1: give a text"),
        ({"metrics": 3}, "metrics=3: give an object"),
        ({"metrics": {"test": {"nats": "many"}}}, "metrics.test.nats='many': give a number"),
        ({"minutes": None}, "minutes=None: give a number"),
        ({"parameters": True}, "parameters=True: give a whole number"),
        ({"weights_sha256": "abc"}, "weights_sha256='abc': give a text like"),
        ({"calibration": {"temperature": 0}}, "calibration.temperature=0: give a number of at least 0.05"),
        ({"name": "music"}, "'music' is not that of a model"),
    ],
)
def test_other_cards_are_refused_in_words(change, reason):
    content = json.loads(CARD.to_json()) | change
    content.pop("card_sha256")
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    with pytest.raises(PresetError, match=reason) as caught:
        Card.from_json(json.dumps({**content, "card_sha256": digest}))
    assert "__init__" not in str(caught.value)
