import pytest

import zoo
from zoo.errors import ArgumentError


def test_settings_that_do_not_go_with_speech_are_refused(tmp_path):
    for setting in ({"window": 10}, {"xla": True}):
        with pytest.raises(ArgumentError, match="whole recordings"):
            zoo.train("gru_speech", tmp_path / "run", verbose=False, **setting)
    with pytest.raises(ArgumentError, match="no setting is called 'filters'"):
        zoo.build("lstm_text", filters=8)
    names = [tensor.name for tensor in zoo.build("gru_speech", filters=0, units=8, embedding=6).inputs]
    assert names == ["x", "f0_0", "f0_1", "h0_0", "h0_1"]
