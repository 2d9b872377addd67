import pytest

from zoo.tasks.music.codec import MusicCodec, make_codec
from zoo.tasks.music.score import Score


def test_bars_are_counted_in_the_meter_of_most_pieces():
    waltz, march = Score([[60, 50]] * 48, beats_per_bar=3), Score([[70, 50]] * 32, beats_per_bar=4)
    with pytest.warns(UserWarning, match="3 beats; 40% of the music"):
        assert make_codec([waltz, march]).steps_per_bar == 12
    codec, symbols, _, _ = MusicCodec().extended([march])
    assert codec.steps_per_bar == 16
    short, symbols, _, _ = MusicCodec().extended([waltz])
    assert short.steps_per_bar == 12
    long, symbols, _, _ = short.extended([march])
    assert symbols[long.offsets[1] : long.offsets[2]].tolist() == [*range(2, 14), -1, -1, -1, -1]
