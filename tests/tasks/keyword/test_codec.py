import json
from dataclasses import replace

import numpy as np
import pytest

from tests.media.sounds import sound
from tests.tasks.keyword.spotters import WORDS, clips
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.keyword.clips import SILENCE, UNKNOWN, Clip
from zoo.tasks.keyword.codec import WORDS as COMMANDS
from zoo.tasks.keyword.codec import KeywordCodec, default_codec, make_codec, ordered
from zoo.tasks.keyword.features import log_mel


def test_codec_is_described():
    codec = KeywordCodec(("ja", "nein"), np.arange(40), np.arange(1, 41), bidirectional=True)
    again = KeywordCodec.from_json(json.loads(json.dumps(codec.to_json())))
    assert again.to_json() == codec.to_json()
    assert (again.bidirectional, again.classes, again.to_json()["window_steps"]) == (True, 2, 25)
    for bad in ({}, {"type": "text"}, {"mean": [1]}, {"step_samples": 320}, {"labels": ["one"]}):
        with pytest.raises(CodecError):
            KeywordCodec.from_json(bad and {**codec.to_json(), **bad})
    with pytest.raises(ArgumentError, match="labels"):
        KeywordCodec(("ja", "ja"))
    assert codec.decode(np.array([1, 0])) == ["nein", "ja"]
    with pytest.raises(CodecError, match="0 to 1"):
        codec.decode(np.array([2]))


def test_targets_are_shares_at_the_steps_of_the_word():
    """Before an augmented clip nothing counts, nor behind it; two words share."""
    codec, features = KeywordCodec(WORDS), np.zeros((30, 4, 40), np.float32)
    plain = Clip(sound(0.9), "yes")
    mixed = Clip(plain.samples, "no", features=features, before=3, mixed=("yes", 0.25))
    x, y = codec.learning.encode([plain, mixed])
    assert (x.shape, y.shape) == ((2, 30, 160), (2, 30, 4))
    assert (y[0, :23] == [0, 1, 0, 0]).all()
    assert (y[0, 23:] == -1).all()
    assert (y[1, 3:28] == np.float32([0.75, 0.25, 0, 0])).all()
    assert (y[1, :3] == -1).all()
    assert (y[1, 28:] == -1).all()
    with pytest.raises(CodecError, match="b: 'up' is none of the words: no, yes"):
        codec.encode([replace(plain, word="up", name="b")])


def test_hidden_features_are_the_mean():
    mean, deviation = np.arange(40), np.arange(1, 41)
    codec, piece = KeywordCodec(WORDS, mean, deviation).learning, Clip(sound(1.0), "yes")
    features = log_mel(piece.wave)
    features[:, :, 7] = np.nan
    found = codec.encode([replace(piece, features=features)])[0][0].reshape(25, 4, 40)
    assert (found[:, :, 7] == 0).all()
    np.testing.assert_allclose(found[:, :, 9], (features[:, :, 9] - mean[9]) / deviation[9], rtol=1e-4, atol=1e-4)


def test_codecs_know_the_words_of_their_clips():
    codec = make_codec(clips())
    assert codec.vocabulary == ("no", "yes", SILENCE)
    assert ordered(["zoo", SILENCE, "ant", UNKNOWN]) == ("ant", "zoo", UNKNOWN, SILENCE)
    assert make_codec(clips(2, ("go",))).vocabulary == ("go", SILENCE)  # of which there is always some
    with pytest.raises(DataError, match="no clips of a word"):
        make_codec(clips(2, (SILENCE,)))
    assert default_codec().vocabulary == COMMANDS
    same, *_, classes, _ = codec.extended(clips(2, ("yes",)))
    assert (same.vocabulary, classes.tolist()) == (codec.vocabulary, [0, 1, 2])
    other, *_, classes, _ = codec.extended(clips(3, ("yes", "go")))
    assert (other.vocabulary, classes.tolist()) == (("go", "yes", SILENCE), [-1, 1, 2])
    assert not codec.for_direction(True).for_direction(False).bidirectional
