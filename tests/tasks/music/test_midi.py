import contextlib
import os
import re
import tarfile
import warnings

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.tasks.music.midi_bytes import END, event, file, meta, meter, note, riff, tempo, track
from zoo.errors import CodecError
from zoo.tasks.music import midi as reader
from zoo.tasks.music.midi import HOLD, REST, voice_names
from zoo.tasks.music.score import Score

GRIDS = st.integers(1, 6).flatmap(
    lambda voices: arrays(
        np.int16,
        st.tuples(st.integers(1, 24), st.just(voices)),
        elements=st.sampled_from([HOLD, HOLD, REST, 0, 40, 60, 61, 127]),
    )
)


@settings(max_examples=60, deadline=None)
@given(GRIDS, st.floats(20, 300))
def test_midi_is_lossless(tmp_path_factory, grid, tempo):
    score = Score(grid, tempo)
    path = score.save(tmp_path_factory.mktemp("midi") / "a.mid")
    back = Score.read(path, score.voices)
    assert back == score
    assert back.tempo_bpm == pytest.approx(tempo, rel=1e-4)


def test_file_is_type_1_with_a_track_a_voice(tmp_path):
    path = Score([[72, 60, 55, 48], [HOLD] * 4]).save(tmp_path / "a.mid")
    file = mido.MidiFile(path)
    assert file.type == 1
    assert [track.name for track in file.tracks[1:]] == list(voice_names(4))


def midi(tmp_path, *tracks, tempo=120.0, drums=False, pedal=(), name="x.mid"):
    """Write tracks of (pitch, start, end) in beats."""
    file = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    for i, notes in enumerate(tracks):
        instrument = pretty_midi.Instrument(i, is_drum=drums)
        instrument.notes = [pretty_midi.Note(90, p, a * 60 / tempo, b * 60 / tempo) for p, a, b in notes]
        instrument.control_changes = [pretty_midi.ControlChange(64, v, t * 60 / tempo) for t, v in pedal]
        file.instruments.append(instrument)
    file.write(str(tmp_path / name))
    return tmp_path / name


def test_reads_chord_as_voices_and_repeats_as_notes(tmp_path):
    score = Score.read(midi(tmp_path, [(60, 0, 1), (64, 0, 0.5), (67, 0, 1), (64, 0.5, 1)]), voices=3, steps_per_beat=2)
    assert score.grid.tolist() == [[67, 64, 60], [HOLD, 64, HOLD]]


def test_outer_voices_stay_and_the_dropped_are_counted(tmp_path):
    path = midi(tmp_path, [(p, 0, 1) for p in (40, 50, 55, 60, 65, 80)])
    with pytest.warns(UserWarning, match="dropped 2 notes"):
        grid = Score.read(path, steps_per_beat=1).grid
    assert grid[0, 0] == 80
    assert grid[0, -1] == 40
    assert len(grid) == 1


def test_late_outer_note_ends_an_inner_one(tmp_path):
    path = midi(tmp_path, [(50, 0, 2), (55, 0, 2), (60, 0, 2), (80, 1, 2)])
    with pytest.warns(UserWarning, match="dropped 1 note that"):
        sounding = Score.read(path, 3, 1).sounding()
    assert sounding[1].max() == 80
    assert sounding[1].min() == 50


def test_note_struck_again_ends_with_its_second_end(tmp_path):
    path = midi(tmp_path, [(60, 0, 4)], [(60, 1, 2)], [(50, 0, 4), (55, 0, 4)])
    voice = Score.read(path, 3, 1).grid[:, 0].tolist()
    assert voice == [60, 60, REST, REST]


def test_pedal_prolongs(tmp_path):
    path = midi(tmp_path, [(60, 0, 1), (62, 4, 5)], pedal=[(0.5, 127), (3, 0)])
    assert Score.read(path, 1, 1).sounding()[:, 0].tolist() == [60, 60, 60, -1, 62]


