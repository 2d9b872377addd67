import contextlib
import io
import itertools
import json
import wave as wavefile
from dataclasses import replace

import numpy as np
import pytest
import soundfile

import export
import zoo
from tests.conftest import scatter
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.core.recipe import Recipe
from zoo.core.task import find
from zoo.errors import ArgumentError, CodecError, DataError, UnsupportedLayer
from zoo.media import audio
from zoo.media.audio import RATE_HZ
from zoo.models.making import make
from zoo.models.model import overlapping
from zoo.tasks.speech import augment, features, recordings, task
from zoo.tasks.speech import codec as speech
from zoo.tasks.speech import decoding as ctc
from zoo.tasks.speech import user_data as folders
from zoo.tasks.speech.codec import SpeechCodec, normalized
from zoo.tasks.speech.features import log_mel
from zoo.tasks.speech.model import MARGIN, WINDOW, _cut, rates
from zoo.tasks.speech.recordings import HEAD, STEP, TAIL, Recording
from zoo.tasks.speech.search import _judge, _Search
from zoo.tasks.speech.transcript import transcript
from zoo.tasks.speech.transcript import written as written_text

RECIPE = Recipe(units=8, embedding=6, filters=2)
CAUSAL = [name for name, row in ARCHITECTURES.items() if not row.bidirectional]


def sound(seconds=1.0, seed=0, rate_hz=RATE_HZ):
    """Tones that come and go over noise, about as loud as speech."""
    rng, at = np.random.default_rng(seed), np.arange(int(seconds * rate_hz)) / rate_hz
    tones = sum(np.sin(2 * np.pi * hz * at) for hz in rng.uniform(150, 3500, 5))
    loud = np.abs(np.sin(2 * np.pi * rng.uniform(1, 4) * at))
    return (0.03 * loud * tones + 0.001 * rng.standard_normal(len(at))).astype(np.float32)


def tiny(architecture="gru", samples=True, seed=0):
    """An untrained recognizer whose weights are random enough that it hears something."""
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine

    row = ARCHITECTURES[architecture]
    codec = SpeechCodec(task.VOCABULARY, whole=row.bidirectional)
    net = network(row, codec if samples else codec.learning, RECIPE)
    scatter(net, seed, 1.5, 3.0)
    digest = sha256(codec_json(codec).encode())
    card = Card(f"{architecture}_speech", architecture, "speech", RECIPE, net.count_params(), codec_sha256=digest)
    return make(card, codec if samples else codec.learning, KerasEngine(net))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return tiny(request.param)


@pytest.fixture(scope="module")
def gru():
    return tiny()


# --- what goes in


@pytest.mark.parametrize(("suffix", "subtype"), [
    (".wav", "PCM_U8"), (".wav", "PCM_16"), (".wav", "PCM_24"), (".wav", "PCM_32"), (".wav", "FLOAT"), (".flac", "PCM_16"),
    (".ogg", "VORBIS"), (".mp3", "MPEG_LAYER_III"), (".aiff", "PCM_16"),
])  # fmt: skip
@pytest.mark.parametrize(("rate_hz", "channels"), [(16000, 1), (44100, 2), (8000, 3)])
def test_sound_files_of_any_kind(tmp_path, suffix, subtype, rate_hz, channels):
    if suffix == ".mp3" and channels > 2:
        channels = 1
    path = tmp_path / f"take{suffix}"
    line = sound(1.0, rate_hz=rate_hz)
    soundfile.write(path, np.tile(line[:, None], (1, channels)), rate_hz, subtype=subtype)
    found = np.concatenate(list(audio.blocks(path)))
    expected = np.concatenate(list(audio.resampled([line], rate_hz)))
    assert found.dtype == np.float32
    assert abs(len(found) - RATE_HZ) < (2500 if suffix == ".mp3" else 20)  # mp3 has whole frames
    lags = np.correlate(np.pad(found, 4000), expected, "valid")
    moved = np.pad(found, 4000)[lags.argmax() :][: len(expected)]  # mp3 begins with some silence
    error = np.abs(moved - expected[: len(moved)]).mean() / np.abs(expected).mean()
    assert error < (0.4 if suffix == ".mp3" or subtype in ("PCM_U8", "VORBIS") else 0.002)


def test_channels_are_averaged(tmp_path):
    left, right = sound(seed=1), sound(seed=2)
    np.testing.assert_allclose(audio.mono(np.stack([left, right], 1)), (left + right) / 2, atol=1e-7)
    assert audio.mono(np.array([-32768, 16384], np.int16)).tolist() == [-1.0, 0.5]


