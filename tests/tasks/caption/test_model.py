import itertools
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from tests.media.films import SHAPE, film, written
from tests.tasks.caption.captioners import FEATURES, codec, piece, tiny, told
from zoo.core.calibration import Calibration
from zoo.core.frames import FrameDescription
from zoo.errors import ArgumentError, CodecError, MissingExtra
from zoo.tasks.caption.codec import CaptionCodec
from zoo.tasks.caption.model import MOST_FRAMES
from zoo.tasks.caption.result import Caption


def test_what_is_returned_follows_what_is_given(tmp_path):
    model, frames = tiny(), film(12)
    found = model.caption(frames)
    assert isinstance(found, Caption)
    assert found.seconds == pytest.approx(12 / 25)
    assert found.alignment.shape == (len(found.tokens), 12)
    np.testing.assert_allclose(found.alignment.sum(-1), 1, atol=1e-5)
    np.save(tmp_path / "a.npy", frames)
    written(tmp_path / "a.avi", frames)
    for given in (list(frames), iter(frames), tmp_path / "a.npy"):
        assert told(model.caption(given)) == told(found)
    assert model.caption(str(tmp_path / "a.avi")).source == str(tmp_path / "a.avi")
    first, second = model.caption(frames, n=2)
    assert first.score >= second.score
    assert told(model.caption(np.repeat(frames, 2, 0), rate_hz=50)) == told(found)


@pytest.mark.parametrize(("architecture", "shape"), [("gru", SHAPE), ("bilstm", SHAPE), ("bilstm", (FEATURES,))])
def test_a_batch_is_its_clips(architecture, shape):
    """Also where clips end in black frames, and for clips of different lengths."""
    model = tiny(architecture, shape)
    clips = [piece(length, shape=shape, seed=length).clip.pixels for length in (4, 9, 9, 14)]
    clips[2][7:] = 0
    together = model.outputs(clips, model.beam(None, None, None))
    for clip, [one] in zip(clips, together, strict=True):
        alone = model.caption(clip)
        np.testing.assert_array_equal(model.codec.ids(""), [])
        assert alone.score == pytest.approx(one.score, abs=1e-5)
        assert alone.tokens[: len(one.ids)] == tuple(model.codec.words(one.ids))
        assert alone.alignment.shape[1] == len(clip)


@pytest.mark.parametrize(("given", "options", "message"), [
    ([], {}, "no frames"), (itertools.repeat(film(1)[0]), {}, "longer than 120 s"), (5, {}, "give a video file"),
    (np.zeros((3, 5)), {}, "give uint8 pixels"), (film(3), {"n": 0}, "n=0"), (film(3), {"min_confidence": 2}, "min_conf"),
    (film(3), {"beam_width": 101}, "beam_width"), ("none.mp4", {}, "none.mp4"),
])  # fmt: skip
def test_what_cannot_be_described_is_refused(given, options, message):
    assert MOST_FRAMES == 3000
    with pytest.raises((ArgumentError, CodecError), match=message):
        tiny().caption(given, **options)


def test_captions_that_are_not_to_be_trusted():
    model = tiny()
    found = model.caption(film(9))
    assert not found.rejected
    assert model.caption(film(9), min_confidence=1.0).rejected
    warm = replace(model, card=replace(model.card, calibration=Calibration(temperature=2.0, threshold=0.99)))
    assert warm.caption(film(9)).probability == pytest.approx(found.probability**0.5)
    assert warm.caption(film(9)).rejected


def test_a_mouth_is_looked_for_where_lips_are_read():
    base = tiny(shape=(32, 64))
    lips = CaptionCodec(base.codec.subwords, FrameDescription((32, 64), 25.0, "mouth"))
    card = replace(base.card, calibration=Calibration(least_match=0.75))
    noise = np.random.default_rng(0).integers(0, 256, (9, 32, 64)).astype(np.uint8)
    with pytest.warns(UserWarning, match="no mouth was found"):
        found = replace(base, codec=lips, card=card).caption(noise)
    assert found.rejected
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not base.caption(noise).rejected


def test_metrics():
    model = tiny()
    clip = piece(9)
    own = str(model.caption(clip.clip.pixels)) or "nothing"
    pieces = [replace(clip, captions=("other words", own)), piece(7, ("the cat", "a cat"), seed=3)]
    found = model.measure(pieces)
    assert list(found) == ["word_errors", "bleu4", "cider", "nats_per_token", "tokens"]
    assert found["tokens"] == 16
    total, count = model.nats([replace(one, chosen=i) for one in pieces for i in range(2)])
    assert found["nats_per_token"] == pytest.approx(total / count)
    _, right = model.judge(pieces)
    assert right.tolist()[0] == (own != "nothing")
    with pytest.raises(ArgumentError, match="no clips"):
        model.measure([])


def test_measuring_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocoevalcap", None)
    with pytest.raises(MissingExtra, match=r"needs pycocoevalcap: pip install 'rnn-zoo\[caption\]'"):
        tiny().measure([piece()])
    assert isinstance(tiny().caption(film(4)).text, str)


def test_calibration_needs_mistakes_and_successes():
    assert tiny().calibrate([piece(seed=i) for i in range(3)]) == Calibration()
    assert codec().form.crop == "fit"