def test_percussion_is_left_out(tmp_path):
    with pytest.raises(CodecError, match="no notes"):
        Score.read(midi(tmp_path, [(38, 0, 1)], drums=True))
    both = pretty_midi.PrettyMIDI(str(midi(tmp_path, [(60, 0, 1)])))
    both.instruments += pretty_midi.PrettyMIDI(str(midi(tmp_path, [(38, 0, 1), (38, 1, 2)], drums=True))).instruments
    both.write(str(tmp_path / "both.mid"))
    with pytest.warns(UserWarning, match=r"both\.mid: dropped 2 notes of percussion"):
        assert Score.read(tmp_path / "both.mid", 1, 1).sounding().tolist() == [[60]]


def test_tempo_and_program_changes_do_not_move_the_grid(tmp_path):
    file = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    file.tracks.append(track)
    for beat, pitch in enumerate((60, 62, 64, 65)):
        track.append(mido.MetaMessage("set_tempo", tempo=300_000 + 200_000 * beat))
        track.append(mido.Message("program_change", program=beat))
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_on", note=pitch, velocity=0, time=96))
    file.save(tmp_path / "t.mid")
    with pytest.warns(UserWarning, match="of tempi from 67 to 200 kept 200"):
        score = Score.read(tmp_path / "t.mid", 1)
    assert score.grid[::4, 0].tolist() == [60, 62, 64, 65]
    assert len(score) == 16
    assert score.tempo_bpm == pytest.approx(200)


def test_sixteen_channels_keep_the_outer_voices(tmp_path):
    path = midi(tmp_path, *[[(30 + 4 * i, 0, 4)] for i in range(16)])
    with pytest.warns(UserWarning, match="dropped 12 notes"):
        score = Score.read(path)
    assert score.sounding()[0, [0, -1]].tolist() == [30 + 4 * 15, 30]


def test_one_hour_is_read_whole(tmp_path):
    path = midi(tmp_path, [(60 + i % 12, i * 0.5, i * 0.5 + 0.5) for i in range(2 * 120 * 60)])
    assert len(Score.read(path)) == 4 * 120 * 60


def mutilations(good: bytes) -> dict[str, bytes]:
    return {
        "empty": b"", "not MIDI": b"RIFF" + bytes(400), "header only": good[:14],
        "truncated": good[: len(good) // 2], "cut in the header": good[:9], "random": bytes(range(256)) * 8,
    }  # fmt: skip


@pytest.mark.parametrize("case", mutilations(b""))
def test_bad_files_give_a_codec_error(tmp_path, case):
    good = Score([[60, 48]] * 16).save(tmp_path / "good.mid").read_bytes()
    (tmp_path / "bad.mid").write_bytes(mutilations(good)[case])
    with pytest.raises(CodecError, match=r"bad\.mid"):
        Score.read(tmp_path / "bad.mid", 2)


def test_missing_file_folder_and_giant(tmp_path):
    for path, word in ((tmp_path / "no.mid", "does not exist"), (tmp_path, "not a file")):
        with pytest.raises(CodecError, match=word):
            Score.read(path)
    (tmp_path / "nothing.mid").touch()
    with pytest.raises(CodecError, match="is empty"):
        Score.read(tmp_path / "nothing.mid")
    os.mkfifo(tmp_path / "fifo.mid")
    with pytest.raises(CodecError, match="is not a file"):
        Score.read(tmp_path / "fifo.mid")
    with (tmp_path / "big.mid").open("wb") as stream:
        stream.truncate(9 << 20)
    with pytest.raises(CodecError, match="too large"):
        Score.read(tmp_path / "big.mid")


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 200))
def test_damage_never_gives_another_error(tmp_path_factory, noise, at):
    folder = tmp_path_factory.mktemp("fuzz")
    good = Score([[60, 48], [HOLD, 50], [62, REST]]).save(folder / "a.mid").read_bytes()
    (folder / "a.mid").write_bytes(good[:at] + noise + good[at + len(noise) :])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(CodecError):
            assert Score.read(folder / "a.mid", 2).voices == 2


def test_lone_tune_stays_in_one_voice(tmp_path):
    score = Score.read(midi(tmp_path, [(p, i, i + 1) for i, p in enumerate((72, 60, 72, 62, 76))]), 4, 1)
    assert score.grid[:, 0].tolist() == [72, 60, 72, 62, 76]
    assert (score.grid[:, 1:] == REST).all()


