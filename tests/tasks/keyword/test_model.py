import itertools

import numpy as np
import pytest

from tests.media.sounds import sound, written
from tests.tasks.keyword.spotters import by_level, clips, said
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.keyword.clips import Clip


@pytest.mark.parametrize("bidirectional", [False, True])
def test_words_are_spotted_with_their_times(bidirectional):
    found = by_level(bidirectional).spot(said((1, 0.6), (-1, 0.5), (1, 0.6), pause=1.4))
    assert [one.word for one in found.words] == ["yes", "no", "yes"]
    expected = [(1.0, 1.6), (3.0, 3.5), (4.9, 5.5)]
    np.testing.assert_allclose([(one.start, one.end) for one in found.words], expected, atol=0.081)
    assert all(0 < one.seconds - one.end < 0.8 for one in found.words)
    assert (found.seconds, found.probabilities.shape) == (7.9, (198, 4))
    assert by_level(bidirectional).spot(said((1, 0.6)), words=["no"]).words == ()


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.0, 1.7])
def test_short_sounds_are_heard_too(seconds):
    found = by_level().spot(np.full(int(16000 * seconds), 0.1, np.float32))
    assert [one.word for one in found.words] == ["yes"] * (seconds > 0.1)


def test_a_stream_is_spotted_as_the_whole(gru_keyword):
    """However it is cut, at another rate too."""
    for model, wave in ((gru_keyword, sound(4.0)), (by_level(), said((1, 0.6), (-1, 0.6), pause=1.0))):
        expected = model.spot(wave, min_confidence=0.3).words
        for size in (100, 5000, len(wave)):
            chunks = [wave[i : i + size] for i in range(0, len(wave), size)]
            assert (*model.stream(chunks, min_confidence=0.3),) == expected
    assert expected
    assert list(by_level().stream([])) == []
    first = next(by_level().stream(itertools.chain([said((1, 0.6))[:40000]], itertools.repeat(np.zeros(640)))))
    assert first.word == "yes"  # while the sound goes on
    slow = by_level().spot(np.repeat(said((1, 0.6)), 2), 32000)
    assert [one.word for one in slow.words] == ["yes"]


def test_what_cannot_be_listened_to_is_refused(model, tmp_path):
    if model.codec.bidirectional:
        with pytest.raises(ArgumentError, match="cannot follow a stream.*gru_keyword; or spot words in a file"):
            model.stream([])
        model = by_level(bidirectional=True, steps=10)
        with pytest.raises(ArgumentError, match="export it with steps=25"):
            model.spot(sound())
    else:
        with pytest.raises(ArgumentError, match="25 steps a call"):
            by_level(steps=25).stream([])
    with pytest.raises(CodecError, match="no samples"):
        model.spot(np.zeros(0, np.float32))
    with pytest.raises(ArgumentError, match="min_confidence"):
        model.classify(sound(), min_confidence=2)
    with pytest.raises(CodecError, match="does not exist|No such file"):
        model.spot(tmp_path / "none.wav")


def test_artifacts_of_fixed_length_hear_the_same():
    wave = said((1, 0.6), (-1, 0.6), pause=1.0)
    assert by_level(steps=40).spot(wave).words == by_level().spot(wave).words
    pieces = clips(3)
    np.testing.assert_allclose(by_level(steps=40).logits(pieces), by_level().logits(pieces), atol=1e-6)


def test_clips_are_classified(tmp_path):
    path = written(tmp_path / "a.wav", said((-1, 0.6)))
    found = by_level().classify(path)
    assert (found.word, found.rejected) == ("no", False)
    assert found.probability == found.probabilities["no"] > 0.9
    assert by_level().classify(np.zeros(9000)).word == "_silence_"
    assert by_level().classify(path, min_confidence=1.0).rejected == (found.probability < 1)


def test_measures_and_confidences_are_of_clips():
    model = by_level()
    pieces = [Clip(said((1, 0.6))[8000:24000] * sign, word) for sign, word in ((1, "yes"), (-1, "no"), (1, "no"))]
    pieces += [Clip(np.zeros(16000, np.float32), "_silence_")]
    found = model.measure(pieces)
    assert (found["accuracy"], found["accuracy_without_silence"], found["tokens"]) == (75, pytest.approx(200 / 3), 100)
    confidences, right = model.judge(pieces)
    assert right.tolist() == [True, True, False, True]
    assert (confidences(5.0) < confidences(1.0)).all()
    assert model.calibrate(pieces[:3]).threshold == 0  # too little to fit to
    with pytest.raises(ArgumentError, match="no clips"):
        model.measure([])
    with pytest.raises(CodecError, match="'up' is none of the words"):
        model.measure([Clip(np.zeros(16000, np.float32), "up")])
