"""What a music model is asked for: what is given of a piece, and what is to be chosen."""

import warnings

import numpy as np
import pytest

from tests.conftest import CODEC, random_score
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.music import prompts
from zoo.tasks.music.codec import MusicCodec, MusicInfillCodec
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score


def test_script_lays_out_prompt_and_fixed_voices(tmp_path):
    prompt = random_score(2, 4)
    melody = Score([[60], [HOLD], [62]])
    script = CODEC.script(steps=5, prompt=prompt, fixed={"voice 1": melody, 2: [50, REST, HOLD]})
    assert script[:12].tolist() == CODEC.tokens(prompt).tolist()
    body = script[12:].reshape(5, 3)
    assert body[:, 0].tolist() == [12, 0, 14, -1, -1]
    assert body[:, 1].tolist() == [-1] * 5
    assert body[:, 2].tolist() == [2, 1, 1, -1, -1]
    assert CODEC.script(fixed={"voice 3": prompt})[2::3].tolist() == CODEC.tokens(prompt)[2::3].tolist()
    assert len(CODEC.script()) == 8 * 16 * 3
    assert len(CODEC.script(fixed={0: [60] * 7})) == 7 * 3
    path = prompt.save(tmp_path / "p.mid")
    assert CODEC.script(steps=1, prompt=path)[:12].tolist() == CODEC.tokens(prompt).tolist()


@pytest.mark.parametrize(
    "bad",
    [
        {"bars": 0},
        {"bars": -1},
        {"bars": 0.03},
        {"steps": 0},
        {"steps": 1e9},
        {"bars": 1, "steps": 2},
        {"fixed": {"alto": [60]}},
        {"fixed": {7: [60]}},
        {"fixed": {0: [60], "voice 1": [60]}},
    ],
)
def test_bad_scripts_name_the_range(bad):
    with pytest.raises(ArgumentError, match="give"):
        CODEC.script(**bad)


def test_fixed_music_that_has_no_such_voice():
    two = Score([[60, 55]] * 3)
    for music, word in ((two, "one line"), (Score([[60]], steps_per_beat=2), "steps a beat")):
        with pytest.raises(CodecError, match=word):
            CODEC.script(fixed={"voice 2": music})
    with pytest.raises(ArgumentError, match="dictionary"):
        CODEC.script(fixed=[60])


def test_melody_over_chords_gives_its_top_line(tmp_path):
    chords = Score([[60, 52, -2 + 55], [-2, -2, -2], [62, -2, -2], [59, -2, -2]])
    alone = Score([[60, -1, -1], [-2, 53, -1], [62, -2, -1], [-1, 65, -1], [64, -1, -1], [-2, -1, 51]])
    assert CODEC.script(fixed={0: chords})[::3].tolist() == [12, 0, 14, 11]
    alone = alone.save(tmp_path / "alone.mid")
    assert CODEC.script(fixed={0: alone})[::3].tolist() == [12, 0, 14, 17, 16, 0]
    assert CODEC.script(fixed={2: alone})[2::3].tolist() == [12, 5, 0, 17, 16, 3]
    with pytest.raises(CodecError, match="one line"):
        CODEC.script(fixed={1: alone})


def test_prompt_in_another_meter_is_noticed():
    with pytest.warns(UserWarning, match="3 beats a bar"):
        CODEC.script(steps=1, prompt=Score([[60, 55, 52]], beats_per_bar=3))


