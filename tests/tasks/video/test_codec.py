import json

import numpy as np
import pytest

from tests.media.films import SHAPE, film
from tests.tasks.video.labelers import GRAMMAR, LABELS, codec_for
from zoo.core.card import codec_json
from zoo.errors import ArgumentError, CodecError
from zoo.media.clips import Clip, Span, whole
from zoo.tasks.video import landmarks
from zoo.tasks.video.codec import VideoCodec


def test_codec_goes_out_and_in():
    for architecture in ("gru", "bilstm"):
        codec = codec_for(architecture, shape=(*SHAPE, 3), crop="mouth")
        assert VideoCodec.from_json(json.loads(codec_json(codec))).to_json() == codec.to_json()
    vectors = VideoCodec(["a", "b"], (5,))
    assert VideoCodec.from_json(vectors.to_json()).dtype == "float32"
    for damaged in ({}, {"type": "speech"}, codec.to_json() | {"shape": "x"}):
        with pytest.raises((CodecError, ArgumentError)):
            VideoCodec.from_json(damaged)


@pytest.mark.parametrize("options", [
    {"labels": ()}, {"labels": ("a", "a")}, {"shape": (8, 8)}, {"shape": (600, 600)}, {"shape": (32, 32, 2)}, {"rate_hz": 0},
    {"crop": "nose"}, {"rest": "nothing"}, {"grammar": (("x",),)}, {"delay": -1},
])  # fmt: skip
def test_codec_refuses(options):
    with pytest.raises(ArgumentError):
        VideoCodec(**{"labels": ("a", "b"), "shape": (32, 32)} | options)


def test_labels_are_those_of_the_middles_of_frames():
    clip = Clip(film(6), SHAPE, (Span("up", 0.6, 2.5), Span("left", 2.5, float("inf"))))
    codec = codec_for()
    assert codec.tokens(clip).tolist() == [-1, 1, 3, 3, 3, 3]
    assert codec.labels(clip) == ["", "up", "left", "left", "left", "left"]
    with pytest.raises(CodecError, match="no label is called 'x'"):
        codec.tokens(Clip(film(2), SHAPE, whole("x")))


def test_labels_are_told_later_where_only_the_past_is_seen():
    short, long = Clip(film(3), SHAPE, whole("up")), Clip(film(5, seed=1), SHAPE, whole("left"))
    x, y = codec_for().encode([short, long])
    assert x.shape == (2, 7, *SHAPE)
    assert x.dtype == np.uint8
    assert (x[0, 2:] == x[0, 2]).all()  # the last frame again
    assert y.tolist() == [[-1, -1, 1, 1, 1, -1, -1], [-1, -1, 3, 3, 3, 3, 3]]
    assert codec_for("bilstm").encode([short])[0].shape[1] == 3
    with pytest.raises(CodecError, match="wanted"):
        codec_for().encode([Clip(film(2, (20, 20)), (20, 20))])


def test_codec_takes_other_labels():
    codec = codec_for()
    sentence = (Span("rest", 0, 1), Span("up", 1, 2), Span("left", 2, 3), Span("down", 3, 4), Span("left", 4, 5))
    same, _, classes, _ = codec.extended([Clip(film(5), SHAPE, sentence)])
    assert (same.vocabulary, same.grammar, classes.tolist()) == (LABELS, GRAMMAR, [0, 1, 2, 3, 4])
    words = [Clip(film(2), SHAPE, whole(label), rate_hz=10.0) for label in ("up", "left")]  # no sentences
    word, _, classes, _ = codec.extended(words)
    assert (word.vocabulary, word.grammar, word.rate_hz) == (("left", "up"), (), 10)
    assert classes.tolist() == [LABELS.index(label) for label in word.vocabulary]
    assert not any(codec.speaks(Clip(film(2), SHAPE, said)) for said in (sentence[:2], sentence[2:], sentence[:1]))
    other, _, classes, _ = codec.extended([Clip(film(2), SHAPE, whole("wave")), Clip(film(2), SHAPE, whole("up"))])
    assert (other.vocabulary, other.grammar, other.rest, classes.tolist()) == (("up", "wave"), (), "", [1, -1])
    assert (codec.for_direction(True).delay, codec.for_direction(True).bidirectional) == (0, True)
    assert codec_for("bilstm").for_direction(False).delay > 0
    assert codec.for_direction(False) is codec


def test_landmarks_are_described_and_filled_in():
    body = landmarks.of({"joints": ["hip", "hand"], "axes": 2, "mirrored_labels": {"a": "b"}})
    causal = VideoCodec(["a", "b"], (4,), landmarks=body)
    assert VideoCodec.from_json(json.loads(codec_json(causal))).to_json() == causal.to_json()
    assert "landmarks" not in VideoCodec(["a", "b"], (4,)).to_json()  # codecs of before stay as they are
    frames = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [3, 3, np.nan, 3]], np.float32)
    clip = Clip(frames, (4,), whole("a"), landmarks=body)
    assert causal.encode([clip])[0][0].tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [3, 3, 1, 1]]
    assert causal.for_direction(True).encode([clip])[0][0].tolist() == [[1, 1, 1, 1], [2, 2, 1, 1], [3, 3, 1, 1]]
    assert np.isnan(causal.example(np.random.default_rng(0), 4, 9)).any()
    assert causal.extended([clip, Clip(frames, (4,), whole("b"))])[0].landmarks.same(body)
    other = landmarks.of({"joints": ["hand", "hip"], "axes": 2})
    for base in (VideoCodec(["a", "b"], (4,), landmarks=other), VideoCodec(["a", "b"], (4,))):
        with pytest.raises(CodecError, match="other landmarks than the base model"):
            base.extended([clip, Clip(frames, (4,), whole("b"))])
    with pytest.raises(ArgumentError, match=r"2 landmarks of 2 axes are 4 numbers"):
        VideoCodec(["a", "b"], (5,), landmarks=body)
