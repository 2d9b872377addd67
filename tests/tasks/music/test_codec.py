import numpy as np
import pytest

from tests.conftest import CODEC, random_score
from zoo.core.arrays import ARRAYS
from zoo.errors import CodecError
from zoo.tasks.music.codec import MusicCodec, MusicInfillCodec, read_codec
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score


def test_codec_survives_json():
    assert read_codec(CODEC.to_json()).to_json() == CODEC.to_json()
    for bad in (
        {},
        {"type": "text"},
        {**CODEC.to_json(), "voices": 99},
        {**CODEC.to_json(), "low": "1"},
        {"type": "music", "x": 1},
    ):
        with pytest.raises(CodecError):
            read_codec(bad)


def test_input_tells_what_is_known():
    score = Score([[60, 55, 50], [HOLD, 57, REST], [62, HOLD, HOLD]])
    x, y = CODEC.encode([score])
    columns = x[0] - CODEC.offsets
    assert y[0].tolist() == CODEC.tokens(score).tolist()
    pitch = {p: p - CODEC.low + 2 for p in (60, 62, 55, 57, 50)}
    # Before the middle voice's second token: the top voice has gone on, the others are where they were.
    assert columns[4].tolist() == [1, 1, pitch[60], pitch[55], pitch[50], 1, 0, 0, 0, 0, 0, 0, 0, 0]
    # Before the bottom voice's third token: it has rested since one step; the top voice came from its first pitch.
    assert columns[8].tolist() == [2, 2, pitch[62], pitch[57], 1, 0, 1, 0, pitch[60], pitch[55], pitch[50], 0, 0, 0]
    assert columns[0].tolist() == [0, 0, 0, 0, 0, 16, 16, 16, 0, 0, 0, 0, 0, 0]


def test_input_shows_what_would_be_parallel():
    """A voice that has just moved, from a fifth, an octave or a unison away, draws the one below along; no other does."""
    chords = [[63, 56, 51], [65, 56, 51], [65, 58, 51], [67, 60, 53], [67, HOLD, 53], [HOLD, 53, 50], [70, 60, 53]]
    columns = CODEC.encode([Score(chords)])[0][0].reshape(7, 3, -1)[..., -3:] - CODEC.offsets[-3:]
    shown = np.where(columns > 0, columns - 2 + CODEC.low, 0)
    expected = np.zeros((7, 3, 3), int)
    expected[1, 1, 0] = 58  # a fifth below the top voice
    expected[1, 2, 0] = 53  # an octave below; then the middle voice moves, from a fourth away
    expected[3, 1, 0], expected[3, 2, 1] = 60, 53  # fifths; then one is struck again, and one leads out of range
    assert shown.tolist() == expected.tolist()


def test_inputs_never_show_the_future():
    score = random_score(1)
    whole, _ = CODEC.encode([score])
    for steps in (1, 7, 39):
        head, _ = CODEC.encode([Score(score.grid[:steps])])
        np.testing.assert_array_equal(head[0], whole[0, : steps * 3])


@pytest.mark.parametrize("batch", [1, 3])
def test_tokens_of_a_loop_in_python_are_those_of_a_graph(batch):
    """A place that is a number has short cuts, which an array of places, as in a graph, does not have."""
    rng, codec = np.random.default_rng(batch), MusicCodec(3, 60, 63)
    short = plain = codec.begin(np.zeros((batch, 1), np.int32))
    seen = []
    for at in range(300):
        place, ids = np.full((batch, 1), at, np.int32), rng.integers(0, codec.classes, batch).astype(np.int32)
        seen.append(codec.look(ARRAYS, short, at))
        np.testing.assert_array_equal(seen[-1], codec.look(np, plain, place), strict=True)
        short, plain = codec.after(ARRAYS, short, at, ids), codec.after(np, plain, place, ids)
        for one, other in zip(short, plain, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)
    assert (np.concatenate(seen, 1)[..., -3:] > codec.offsets[-3:]).any((0, 1)).tolist() == [True, True, False]


def test_batch_is_padded_and_equals_single_pieces():
    scores = [random_score(i, steps) for i, steps in enumerate((5, 12))]
    x, y = CODEC.encode(scores)
    assert (y[0, 15:] == -1).all()
    np.testing.assert_array_equal(x[0, :15], CODEC.encode(scores[:1])[0][0])
    assert x.max() < CODEC.symbols
    assert CODEC.example(np.random.default_rng(0), 4, 50).max() < CODEC.symbols


def test_training_hides_voices_and_stretches_and_single_tokens():
    codec, rng = MusicInfillCodec(), np.random.default_rng(0)
    piece = random_score(0, 96, MusicCodec())
    seen = [codec.hide(piece, rng).hidden.reshape(-1, 4) for _ in range(200)]
    voices = [hidden for hidden in seen if (hidden.all(0) | ~hidden.any(0)).all()]
    others = [hidden for hidden in seen if not (hidden.all(0) | ~hidden.any(0)).all()]
    changes = [np.count_nonzero(np.diff(hidden.ravel())) for hidden in others]
    stretches = [hidden for hidden, count in zip(others, changes, strict=True) if count <= 16]
    single = [hidden for hidden, count in zip(others, changes, strict=True) if count > 96]
    assert min(len(voices), len(stretches), len(single)) > 15
    assert any((hidden.any(1) & ~hidden.all(1)).any() for hidden in stretches)  # one begins within a step
    assert 0.3 < np.mean(seen) < 0.7
    assert codec.hide(piece, rng, "hidden_voices").hidden.reshape(-1, 4).mean(0).tolist() == [0, 1, 1, 1]
    bars = codec.hide(piece, rng, "hidden_bars").hidden.reshape(6, 16, 4)
    assert (bars.all((1, 2)) | ~bars.any((1, 2))).all()
    assert 1 <= bars[:, 0, 0].sum() <= 2
