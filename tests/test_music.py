import tarfile
import warnings

import numpy as np
import pytest

import zoo
from tests.conftest import CODEC, RECIPE, random_score, tiny_model
from zoo.core import datasets
from zoo.core.architectures import ARCHITECTURES
from zoo.core.codec import MaskedPiece
from zoo.core.files import sha256
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.networks.build import network
from zoo.networks.keras_engine import KerasEngine
from zoo.networks.transfer import resize_vocabulary, set_weights, weights
from zoo.presets import preset as presets
from zoo.presets.catalog import find
from zoo.tasks.music import user_data
from zoo.tasks.music.augment import transposed
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.datasets import JSB_16TH
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score
from zoo.tasks.music.task import TASK, make_codec
from zoo.tasks.music.user_data import read_folder


@pytest.mark.parametrize("seed", range(5))
def test_tokens_are_lossless(seed):
    score = random_score(seed)
    assert CODEC.decode(CODEC.tokens(score)) == score


def test_codec_survives_json():
    assert MusicCodec.from_json(CODEC.to_json()).to_json() == CODEC.to_json()
    for bad in (
        {},
        {"type": "text"},
        {**CODEC.to_json(), "voices": 99},
        {**CODEC.to_json(), "low": "1"},
        {"type": "music", "x": 1},
    ):
        with pytest.raises(CodecError):
            MusicCodec.from_json(bad)


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


def test_batch_is_padded_and_equals_single_pieces():
    scores = [random_score(i, steps) for i, steps in enumerate((5, 12))]
    x, y = CODEC.encode(scores)
    assert (y[0, 15:] == -1).all()
    np.testing.assert_array_equal(x[0, :15], CODEC.encode(scores[:1])[0][0])
    assert x.max() < CODEC.symbols
    assert CODEC.example(np.random.default_rng(0), 4, 50).max() < CODEC.symbols


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (Score([[60]]), "voices"),
        (Score([[90, 60, 55]]), "transpose"),
        (Score([[60, 60, 60]], steps_per_beat=2), "steps a beat"),
    ],
)
def test_scores_that_do_not_fit(score, word):
    with pytest.raises(CodecError, match=word):
        CODEC.tokens(score)


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


def test_a_silent_voice_is_no_limit_to_transposition():
    pieces = [Score([[70, REST]]), Score([[66, REST]])]
    one = transposed(pieces)
    rng = np.random.default_rng(0)
    assert {int(one(1, rng).grid[0, 0]) - 66 for _ in range(60)} == set(range(5))


def test_transposition_keeps_each_voice_in_range():
    pieces = [Score([[70, 60, 52]]), Score([[66, 58, 50]])]
    assert (make_codec(pieces).low, make_codec(pieces).high) == (44, 76)
    one = transposed(pieces)
    rng = np.random.default_rng(0)
    shifts = {int(one(1, rng).grid[0, 0]) - 66 for _ in range(50)}
    assert shifts == {0, 1, 2}
    assert {int(one(0, rng).grid[0, 0]) - 70 for _ in range(50)} == {-2, -1, 0}


def test_own_folder(tmp_path):
    for i in range(11):
        Score(random_score(i).grid, beats_per_bar=3 + i % 2).save(tmp_path / f"{i:02}.mid")
    (tmp_path / "broken.mid").write_bytes(b"no")
    with pytest.warns(UserWarning, match=r"broken\.mid"):
        splits = read_folder(tmp_path)
    assert {k: len(v) for k, v in splits.items()} == {"train": 9, "valid": 2}
    assert {piece.beats_per_bar for piece in splits["train"]} == {3, 4}
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="at least 2"):
        read_folder(tmp_path / "none")
    with pytest.raises(DataError, match="not a folder"):
        read_folder(tmp_path / "nowhere")


def test_published_data_has_the_published_sizes(data):
    splits = TASK.prepare(datasets.load(JSB_16TH))
    assert {k: len(v) for k, v in splits.items()} == {"train": 229, "valid": 76, "test": 77}
    assert {k: sum(map(len, v)) for k, v in splits.items()} == {"train": 55228, "valid": 18408, "test": 18900}
    assert len(TASK.default_codec().tokens(splits["test"][0])) == 4 * len(splits["test"][0])