def test_two_tunes_are_the_outer_voices(tmp_path):
    score = Score.read(midi(tmp_path, [(40, 0, 1), (41, 1, 2)], [(60, 0, 2)]), 4, 1)
    assert score.sounding().tolist() == [[60, -1, -1, 40], [60, -1, -1, 41]]


def test_quick_notes_do_not_become_chords(tmp_path):
    path = midi(tmp_path, [(60, 0, 0.25), (62, 0.25, 0.5), (64, 0.5, 1.25), (65, 1.25, 2)])
    with pytest.warns(UserWarning, match="shorter than a step"):
        score = Score.read(path, 4, 1)
    assert ((score.sounding() >= 0).sum(1) == 1).all()


@pytest.mark.filterwarnings("ignore:Tempo, Key or Time signature")
def test_example_files(data, tmp_path):
    with tarfile.open(data / "music/example_midi.tar") as tar:
        tar.extractall(tmp_path, filter="data")
    with np.load(data / "music/jsb_chorales_16th_satb.npz") as arrays_:
        pieces = np.split(arrays_["train"], arrays_["train_offsets"][1:-1])
    for path in sorted((tmp_path / "jsb_train").iterdir()):
        assert Score.read(path) == Score.from_pitches(pieces[int(path.stem[-3:])])
    for path in sorted((tmp_path / "goldberg_mutopia").iterdir()):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            score = Score.read(path)
        lost = sum(int(count) for w in caught for count in re.findall(r"dropped (\d+)", str(w.message)))
        source = pretty_midi.PrettyMIDI(str(path))
        held = {(n.pitch, round(source.time_to_tick(n.start) * 4 / 384)) for t in source.instruments for n in t.notes}
        assert len(list(score.notes())) >= 0.97 * (len(held) - lost)
        assert Score.read(score.save(tmp_path / "again.mid")) == score


def test_an_upbeat_does_not_set_the_meter(tmp_path):
    path = midi(tmp_path, [(60 + i, i, i + 1) for i in range(9)])
    file = pretty_midi.PrettyMIDI(str(path))
    file.time_signature_changes = [pretty_midi.TimeSignature(1, 4, 0), pretty_midi.TimeSignature(4, 4, 0.5)]
    file.write(str(path))
    with pytest.warns(UserWarning, match="counted bars as 4/4, the meter of 89%; there is 1/4 too"):
        assert Score.read(path).beats_per_bar == 4
    file.time_signature_changes = [pretty_midi.TimeSignature(6, 8, 0)]
    file.write(str(path))
    assert Score.read(path).beats_per_bar == 3


def read(tmp_path, data, voices=1, steps_per_beat=4):
    """Read bytes; return the score, and what the warning says of it."""
    (tmp_path / "f.mid").write_bytes(data)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        score = Score.read(tmp_path / "f.mid", voices, steps_per_beat)
    assert len(caught) <= 1
    return score, [part for w in caught for part in str(w.message).removeprefix("f.mid: ").split("; ")]


@pytest.mark.parametrize(
    ("meters", "beats", "said"),
    [
        ([meter(3, 3)], 1.5, []), ([meter(5, 3)], 2.5, []), ([meter(7, 3)], 3.5, []), ([meter(9, 3)], 4.5, []),
        ([meter(2, 1)], 4, []), ([meter(6, 2)], 6, []), ([], 4, []),
        ([meter(3, 3), meter(4, 2, 96)], 4, ["counted bars as 4/4, the meter of 67%", "there is 3/8 too"]),
    ],
)  # fmt: skip
def test_meters_are_kept_and_written(tmp_path, meters, beats, said):
    score, sentences = read(tmp_path, file(track(*meters), track(*[note(60, 96)] * 3)))
    assert (score.beats_per_bar, score.steps_per_bar, sentences) == (beats, 4 * beats, said)
    again = Score.read(score.save(tmp_path / "again.mid"), 1)
    assert (again, again.beats_per_bar) == (score, beats)


def test_the_longest_tempo_is_kept(tmp_path):
    data = file(track(tempo(240), tempo(72, 96)), track(*[note(60, 96)] * 33))
    score, said = read(tmp_path, data)
    assert score.tempo_bpm == pytest.approx(72, rel=1e-5)
    assert said == ["of tempi from 72 to 240 kept 72, which lasts longest"]
    assert len(score) == 33 * 4


