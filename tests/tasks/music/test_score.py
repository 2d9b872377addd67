import numpy as np
import pytest
import soundfile

from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(4),
        np.zeros((2, 0)),
        [[128]],
        [[-3]],
        np.zeros((1, 17)),
        [[65596]],
        [[60.9]],
        [[np.nan]],
        [["a"]],
        [[1], [2, 3]],
    ],
)
def test_bad_grids(bad):
    with pytest.raises(CodecError, match="give"):
        Score(bad)


@pytest.mark.parametrize(
    "bad",
    [
        {"tempo_bpm": 3},
        {"tempo_bpm": np.inf},
        {"steps_per_beat": 0},
        {"beats_per_bar": 1020},
        {"beats_per_bar": 0.3},
        {"beats_per_bar": 1.5, "steps_per_beat": 1},
    ],
)
def test_bad_settings(bad):
    with pytest.raises(ArgumentError, match=next(iter(bad))):
        Score([[60]], **bad)


@pytest.mark.parametrize(
    ("beats", "meter"),
    [(4, (4, 4)), (3.0, (3, 4)), (1.5, (3, 8)), (3.5, (7, 8)), (1.25, (5, 16)), (0.25, (1, 16)), (63.75, (255, 16))],
)
def test_a_bar_is_written_as_a_meter(beats, meter):
    score = Score([[60]], beats_per_bar=beats)
    assert (score.meter, score.steps_per_bar) == (meter, 4 * beats)
    assert isinstance(score.steps_per_bar, int)
    assert isinstance(Score([[60]], beats_per_bar=3.0).beats_per_bar, int)
    assert score.transpose(1).beats_per_bar == beats


def test_hold_after_silence_is_silence():
    assert Score([[HOLD], [60], [REST], [HOLD]]) == Score([[REST], [60], [REST], [REST]])


def test_notes_and_transpose():
    score = Score([[60, REST], [HOLD, 50], [60, HOLD]])
    assert list(score.notes()) == [(0, 60, 0, 2), (0, 60, 2, 3), (1, 50, 1, 3)]
    assert score.transpose(5).sounding().max() == 65
    with pytest.raises(ArgumentError, match="out of the MIDI range"):
        score.transpose(70)


def test_from_pitches_holds_equal_neighbours():
    assert Score.from_pitches([[60], [60], [-1], [-1], [62]]).grid[:, 0].tolist() == [60, HOLD, REST, REST, 62]


def test_silence_renders_as_silence(tmp_path):
    audio, _ = soundfile.read(Score([[REST]] * 8).render(tmp_path / "a.wav"))
    assert len(audio) > 0
    assert not audio.any()
    with pytest.raises(ArgumentError, match="lasts"):
        Score([[60]] * 200_000, tempo_bpm=4).render(tmp_path / "b.wav")


def test_render_and_plot(tmp_path):
    score = Score([[69, 57]] + [[HOLD, HOLD]] * 15 + [[REST, REST]] * 4, tempo_bpm=60)
    audio, rate = soundfile.read(score.render(tmp_path / "a.wav"))
    assert len(audio) == 5 * rate
    assert 0.1 < np.abs(audio).max() <= 1
    spectrum = np.abs(np.fft.rfft(audio[: 4 * rate]))
    assert np.argmax(spectrum) / 4 == pytest.approx(220, abs=1) or np.argmax(spectrum) / 4 == pytest.approx(440, abs=1)
    assert score.plot(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("call", "error"),
    [("render", ArgumentError), ("plot", ArgumentError), ("save", DataError), ("save as", ArgumentError)],
)
def test_bad_output_leaves_nothing(tmp_path, call, error):
    target = tmp_path / "folder.mid"
    target.mkdir()
    arguments = {
        "render": (tmp_path / "a.wav", 10),
        "plot": (tmp_path / "a.doc",),
        "save": (target,),
        "save as": (tmp_path / "a.wav",),
    }[call]
    with pytest.raises(error):
        getattr(Score([[60]]), call.split()[0])(*arguments)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.mid"]


def test_written_melody():
    score = Score.melody("C4/4 r/8 F#4/8. Bb3/16 c5/1")
    assert [(n.pitch, n.start, n.end) for n in score.notes()] == [(60, 0, 4), (66, 6, 9), (58, 9, 10), (72, 10, 26)]
    assert len(Score.melody("C4/4", steps_per_beat=12)) == 12
    assert Score.melody("C-1/4 G9/4").grid[::4, 0].tolist() == [0, 127]
    for bad in ("", "C4", "H4/4", "C4/0", "C4/32", "C/4", "C4/4 x", "C##5/4", "Cb-1/4", "G#9/4", "C4/" + 5000 * "1"):
        with pytest.raises(CodecError):
            Score.melody(bad)


@pytest.mark.parametrize("semitones", [70000, 1.5, "x", 10**400, 68])
def test_transposition_out_of_range(semitones):
    with pytest.raises(ArgumentError, match="semitones"):
        Score([[60]]).transpose(semitones)