def test_gaps_of_a_piece_and_of_a_melody():
    codec = MusicInfillCodec()
    piece = random_score(0, 40, MusicCodec())
    _, hidden = codec.gaps(piece, free=["alto", "bass"], bars=(1, 2))
    expected = np.zeros((40, 4), bool)
    expected[16:32, [1, 3]] = True
    np.testing.assert_array_equal(hidden.reshape(-1, 4), expected)
    assert codec.gaps(piece)[1].reshape(-1, 4).all(0).tolist() == [False, True, True, True]
    assert codec.gaps(piece, bars=(1, 2))[1].reshape(-1, 4)[16:32].all()
    for melody in ("C5/4 D5/4", Score.melody("C5/4 D5/4"), [72, HOLD, HOLD, HOLD, 74, HOLD, HOLD, HOLD]):
        ids, hidden = codec.gaps(melody)
        assert codec.decode(ids).grid[:, 0].tolist() == [72, HOLD, HOLD, HOLD, 74, HOLD, HOLD, HOLD]
        assert hidden.reshape(-1, 4).all(0).tolist() == [False, True, True, True]
    with pytest.raises(ArgumentError, match="must all be free"):
        codec.gaps("C5/4", free="alto")
    with pytest.raises(ArgumentError, match=r"the piece has 2\.5"):
        codec.gaps(piece, bars=(1, 1))
    for nothing in ({"piece": piece, "free": []}, {"piece": Score(np.zeros((0, 4), int))}):
        with pytest.raises(ArgumentError, match="nothing is to be filled"):
            codec.gaps(**nothing)
    with pytest.raises(ArgumentError, match="two numbers"):
        codec.gaps(piece, bars=(1, 2, 3))


def hidden_voices(codec, piece, **options):
    return codec.gaps(piece, **options)[1].reshape(-1, codec.voices).any(0).tolist()


def test_voices_that_are_silent_are_filled_in():
    codec = MusicInfillCodec()
    for given in ([3], [0, 3], [1]):
        grid = np.full((8, 4), REST)
        grid[:, given] = 50
        assert hidden_voices(codec, Score(grid)) == [voice not in given for voice in range(4)]
        assert hidden_voices(codec, Score(grid), free="2") == [False, False, True, False]


def test_notes_that_overlap_are_still_a_melody(tmp_path):
    import pretty_midi

    pitches, midi = (72, 67, 60, 64, 55, 72), pretty_midi.PrettyMIDI(resolution=480, initial_tempo=60)
    midi.instruments = [pretty_midi.Instrument(0)]
    midi.instruments[0].notes = [pretty_midi.Note(80, p, i, i + 1 + 70 / 480) for i, p in enumerate(pitches)]
    midi.write(str(tmp_path / "legato.mid"))
    codec = MusicInfillCodec()
    with pytest.warns(UserWarning, match="highest notes"):
        ids, hidden = codec.gaps(tmp_path / "legato.mid")
    assert hidden.reshape(-1, 4).all(0).tolist() == [False, True, True, True]
    assert set(codec.decode(ids).sounding()[2::4, 0].tolist()) == set(pitches)


def test_what_is_fixed_sounds_the_same_after_a_gap():
    codec = MusicInfillCodec()
    piece = Score([[70, 62, 55, 43]] * 15 + [[74, 69, 62, 50]] + [[HOLD] * 4] * 16)
    ids, hidden = codec.gaps(piece, bars=(0, 1))
    ids = np.where(hidden, 2, ids)
    np.testing.assert_array_equal(codec.decode(ids).sounding()[16:], piece.sounding()[16:])


def test_tempo_and_meter_of_what_is_given():
    codec = MusicInfillCodec()
    waltz = Score(random_score(0, 48, MusicCodec()).grid, tempo_bpm=130, beats_per_bar=3)
    with pytest.warns(UserWarning, match="3 beats a bar"):
        ids, hidden = codec.gaps(waltz, bars=(1, 2))
    assert np.flatnonzero(hidden.reshape(-1, 4).all(1)).tolist() == list(range(12, 24))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MusicInfillCodec(beats_per_bar=3).gaps("C5/4 D5/4 E5/4")
    again = codec.decode(ids, like=waltz)
    assert (again.tempo_bpm, again.beats_per_bar) == (130, 3)


def test_bars_are_whole_steps():
    codec = MusicCodec(voices=1, beats_per_bar=3)
    assert prompts.script(codec, bars=1.25).tolist() == [-1] * 15
    assert len(prompts.script(codec)) == prompts.DEFAULT_BARS * 12
    for bars, message in (
        (0.3, "bars=0.3: give whole steps of 1/12 bar"),
        (0.05, "bars=0.05: give a number of at least 0.0833.*, at most"),
    ):
        with pytest.raises(ArgumentError, match=message):
            prompts.script(codec, bars=bars)


