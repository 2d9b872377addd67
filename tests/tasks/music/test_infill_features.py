import numpy as np
import pytest

from zoo.core.codec import MaskedPiece
from zoo.tasks.music.codec import MusicInfillCodec
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score


def test_masked_inputs_show_what_is_known():
    codec = MusicInfillCodec(voices=2, low=60, high=70)
    piece = Score([[60, 65], [HOLD, 67], [62, HOLD], [HOLD, REST]])
    hidden = np.zeros((4, 2), bool)
    hidden[1] = True  # the hold of the upper voice, and a note
    x, y = codec.encode([MaskedPiece(piece, hidden.ravel())])
    columns = (x - codec.offsets)[0].reshape(6, 2, -1)
    edge, blank = codec.edge, codec.blank
    assert columns[:, 0, 0].tolist() == [0] * 6
    assert columns[:, 1, 0].tolist() == [1] * 6
    assert columns[:, 0, 1].tolist() == [15, 0, 1, 2, 3, 4]
    tokens = [[edge] * 2, [2, 7], [blank] * 2, [4, 0], [0, 1], [edge] * 2]
    pitches = [[edge] * 2, [2, 7], [blank] * 2, [4, blank], [4, 1], [edge] * 2]
    shown = dict(zip(codec.kinds, columns[:, 0, 2:].reshape(6, -1, 2).swapaxes(0, 1).tolist(), strict=True))
    assert shown["token"] == tokens
    assert shown["token after"] == [*tokens[1:], [edge] * 2]
    assert shown["pitch"] == pitches
    assert shown["pitch before"] == [[edge] * 2, *pitches[:-1]]
    assert shown["pitch after"] == [*pitches[1:], [edge] * 2]
    assert shown["note before"] == [[edge] * 2, [2, 7], [2, 7], [4, 7], [4, 1], [edge] * 2]
    assert shown["age"] == [[0, 0], [0, 0], [1, 1], [0, 2], [1, 0], [0, 0]]
    assert shown["note after"] == [[2, 7], [4, 1], [4, 1], [edge, 1], [edge] * 2, [edge] * 2]
    assert shown["distance"] == [[1, 1], [2, 3], [1, 2], [2, 1], [1, 1], [0, 0]]
    alike = columns[..., 2:].reshape(6, 2, -1, 2)[:, :, : list(codec.kinds).index("parallel before")]
    np.testing.assert_array_equal(alike[:, 0], alike[:, 1, :, ::-1])  # the voice a token is for comes first
    assert y[0].reshape(6, 2).tolist() == [[-1, -1], [-1, -1], [0, 9], [-1, -1], [-1, -1], [-1, -1]]


@pytest.mark.parametrize(
    ("soprano", "alto", "expected"),
    [
        ([72, 74], [65, 65], {"before": [0, 67]}),  # a fifth goes on if the alto, 65 before, takes 67 now
        ([72, 74], [64, 64], {}),  # an octave and a third: no rule
        ([72, 72], [65, 65], {}),  # nobody moves
        ([72, 74], [60, 62], {"before": [0, 62], "after": [60, 0]}),  # an octave, both sides known
    ],
)
def test_masked_inputs_show_what_would_be_parallel(soprano, alto, expected):
    codec = MusicInfillCodec(voices=2, low=60, high=80)
    hidden = np.array([[False, False], [False, "after" not in expected]])
    x, _ = codec.encode([MaskedPiece(Score(np.stack([soprano, alto], 1)), hidden.ravel())])
    columns = (x - codec.offsets)[0].reshape(4, 2, -1)[1:3, 1, 2:].reshape(2, -1, 2)  # as the alto sees them
    for side in ("before", "after"):
        pitches = columns[:, list(codec.kinds).index(f"parallel {side}")]
        wanted = [pitch and pitch - 60 + 2 for pitch in expected.get(side, [0, 0])]
        assert pitches.tolist() == [[0, value] for value in wanted]
