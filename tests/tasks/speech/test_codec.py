import json
from dataclasses import replace

import numpy as np
import pytest

from tests.media.sounds import sound
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.speech.codec import SpeechCodec
from zoo.tasks.speech.recordings import Recording


def test_hidden_features_are_some(gru):
    piece = Recording(sound(2.0), "AB")
    plain, hidden = (gru.codec.learning.encode([replace(piece, masked=m)])[0][0] for m in (None, (5, 1.0)))
    share = (plain != hidden).mean()
    assert 0.05 < share < 0.8
    assert (hidden[plain != hidden] == 0).all()


def test_codec_is_described(gru):
    codec = SpeechCodec("ÄB", np.arange(64), np.arange(1, 65), bidirectional=True)
    again = SpeechCodec.from_json(json.loads(json.dumps(codec.to_json())))
    assert again.to_json() == codec.to_json()
    assert again.bidirectional
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
