import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tests.media.sounds import sound
from zoo.core.calibration import Calibration
from zoo.errors import ArgumentError
from zoo.media.audio import RATE_HZ
from zoo.tasks.speech import decoding
from zoo.tasks.speech.confidence import log_probability
from zoo.tasks.speech.recordings import HEAD
from zoo.tasks.speech.transcript import transcript


def test_words_have_times_and_confidence(tmp_path):
    vocabulary = " AB"
    rows = np.full((HEAD + 20, 4), 0.02)
    for step, k in enumerate([*[3] * HEAD, 3, 1, 1, 3, 2, 0, 3, 3, 2, 2, *[3] * 10]):
        rows[step, k] = 0.94
    wave = sound(0.6)
    found = transcript(decoding.greedy(rows), rows.astype(np.float32), vocabulary, 0.8, wave)
    assert found.text == str(found) == "AB B"
    assert len(found.probabilities) == 20
    assert [(w.text, w.start, w.end) for w in found.words] == [("AB", 0.04, 0.2), ("B", 0.32, 0.4)]
    evidence = log_probability(decoding.greedy(rows), rows, vocabulary)
    assert found.confidence == pytest.approx(np.exp(-(evidence**2) / 2), abs=1e-4)
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


def test_what_is_uncertain_says_so():
    rows = (np.eye(4)[[*[3] * HEAD, 3, 1, 3, 0, 2, 3]] * 0.4 + 0.15).astype(np.float32)
    spells, calibration = decoding.greedy(rows), Calibration(2.0, 0.8)
    sure = np.exp(-((log_probability(spells, rows, " AB") / 2) ** 2) / 2)
    assert 0.3 < sure < 0.7
    found = transcript(spells, rows, " AB", 0.2, None, calibration)
    assert (found.text, found.confidence, found.rejected) == ("A B", round(sure, 4), True)
    assert found.to_text("txt") == f"A B [uncertain: confidence {sure:.2f}]"
    assert found.srt().splitlines()[2] == found.to_text("txt")
    assert json.loads(found.to_json())["rejected"] is True
    taken = transcript(spells, rows, " AB", 0.2, None, calibration, min_confidence=0.3)
    assert (taken.rejected, taken.to_text("txt"), taken.srt().splitlines()[2]) == (False, "A B", "A B")
    assert not transcript(spells, rows, " AB", 0.2, None).rejected  # no threshold
    with pytest.raises(ArgumentError, match="min_confidence"):
        transcript(spells, rows, " AB", 0.2, None, calibration, min_confidence=2)


def test_nothing_is_certain_of_silence_alone():
    silent = (np.eye(4)[[3] * 40] * 0.996 + 0.001).astype(np.float32)
    heard = (np.eye(4)[[1, 3] * 20] * 0.996 + 0.001).astype(np.float32)
    found = [transcript([], rows, " AB", 1.6, None) for rows in (silent, heard)]
    assert [(one.text, one.rejected, one.confidence > 0.9) for one in found] == [("", False, True), ("", True, False)]
    assert found[1].confidence == 0
    assert found[1].to_text("txt") == "[uncertain: confidence 0.00]"


def test_subtitles_are_short():
    spells = [
        decoding.AlignedSymbol(i % 2, HEAD + 10 * i, HEAD + 10 * i + 5, 0.9) for i in range(60)
    ]  # "A", a space, "A", …
    found = transcript(spells, np.zeros((600, 3)), "A ", 24.0, None).srt()
    lengths = [len(block.splitlines()[2].split()) for block in found.split("\n\n")]
    assert sum(lengths) == 30
    assert max(lengths) <= 10