def test_canonical_file_has_the_same_music(data, tmp_path, monkeypatch):
    """The published JSON, written anew from the local arrays, has the checksum in the table, and reads the same."""
    import json

    canonical, local = JSB_16TH.sources
    splits = local.read(data / local.path)
    text = json.dumps({split: [p.tolist() for p in splits[split]] for split in ("test", "train", "valid")})
    assert sha256(text.encode()) == canonical.sha256
    (tmp_path / "music").mkdir()
    (tmp_path / canonical.path).write_text(text)
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    assert TASK.prepare(datasets.load(JSB_16TH)) == TASK.prepare(splits)


def test_melody_over_chords_gives_its_top_line(tmp_path):
    chords = Score([[60, 52, -2 + 55], [-2, -2, -2], [62, -2, -2], [59, -2, -2]])
    alone = Score([[60, -1, -1], [-2, 53, -1], [62, -2, -1], [-1, 65, -1], [64, -1, -1], [-2, -1, 51]])
    assert CODEC.script(fixed={0: chords})[::3].tolist() == [12, 0, 14, 11]
    alone = alone.save(tmp_path / "alone.mid")
    assert CODEC.script(fixed={0: alone})[::3].tolist() == [12, 0, 14, 17, 16, 0]
    assert CODEC.script(fixed={2: alone})[2::3].tolist() == [12, 5, 0, 17, 16, 3]
    with pytest.raises(CodecError, match="one line"):
        CODEC.script(fixed={1: alone})


def test_columns_describe_the_input():
    columns = CODEC.columns()
    assert [c["name"] for c in columns[:3]] == ["voice", "place in the bar", "pitch 0"]
    assert [c["offset"] for c in columns] == CODEC.offsets.tolist()
    assert columns[-1]["offset"] + columns[-1]["size"] == CODEC.symbols


def test_prompt_in_another_meter_is_noticed():
    with pytest.warns(UserWarning, match="3 beats a bar"):
        CODEC.script(steps=1, prompt=Score([[60, 55, 52]], beats_per_bar=3))


def test_folder_is_read_once_and_from_disk(tmp_path, monkeypatch):

    for i in range(3):
        random_score(i, 20 + i, MusicCodec(4)).save(tmp_path / f"{i}.mid")
    (tmp_path / "bad.mid").write_bytes(b"no music")
    with pytest.warns(UserWarning, match="left out.*bad.mid"):
        first = read_folder(tmp_path)
    expected = [Score.read(tmp_path / f"{i}.mid") for i in range(3)]
    assert list(first["valid"]) + list(first["train"]) == expected
    monkeypatch.setattr(user_data, "_store", lambda *_: pytest.fail("read again"))
    with pytest.warns(UserWarning, match="left out.*bad.mid"):
        assert list(read_folder(tmp_path)["train"]) == expected[1:]
    (tmp_path / "2.mid").unlink()
    with pytest.raises(pytest.fail.Exception, match="read again"):
        read_folder(tmp_path)


def test_masked_inputs_show_what_is_known():
    codec = MusicCodec(voices=2, low=60, high=70, masked=True)
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
    codec = MusicCodec(voices=2, low=60, high=80, masked=True)
    hidden = np.array([[False, False], [False, "after" not in expected]])
    x, _ = codec.encode([MaskedPiece(Score(np.stack([soprano, alto], 1)), hidden.ravel())])
    columns = (x - codec.offsets)[0].reshape(4, 2, -1)[1:3, 1, 2:].reshape(2, -1, 2)  # as the alto sees them
    for side in ("before", "after"):
        pitches = columns[:, list(codec.kinds).index(f"parallel {side}")]
        wanted = [pitch and pitch - 60 + 2 for pitch in expected.get(side, [0, 0])]
        assert pitches.tolist() == [[0, value] for value in wanted]