def test_a_tempo_in_any_track_counts(tmp_path):
    score, _ = read(tmp_path, file(track(), track(meter(3, 2), tempo(50), note(60, 96))))
    assert (round(score.tempo_bpm), score.beats_per_bar) == (50, 3)


def test_open_and_empty_notes_are_ended(tmp_path):
    data = file(track(event(0, 0x90, 60, 80), event(96, 0x90, 64, 80), event(0, 0x80, 64, 0), meta(0x2F, delta=96)))
    score, said = read(tmp_path, data, 2)
    assert [(n.pitch, n.start, n.end) for n in score.notes()] == [(64, 4, 8), (60, 0, 8)]
    until = "at the next of that pitch or where the track ends"
    assert said == [f"ended 1 note that the file does not end {until}", f"ended 1 note of no length {until}"]


def test_a_line_without_ends_is_still_a_line(tmp_path):
    data = file(track(*[event(96 * (i > 0), 0x90, pitch, 80) for i, pitch in enumerate((72, 67, 60, 64, 67))]))
    score, said = read(tmp_path, data)
    assert score.sounding()[::4, 0].tolist() == [72, 67, 60, 64, 67]
    assert said[-1] == "ended 3 notes early that no key held down"


def test_triplets_are_said_to_be_moved(tmp_path):
    data = file(track(*[note(60, 32)] * 6, *[note(62, 24)] * 4))
    score, said = read(tmp_path, data)
    assert said == ["moved 4 of 10 notes (40.0%), of triplets, to the grid of 4 steps a beat"]
    assert [(n.start, n.end) for n in score.notes()][:4] == [(0, 1), (1, 3), (3, 4), (4, 5)]
    assert read(tmp_path, data, steps_per_beat=12)[1] == []
    _, said = read(tmp_path, file(track(note(60, 12), note(60, 12), note(60, 24))))
    assert said == ["moved 1 of 3 notes (33.3%) to the grid of 4 steps a beat", "dropped 1 note shorter than a step"]


@pytest.mark.parametrize(
    ("pitches", "voice", "said"),
    [
        ((60, 64, 67), 0, []),
        ((48, 52, 55), 2, ["its one line lies low and was taken for the tenor"]),
        ((36, 43, 41), 3, ["its one line lies low and was taken for the bass"]),
    ],
)
def test_a_low_melody_is_not_the_soprano(tmp_path, pitches, voice, said):
    data = file(track(*[note(pitch, 96) for pitch in pitches]))
    score, sentences = read(tmp_path, data, 4)
    assert sentences == said
    assert score.sounding()[::4, voice].tolist() == list(pitches)
    assert (score.sounding() >= 0).any(0).sum() == 1
    named, sentences = read(tmp_path, file(track(meta(3, b"soprano"), *[note(pitch, 96) for pitch in pitches])), 4)
    assert named.sounding()[::4, 0].tolist() == list(pitches)
    assert sentences == []


def test_chords_in_one_channel_are_voices_in_order(tmp_path):
    """The lowest note is held while others move above it."""
    low = event(0, 0x90, 48, 80)
    moving = [note(pitch, 24) for pitch in (60, 72, 67, 60, 72, 67)]
    score, said = read(tmp_path, file(track(low, *moving, event(0, 0x80, 48, 0)), form=0), 4)
    sounding = score.sounding()
    assert [[pitch for pitch in row if pitch >= 0] for row in sounding.tolist()] == [
        [pitch, 48] for pitch in (60, 72, 67, 60, 72, 67)
    ]
    assert said == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (riff(file(track(note(60, 96)))), []),
        (file(track(note(60, 96)), count=9), ["its header counts 9 tracks, there is 1"]),
        (file(track(meta(0x59, b"\x63\x05"), note(60, 96))), []),
        (file(track(note(60, 500)), division=0xE728),
         ["its time is in frames of film, which were counted at 120 beats a minute"]),
        (file(track(tempo(60), note(60, 1000)), division=0xE728),
         ["its time is in frames of film, which were counted at 60 beats a minute"]),
        (file(track(meta(0x51, b"\0\0\0"), note(60, 96))), []),
    ],
)  # fmt: skip
def test_good_files_of_other_kinds(tmp_path, data, said):
    score, sentences = read(tmp_path, data)
    assert score.grid[:, 0].tolist() == [60, HOLD, HOLD, HOLD]
    assert sentences == said


