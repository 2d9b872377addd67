from dataclasses import replace

import numpy as np
import pytest

from tests.media.films import SHAPE, film, written
from tests.tasks.video.labelers import CAUSAL, GRAMMAR, LABELS, codec_for, tiny
from zoo.core.calibration import Calibration
from zoo.core.task import find
from zoo.errors import ArgumentError, CodecError
from zoo.media import video
from zoo.media.clips import Clip, Span, whole
from zoo.media.mouth import LEAST_MATCH, MOUTH
from zoo.models.sampling import log_softmax
from zoo.tasks.video import landmarks
from zoo.tasks.video.model import rates


def test_films_in_4k_are_read(tmp_path, gru):
    path = written(tmp_path / "large.mp4", np.full((3, 2160, 3840), 90, np.uint8), codec="h264")
    assert len(gru.label(path).probabilities) == 3


def test_long_films_are_never_held(gru, monkeypatch):
    """Frames come one by one, and go: an hour takes no more memory than these two minutes."""
    alive = []

    class Frame(np.ndarray):
        def __del__(self):
            alive.pop()

    def hour(*_args):
        for _ in range(3000):
            alive.append(1)
            yield np.zeros(SHAPE, np.uint8).view(Frame)
            assert len(alive) < 200

    monkeypatch.setattr(video, "frames", hour)
    assert len(gru.label("long.mp4").probabilities) == 3000


@pytest.mark.parametrize("architecture", CAUSAL)
def test_streaming_is_labelling(architecture):
    """Frame by frame, whatever the size of the calls."""
    model, frames = tiny(architecture), np.concatenate([film(25, seed=seed) for seed in range(3)])
    found = model.label(frames)
    seen = list(model.stream(frames))
    assert [s.frame for s in seen] == list(range(75))
    assert [s.seconds for s in seen[:3]] == [0, 0.04, 0.08]
    assert [s.label for s in seen] == [LABELS[i] for i in found.probabilities.argmax(1)]
    np.testing.assert_allclose(np.stack([s.probabilities for s in seen]), found.probabilities, atol=2e-5)
    logits = model.logits([Clip(frames, SHAPE)])[0]
    np.testing.assert_allclose(
        np.exp(logits - np.logaddexp.reduce(logits, 1, keepdims=True)), found.probabilities, atol=2e-5
    )
    assert np.ptp(found.probabilities, axis=0).max() > 0.02  # something changes


def test_a_label_is_told_as_soon_as_it_can_be(gru):
    asked = []

    def camera():
        for frame in film(10):
            asked.append(1)
            yield frame

    stream = gru.stream(camera())
    next(stream)
    assert len(asked) == gru.codec.delay + 1


def test_those_that_read_backwards_do_not_stream():
    with pytest.raises(ArgumentError, match="from both ends"):
        tiny("bilstm").stream(film(3))


def test_long_films_are_read_in_windows_that_overlap():
    model = tiny("bilstm")
    frames = film(420)
    found = model.label(frames).probabilities
    assert found.shape == (420, 5)
    near = model.label(frames[:200]).probabilities
    np.testing.assert_allclose(found[:100], near[:100], atol=0.02)


def test_films_of_another_rate_are_sampled(gru):
    frames = film(40)
    assert gru.label(frames, rate_hz=50).probabilities.tolist() == gru.label(frames[::2]).probabilities.tolist()
    assert len(gru.label(frames[:10], rate_hz=12.5).probabilities) == 20
    with pytest.raises(ArgumentError, match="rate_hz"):
        gru.label(frames, rate_hz=0)


def test_streams_of_fixed_length_are_refused(gru, monkeypatch):
    monkeypatch.setattr(type(gru.engine), "steps", 22)
    with pytest.raises(ArgumentError, match="form='step'"):
        gru.stream(film(3))


def test_a_film_as_long_as_the_artifact_is_read_at_once(monkeypatch):
    model = tiny("bilstm")
    expected = model.label(film(20)).probabilities
    monkeypatch.setattr(type(model.engine), "steps", 20)
    calls, step = [], model.engine.step
    monkeypatch.setattr(model.engine, "step", lambda *a: (calls.append(1), step(*a))[1])
    np.testing.assert_allclose(model.label(film(20)).probabilities, expected, atol=1e-6)
    assert len(calls) == 1