def test_training_hides_voices_and_stretches_and_single_tokens():
    codec, rng = MusicCodec(masked=True), np.random.default_rng(0)
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


def test_gaps_of_a_piece_and_of_a_melody():
    codec = MusicCodec(masked=True)
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
    codec = MusicCodec(masked=True)
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
    codec = MusicCodec(masked=True)
    with pytest.warns(UserWarning, match="highest notes"):
        ids, hidden = codec.gaps(tmp_path / "legato.mid")
    assert hidden.reshape(-1, 4).all(0).tolist() == [False, True, True, True]
    assert set(codec.decode(ids).sounding()[2::4, 0].tolist()) == set(pitches)


def test_what_is_fixed_sounds_the_same_after_a_gap():
    codec = MusicCodec(masked=True)
    piece = Score([[70, 62, 55, 43]] * 15 + [[74, 69, 62, 50]] + [[HOLD] * 4] * 16)
    ids, hidden = codec.gaps(piece, bars=(0, 1))
    ids = np.where(hidden, 2, ids)
    np.testing.assert_array_equal(codec.decode(ids).sounding()[16:], piece.sounding()[16:])


def test_tempo_and_meter_of_what_is_given():
    codec = MusicCodec(masked=True)
    waltz = Score(random_score(0, 48, MusicCodec()).grid, tempo_bpm=130, beats_per_bar=3)
    with pytest.warns(UserWarning, match="3 beats a bar"):
        ids, hidden = codec.gaps(waltz, bars=(1, 2))
    assert np.flatnonzero(hidden.reshape(-1, 4).all(1)).tolist() == list(range(12, 24))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MusicCodec(beats_per_bar=3, masked=True).gaps("C5/4 D5/4 E5/4")
    again = codec.decode(ids, like=waltz)
    assert (again.tempo_bpm, again.beats_per_bar) == (130, 3)


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


@pytest.mark.parametrize(
    ("architecture", "voices", "heard"),
    [
        *(("lstm", len(heard), heard) for heard in ([0], [0, 2], [0, 1, 2], [0, 0, 1, 2, 2])),
        *(("bilstm", len(heard), heard) for heard in ([0], [0, 2], [0, 1, 2], [0, 1, 1, 2, 2])),  # from each downwards
    ],
)
def test_trained_weights_fit_other_voices_and_pitches(architecture, voices, heard):
    old, wide = tiny_model(architecture), random_score(0, 200, MusicCodec(voices, 45, 75))
    codec, symbols, classes, features = old.codec.extended([wide])
    assert codec.voices == voices
    assert codec.low < CODEC.low
    assert codec.high > CODEC.high
    assert features.tolist() == [0, 1, *(2 + 3 * kind + v for kind in range(len(codec.kinds)) for v in heard)]
    trained, net = weights(old.engine.network, "float32"), network(ARCHITECTURES[architecture], codec, old.card.recipe)
    arrays = resize_vocabulary(trained, weights(net, "float32"), symbols, classes, features)
    set_weights(net, arrays)
    kept = np.asarray(classes) >= 0
    assert kept.sum() == CODEC.classes
    np.testing.assert_array_equal(arrays["y/kernel"][:, kept], trained["y/kernel"][:, classes[kept]])

    np.testing.assert_array_equal(arrays["y/bias"][kept], trained["y/bias"][classes[kept]])
    np.testing.assert_array_equal(arrays["y/bias"][~kept], trained["y/bias"].min())
    if voices < 3:  # a voice is gone
        return

    # All that is heard, seen through the new columns, gives what it gave before.
    before = old.codec.example(np.random.default_rng(0), 2, 9)
    after = np.zeros((*before.shape[:2], codec.features), np.int32)
    for new, column in enumerate(features):
        mine = slice(codec.offsets[new], codec.offsets[new] + codec.sizes[new])
        places = {old_symbol: at for at, old_symbol in enumerate(symbols[mine], codec.offsets[new])}
        after[..., new] = np.vectorize(places.__getitem__)(before[..., column])
    state = [np.random.default_rng(1).normal(size=(2, RECIPE.units)).astype(np.float32) for _ in old.engine.states]
    expected, found = old.engine.step(before, state)[0], KerasEngine(net).step(after, state)[0]
    np.testing.assert_allclose(found[..., kept], expected[..., classes[kept]], atol=1e-5)


