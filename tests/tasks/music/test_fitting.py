import pytest

from zoo.errors import CodecError
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.fitting import fit
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score

CODEC = MusicCodec(voices=1, low=50, high=60)


@pytest.mark.parametrize(
    ("pitches", "fitted"), [((50, 60), (50, 60)), ((40, 45), (50, 55)), ((70, 75), (55, 60)), ((49, 59), (50, 60))]
)
def test_scores_move_no_further_than_they_must(pitches, fitted):
    piece = Score([[pitches[0]], [HOLD], [REST], [pitches[1]]])
    assert fit(piece, CODEC, transpose=True) == Score([[fitted[0]], [HOLD], [REST], [fitted[1]]])
    if pitches != fitted:
        with pytest.raises(CodecError, match=f"pitches are {pitches[0]} to {pitches[1]}.*50 to 60.*--transpose"):
            fit(piece, CODEC)


def test_another_meter_is_said():
    piece = Score([[50]], beats_per_bar=1.5)
    with pytest.warns(UserWarning, match=r"there is music of 1\.5 beats a bar, the model counts 4"):
        assert fit(piece, CODEC) is piece


def test_what_cannot_be_moved_is_told():
    with pytest.raises(CodecError, match="cannot be transposed"):
        fit(Score([[50], [61]]), CODEC, transpose=True)
    with pytest.raises(CodecError, match="voices"):
        fit(Score([[50, 50]]), CODEC, transpose=True)
    assert fit(Score([[REST]]), CODEC) == Score([[REST]])