def test_gaps_are_where_the_bars_are():
    """Of music in another meter, too, bars are its own; a part of one may be filled in."""
    piece = Score([[60 + i] for i in range(12)], beats_per_bar=1)
    ids, hidden = prompts.gaps(MusicInfillCodec(voices=1, beats_per_bar=1), piece, free=0, bars=(0.5, 2))
    assert np.flatnonzero(hidden).tolist() == [2, 3, 4, 5, 6, 7]
    assert ids.tolist() == [32 + i for i in range(12)]
    with pytest.raises(ArgumentError, match="the bar after the last='x': give a number of at least 0"):
        prompts.gaps(MusicInfillCodec(voices=1), piece.grid, bars=(0, "x"))


WALTZ = Score([[60], [HOLD], [62]] * 8, tempo_bpm=150, beats_per_bar=3)


@pytest.mark.parametrize(
    ("options", "tempo", "meter"),
    [
        ({}, 90, 4),
        ({"fixed": {0: [60, 62]}}, 90, 4),
        ({"fixed": {0: WALTZ}}, 150, 3),
        ({"fixed": {2: [60, 62], 0: WALTZ}}, 150, 3),  # grid values have no tempo
        ({"fixed": {0: "C4/4"}}, 90, 4),
        ({"prompt": Score([[60, 55, 52]], 77)}, 77, 4),
        ({"prompt": [[60, 55, 52]], "fixed": {0: WALTZ}}, 150, 3),
        ({"prompt": [[60, 55, 52]]}, 90, 4),
    ],
)
def test_what_is_given_has_tempo_and_meter(options, tempo, meter):
    given, like = CODEC.given(options)
    found = CODEC.decode(np.zeros(3, int), like=like)
    assert (found.tempo_bpm, found.beats_per_bar) == (tempo, meter)
    assert given.keys() == options.keys()


def test_a_fixed_file_is_read_once_and_as_its_line(tmp_path, monkeypatch):
    path = WALTZ.save(tmp_path / "waltz.mid")
    given, like = CODEC.given({"fixed": {"voice 1": str(path)}, "steps": 3})
    assert (round(like.tempo_bpm), like.beats_per_bar, like.voices) == (150, 3, 1)
    monkeypatch.setattr(Score, "read", None)
    with pytest.warns(UserWarning, match="3 beats a bar"):
        script = CODEC.script(**given)
    assert script.reshape(3, 3)[:, 0].tolist() == [12, 0, 14]


def test_the_first_tempo_is_kept_and_said():
    slow = Score([[50]], tempo_bpm=40)
    with pytest.warns(UserWarning, match="tempo and meter are those of the fixed 0; other music"):
        assert CODEC.given({"fixed": {0: WALTZ, 2: slow}})[1].tempo_bpm == 150
    prompt = Score([[60, 55, 52]], tempo_bpm=70)
    with pytest.warns(UserWarning, match="tempo and meter are those of the prompt; other music"):
        assert CODEC.given({"prompt": prompt, "fixed": {2: slow}})[1] is prompt


def test_a_low_line_is_the_voice_where_it_lies():
    codec = MusicInfillCodec()
    with pytest.warns(UserWarning, match="the line lies low and was taken for the tenor; transposed up"):
        ids, hidden = codec.gaps("C3/4 E3/4 G3/4")
    assert hidden.reshape(-1, 4).all(0).tolist() == [True, True, False, True]
    assert codec.decode(ids).sounding()[::4, 2].tolist() == [48, 52, 55]
    with (
        pytest.warns(UserWarning, match="lies low"),
        pytest.raises(ArgumentError, match="soprano, alto, bass must all"),
    ):
        codec.gaps("C3/4", free="alto")


@pytest.mark.parametrize(("voice", "line", "said"), [
    ("soprano", "C3/4 E3/4", "fixed soprano: its notes lie where the tenor sings; transpose them by octaves"),
    ("bass", "C5/4 D5/4", "fixed bass: its notes lie where the soprano sings; transpose them by octaves"),
    ("tenor", "C3/4 E3/4", ""), ("soprano", "C6/4 D6/4", ""), ("soprano", "B3/4 C4/4", ""),
])  # fmt: skip
def test_a_fixed_line_in_another_voice_s_place_is_noticed(voice, line, said):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MusicCodec().script(fixed={voice: line})
    assert [str(warning.message) for warning in caught] == [said] * bool(said)