def test_fine_tuning_with_two_voices(tmp_path, preset):
    for i in range(4):
        steps = [[72 + i, 48], [HOLD, HOLD], [100, 50 + i], [HOLD, HOLD]] * 12
        Score(steps).save(tmp_path / f"midi/{i}.mid")
    options = {"data": tmp_path / "midi", "epochs": 1, "batch": 2, "window": 8, "verbose": False}
    zoo.train("lstm_music", out=tmp_path / "two", start=preset, voices=2, **options)
    model = zoo.load(tmp_path / "two/preset")
    assert model.generate(steps=3, seed=0).voices == 2
    assert model.codec.high == 100
    zoo.train("lstm_music", out=tmp_path / "more", start=tmp_path / "two/preset", **options)  # as many as its start has
    assert zoo.load(tmp_path / "more/preset").codec.voices == 2
    zoo.train("lstm_music", out=tmp_path / "one", units=4, embedding=2, voices=1, **options)
    assert zoo.load(tmp_path / "one/preset").codec.voices == 1
    with pytest.raises(ArgumentError, match="voices=17"):
        zoo.train("lstm_music", out=tmp_path / "no", voices=17, **options)
    with pytest.raises(ArgumentError, match="--data"):
        zoo.train("lstm_music", out=tmp_path / "no", voices=2)
    (tmp_path / "a.txt").write_text("to be or not to be " * 9)
    with pytest.raises(ArgumentError, match="not for text"):
        zoo.train("lstm_text", out=tmp_path / "no", voices=2, data=tmp_path / "a.txt")


def test_fine_tuning_keeps_the_sizes(tmp_path):
    old = tiny_model("bilstm")
    presets.write(tmp_path / "start", old.card, old.codec, weights(old.engine.network))
    for i in range(2):
        random_score(i, 40).save(tmp_path / f"midi/{i}.mid")
    options = {"start": tmp_path / "start", "data": tmp_path / "midi", "epochs": 1, "batch": 1, "verbose": False}
    with pytest.raises(ArgumentError, match="head: those of the model"):
        zoo.train("bilstm_music", out=tmp_path / "run", head=0, **options)
    card = zoo.train("bilstm_music", out=tmp_path / "run", **options)
    assert (card.recipe.units, card.recipe.head) == (old.card.recipe.units, old.card.recipe.head)
    assert card.recipe.head != find("bilstm_music").task.recipe("bilstm").head
    assert len(zoo.load(tmp_path / "run/preset").infill("C4/4 D4/4", seed=0)) == 8


@pytest.mark.filterwarnings("ignore:.*dropped", "ignore:Tempo, Key or Time signature", "ignore:only")
def test_fine_tuning_on_files_from_elsewhere(data, tmp_path, preset):
    with tarfile.open(data / "music/example_midi.tar") as tar:
        tar.extractall(tmp_path, [m for m in tar if m.name.startswith("goldberg_mutopia")], filter="data")
    out, folder = tmp_path / "run", tmp_path / "goldberg_mutopia"
    options = {"voices": 3, "epochs": 3, "batch": 2, "window": 8, "learning_rate": 0.01, "verbose": False}
    card = zoo.train("lstm_music", out=out, start=preset, data=folder, **options)
    model = zoo.load(out / "preset")
    assert (model.codec.voices, model.codec.beats_per_bar) == (3, 3)
    assert card.metrics["valid"]["nats_per_step"] < 0.8 * 3 * np.log(model.codec.classes)  # all alike
    assert model.generate(bars=1, seed=0).grid.shape == (12, 3)
    known = Score.read(min(folder.iterdir()), voices=3)
    assert model.score(known).nats.shape == (known.grid.size,)
