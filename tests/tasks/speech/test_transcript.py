import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tests.media.sounds import sound
from zoo.errors import ArgumentError
from zoo.media.audio import RATE_HZ
from zoo.tasks.speech import decoding
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
        decoding.AlignedSymbol(i % 2, HEAD + 10 * i, HEAD + 10 * i + 5, 0.9) for i in range(60)
    ]  # "A", a space, "A", …
    found = transcript(spells, np.zeros((600, 3)), "A ", 24.0, None).srt()
    lengths = [len(block.splitlines()[2].split()) for block in found.split("\n\n")]
    assert sum(lengths) == 30
    assert max(lengths) <= 10
