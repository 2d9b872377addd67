"""Music in whatever form it is given."""

import numpy as np
import pytest

from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score
from zoo.tasks.music.voices import PitchStatistics, edge, in_parts, read_music, struck, voice_number


def test_all_forms_of_a_line_are_one(tmp_path):
    """A written melody, its grid values, a column of them, a file: two quarters, and a score as it is."""
    values = [60, HOLD, HOLD, HOLD, 62, HOLD, HOLD, HOLD]
    score = Score([[value] for value in values], beats_per_bar=3)
    path = score.save(tmp_path / "a.mid")
    forms = ("C4/4 D4/4", values, tuple(values), np.array(values), np.array(values)[:, None], path, str(path), score)
    for form in forms:
        found = read_music(form, voices=1, steps_per_beat=4, beats_per_bar=3)
        assert (found, found.beats_per_bar) == (score, 3)
    assert read_music(score, 4, 24, 2) is score
    assert read_music(path, 2, 4, 3).voices == 2
    assert len(read_music("C4/4", 1, 24, 4)) == 24


@pytest.mark.parametrize(
    ("music", "message"),
    [
        ("nothing.mid", "'nothing.mid' does not exist, and is not notes such as C4/4 D4/4 E4/2"),
        ("C4/4 x", "'x' is no note"),
        (3.5, "an array of whole numbers"),
        ([[60], [61, 62]], "an array of whole numbers"),
        ([128], "grid values 128 to 128: give MIDI pitches 0 to 127, HOLD or REST"),
        (None, "an array of whole numbers"),
    ],
)
def test_what_is_no_music_is_refused(music, message):
    with pytest.raises(CodecError, match=message):
        read_music(music, 4, 4, 4)


def test_voices_are_called_by_name_or_number():
    assert [voice_number(name, 4) for name in ("soprano", "bass", 2, "0", np.int64(1))] == [0, 3, 2, 0, 1]
    assert [voice_number(name, 2) for name in ("voice 2", 0)] == [1, 0]
    for name in ("Soprano", "horn", 4, -1, "1.0", "", None):
        with pytest.raises(ArgumentError) as caught:
            voice_number(name, 4)
        assert str(caught.value) == f"voice {name!r}: give one of soprano, alto, tenor, bass, or 0 to 3"


def test_statistics_are_those_of_all_pieces():
    pieces = [Score([[60, 48], [HOLD, REST]]), Score([[72, 55]]), Score([[REST, REST]])]
    assert PitchStatistics.of(iter(pieces)) == (48, 72, 2, 4)
    for silent in ([], pieces[2:]):
        with pytest.raises(DataError, match="all silent: give some with notes"):
            PitchStatistics.of(silent)


def test_the_meter_is_that_of_most_of_the_music():
    """Counted in steps, not in pieces."""
    pieces = [Score([[60]] * steps, beats_per_bar=beats) for steps, beats in ((2, 4), (2, 4), (12, 3))]
    with pytest.warns(UserWarning, match="bars are counted as 3 beats; 25% of the music has other meters"):
        assert PitchStatistics.of(pieces).beats_per_bar == 3


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([[60] * 6, [50] * 6], True),
        ([[60] * 6, [50, HOLD, HOLD, HOLD, REST, REST]], True),  # two thirds of the time
        ([[60] * 6, [50, HOLD, HOLD, REST, REST, REST]], False),
        ([[60] * 6, [REST] * 6], True),  # a voice that never sings does not count
        ([[60, REST, REST, REST, REST, REST], [50, REST, REST, REST, REST, REST]], True),  # nor does silence
        ([[REST] * 6] * 2, True),
    ],
)
def test_a_piece_in_parts_has_voices_that_sing_most_of_the_time(columns, expected):
    assert in_parts(Score(np.transpose(columns))) is expected


def test_the_edge_goes_from_voice_to_voice():
    """A note that is held while the line comes to it is struck there."""
    score = Score(np.transpose([[70, HOLD, REST, REST, 65, REST], [60, HOLD, HOLD, 62, HOLD, REST]]))
    assert edge(score).tolist() == [70, HOLD, 60, 62, 65, REST]
    assert edge(score, top=False).tolist() == [60, HOLD, HOLD, 62, HOLD, REST]
    crossed = Score(np.transpose([[50, HOLD, REST], [60, HOLD, HOLD]]))  # the voice on top sings below
    assert edge(crossed).tolist() == [60, HOLD, HOLD]
    assert edge(crossed, top=False).tolist() == [50, HOLD, 60]


def test_a_note_begins_anew_behind_a_gap():
    score = Score(np.transpose([[60, HOLD, HOLD, HOLD], [REST, HOLD, 55, HOLD]]))
    hidden = np.transpose([[False, True, False, False], [False, True, True, True]]).astype(bool)
    assert struck(score, hidden).T.tolist() == [[60, HOLD, 60, HOLD], [REST, REST, 55, HOLD]]
    assert struck(score, np.zeros_like(hidden)).tolist() == score.grid.tolist()