PITCHES = ((72, 74, 76, 77), (67, 67, 72, 69), (64, 62, 60, 72), (48, 55, 57, 53))


def voice(name, pitches, over=()):
    """Make a track of quarters, some of which end so many ticks late."""
    late = [96 + dict(over).get(i, 0) for i in range(len(pitches))]
    changes = [(96 * i, 0x90, pitch) for i, pitch in enumerate(pitches)]
    changes = sorted(changes + [(tick + late[i], 0x80, pitch) for i, (tick, _, pitch) in enumerate(changes)])
    deltas = np.diff([tick for tick, *_ in changes], prepend=0).tolist()
    return track(meta(3, name), *(event(delta, *c[1:], 80) for delta, c in zip(deltas, changes, strict=True)))


@pytest.mark.parametrize("names", [
    (b"", b"", b"", b""), (b"Soprano", b"ALTO", b"Tenor ", b"bass"), (b"S", b"A", b"T", b"B"),
    (b"Sopran", b"Alt", b"Tenor", b"Bassus"),
])  # fmt: skip
@pytest.mark.parametrize("over", [(), [(1, 2)], [(0, 12), (1, 12), (2, 12)]])
def test_a_note_held_a_little_into_the_next_changes_nothing(tmp_path, names, over):
    tracks = [voice(name, pitches, over) for name, pitches in zip(names, PITCHES, strict=True)]
    score, said = read(tmp_path, file(*tracks), 4)
    assert score.sounding()[::4].T.tolist() == [list(pitches) for pitches in PITCHES]
    assert said == []
    if names[0]:
        high = file(voice(names[3], PITCHES[0], over), voice(names[0], PITCHES[3], over))
        assert read(tmp_path, high, 4)[0].sounding()[::4, [3, 0]].T.tolist() == [list(PITCHES[0]), list(PITCHES[3])]


def test_a_low_melody_played_legato(tmp_path):
    score, said = read(tmp_path, file(voice(b"", (48, 50, 52), [(0, 5), (1, 5)])), 4)
    assert score.sounding()[::4, 2].tolist() == [48, 50, 52]
    assert said == ["its one line lies low and was taken for the tenor"]
    assert read(tmp_path, file(voice(b"", (36, 38))), 2)[1] == ["its one line lies low and was taken for voice 2"]


def test_format_2_is_read_piece_after_piece(tmp_path):
    pieces = [track(note(60, 96)), track(note(62, 96)), track(note(50, 96, channel=3))]
    score, said = read(tmp_path, file(*pieces, form=2))
    assert score.sounding()[:, 0].tolist() == [60] * 4 + [62] * 4 + [50] * 4
    assert said == ["its 3 tracks are pieces of their own (format 2) and were read one after another"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (file(), "has no tracks"),
        (file(track()), "holds no notes"),
        (file(track(note(60, 96)), division=0), "a quarter note has 0 ticks"),
        (file(track(event(200_000 * 24 + 96, 0x90, 60, 80))), "is 200004 steps long, the most that is read is 200000"),
        (file(track(*[event(0xFFFFFFF, 0x90, 60, 80)] * 9), division=1), "steps long, the most that is read is 200000"),
        (file(track(note(60, 96), END, end=b""))[:-8], "track 1 ends in the middle"),
    ],
)
def test_causes_have_words(tmp_path, data, reason):
    (tmp_path / "f.mid").write_bytes(data)
    with pytest.raises(CodecError, match=rf"f\.mid .*{reason}"):
        Score.read(tmp_path / "f.mid")


def test_what_cannot_be_opened(tmp_path, monkeypatch):
    with pytest.raises(CodecError, match="cannot be read: embedded null"):
        Score.read("a\0b.mid")
    monkeypatch.setattr(reader.Path, "read_bytes", lambda _: (_ for _ in ()).throw(PermissionError(13, "not allowed")))
    (tmp_path / "f.mid").write_bytes(b"MThd")
    with pytest.raises(CodecError, match="cannot be read: not allowed"):
        Score.read(tmp_path / "f.mid")
