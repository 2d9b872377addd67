from dataclasses import asdict

import pytest

from zoo.core.calibration import UNCALIBRATED, Calibration, uncertain
from zoo.core.validation import checked
from zoo.errors import ArgumentError


def test_a_calibration_survives_its_description():
    found = Calibration(0.9, 0.4, 0.75, {"valid": {"pieces": 91, "ece": 0.08}})
    assert checked(Calibration, asdict(found)) == found
    assert checked(Calibration, {}) == UNCALIBRATED


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "give an object with temperature"),
        ({"heat": 3}, "unknown fields: heat; there are: temperature"),
        ({"temperature": 0}, "temperature=0"),
        ({"temperature": "1"}, "temperature='1'"),
        ({"threshold": 1.5}, "threshold=1.5"),
        ({"least_match": -1}, "least_match=-1"),
        ({"figures": {"valid": 3}}, "figures.valid=3: give an object"),
        ({"figures": {"valid": {"pieces": "many"}}}, "figures.valid.pieces='many': give a number"),
        ({"figures": {"valid": {"pieces": float("nan")}}}, "figures.valid.pieces=nan"),
    ],
)
def test_other_descriptions_are_refused(content, reason):
    with pytest.raises(ArgumentError, match=reason):
        checked(Calibration, content)


def test_what_is_asked_for_comes_before_the_threshold():
    assert [Calibration(threshold=0.4).least(asked) for asked in (None, 0, 0.9)] == [0.4, 0, 0.9]
    for wrong in (-0.1, 1.1, "0.5", float("nan")):
        with pytest.raises(ArgumentError, match="min_confidence"):
            UNCALIBRATED.least(wrong)
    assert uncertain(0.123) == " [uncertain: confidence 0.12]"
