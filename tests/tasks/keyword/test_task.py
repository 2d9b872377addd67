import pytest

import zoo
from zoo.core.architectures import ARCHITECTURES
from zoo.core.task import find
from zoo.errors import ArgumentError


def test_windows_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="whole clips"):
        zoo.train("gru_keyword", tmp_path / "run", verbose=False, window=10)


@pytest.mark.parametrize("architecture", [*ARCHITECTURES.own])
def test_models_are_small(architecture):
    most = 60_000 if architecture == "gru" else 150_000
    assert zoo.build(f"{architecture}_keyword").count_params() <= most
    assert find("keyword").recipe(architecture).settings.filters