def test_what_is_no_film_at_all_is_told(gru):
    for thing in (None, 5, np.uint8(3)):
        with pytest.raises(ArgumentError, match="give a video file"):
            gru.label(thing)
    assert len(gru.label(iter(film(4))).probabilities) == 4
    with pytest.raises(ArgumentError, match="arrays"):
        gru.label("film.mp4", rate_hz=50)


def test_no_frames_are_told(gru):
    with pytest.raises(CodecError, match="no frames"):
        gru.label(np.zeros((0, *SHAPE), np.uint8))
    with pytest.raises(ArgumentError, match="no clips"):
        gru.measure([])
    with pytest.raises(ArgumentError, match="uint8"):
        gru.label(np.zeros((3, *SHAPE)))


def test_vectors_are_labelled(tmp_path):
    model = tiny("gru", shape=(5,))
    x = np.random.default_rng(0).normal(size=(30, 5))
    found = model.label(x)
    assert found.probabilities.shape == (30, 5)
    with pytest.raises(ArgumentError, match="vectors of 5 numbers"):
        model.label(tmp_path / "film.mp4")
    with pytest.raises(ArgumentError, match="give 5 numbers"):
        model.label(x[:, :3])
    assert found.plot(tmp_path / "vectors.png").exists()
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    kept = model.label(tmp_path / "x.npy")
    np.testing.assert_allclose(kept.probabilities, found.probabilities, atol=1e-6)
    assert kept.plot(tmp_path / "kept.png").exists()
    assert len(model.label(tmp_path / "x.npy", rate_hz=50).probabilities) == 15
    np.save(tmp_path / "one.npy", x[0])
    with pytest.raises(CodecError, match=r"shape \(5,\)"):
        model.label(tmp_path / "one.npy")
    with pytest.raises(ArgumentError, match="no numbers"):
        model.label(np.where(np.arange(30)[:, None] == 7, np.nan, x))


@pytest.mark.parametrize("architecture", ["gru", "bilstm"])
def test_landmarks_are_labelled(tmp_path, architecture):
    """Wherever a body stands, also with missing joints; a video without any landmark is refused by name."""
    body = landmarks.of({"joints": ["hip", "head", "hand"], "axes": 2})
    model = tiny(architecture, shape=(6,), landmarks=body)
    x = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    found = model.label(x).probabilities
    np.testing.assert_allclose(model.label(x * 50 + 300).probabilities, found, atol=1e-4)
    x[4:7], x[12:, 4:] = 0, np.nan
    gaps = model.label(x)
    assert np.abs(gaps.probabilities - found).max() > 0.01
    if architecture == "gru":
        streamed = [frame.probabilities for frame in model.stream(x)]
        np.testing.assert_allclose(streamed, gaps.probabilities, atol=1e-5)
        assert len(list(model.stream(np.zeros((3, 6))))) == 3
    [logits] = model.logits([Clip(x, (6,), landmarks=body)])
    np.testing.assert_allclose(np.exp(log_softmax(logits)), gaps.probabilities, atol=1e-5)
    np.save(tmp_path / "empty.npy", np.zeros((9, 6)))
    with pytest.raises(CodecError, match=r"empty\.npy: no landmark is in any of the 9 frames"):
        model.label(tmp_path / "empty.npy")
    with pytest.raises(ArgumentError, match="no numbers"):
        model.label(np.full((9, 6), np.inf))


def test_arrays_of_frames_are_labelled(tmp_path, gru):
    frames = np.random.default_rng(0).integers(0, 256, (20, 32, 48), np.uint8)
    np.save(tmp_path / "x.npy", frames)
    assert gru.label(tmp_path / "x.npy") == replace(gru.label(frames), source=tmp_path / "x.npy")
    assert len(gru.label(tmp_path / "x.npy").thumbnails([0.1, 0.5])) == 2


def test_measures_are_shares(gru):
    codec = codec_for()
    truth = Clip(film(8), SHAPE, (Span("rest", 0, 2), Span("up", 2, 5), Span("left", 5, 7), Span("rest", 7, 8)))

    def logits(ids):
        return np.log(np.eye(5)[ids] * 0.9 + 0.02)

    right = rates([truth], [logits([0, 0, 1, 1, 1, 3, 3, 0])], codec)
    assert right == {
        "frames_correct": 100,
        "active_frames_correct": 100,
        "parsed_frames_correct": 100,
        "word_errors": 0,
    }
    wrong = rates([truth], [logits([0, 0, 2, 2, 2, 3, 3, 0])], codec)
    assert wrong["frames_correct"] == 62.5
    assert wrong["active_frames_correct"] == 40
    assert wrong["word_errors"] == 50
    other = codec_for(grammar=())
    clip = Clip(film(3), SHAPE, whole("up"))
    assert rates([clip], [logits([1, 1, 3])], other) == {
        "frames_correct": pytest.approx(200 / 3),
        "active_frames_correct": pytest.approx(200 / 3),
        "clips_correct": 100,
    }