def test_audioread_is_asked_for_what_libsndfile_does_not_read(tmp_path, monkeypatch):
    path = tmp_path / "take.m4a"
    with wavefile.open(str(path), "wb") as stream:  # a file that only audioread is let read here
        stream.setparams((2, 2, 22050, 0, "NONE", ""))
        stream.writeframes(recordings.rounded(np.repeat(sound(0.5, rate_hz=22050), 2)).tobytes())

    def refuse(*_args, **_options):
        raise soundfile.LibsndfileError(1)

    monkeypatch.setattr(soundfile, "SoundFile", refuse)
    import audioread.rawread

    monkeypatch.setattr(audioread, "audio_open", audioread.rawread.RawAudioFile)
    found = np.concatenate(list(audio.blocks(path)))
    assert abs(len(found) - RATE_HZ // 2) < 20
    assert np.abs(found).max() > 0.01


def written(path, samples, **options):
    soundfile.write(path, samples, RATE_HZ, **options)
    return path


def test_bad_sound_is_told(tmp_path, gru):
    (tmp_path / "text.wav").write_text("no sound at all")
    (tmp_path / "nothing.wav").write_bytes(b"")
    nan = sound()
    nan[100:103] = np.nan
    cases = {
        tmp_path / "missing.wav": "does not exist",
        tmp_path: "is a folder",
        tmp_path / "text.wav": "no sound file",
        tmp_path / "nothing.wav": "no sound file",
        written(tmp_path / "empty.wav", np.zeros(0)): "no samples",
        written(tmp_path / "nan.wav", nan, subtype="FLOAT"): "3 values that are no numbers",
    }
    for path, message in cases.items():
        with pytest.raises(CodecError, match=message):
            gru.transcribe(path)
    with pytest.raises(CodecError, match="no samples"):
        gru.transcribe(np.zeros(0, np.float32))
    for bad in (
        np.zeros((2, 2, 2)),
        np.zeros(3, np.int64),
        [[1, 2], [3]],
        np.zeros((9, 0)),
        np.zeros((2, 100)),
        20 * np.ones(9),
    ):
        with pytest.raises(ArgumentError, match="the sound"):
            gru.transcribe(bad)
    for rate_hz in (5, "16000"):
        with pytest.raises(ArgumentError, match="sample_rate_hz"):
            gru.transcribe(sound(), rate_hz)
    (tmp_path / "take.raw").write_bytes(b"1234")
    with pytest.raises(CodecError, match="no sound file"):
        gru.transcribe(tmp_path / "take.raw")


def test_silence_one_sample_and_clipping_have_results(tmp_path, gru):
    assert gru.transcribe(np.zeros(RATE_HZ, np.float32)).seconds == 1.0
    assert gru.transcribe(np.zeros(1, np.float32)).probabilities.shape == (1 + TAIL, gru.codec.classes)
    with pytest.warns(UserWarning, match="clipped"):
        gru.transcribe(written(tmp_path / "loud.wav", np.sign(sound())))


def test_an_hour_takes_little_memory(tmp_path, gru, monkeypatch):
    """No more than a block is held at a time, and a call of the network never sees more than ten seconds."""
    hour, rate_hz = 3600, 1000
    path = tmp_path / "hour.flac"
    soundfile.write(path, np.tile(recordings.rounded(sound(60, rate_hz=rate_hz)), hour // 60), rate_hz)
    sizes = [len(block) for block in audio.blocks(path)]
    assert max(sizes) < 2 * audio.BLOCK_S * RATE_HZ
    assert abs(sum(sizes) - hour * RATE_HZ) < RATE_HZ
    calls = []

    def fake(x, state):
        calls.append(x.shape[1])
        return np.zeros((1, x.shape[1], gru.codec.classes), np.float32), state

    monkeypatch.setattr(gru.engine, "step", fake)
    assert gru.transcribe(path).seconds == pytest.approx(hour, abs=1)
    assert max(calls) <= 250 + TAIL + 1
    assert sum(calls) == pytest.approx(hour * RATE_HZ / STEP, abs=60)


def test_long_sound_is_heard_as_its_beginning_is(gru):
    wave = sound(40.0)
    long, short = gru.transcribe(wave), gru.transcribe(wave[: 15 * RATE_HZ])
    steps = 15 * RATE_HZ // STEP
    np.testing.assert_allclose(long.probabilities[:steps], short.probabilities[:steps], atol=1e-4)


def test_a_file_that_is_cut_off_is_told(tmp_path):
    path = written(tmp_path / "take.mp3", np.tile(sound(2.0), 10))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="is cut off: it says that it has 20"):
        found = np.concatenate(list(audio.blocks(path)))
    assert len(found) < 12 * RATE_HZ
    whole = np.concatenate(list(audio.blocks(written(tmp_path / "whole.mp3", np.tile(sound(2.0), 10)))))
    np.testing.assert_allclose(found[: 8 * RATE_HZ], whole[: 8 * RATE_HZ], atol=1e-3)


# --- features


def test_text_is_normalized():
    assert normalized(" don’t\tSTOP, é2! ") == "DON'T STOP É2"
    assert normalized("...") == ""


def test_front_end_is_librosas_log_mel():
    """Within a thousandth, of the very function that users know."""
    import librosa

    wave = sound(2.0)
    steps = recordings.steps_of(len(wave))
    line = np.pad(wave, (features.OVERLAP + HEAD * STEP, (steps - HEAD) * STEP - len(wave)))
    theirs = librosa.feature.melspectrogram(
        y=line, sr=RATE_HZ, n_fft=features.WINDOW, hop_length=features.HOP, n_mels=features.BANDS, center=False
    )
    expected = np.log(np.maximum(theirs.T, features.FLOOR)).reshape(steps, features.FRAMES, features.BANDS)
    np.testing.assert_allclose(log_mel(wave), expected, atol=1e-3)
    from zoo.tasks.speech.frontend import LogMel

    layer = LogMel(np.zeros(features.BANDS), np.ones(features.BANDS))
    found, _ = layer([speech.in_steps(wave)[None], None])
    np.testing.assert_allclose(np.asarray(found)[0], expected, atol=1e-3)


def test_transform_is_numpys():
    from zoo.tasks.speech.frontend import LogMel, groups

    windows = np.random.default_rng(0).standard_normal((1, 3, features.WINDOW)).astype(np.float32)
    layer = LogMel(np.zeros(features.BANDS), np.ones(features.BANDS))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(features.WINDOW) / features.WINDOW)
    expected = np.abs(np.fft.rfft(windows * hann)) ** 2
    power = np.asarray(layer._power((windows * hann).reshape(1, 3, 20, 20).astype(np.float32)))
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-3)
    whole = np.zeros((features.WINDOW // 2 + 1, features.BANDS), np.float32)
    column = 0
    for low, high, part in groups():
        assert part.size <= 1000  # numbers; larger ones would be stored in int8
        whole[low:high, column : column + part.shape[1]] = part
        column += part.shape[1]
    np.testing.assert_array_equal(whole, features.filters())


def test_network_hears_what_it_was_trained_on(model):
    """The samples' network and the features' network are one, with librosa's features in between."""
    learned = tiny(model.card.architecture, samples=False)
    piece = Recording(sound(1.3), "AB")
    (x, _), (features, y) = model.codec.encode([piece]), learned.codec.encode([piece])
    assert x.shape == (1, HEAD + 33 + TAIL, STEP)
    assert features.shape == (1, HEAD + 33 + TAIL, 256)
    assert y.tolist() == [[2, 3]]
    expected, _ = learned.engine.step(features, learned.engine.initial_state(1))
    found, _ = model.engine.step(x, model.engine.initial_state(1))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert found.std() > 0.1


@pytest.mark.parametrize("architecture", CAUSAL)
def test_steps_chain_to_one_call(architecture):
    one = tiny(architecture)
    x = one.codec.example(np.random.default_rng(1), 2, 70)
    whole, last = one.engine.step(x, one.engine.initial_state(2))
    state, parts = one.engine.initial_state(2), []
    for size in np.split(x, [1, 4, 40, 69], axis=1):
        y, state = one.engine.step(size, state)
        parts.append(y)
    for a, b in zip([np.concatenate(parts, 1), *state], [whole, *last], strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_hidden_features_are_some(gru):
    piece = Recording(sound(2.0), "AB")
    plain, hidden = (gru.codec.learning.encode([replace(piece, masked=m)])[0][0] for m in (None, (5, 1.0)))
    share = (plain != hidden).mean()
    assert 0.05 < share < 0.8
    assert (hidden[plain != hidden] == 0).all()


# --- decoding


def random_rows(seed, time=6, classes=4):
    rows = np.random.default_rng(seed).random((time, classes)) ** 3
    return rows / rows.sum(1, keepdims=True)


def texts_by_force(rows, vocabulary):
    """Sum the probabilities of all alignments of every text."""
    found = {}
    for path in itertools.product(range(rows.shape[1]), repeat=len(rows)):
        ids = [k for k, _ in itertools.groupby(path) if k < len(vocabulary)]
        text = "".join(vocabulary[i] for i in ids)
        p = float(np.prod([rows[t, k] for t, k in enumerate(path)]))
        best = max(found.get(text, (0, 0, None))[1:], (p, path), key=lambda pair: pair[0])
        found[text] = (found.get(text, (0,))[0] + p, *best)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_beam_finds_the_likeliest_text(seed):
    rows, vocabulary = random_rows(seed), " AB"
    by_force = texts_by_force(rows, vocabulary)
    found = ctc.beam(rows, vocabulary, width=1000)
    best = max(by_force, key=lambda text: by_force[text][0])
    assert found[0][0] == best
    for text, logarithm in found[:10]:
        assert np.exp(logarithm) == pytest.approx(by_force[text][0], rel=0.02)
    assert len(ctc.beam(rows, vocabulary, width=3)) <= 3


@pytest.mark.parametrize("seed", range(4))
def test_beam_keeps_to_the_words(seed):
    rows, vocabulary, words = random_rows(seed), " AB", {"A", "BA"}
    by_force = {
        t: p
        for t, p in texts_by_force(rows, vocabulary).items()
        if not t or set(t.removesuffix(" ").split(" ")) <= words
    }
    found = ctc.beam(rows, vocabulary, 1000, ctc.Lexicon(words))
    assert found[0][0] == max(by_force, key=lambda text: by_force[text][0])
    assert all(set(text.split()) <= words for text, _ in found)


@pytest.mark.parametrize("seed", range(4))
def test_alignment_is_the_likeliest(seed):
    rows, vocabulary = random_rows(seed), " AB"
    for text, (_, _, path) in list(texts_by_force(rows, vocabulary).items())[:40]:
        ids = np.array([vocabulary.index(c) for c in text], int)
        spells = ctc.align(rows, ids)
        assert [spell.id for spell in spells] == ids.tolist()
        runs = [(k, len(list(run))) for k, run in itertools.groupby(path)]
        starts = np.cumsum([0, *(n for _, n in runs)])
        expected = [(int(starts[i]), int(starts[i + 1])) for i, (k, _) in enumerate(runs) if k < 3]
        assert [(spell.start, spell.end) for spell in spells] == expected
    assert ctc.align(rows[:1], np.array([0, 1])) == []


def test_greedy_goes_on_from_the_step_before():
    rows = np.eye(4)[[1, 1, 3, 1, 2, 2]]
    whole = ctc.greedy(rows)
    assert [(s.id, s.start, s.end) for s in whole] == [(1, 0, 2), (1, 3, 4), (2, 4, 6)]
    for cut in range(1, 6):
        after = ctc.greedy(rows[cut:], cut, before=int(rows[cut - 1].argmax()))
        assert [s.id for s in ctc.greedy(rows[:cut]) + after] == [1, 1, 2]
    assert ctc.greedy(rows[:2], before=1) == []


def test_language_model_orders_anew(gru):
    wave = sound(2.0, seed=3)
    lengths = [
        len(gru.transcribe(wave, beam=64, language=lambda text, sign=sign: sign * 100.0 * len(text)).text)
        for sign in (-1, 1)
    ]
    assert lengths[0] < lengths[1]
    judge = _judge(zoo.load("lstm_text"))
    assert judge("the king") > judge("xq zvkjw")
    assert judge("the king") > judge("the king 5") + 5
    for wrong in (3, zoo.load("lstm_music")):
        with pytest.raises(ArgumentError, match="language="):
            gru.transcribe(wave, language=wrong)
    with pytest.raises(ArgumentError, match="beam"):
        gru.transcribe(wave, beam=0)
    for words in ([], ["yes", "1"], [3]):
        with pytest.raises(ArgumentError, match="words"):
            gru.transcribe(wave, words=words)


def test_only_given_words_are_heard(gru):
    wave = sound(2.0, seed=4)
    words = {"".join(pair) for pair in itertools.product(gru.codec.vocabulary[2:], repeat=2)} - {"AB"}
    found = gru.transcribe(wave, words=words, beam=32)
    assert found.text
    assert set(found.text.split()) <= words
    assert [word.text for word in found.words] == found.text.split()
    assert not set(gru.transcribe(wave).text.split()) <= words


def test_a_word_that_is_not_finished_does_not_cost_the_others():
    rows = np.full((6, 4), 0.01)
    for step, k in enumerate([1, 3, 0, 2, 3, 3]):
        rows[step, k] = 0.97
    assert ctc.beam(rows, " AB", 1, ctc.Lexicon(["A", "BA"]))[0][0] == "A"


def test_long_texts_are_aligned_part_by_part():
    """More symbols than a byte counts, and more steps than are searched at once."""
    vocabulary, rng = " AB", np.random.default_rng(0)
    text = " ".join("".join(rng.choice(["A", "B"], 3)) for _ in range(150))
    steps = [k for c in text for k in (vocabulary.index(c), 3, *[3] * (5 * (c == " ")))]
    rows = np.full((len(steps), 4), 0.01)
    rows[np.arange(len(steps)), steps] = 0.97
    spells = ctc.align(rows, np.array([vocabulary.index(c) for c in text]))
    assert "".join(vocabulary[spell.id] for spell in spells) == text
    assert [spell.start for spell in spells] == [i for i, k in enumerate(steps) if k < 3]
    parts = ctc.parts(rows, 300)
    assert len(parts) > 5
    assert max(part.stop - part.start for part in parts) <= 300
    assert [parts[0].start, *(part.stop for part in parts)][-1] == len(rows)
    assert all((rows[part.start].argmax(), rows[part.stop - 1].argmax()) == (3, 3) for part in parts[1:-1])
    found = _Search.of(4, None, None, 0.3, vocabulary).spells(np.tile(rows, (3, 1)))
    assert written_text(found, vocabulary) == text * 3


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_is_the_sum_over_alignments(smoothing):
    from keras import ops

    from zoo.training.losses import CTCLoss

    logits = np.log(np.stack([random_rows(0), random_rows(1)])).astype(np.float32)
    y = np.array([[1, 2, -1], [0, -1, -1]])
    plain = np.array([-np.log(texts_by_force(random_rows(i), " AB")[t][0]) / len(t) for i, t in enumerate(("AB", " "))])
    spread = (-logits.mean(-1)).mean(1)
    found = ops.convert_to_numpy(CTCLoss(smoothing).call(y, logits))
    np.testing.assert_allclose(found, (1 - smoothing) * plain + smoothing * spread, rtol=1e-4)
    targets, counts = CTCLoss.targets(y, np)
    assert counts.tolist() == [2, 1]
    assert targets is y


# --- transcripts


def test_words_have_times_and_confidence(tmp_path):
    vocabulary = " AB"
    rows = np.full((HEAD + 20, 4), 0.02)
    for step, k in enumerate([*[3] * HEAD, 3, 1, 1, 3, 2, 0, 3, 3, 2, 2, *[3] * 10]):
        rows[step, k] = 0.94
    wave = sound(0.6)
    found = transcript(ctc.greedy(rows), rows.astype(np.float32), vocabulary, 0.8, wave)
    assert found.text == str(found) == "AB B"
    assert len(found.probabilities) == 20
    assert [(w.text, w.start, w.end) for w in found.words] == [("AB", 0.04, 0.2), ("B", 0.32, 0.4)]
    assert found.confidence == pytest.approx(0.94)
    told = json.loads(found.to_json())
    assert told["words"][1] == {"text": "B", "start": 0.32, "end": 0.4, "confidence": 0.94}
    assert found.srt().splitlines()[:3] == ["1", "00:00:00,040 --> 00:00:00,400", "AB B"]
    assert found.plot(tmp_path / "heard.png").stat().st_size > 10_000
    soundfile.write(tmp_path / "take.wav", wave, RATE_HZ)
    again = replace(found, source=tmp_path / "take.wav")
    np.testing.assert_allclose(again._wave(5000, 9000), wave[5000:9000], atol=1e-4)
    found.plot(tmp_path / "part.png", 0.2, 0.4)
    one = np.zeros(1, np.float32)
    transcript([], rows[:7].astype(np.float32), vocabulary, 0.0, one).plot(tmp_path / "one.png")
    with pytest.raises(ArgumentError, match="end"):
        found.plot(tmp_path / "heard.png", 0.5, 0.1)


def test_subtitles_are_short():
    spells = [
        ctc.AlignedSymbol(i % 2, HEAD + 10 * i, HEAD + 10 * i + 5, 0.9) for i in range(60)
    ]  # "A", a space, "A", …
    found = transcript(spells, np.zeros((600, 3)), "A ", 24.0, None).srt()
    lengths = [len(block.splitlines()[2].split()) for block in found.split("\n\n")]
    assert sum(lengths) == 30
    assert max(lengths) <= 10


# --- models


@pytest.mark.parametrize("architecture", CAUSAL)
def test_stream_is_what_the_whole_gives(architecture):
    one, wave = tiny(architecture), sound(1.7, seed=5)
    whole = one.transcribe(wave)
    for sizes in (100, 640, 1000, 7777):
        partials = list(one.stream(wave[i : i + sizes] for i in range(0, len(wave), sizes)))
        assert "".join(p.new for p in partials) == partials[-1].text == whole.text
        assert [p.last for p in partials] == [False] * (len(partials) - 1) + [True]
        assert partials[-1].seconds == pytest.approx(whole.seconds)
    assert len(whole.text) >= 3
    assert list(one.stream([]))[-1].last


def test_stream_tells_a_step_at_once(gru):
    """Nothing is held back: after a step of sound its symbol is there."""
    wave = sound(1.0, seed=5)
    seen = [p.text for p in gru.stream(wave[i : i + STEP] for i in range(0, len(wave), STEP))]
    for steps in (3, 10, 20):
        heard = np.pad(wave[: steps * STEP], (HEAD * STEP, 0)).reshape(1, -1, STEP)
        logits, _ = gru.engine.step(heard, gru.engine.initial_state(1))
        text = "".join(gru.codec.vocabulary[s.id] for s in ctc.greedy(logits[0]))
        assert seen[steps - 1] == " ".join(text.split())


def test_what_reads_both_ways_does_not_stream():
    both = tiny("bilstm")
    with pytest.raises(ArgumentError, match="from both ends"):
        both.stream([sound()])


def test_long_recordings_are_read_in_windows():
    """Every step is told once, by a window in which it is not near an end."""
    both = tiny("bilstm")
    inner = (WINDOW - 2 * MARGIN) * STEP / RATE_HZ
    wave = sound(3 * inner + 1.0)
    found, whole = both.transcribe(wave), speech.in_steps(wave)
    assert len(found.probabilities) + HEAD == len(whole) == recordings.steps_of(len(wave))
    at = 0
    parts = _cut([wave[:100_000], wave[100_000:]], WINDOW - 2 * MARGIN)
    for x, inside in overlapping(parts, MARGIN):
        first = at - inside.start
        np.testing.assert_array_equal(x, whole[first : first + len(x)])
        assert inside.start == (MARGIN if at else 0)
        assert len(x) - inside.stop == min(MARGIN, len(whole) - first - inside.stop)
        logits, _ = both.engine.step(x[None], [])
        expected = np.exp(logits[0][inside]) / np.exp(logits[0][inside]).sum(-1, keepdims=True)
        told = found.probabilities[max(0, at - HEAD) : at - HEAD + len(expected)]
        np.testing.assert_allclose(told, expected[0 if at else HEAD :], atol=1e-5)
        at += len(expected)
    assert at == len(whole)


def test_rates_are_counted():
    pieces = [Recording(None, "A B", corpus="x"), Recording(None, "C", corpus="x"), Recording(None, "D", corpus="y")]
    found = rates(pieces, ["A C", "C", ""])
    assert found == {"x_cer": 25.0, "x_wer": 100 / 3, "x_exact": 50.0, "y_cer": 100.0, "y_wer": 100.0, "y_exact": 0.0}


def test_measuring_does_not_depend_on_the_batch(model):
    pieces = [Recording(sound(0.3 + 0.2 * i, seed=i), "A B") for i in range(5)]
    together = model.logits(pieces)
    for piece, rows in zip(pieces, together, strict=True):
        [alone] = model.logits([piece])
        assert rows.shape == (len(piece), model.codec.classes)
        np.testing.assert_allclose(rows, alone, rtol=1e-5, atol=2e-5)
    assert set(model.measure(pieces)) == {"own_cer", "own_wer", "own_exact", "tokens"}
    with pytest.raises(ArgumentError, match="at least one"):
        model.measure([])


NAMES = {"onnx": "m.onnx", "tflite": "m.tflite", "saved_model": "m"}


@pytest.mark.parametrize(("architecture", "name", "form"), [
    ("gru", "onnx", "step"), ("gru", "tflite", "step"), ("bilstm", "onnx", "sequence"),
    ("lstm", "saved_model", "sequence"),
])  # fmt: skip
def test_artifacts_hear_the_same(architecture, name, form, tmp_path):
    one, wave = tiny(architecture), sound(1.1, seed=6)
    report = export.save(one, tmp_path / NAMES[name], form=form)
    opened = export.load(tmp_path / NAMES[name])
    assert report.signatures[form].inputs[0].shape[2] == STEP
    expected, found = one.transcribe(wave), opened.transcribe(wave)
    assert found == expected
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)
    trials = [one.trial(64, seed) for seed in range(6)]  # what a saved artifact is compared by
    assert trials == [opened.trial(64, seed) for seed in range(6)]
    assert len(set(trials)) > 1
    about = json.loads(codec_json(opened.codec))
    assert (about["vocabulary"], about["blank"], about["sample_rate_hz"]) == (task.VOCABULARY, 28, RATE_HZ)
    if not opened.codec.whole:
        assert list(opened.stream([wave]))[-1].text == expected.text


def test_what_reads_both_ways_has_no_step_form(tmp_path):
    with pytest.raises(UnsupportedLayer):
        export.save(tiny("bilstm"), tmp_path / "m.onnx", form="step")


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_int8_leaves_the_front_end_alone(name, tmp_path, gru):
    """States below the recurrent layers come from the front end: in int8 they are still exact."""
    export.save(gru, tmp_path / NAMES[name], quantize="int8")
    x = gru.codec.example(np.random.default_rng(0), 1, 20)
    expected = gru.engine.step(x, gru.engine.initial_state(1))[1]
    engine = export.load(tmp_path / NAMES[name]).engine
    found = engine.step(x, engine.initial_state(1))[1]
    for a, b in zip(found[:3], expected[:3], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_artifacts_of_fixed_length_say_so(tmp_path, gru):
    export.save(gru, tmp_path / "m.tflite", batch=1, steps=50)
    fixed = export.load(tmp_path / "m.tflite")
    for use in (fixed.transcribe, fixed.stream):
        with pytest.raises(ArgumentError, match="50 steps a call"):
            use([sound(2.0)] if use == fixed.stream else sound(2.0))


def test_artifact_needs_no_tensorflow_nor_librosa(tmp_path, gru):
    import subprocess
    import sys

    export.save(gru, tmp_path / "m.onnx")
    written(tmp_path / "take.wav", sound())
    code = (
        "import sys, export; print(export.load('m.onnx').transcribe('take.wav').seconds); "
        "sys.exit(', '.join({'tensorflow', 'keras', 'librosa', 'soxr', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1.0\n"), done.stderr


# --- codec


def test_codec_is_described(gru):
    codec = SpeechCodec("ÄB", np.arange(64), np.arange(1, 65), whole=True)
    again = SpeechCodec.from_json(json.loads(json.dumps(codec.to_json())))
    assert again.to_json() == codec.to_json()
    assert again.whole
    assert again.classes == 3
    for bad in (
        {},
        {**codec.to_json(), "type": "text"},
        {**codec.to_json(), "mean": [1]},
        {**codec.to_json(), "step_samples": 320},
    ):
        with pytest.raises(CodecError):
            SpeechCodec.from_json(bad)
    for vocabulary in ("", "AA"):
        with pytest.raises(ArgumentError, match="vocabulary"):
            SpeechCodec(vocabulary)
    with pytest.raises(CodecError, match="'5' is not in the vocabulary"):
        gru.codec.tokens(Recording(None, "A5"))
    with pytest.raises(CodecError, match="0 to 27"):
        gru.codec.decode(np.array([28]))
    assert gru.codec.decode(np.array([2, 0, 3])) == "A B"


def test_new_characters_come_before_the_blank():
    codec = SpeechCodec("AB")
    more, symbols, classes, features = codec.extended([Recording(None, "AÉ"), Recording(None, "BÄ")])
    assert more.vocabulary == "ABÄÉ"
    assert classes.tolist() == [0, 1, -1, -1, 2]
    assert (len(symbols), features.tolist()) == (0, [0])


# --- data


def test_front_end_is_librosas_on_recordings(data):
    from zoo.tasks.speech.frontend import LogMel

    layer = LogMel(np.zeros(features.BANDS), np.ones(features.BANDS))
    for piece in find("speech").splits_of()["valid"][::9]:
        found, _ = layer([speech.in_steps(piece.wave)[None], None])
        np.testing.assert_allclose(np.asarray(found)[0], log_mel(piece.wave), atol=1e-3)


def test_an4_and_fsdd_are_split_as_told(data):
    splits = find("speech").splits_of()
    speakers = {split: {p.speaker for p in pieces if p.corpus == "an4"} for split, pieces in splits.items()}
    assert not speakers["train"] & speakers["valid"]
    assert not speakers["test"] & (speakers["train"] | speakers["valid"])
    test = splits["test"]
    assert len([p for p in test if p.corpus == "an4"]) == 130
    assert sum(len(p.text.split()) for p in test if p.corpus == "an4") == 773
    assert len([p for p in test if p.corpus == "fsdd"]) == 300
    assert sum(len(p.parts) for p in splits["train"]) == 2700
    names = {part.name for p in splits["train"] for part in p.parts}
    assert not names & {p.name for p in test}
    assert all(int(name.rpartition("_")[2]) >= 5 for name in names)
    piece = splits["valid"][0]
    assert piece.wave.dtype == np.float32
    assert 0 < np.abs(piece.wave).max() <= 1


def test_a_manifest_without_its_archive_is_told(tmp_path, monkeypatch, data):
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech/an4_manifest.tsv").write_bytes((data / "speech/an4_manifest.tsv").read_bytes())
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"an4_flac16k\.tar cannot be read"):
        find("speech").splits_of()


def test_data_that_cannot_be_fetched_says_where_it_is(monkeypatch):
    monkeypatch.delenv("ZOO_DATA", raising=False)
    with pytest.raises(DataError, match=r"published in another form at http.*ZOO_DATA"):
        find("speech").splits_of()


def test_augmentation_changes_and_joins():
    words = [Recording(sound(0.4, seed=i), w, corpus="w") for i, w in enumerate(("ONE", "TWO", "SIX"))]
    pieces = [Recording(sound(1.0, seed=9), "YES"), recordings.joined(words)]
    change = augment.changed(pieces)
    found = [change(1, np.random.default_rng(seed)) for seed in range(20)]
    assert len({len(piece.text.split()) for piece in found}) > 3
    assert all(set(piece.text.split()) <= {"ONE", "TWO", "SIX"} for piece in found)
    alone = [change(0, np.random.default_rng(seed)) for seed in range(40)]
    assert {piece.text for piece in alone} == {"YES", "YES YES"}
    lengths = [len(piece.samples) for piece in alone if piece.text == "YES"]
    assert max(lengths) > 1.1 * min(lengths)
    assert all(piece.masked[1] == 1.0 and piece.samples.dtype == np.float32 for piece in alone)
    again = change(0, np.random.default_rng(3))
    np.testing.assert_array_equal(again.samples, alone[3].samples)
    assert len(joined_wave := pieces[1].wave) == sum(len(word.samples) for word in words)
    assert len(pieces[1]) == recordings.steps_of(len(joined_wave))


def own_folder(folder, rows):
    folder.mkdir()
    for i in range(12):
        written(folder / f"{i}.wav", sound(1.0, seed=i))
    written(folder / "short.wav", sound(0.1))
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / folders.LIST).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_own_recordings_and_their_bad_rows(tmp_path):
    good = [f"{i}.wav\tyes, no {'ab'[i % 2]}\tspeaker{(i + 3) // 5}" for i in range(12)]
    bad = [
        "only one column",
        "gone.wav\tyes",
        "0.wav\tyes",
        "1.wav\t...",
        "short.wav\tmuch too long for it",
        "broken.wav\tno",
        "a\tb\tc\td",
    ]
    folder = own_folder(tmp_path / "own", ["file\ttext\tspeaker", *good, *bad])
    for _ in range(2):  # the second time from the cache
        with pytest.warns(UserWarning, match="left out") as told:
            splits = folders.read_folder(folder)
        lines = "\n".join(str(one.message) for one in told)
        for number, reason in zip(
            range(14, 21),
            (
                "1 columns",
                "does not exist",
                "listed before",
                "listed before|no text",
                "too short",
                "no sound file",
                "4 columns",
            ),
            strict=True,
        ):
            assert any(
                f"{folders.LIST}:{number}: " in line and any(r in line for r in reason.split("|"))
                for line in lines.splitlines()
            ), reason
    assert [p.text for p in splits["train"]][:2] == ["YES NO A", "YES NO B"]
    assert {p.speaker for p in splits["valid"]} == {"speaker0"}
    assert {p.speaker for p in splits["train"]} == {"speaker1", "speaker2"}
    codec = task.make_codec(splits["train"] + splits["valid"])
    assert codec.vocabulary == " ABENOSY"


def test_librispeech_layout(tmp_path):
    for speaker in ("84", "174"):
        folder = tmp_path / speaker / "1"
        folder.mkdir(parents=True)
        for i in range(2):
            written(folder / f"{speaker}-1-000{i}.flac", sound(1.0, seed=i))
        (folder / f"{speaker}-1.trans.txt").write_text(f"{speaker}-1-0000 GO ON\n{speaker}-1-0001 STOP\n")
    splits = folders.read_folder(tmp_path)
    assert [(p.speaker, p.text) for p in splits["train"]] == [("174", "STOP"), ("84", "GO ON"), ("84", "STOP")]
    assert [(p.speaker, p.text) for p in splits["valid"]] == [("174", "GO ON")]


@pytest.mark.parametrize(("counts", "held"), [
    ({"a": 990, "b": 10}, {"b"}), ({"a": 40, "b": 8, "c": 7, "d": 60}, {"c", "b"}), ({"": 99, "a": 1}, None), ({"a": 5, "b": 5}, None), ({"a": 30}, None),
])  # fmt: skip
def test_validation_is_a_tenth_or_somewhat_more(counts, held):
    good = [Recording(None, "A", speaker) for speaker, count in counts.items() for _ in range(count)]
    splits = folders._divided(good)
    assert 0 < len(splits["valid"]) <= 0.25 * len(good)
    if held:
        assert {one.speaker for one in splits["valid"]} == held
        assert not held & {one.speaker for one in splits["train"]}


def test_folders_without_recordings_are_told(tmp_path):
    for folder, message in ((tmp_path / "none", "not a folder"), (tmp_path, "has no transcripts.tsv")):
        with pytest.raises(DataError, match=message):
            folders.read_folder(folder)
    (tmp_path / folders.LIST).write_text("a.wav\tyes\n")
    with (
        pytest.warns(UserWarning, match="a.wav does not exist"),
        pytest.raises(DataError, match="0 good recordings, 1 bad"),
    ):
        folders.read_folder(tmp_path)


def test_settings_that_do_not_go_with_speech_are_refused(tmp_path):
    for setting in ({"window": 10}, {"xla": True}):
        with pytest.raises(ArgumentError, match="whole recordings"):
            zoo.train("gru_speech", tmp_path / "run", verbose=False, **setting)
    with pytest.raises(ArgumentError, match="filters=8"):
        zoo.build("lstm_text", filters=8)
    names = [tensor.name for tensor in zoo.build("gru_speech", filters=0, units=8, embedding=6).inputs]
    assert names == ["x", "f0_0", "f0_1", "h0_0", "h0_1"]


def test_training_on_own_recordings(tmp_path):
    """From a folder to a preset, and on from there with letters that are new to it."""
    folder = own_folder(tmp_path / "own", [f"{i}.wav\tyes no" for i in range(12)])
    small = {"units": 8, "embedding": 6, "filters": 2, "epochs": 1, "batch": 2}
    card = zoo.train("gru_speech", tmp_path / "run", data=folder, verbose=False, **small)
    model = zoo.load(tmp_path / "run/preset")
    splits = folders.read_folder(folder)
    assert card.metrics["valid"] == pytest.approx(model.measure(splits["valid"]))
    assert model.evaluate(progress=False, data=folder) == model.measure([*splits["train"], *splits["valid"]])
    assert model.transcribe(sound()).seconds == 1.0
    other = own_folder(tmp_path / "other", [f"{i}.wav\tÖ jä" for i in range(12)])
    card = zoo.train(
        "gru_speech", tmp_path / "more", data=other, start=tmp_path / "run/preset", verbose=False, epochs=1, batch=2
    )
    more = zoo.load(tmp_path / "more/preset")
    assert more.codec.vocabulary == " ENOSYJÄÖ"
    assert "gru_speech" in zoo.page(tmp_path / "more/preset")


# --- command line


def invoke(*words, **options):
    from click.testing import CliRunner

    from zoo.cli.main import main

    return CliRunner().invoke(main, ["transcribe", *map(str, words)], **options)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    path = tmp_path_factory.mktemp("artifact") / "m.onnx"
    export.save(tiny(), path)
    return path


def test_command_writes_down_files_folders_and_patterns(tmp_path, artifact):
    takes = tmp_path / "takes"
    takes.mkdir()
    for i in range(3):
        written(takes / f"{i}.flac", sound(1.0, seed=i))
    expected = [export.load(artifact).transcribe(takes / f"{i}.flac") for i in range(3)]
    for given in (takes, takes / "*.flac"):
        found = invoke(given, "--model", artifact)
        assert found.exit_code == 0, found.output
        assert [line for line in found.stdout.splitlines() if line] == [
            f"{takes}/{i}.flac: {t.text}" for i, t in enumerate(expected)
        ]
        assert "3 files, 3.0 s of sound in" in found.stderr
        assert "real-time factor" in found.stderr
    found = invoke(takes, "--model", artifact, "--json")
    assert [json.loads(line)["text"] for line in found.stdout.splitlines()] == [t.text for t in expected]
    found = invoke(takes, "--model", artifact, "--srt", "--out", tmp_path / "subtitles")
    assert (tmp_path / "subtitles/1.srt").read_text() == expected[1].srt() + "\n"
    found = invoke(takes / "1.flac", "--model", artifact, "--plot", tmp_path / "heard.png")
    assert (found.stdout, (tmp_path / "heard.png").exists()) == (expected[1].text + "\n", True)
    words = sorted({a + b for a in task.VOCABULARY[2:] for b in task.VOCABULARY[2:]})[::2]
    (tmp_path / "words.txt").write_text("\n".join(words))
    found = invoke(takes / "1.flac", "--model", artifact, "--words", tmp_path / "words.txt")
    assert set(found.stdout.split()) <= set(words)
    assert found.stdout.strip()
    found = invoke(takes / "1.flac", "--model", artifact, "--stream")
    assert found.stdout.strip() == expected[1].text


def test_command_hears_a_pipe(tmp_path, artifact):
    """Bare samples, or a wav file as recorders write it."""
    wave = sound(1.0)
    bare = (wave * 32767).astype("<i2")
    soundfile.write(tmp_path / "a.wav", bare, RATE_HZ, subtype="PCM_16")
    soundfile.write(tmp_path / "b.wav", bare, 8000, subtype="PCM_16")
    told = [
        invoke("-", "--stream", "--model", artifact, input=data)
        for data in (bare.tobytes(), *((tmp_path / name).read_bytes() for name in ("a.wav", "b.wav")), b"RIFF1234")
    ]
    assert told[0].stdout.strip()
    assert told[0].stdout == told[1].stdout
    assert "8000 Hz, channels: 1, 16 bits" in told[2].stderr
    assert "no plain wav file" in told[3].stderr


def test_command_goes_on_after_a_bad_file(tmp_path, artifact):
    written(tmp_path / "a.wav", sound())
    (tmp_path / "b.wav").write_text("no sound")
    found = invoke(tmp_path, "--model", artifact)
    assert found.exit_code == 1
    assert "a.wav: " in found.stdout
    assert "b.wav is no sound file" in found.stderr
    assert "1 of 2 files" in found.stderr


def test_command_says_what_is_wrong(tmp_path, artifact):
    written(tmp_path / "a.wav", sound())
    written(tmp_path / "a.flac", sound())
    cases = {
        (tmp_path / "none.wav",): "does not exist",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--srt"): "--out FOLDER",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--out", tmp_path): "written twice",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--plot", "x.png"): "draws one file",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--stream"): "one FILE",
        (tmp_path / "a.wav", "--words", tmp_path / "none.txt"): "cannot be read",
        (tmp_path / "a.wav", tmp_path / "a.flac", "--beam", 0): "Error: beam=0",
        (tmp_path / "a.wav", "--out", tmp_path / "a.wav"): "is a file",
        ("-",): "it is for --stream",
    }
    for words, message in cases.items():
        found = invoke(*words, "--model", artifact)
        assert found.exit_code == 1, words
        assert message in found.output, words
    found = invoke(tmp_path / "a.wav", "--model", "lstm_text")
    assert "does not transcribe speech: try" in found.output


