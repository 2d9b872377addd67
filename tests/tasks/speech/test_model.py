from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tests.media.sounds import sound, written
from tests.tasks.speech.recognizers import CAUSAL, tiny
from zoo.core.calibration import UNCALIBRATED
from zoo.core.mel import STEP
from zoo.errors import ArgumentError, CodecError
from zoo.media import audio
from zoo.media.audio import RATE_HZ
from zoo.media.samples import rounded
from zoo.models.model import overlapping
from zoo.tasks.speech import decoding, recordings
from zoo.tasks.speech.codec import in_steps
from zoo.tasks.speech.model import MARGIN, WINDOW, _cut, rates
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording


def test_bad_sound_is_told(tmp_path, gru):
    (tmp_path / "text.wav").write_text("no sound at all")
    (tmp_path / "nothing.wav").write_bytes(b"")
    nan = sound()
    nan[100:103] = np.nan
    cases = {
        tmp_path / "missing.wav": "No such file",
        tmp_path: "is a folder",
        tmp_path / "text.wav": "cannot be read as a sound file",
        tmp_path / "nothing.wav": "is empty",
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
    with pytest.raises(CodecError, match="cannot be read as a sound file"):
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
    soundfile.write(path, np.tile(rounded(sound(60, rate_hz=rate_hz)), hour // 60), rate_hz)
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
        text = "".join(gru.codec.vocabulary[s.id] for s in decoding.greedy(logits[0]))
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
    found, whole = both.transcribe(wave), in_steps(wave)
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


def test_confidences_are_fitted_to_recordings(gru):
    """What is judged of recordings is what their transcripts say; the calibration of the card is applied to these."""
    pieces = [Recording(sound(0.3 + 0.05 * i, seed=i)) for i in range(24)]
    texts = [gru.transcribe(piece.wave).text for piece in pieces]
    pieces = [
        replace(piece, text=text if i % 2 else "A B") for i, (piece, text) in enumerate(zip(pieces, texts, strict=True))
    ]
    confidences, right = gru.judge(pieces)
    assert right.tolist() == [bool(i % 2) for i in range(24)]
    found = gru.calibrate(pieces)
    assert found.figures["valid"]["pieces"] == 24
    assert found.figures["valid"]["right"] == 0.5
    one = replace(gru, card=replace(gru.card, calibration=found))
    told = [one.transcribe(piece.wave) for piece in pieces]
    np.testing.assert_allclose([t.confidence for t in told], confidences(found.temperature), atol=2e-3)
    assert [t.text for t in told] == texts
    assert one.transcribe(pieces[0].wave, min_confidence=1).rejected
    assert gru.calibrate(pieces[:3]) == UNCALIBRATED
    with pytest.raises(ArgumentError, match="min_confidence"):
        gru.transcribe(pieces[0].wave, min_confidence=-1)