def test_own_clips_are_evaluated_as_the_codec_crops(tmp_path, monkeypatch):
    """Not as the recipe has it, which is about training."""
    model, asked = tiny("gru", crop="mouth"), {}
    reader = replace(find("video"), read_folder=lambda folder, **options: asked.update(options) or {"train": []})
    monkeypatch.setattr("zoo.models.model.find", lambda name: reader)
    with pytest.raises(ArgumentError, match="no clips"):
        model.evaluate(data=tmp_path, progress=False)
    assert (asked["crop"], asked["height"], asked["width"]) == ("mouth", *SHAPE)


def test_a_film_without_a_mouth_has_no_sentence():
    """It is said once; a stream says the same of every frame. Models that look for no mouth label as before."""
    template, rng = next(video.frames(MOUTH, 1)), np.random.default_rng(0)
    model = tiny(shape=template.shape, crop="mouth")
    finds = replace(model, card=replace(model.card, calibration=Calibration(least_match=LEAST_MATCH)))
    noise = rng.integers(0, 256, (12, *template.shape)).astype(np.uint8)
    assert model.label(noise).mouth_found is None
    with pytest.warns(UserWarning, match=r"the film: no mouth was found \(best match 0.\d\d, at least 0.75 is needed"):
        found = finds.label(noise)
    assert (found.label, found.probability, found.rejected, found.mouth_found) == ("", 0, True, 0)
    with pytest.warns(UserWarning, match="no mouth was found"):
        assert {(one.label, one.probability) for one in finds.stream(noise)} == {("rest", 0)}
    film = np.concatenate([np.repeat(template[None], 10, 0), noise[:10]])
    found, streamed = finds.label(film), list(finds.stream(film))
    np.testing.assert_allclose(found.probabilities, model.label(film).probabilities)
    assert found.mouth_found == 0.75  # a mouth that is gone is missed two looks later
    assert [one.probability > 0 for one in streamed] == [True] * 15 + [False] * 5
    assert [found.vocabulary[i] for i in found.probabilities[:10].argmax(1)] == [one.label for one in streamed[:10]]


@pytest.mark.parametrize("grammar", [(), GRAMMAR])
def test_confidences_are_fitted_to_clips(grammar):
    model = tiny(grammar=grammar)
    films = [film(12, seed=seed) for seed in range(24)]
    labels = [model.label(one).label for one in films]
    if grammar:
        labels = [(label if i % 2 else "") for i, label in enumerate(labels)]
        said = [tuple(Span(word, t, t + 1) for t, word in enumerate(label.split())) for label in labels]
    else:
        said = [whole(label if i % 2 else LABELS[LABELS.index(label) - 1]) for i, label in enumerate(labels)]
    pieces = [Clip(one, SHAPE, spans) for one, spans in zip(films, said, strict=True)]
    confidences, right = model.judge(pieces)
    found = model.calibrate(pieces)
    assert right[1::2].all()
    assert found.least_match == 0
    calibrated = replace(model, card=replace(model.card, calibration=found))
    told = [calibrated.label(one).probability for one in films]
    np.testing.assert_allclose(told, confidences(found.temperature), atol=2e-3)
    assert calibrated.label(films[0], min_confidence=1).rejected


def test_a_mouth_is_looked_for_once_it_was_found_in_all_clips():
    template, rng = next(video.frames(MOUTH, 1)), np.random.default_rng(0)
    model = tiny(shape=template.shape, crop="mouth")
    clips = [Clip(np.repeat(template[None], 6, 0), template.shape) for _ in range(2)]
    assert model.calibrate(clips).least_match == LEAST_MATCH
    clips.append(Clip(rng.integers(0, 256, (6, *template.shape)).astype(np.uint8), template.shape))
    assert model.calibrate(clips).least_match == 0