def test_other_backend_hears_the_same():
    """Front end, network and loss on JAX are those of TensorFlow."""
    import os
    import subprocess
    import sys

    code = (
        "import json, keras, numpy as np, zoo\n"
        "from keras import ops\n"
        "from zoo.training.learner import CTCLoss\n"
        "from zoo.core.task import find\n"
        "net = zoo.build('gru_speech', units=8, embedding=6, filters=2)\n"
        "rng = np.random.default_rng(1)\n"
        "net.set_weights([rng.normal(0, 0.3, w.shape) for w in net.get_weights()])\n"
        "x = find('speech').default_codec().example(rng, 2, 9)\n"
        "y, *_ = net([x, *[np.zeros((2, *t.shape[1:]), np.float32) for t in net.inputs[1:]]])\n"
        "loss = CTCLoss(0.1).call(np.array([[1, 2, 2, -1], [0, -1, -1, -1]]), y)\n"
        "print(json.dumps([ops.convert_to_numpy(a).tolist() for a in (y, loss)]))"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    here = io.StringIO()
    with contextlib.redirect_stdout(here):
        exec(code, {})
    for a, b in zip(*(json.loads(text.splitlines()[-1]) for text in (done.stdout, here.getvalue())), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["onnx", "tflite"])
def test_float16_has_the_floor_of_silence(name, tmp_path, gru):
    """The floor of power is far below what float16 tells from zero, whose logarithm is none."""
    export.save(gru, tmp_path / NAMES[name], quantize="float16")
    silent = np.zeros((1, 12, STEP), np.float32)
    engine = export.load(tmp_path / NAMES[name]).engine
    expected, _ = gru.engine.step(silent, gru.engine.initial_state(1))
    np.testing.assert_allclose(engine.step(silent, engine.initial_state(1))[0], expected, atol=0.1)
