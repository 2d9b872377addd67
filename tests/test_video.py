import itertools
import json
import subprocess
import sys
import warnings
from dataclasses import replace
from fractions import Fraction

import av
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
from zoo.errors import ArgumentError, CodecError, DataError, TrainingError, UnsupportedLayer
from zoo.media import video
from zoo.models.making import make
from zoo.models.model import overlapping
from zoo.tasks.video import augment, clips, datasets, scaling, task
from zoo.tasks.video import crops as pictures
from zoo.tasks.video import decoding as sentences
from zoo.tasks.video import mouth as mouths
from zoo.tasks.video import overlay as overlays
from zoo.tasks.video import user_data as clip_folders
from zoo.tasks.video.clips import Clip, Span, whole
from zoo.tasks.video.codec import VideoCodec
from zoo.tasks.video.model import rates
from zoo.tasks.video.timeline import timeline

RECIPE = Recipe(units=8, embedding=6, filters=2, layers=1)
LABELS = ("rest", "up", "down", "left", "right")
GRAMMAR = (("up", "down"), ("left", "right"))
CAUSAL = [name for name, row in ARCHITECTURES.items() if not row.bidirectional]
SHAPE = (16, 24)


def codec_for(architecture="gru", shape=SHAPE, **options):
    bidirectional = ARCHITECTURES[architecture].bidirectional
    options = {"delay": 0 if bidirectional else 2, "rest": "rest", "grammar": GRAMMAR, **options}
    return VideoCodec(LABELS, shape, 25.0, whole=bidirectional, **options)


def tiny(architecture="gru", seed=0, **options):
    """An untrained labeler whose weights are random enough that labels change."""
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine

    row, codec = ARCHITECTURES[architecture], codec_for(architecture, **options)
    net = network(row, codec, RECIPE)
    scatter(net, seed, 1.0, 4.0)
    engine = KerasEngine(net)
    x = codec.example(np.random.default_rng(0), 1, 60)
    logits, _ = engine.step(x, engine.initial_state(1))
    last = net.get_layer("y")
    last.set_weights([last.get_weights()[0], last.get_weights()[1] - logits.mean((0, 1))])  # no label always wins
    digest = sha256(codec_json(codec).encode())
    card = Card(f"{architecture}_video", architecture, "video", RECIPE, net.count_params(), codec_sha256=digest)
    return make(card, codec, engine)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request):
    return tiny(request.param)


@pytest.fixture(scope="module")
def gru():
    return tiny()


def film(count=20, shape=SHAPE, seed=0):
    """Frames of a light that moves."""
    return VideoCodec(["a"], shape).example(np.random.default_rng(seed), 1, count)[0]


def written(path, frames, rate_hz=25, codec="mpeg4", times=None, sound=False, rotation=0):
    """Write frames as a film; `times` in seconds, if they are not even."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate_hz, options={"qscale": "1"} if codec == "mpeg4" else None)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        if codec in ("mpeg4", "mpeg1video"):
            stream.bit_rate = 4_000_000
        if times is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        noise = container.add_stream("mp2", 44100) if sound else None
        for i, frame in enumerate(frames):
            colour = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, 2)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(colour), "rgb24").reformat(format=stream.pix_fmt)
            if times is not None:
                picture.pts, picture.time_base = round(times[i] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
        if noise:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1152 * 2), np.int16), "s16", "stereo")
            samples.rate = 44100
            container.mux(noise.encode(samples))
            container.mux(noise.encode())
    return path


# --- what goes in


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mp4", "mpeg4"), (".mp4", "h264"), (".avi", "mpeg4"), (".mpg", "mpeg1video"), (".webm", "vp9"), (".mkv", "h264"), (".gif", "gif"), (".mov", "mpeg4")],
)  # fmt: skip
def test_films_of_any_kind(tmp_path, suffix, codec):
    frames = film(12, (48, 64))
    path = written(tmp_path / f"film{suffix}", frames, codec=codec, sound=suffix == ".mpg")
    found = list(video.frames(path, 25))
    assert len(found) == 12
    assert all(frame.shape == (48, 64) and frame.dtype == np.uint8 for frame in found)
    assert np.abs(np.stack(found).astype(float) - frames).mean() < (30 if suffix == ".gif" else 12)
    assert next(video.frames(path, 25, colour=True)).shape == (48, 64, 3)
    assert next(video.frames(path.open("rb"), 25)).tolist() == found[0].tolist()


@pytest.mark.parametrize(("rate_hz", "wanted", "count"), [(50, 25, 10), (10, 25, 50), (30, 25, 17), (25, 12.5, 10)])
def test_films_of_any_rate_are_sampled_by_time(tmp_path, rate_hz, wanted, count):
    frames = np.stack([np.full((32, 32), 10 * i + 20, np.uint8) for i in range(20)])
    found = np.stack(list(video.frames(written(tmp_path / "film.mp4", frames, rate_hz), wanted))).mean((1, 2))
    assert len(found) == count
    shown = [20 + 10 * int(k / wanted * rate_hz + 1e-6) for k in range(count)]
    np.testing.assert_allclose(found, shown, atol=6)


def test_films_of_varying_rate_are_sampled_by_time(tmp_path):
    times = [0, 0.04, 0.08, 0.4, 0.44, 0.52]
    frames = np.stack([np.full((32, 32), 30 * i + 20, np.uint8) for i in range(6)])
    found = np.stack(list(video.frames(written(tmp_path / "film.mkv", frames, times=times), 25))).mean((1, 2))
    shown = [max(i for i, t in enumerate(times) if t <= k / 25 + 1e-6) for k in range(len(found))]
    assert len(found) in (14, 15)
    np.testing.assert_allclose(found, [20 + 30 * i for i in shown], atol=6)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_films_are_upright(tmp_path, degrees):
    """The matrix of the track's header says by how much the picture is turned clockwise when it is shown."""
    picture = np.zeros((32, 48), np.uint8)
    picture[:16, :24] = 220  # bright at the top left
    path = written(tmp_path / "film.mp4", np.stack([picture] * 3), codec="h264")
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    data[at : at + 20] = b"".join(int(v * 65536).to_bytes(4, "big", signed=True) for v in (cos, sin, 0, -sin, cos))
    path.write_bytes(data)
    found = next(video.frames(path, 25)).astype(float)
    np.testing.assert_allclose(found, np.rot90(picture, -degrees // 90).astype(float), atol=60)


def test_folders_of_images_are_clips(tmp_path):
    for i, frame in enumerate(film(11)):
        with av.open(str(tmp_path / f"frame{i}.png"), "w", format="image2") as container:
            stream = container.add_stream("png", 1)
            stream.height, stream.width, stream.pix_fmt = *SHAPE, "gray"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "gray")))
            container.mux(stream.encode())
    found = np.stack(list(video.frames(tmp_path, 25)))
    assert found.tolist() == film(11).tolist()  # 10 after 9


def test_what_is_no_film_is_told(tmp_path):
    good = written(tmp_path / "film.mp4", film(30, (48, 64)))
    empty, text, part = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "part.mp4"
    empty.write_bytes(b"")
    text.write_text("no film")
    part.write_bytes(good.read_bytes()[:200])
    soundfile.write(tmp_path / "sound.wav", np.zeros(1000), 16000)
    (tmp_path / "folder").mkdir()
    cases = {"missing.mp4": "No such file", "empty.mp4": "cannot be read", "text.mp4": "cannot be read",
             "part.mp4": "cannot be read", "sound.wav": "audio alone", "folder": "no images"}  # fmt: skip
    for name, message in cases.items():
        with pytest.raises(CodecError, match=message):
            list(video.frames(tmp_path / name, 25))


def test_a_film_cut_off_counts_up_to_there(tmp_path):
    good = written(tmp_path / "film.mkv", film(60, (48, 64), seed=3), codec="h264")
    data = good.read_bytes()
    (tmp_path / "part.mkv").write_bytes(data[: len(data) // 2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(video.frames(tmp_path / "part.mkv", 25))
    assert 1 <= len(found) < 60


def test_clocks_may_be_set_back_and_are_damaged_at_last():
    frame, other = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    joined = [(k / 25, frame, 0.04) for k in range(5)] + [(3.0 - 3 + k / 25 - 0.6, other, 0.04) for k in range(5)]
    assert [int(f[0, 0]) for f in video._sampled(joined, 25)] == [0] * 5 + [1] * 5
    with pytest.warns(UserWarning, match="without a picture"):
        assert len(list(video._sampled([(0.0, frame, 0.04), (1e6, frame, 0.04)], 25))) == 1
    assert len(list(video._sampled([(0.0, frame, 1e9)], 25))) == 25 * video.LONGEST_GAP_S
    assert len(list(video._sampled([(0.0, frame, 0.001)], 25))) == 1
    assert len(list(video._sampled([], 25))) == 0
    with pytest.raises(ArgumentError, match="rate_hz"):
        next(video.frames("film.mp4", 0))


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


# --- size and colour


def test_frames_are_scaled_and_cut():
    codec = codec_for()
    wide = np.zeros((32, 96), np.uint8)
    wide[:, 24:72] = 200
    [fitted] = pictures.fitted([wide], codec)
    assert fitted.shape == SHAPE
    assert (fitted[:, 2:-2] == 200).all()  # what is beyond the middle is cut off
    [same] = pictures.fitted([fitted], codec)
    assert same is fitted


def test_grey_and_colour_go_into_each_other():
    [grey] = pictures.fitted([np.full((*SHAPE, 3), (255, 0, 0), np.uint8)], codec_for())
    assert grey.shape == SHAPE
    assert (grey == 76).all()
    [colour] = pictures.fitted([film(1)[0]], codec_for(shape=(*SHAPE, 3)))
    assert colour.shape == (*SHAPE, 3)
    [large] = pictures.fitted([np.zeros((64, 48, 3), np.uint8)], codec_for(shape=(*SHAPE, 3)))
    assert large.shape == (*SHAPE, 3)


@pytest.mark.parametrize(
    "frame", [np.zeros(SHAPE), np.zeros((2, 3, 4), np.uint8), [[1], [1, 2]], np.zeros((0, 4), np.uint8), "x"]
)
def test_what_is_no_frame_is_told(frame):
    with pytest.raises(ArgumentError, match="frame"):
        list(pictures.fitted([frame], codec_for()))


def test_frames_of_two_sizes_are_told():
    with pytest.raises(ArgumentError, match="one size"):
        list(pictures.fitted([np.zeros((20, 20), np.uint8), np.zeros((20, 21), np.uint8)], codec_for()))


def test_a_match_is_found_where_the_template_is():
    rng = np.random.default_rng(0)
    image = rng.normal(100, 20, (60, 80)).astype(np.float32)
    found = mouths.matches(image, image[20:35, 31:55] * 0.5 + 10)  # darker, and of less contrast
    assert np.unravel_index(found.argmax(), found.shape) == (20, 31)
    assert found.max() == pytest.approx(1, abs=1e-3)
    assert np.abs(found).max() < 1.001


@pytest.mark.parametrize("scale", [1.0, 1.25])
def test_a_mouth_is_followed(scale):
    """The template itself, in a picture of noise, moves; also in a larger picture of the same head."""
    template = next(video.frames(mouths.MOUTH, 1))
    mouth, rng = mouths.Mouth(datasets.LIPS), np.random.default_rng(0)
    for at in (0, 0, 1, 1, 2, 2, 2, 3):
        picture = rng.integers(100, 130, (mouths.HEIGHT, 360)).astype(np.uint8)
        picture[170 + at : 218 + at, 120 : 120 + 96] = template
        cut = mouth(scaling.scaled(picture, round(scale * mouths.HEIGHT), round(scale * 360)))
        assert cut.shape == datasets.LIPS
    assert np.abs(mouth.place - (171.5, 120)).max() < 2.5


def test_a_mouth_needs_room():
    with pytest.raises(ArgumentError, match="too narrow"):
        mouths.Mouth(datasets.LIPS)(np.zeros((288, 40), np.uint8))


# --- codec


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
    assert (codec.for_direction(True).delay, codec.for_direction(True).whole) == (0, True)
    assert codec_for("bilstm").for_direction(False).delay > 0
    assert codec.for_direction(False) is codec


# --- network and models


def test_states_are_named_and_flat(model):
    names = [tensor.name for tensor in model.engine.network.inputs]
    assert model.engine.network.inputs[0].dtype == "uint8"
    if model.codec.whole:
        assert names == ["x"]
    else:
        assert names[:2] == ["x", "f0_0"]
        assert model.engine.initial_state(2)[0].shape == (2, 2 * 16 * 24)


def test_light_and_contrast_do_not_count(gru):
    frames = film(9)
    brighter = (frames * 0.7 + 40).astype(np.uint8)
    state = gru.engine.initial_state(1)
    a, b = (gru.engine.step(x[None], state)[0] for x in (frames, brighter))
    assert np.abs(a - b).max() < 0.6  # rounding, and what is added to the deviation
    assert np.abs(a - gru.engine.step(film(9, seed=5)[None], state)[0]).max() > 2


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


def test_overlapping_parts_are_the_whole():
    line = np.arange(37)
    for size, margin in itertools.product((5, 10, 40), (0, 2, 5)):
        parts = [line[i : i + size] for i in range(0, 37, size)]
        windows = list(overlapping(parts, margin))
        assert np.concatenate([x[inner] for x, inner in windows]).tolist() == line.tolist()
        assert all((np.diff(x) == 1).all() for x, _ in windows)
    assert list(overlapping([], 2)) == []


@pytest.mark.parametrize("architecture", ["gru", "bilstm"])
@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ""])
def test_artifacts_label_films(architecture, suffix, tmp_path):
    model = tiny(architecture)
    path = written(tmp_path / "film.mp4", film(40, (32, 48)))
    expected = model.label(path)
    for form in ("sequence", "step"):
        target = tmp_path / f"{form}{suffix}"
        if form == "step" and model.codec.whole:
            with pytest.raises(UnsupportedLayer, match="backwards"):
                export.save(model, target, form=form)
            continue
        export.save(model, target, form=form)
        opened = export.load(target)
        assert opened.engine.inputs[0].dtype == "uint8"
        assert opened.engine.inputs[0].shape[2:] == SHAPE
        found = opened.label(path)
        assert [run.label for run in found.runs] == [run.label for run in expected.runs]
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)


def test_whole_number_artifacts_of_fixed_length_label_any_film(tmp_path):
    model = tiny("gru")
    samples = [model.codec.encode([Clip(film(20, seed=i), SHAPE)])[0] for i in range(12)]
    export.save(model, tmp_path / "full.tflite", quantize="int8", batch=1, steps=22, representative=samples)
    opened = export.load(tmp_path / "full.tflite")
    for count in (20, 7, 50):
        clip = film(count, seed=40)
        told = opened.label(clip).probabilities.argmax(1) == model.label(clip).probabilities.argmax(1)
        assert told.mean() > 0.7
    seen = opened.logits([Clip(film(20), SHAPE)])[0]
    np.testing.assert_allclose(
        np.exp(seen - np.logaddexp.reduce(seen, 1, keepdims=True)), opened.label(film(20)).probabilities, atol=1e-5
    )


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_artifacts_need_no_tensorflow(tmp_path, gru, suffix):
    export.save(gru, tmp_path / f"m{suffix}", form="step")
    written(tmp_path / "clip.mp4", film(10, (32, 48)))
    code = (
        f"import sys, export; print(export.load('m{suffix}').label('clip.mp4').seconds); "
        "sys.exit(', '.join({'tensorflow', 'keras', 'librosa', 'matplotlib', 'PIL'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0.4\n"), done.stderr


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
    with pytest.raises(CodecError, match="no array"):
        model.label(tmp_path / "one.npy")
    with pytest.raises(ArgumentError, match="no numbers"):
        model.label(np.where(np.arange(30)[:, None] == 7, np.nan, x))


def test_arrays_of_frames_are_labelled(tmp_path, gru):
    frames = np.random.default_rng(0).integers(0, 256, (20, 32, 48), np.uint8)
    np.save(tmp_path / "x.npy", frames)
    assert gru.label(tmp_path / "x.npy") == replace(gru.label(frames), source=tmp_path / "x.npy")
    assert len(gru.label(tmp_path / "x.npy").thumbnails([0.1, 0.5])) == 2


# --- sentences


def all_paths(scores, grammar, rest):
    """Try every path of states; give the labels of the best one."""
    words = [(part, word) for part, line in enumerate(grammar) for word in line]
    states = words + [(part, None) for part in range(len(grammar))]
    cost = [np.log(sentences.BEGINS / len(line)) for line in grammar]

    def step(a, b):
        if a == b:
            return 0.0
        before = (b[0] - 1) % len(grammar)
        follows = a[0] == before and a[1] is not None
        if b[1] is None:
            return 0.0 if follows else -np.inf
        return cost[b[0]] if follows or a == (b[0], None) else -np.inf

    best, told = -np.inf, None
    for path in itertools.product(states, repeat=len(scores)):
        ok = path[0][0] == 0 and (
            path[-1] == (0, None) or (path[-1][0] == len(grammar) - 1 and path[-1][1] is not None)
        )
        if not ok:
            continue
        value = sum(scores[t, rest if w is None else w] for t, (_, w) in enumerate(path))
        value += sum(step(a, b) for a, b in itertools.pairwise(path))
        if value > best:
            best, told = value, [rest if w is None else w for _, w in path]
    return told


@pytest.mark.parametrize("seed", range(8))
def test_the_likeliest_sentence_is_the_best_of_all_paths(seed):
    scores = np.random.default_rng(seed).normal(0, 3, (5, 5))
    grammar = [[1, 2], [3, 4]]
    assert sentences.parse(scores, grammar, 0).tolist() == all_paths(scores, grammar, 0)


def test_sentences_follow_each_other_and_rest_is_rest():
    def scores(ids):
        return np.log(np.eye(5)[list(ids)] * 0.9 + 0.02)

    codec = codec_for()
    said = [0, 0, 1, 1, 3, 3, 0, 2, 2, 0, 4, 4, 4]
    assert sentences.of(scores(said), codec).tolist() == said
    odd = [0, 0, 1, 1, 3, 3, 1, 3, 3, 0]  # one frame of a word where none can begin
    assert sentences.of(scores(odd), codec).tolist() == [0, 0, 1, 1, 3, 3, 3, 3, 3, 0]
    assert sentences.of(scores([0] * 4), codec).tolist() == [0] * 4
    assert sentences.of(scores([1]), codec).tolist() == [0]
    assert sentences.parse(np.zeros((0, 5)), [[1], [2]], 0).tolist() == []
    assert sentences.parse(scores([1, 2]), [[1], [2]], None).tolist() == [1, 2]
    assert sentences.parse(scores([1]), [[1], [2]], None).tolist() == [-1]


# --- what comes out


def seen(ids, codec=None, source=None):
    codec = codec or codec_for()
    return timeline((np.eye(5)[ids] * 0.9 + 0.02).astype(np.float32), codec, source)


def test_timeline_tells_runs():
    found = seen([0, 0, 1, 1, 1, 3, 3, 0])
    assert [(r.label, r.start, r.end) for r in found.runs] == [
        ("rest", 0, 0.08),
        ("up", 0.08, 0.2),
        ("left", 0.2, 0.28),
        ("rest", 0.28, 0.32),
    ]
    assert str(found) == found.label == "up left"
    assert found.at(0.1).label == "up"
    assert found.at(1) is None
    assert found.csv().splitlines()[:3] == [
        "file,label,start,end,probability",
        ",rest,0.0,0.08,0.92",
        ",up,0.08,0.2,0.92",
    ]
    assert found.srt().startswith("1\n00:00:00,080 --> 00:00:00,200\nup\n")
    assert json.loads(found.to_json())["runs"][1]["label"] == "up"
    assert {found.told(form) for form in ("txt", "csv", "srt", "json")} == {
        found.label,
        found.csv(),
        found.srt(),
        found.to_json(),
    }


def test_rest_labels_a_film_of_rest_alone():
    codec = codec_for(grammar=())
    assert seen([0, 0, 0, 0, 2], codec).label == codec.vocabulary[2]
    assert seen([0, 0, 0], codec).label == codec.rest


def test_timeline_without_a_grammar_has_the_label_of_the_film():
    found = seen([1, 1, 1, 4], codec_for(grammar=()))
    assert (found.label, len(found.runs)) == ("up", 2)
    assert found.probability == pytest.approx(0.695)


def test_timeline_is_drawn(tmp_path, gru):
    path = written(tmp_path / "film.mp4", film(20, (32, 48)))
    for source in (path, film(20)):
        found = gru.label(source)
        assert (
            found.plot(tmp_path / "a.png", truth=[Span("up", 0, 9.5), Span("left", 9.5, float("inf"))]).stat().st_size
            > 10_000
        )
    assert len(found.thumbnails([0.1, 0.5])) == 2
    faster = gru.label(film(40), rate_hz=50)
    assert faster.thumbnails([0.4])[0].tolist() == film(40)[20].tolist()
    with pytest.raises(ArgumentError, match="start"):
        found.plot(tmp_path / "b.png", start=99)
    with pytest.raises(ArgumentError, match="ends in"):
        found.plot(tmp_path / "b.txt")


def test_films_are_written_with_labels(tmp_path, gru):
    path = written(tmp_path / "film.mpg", film(30, (48, 64)), codec="mpeg1video", sound=True)
    found = gru.label(path)
    out = overlays.write(path, tmp_path / "out.mp4", found)
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    frames = list(video.frames(out, 25, colour=True))
    assert len(frames) == 30
    assert frames[0].shape == (240, 320, 3)
    plain, shown = (
        overlays.labelled(np.full((240, 320, 3), 90, np.uint8), t, 0.1)
        for t in (seen([0] * 9), seen([1] * 4 + [3] * 5))
    )
    assert (plain == 90).all()  # rest has no label
    assert (shown[-40:] > 200).any()


def test_films_of_varying_rate_and_odd_sound_are_written(tmp_path, gru):
    times = [0, 0.04, 0.06, 0.4, 0.44, 0.52]
    path = written(tmp_path / "film.mkv", film(6, (48, 64)), times=times)
    out = overlays.write(path, tmp_path / "out.mkv", gru.label(path))
    with av.open(str(out)) as container:
        found = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(np.array(found) - found[0], times, atol=0.002)
    with av.open(str(tmp_path / "film.avi"), "w") as container:
        picture, sound = container.add_stream("mpeg4", 25), container.add_stream("pcm_s16le", 44100)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 2000), np.int16), "s16", "stereo")
        samples.rate = 44100
        for frame in film(10, (48, 64)):
            grey = av.VideoFrame.from_ndarray(frame, "gray").reformat(format="yuv420p")
            container.mux(picture.encode(grey))
        container.mux([*picture.encode(), *sound.encode(samples), *sound.encode()])
    out = overlays.write(tmp_path / "film.avi", tmp_path / "out.mp4", gru.label(tmp_path / "film.avi"))
    assert len(list(video.frames(out, 25))) == 10


def test_overlays_that_cannot_be_are_refused(tmp_path, gru):
    path = written(tmp_path / "film.mp4", film(5, (48, 64)))
    for out, read, message in (
        (path, [path], "is read"),
        (tmp_path / "a.txt", [path], "ends in"),
        (tmp_path / "a.mp4", [path, path], "one film"),
        (tmp_path / "a.mp4", [tmp_path], "no film"),
        (tmp_path / "a.mp4", [tmp_path / "x.npy"], "no film"),
    ):
        with pytest.raises(ArgumentError, match=message):
            overlays.check(out, read)
    overlays.check(None, [path, path])
    with pytest.raises(DataError):
        overlays.write(path, tmp_path / "film.mp4" / "x.mp4", gru.label(path))


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


# --- data


def test_augmentation_is_drawn_from_its_generator_alone():
    clip = Clip(
        film(40), SHAPE, (Span("rest", 0, 10), Span("up", 10, 25.5), Span("rest", 25.5, float("inf"))), mirrored=True
    )
    change = augment.changed([clip])
    a, b, c = (change(0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a.frames, b.frames)
    assert not np.array_equal(a.frames, c.frames)
    assert a.frames.shape == clip.frames.shape
    assert [s.label for s in a.spans] == ["rest", "up", "rest"]
    assert a.spans[1].start == a.spans[0].end != 10
    assert augment.changed([clip], 0)(0, np.random.default_rng(0)) is clip


def test_labels_go_with_the_frames_when_time_is_warped():
    """Frames that show their own label: after the warp they still do, but near the borders."""
    ids = np.repeat([10, 120, 240], [15, 12, 13]).astype(np.uint8)
    spans = (Span("rest", 0, 15), Span("up", 15, 27), Span("down", 27, float("inf")))
    codec = codec_for()
    for seed in range(20):
        frames, moved = augment.warped(
            np.broadcast_to(ids[:, None, None], (40, *SHAPE)), spans, np.random.default_rng(seed), 1.0
        )
        told = codec.tokens(Clip(frames, SHAPE, moved))
        shown = np.searchsorted([10, 120, 240], frames[:, 0, 0])
        assert (told != shown).sum() <= 2 + augment.HIDDEN * augment.LONGEST
        assert frames.shape == (40, *SHAPE)


def test_only_where_it_does_not_matter_left_and_right_are_exchanged():
    frames = np.broadcast_to(np.linspace(0, 255, 24).astype(np.uint8), (5, *SHAPE))
    for mirrored in (True, False):
        change = augment.changed([Clip(frames, SHAPE, whole("up"), mirrored=mirrored)])
        ways = {
            bool(
                change(0, np.random.default_rng(s)).frames[0, 0, -1]
                < change(0, np.random.default_rng(s)).frames[0, 0, 0]
            )
            for s in range(12)
        }
        assert (True in ways) == mirrored


def test_rare_labels_are_drawn_more_often():
    few = [Clip(film(4), SHAPE, whole("up"), name="rare")] * 2
    many = [Clip(film(4), SHAPE, whole("left"), name="common")] * 48
    change, rng = augment.changed([*few, *many], 0), np.random.default_rng(0)
    names = [change(i % 50, rng).name for i in range(400)]
    share = names.count("rare") / 400
    assert 0.12 < share < 0.24  # 2 of 50 are 4 %; by the root of 24 they are 17 %
    assert augment.shares([*few, *few]) is None


def test_prepared_clips_are_read_from_the_disk(tmp_path):
    clip = Clip(film(6), SHAPE, (Span("up", 0, 2.5), Span("left", 2.5, float("inf"))), "a")
    clips.store([("train", clip), ("valid", clip)], tmp_path)
    found = clips.stored(tmp_path)
    assert set(found) == {"train", "valid"}
    again = found["train"][0]
    assert (again.spans, again.name, len(again), again.shape) == (clip.spans, "a", 6, SHAPE)
    assert np.array_equal(again.pixels, clip.frames)


def test_grid_is_split_as_published(data, monkeypatch, tmp_path):
    monkeypatch.setattr(
        task,
        "_clip",
        lambda name, _data, alignment: Clip(
            np.zeros((1, 2), np.uint8), (1, 2), datasets.aligned(alignment), name, crop="mouth"
        ),
    )
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    splits = find("video").splits_of(False)
    assert {split: len(found) for split, found in splits.items()} == {"train": 750, "valid": 50, "test": 150}
    codec = task.lips()
    assert codec.classes == 52
    for piece in itertools.chain(*splits.values()):
        said = [span.label for span in piece.spans if span.label != datasets.SILENCE]
        assert all(word in part for word, part in zip(said, datasets.GRAMMAR, strict=True))


def test_the_mouth_is_found_in_whole_films(data):
    """The prepared crops of two films are where the template finds the mouth in the originals."""
    import io
    import tarfile

    found = {}
    for tar, names in (
        ("grid_s1_originals_12.tar", ("bbaf5a.mpg", "pgwe6n.mpg")),
        ("grid_s1_lips_96x48.tar", ("bbaf5a.mp4", "pgwe6n.mp4")),
    ):
        with tarfile.open(data / "video" / tar) as archive:
            for member in archive:
                if member.name.rpartition("/")[2] in names:
                    found[member.name.rpartition("/")[2]] = archive.extractfile(member).read()
    for name in ("bbaf5a", "pgwe6n"):
        cut, crop = (
            np.stack(list(pictures.fitted(video.frames(io.BytesIO(found[f"{name}.{kind}"]), 25), task.lips())))
            for kind in ("mpg", "mp4")
        )
        assert cut.shape == crop.shape == (75, *datasets.LIPS)
        alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(cut, crop, strict=True)]
        assert np.median(alike) > 0.9


# --- own clips


def moving(way, count=12, seed=0, side=32):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 60, (count, side, side)).astype(np.uint8)
    start = rng.integers(4, side - 8)
    for t in range(count):
        at = int(start + (t if way == "right" else -t) * 2) % (side - 6)
        frames[t, 10:22, at : at + 6] = 230
    return frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Clips of two classes, vectors aside, and some that are bad."""
    root = tmp_path_factory.mktemp("clips")
    for way in ("left", "right"):
        (root / way).mkdir()
        for i in range(10):
            written(root / way / f"{i}.mp4", moving(way, seed=i), codec="h264")
    (root / "left" / "bad.mp4").write_bytes(b"nothing")
    (root / "left" / "notes.txt").write_text("x")
    return root


def test_folders_of_clips_are_read(folder):
    with pytest.warns(UserWarning, match="left out") as told:
        splits = clip_folders.read_folder(folder, height=24)
    text = " ".join(str(w.message) for w in told)
    assert "bad.mp4 cannot be read" in text
    assert "notes.txt: no video file" in text
    assert {split: len(found) for split, found in splits.items()} == {"train": 16, "valid": 4}
    assert {clip.label for clip in splits["valid"]} == {"left", "right"}
    assert splits["train"][0].shape == (24, 24)
    assert len(splits["train"][0]) == 12


def test_lists_of_ranges_are_read(tmp_path):
    written(tmp_path / "a.mp4", np.concatenate([moving("left", 250)]), codec="h264")
    rows = ["file,label,start,end,probability", "a.mp4,wave,1,2.5,0.9", "a.mp4,nod,2.5,3,", "a.mp4,wave,2,4,", "b.mp4,x,0,1,", "a.mp4,,4,5,", "a.mp4,x,5,4,", "a.mp4,x,soon,4,"]  # fmt: skip
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    with pytest.warns(UserWarning, match="left out") as told:
        splits = clip_folders.read_folder(tmp_path)
    text = " ".join(str(w.message) for w in told)
    for line, reason in (
        (4, "overlaps"),
        (5, "does not exist"),
        (6, "give a label"),
        (7, "give a label"),
        (8, "give a label"),
    ):
        assert f"labels.csv:{line}: " in text
        assert reason in text
    pieces = splits["train"] + splits["valid"]
    assert [len(piece) for piece in pieces] == [200, 50]
    assert [tuple(span) for span in pieces[0].spans] == [
        ("none", 0, 25),
        ("wave", 25, 62.5),
        ("nod", 62.5, 75),
        ("none", 75, 200),
    ]
    assert task.make_codec(pieces).rest == "none"


def classes(folder, *names, clips=2):
    """Write clips of vectors for each class."""
    for name in names:
        (folder / name).mkdir()
        for i in range(clips):
            np.save(folder / name / f"{i}.npy", np.random.default_rng(i).normal(size=(9, 4)))
    return folder


@pytest.mark.parametrize(("make", "message"), [
    (lambda p: p / "missing", "not a folder"),
    (lambda p: p, "has no clips"),
    (lambda p: (p / "labels.csv").write_text("file,label\na,b") and p, "no column start, end"),
    (lambda p: np.save(p / "a.npy", np.zeros((4, 3))) or p, "no folder of clips: 1 lie in it directly"),
    (lambda p: classes(p, "one", clips=1), "1 good clips.*give 2"),
])  # fmt: skip
def test_folders_that_are_none_are_told(tmp_path, make, message):
    with pytest.raises(DataError, match=message):
        clip_folders.read_folder(make(tmp_path))


def test_one_class_is_nothing_to_learn(tmp_path, gru):
    pieces = clip_folders.read_folder(classes(tmp_path, "one"))["train"]
    with pytest.raises(DataError, match="of the class one: give clips of two"):
        task.make_codec(pieces)
    with pytest.raises(CodecError, match="of the class one: give clips of two"):
        gru.codec.extended(pieces)


def test_own_clips_are_evaluated_as_the_codec_crops(tmp_path, monkeypatch):
    """Not as the recipe has it, which is about training."""
    model, asked = tiny("gru", crop="mouth"), {}
    reader = replace(find("video"), read_folder=lambda folder, **options: asked.update(options) or {"train": []})
    monkeypatch.setattr("zoo.models.model.find", lambda name: reader)
    with pytest.raises(ArgumentError, match="no clips"):
        model.evaluate(data=tmp_path, progress=False)
    assert (asked["crop"], asked["height"], asked["width"]) == ("mouth", *SHAPE)


def test_bad_clips_are_told_and_left_out(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    np.save(folder / "0.npy", np.zeros((9, 5)))  # the first is the odd one
    for i in range(1, 4):
        np.save(folder / f"{i}.npy", np.random.default_rng(i).normal(size=(9, 4)))
    classes(tmp_path, "b")
    np.save(folder / "5.npy", np.full((9, 4), np.nan))
    np.save(folder / "6.npy", np.zeros((9, 0)))
    np.save(folder / "7.npy", np.zeros(()))
    (folder / "8.npy").write_text("x")
    with (folder / "9.npy").open("wb") as stream:
        np.savez(stream, x=np.zeros((3, 4)))
    (folder / "10.mp4").symlink_to(tmp_path / "gone.mp4")
    good = written(tmp_path / "film.mkv", film(60, (48, 64), seed=3), codec="h264").read_bytes()
    (folder / "11.mkv").write_bytes(good[: len(good) // 2])
    with pytest.warns(UserWarning, match="left out|damaged") as told:
        splits = clip_folders.read_folder(tmp_path)
    text = [str(w.message) for w in told]
    for name in ("0", "5", "6", "7", "8", "9"):
        assert sum(f"/{name}.npy" in line for line in text) == 1, (name, text)
    assert any("10.mp4: No such file" in line for line in text)
    assert sum(map(len, splits.values())) == 5
    assert {clip.shape for clip in splits["train"]} == {(4,)}


def test_what_was_labelled_can_be_trained_on(tmp_path, gru):
    """A timeline, as a list beside its film; at the rate that was asked for."""
    path = written(tmp_path / "film.mp4", film(450, (32, 48)))
    found = gru.label(path)
    (tmp_path / "labels.csv").write_text(found.csv())
    splits = clip_folders.read_folder(tmp_path, rate_hz=12.5, mirror=True)
    pieces = splits["train"] + splits["valid"]
    assert sum(map(len, pieces)) == 225
    codec = task.make_codec(pieces)
    assert (codec.rate_hz, codec.crop, pieces[0].mirrored) == (12.5, "fit", True)
    assert set(codec.vocabulary) == {run.label for run in found.runs}


@pytest.mark.filterwarnings("ignore:left out")
def test_training_on_own_clips(folder, tmp_path):
    """Another architecture takes the encoder over; frozen, what it makes of clips is computed once."""
    options = {"units": 12, "batch": 4, "verbose": False, "learning_rate": 0.005, "warmup": 5}
    with pytest.warns(UserWarning, match="left out"):
        card = zoo.train(
            "gru_video", tmp_path / "a", data=folder, height=24, filters=3, embedding=16, epochs=2, rate_hz=12.5,
            precision="mixed_bfloat16", **options,
        )  # fmt: skip
    assert card.metrics["valid"]["tokens"] == 24
    assert card.recipe.precision == "mixed_bfloat16"
    model = zoo.load(tmp_path / "a/preset")
    assert (model.codec.vocabulary, model.codec.shape, model.codec.rate_hz) == (("left", "right"), (24, 24), 12.5)
    assert model.label(folder / "left/0.mp4").label in ("left", "right")
    gestures = tmp_path / "gestures"
    gestures.mkdir()
    for name, way in (("right", "left"), ("wave", "right")):  # one label is known, and stands for something else
        (gestures / name).symlink_to(folder / way)
    with pytest.warns(UserWarning, match="left out"):
        own = model.evaluate(progress=False, data=folder)
    with pytest.warns(UserWarning, match="left out"):
        splits = clip_folders.read_folder(folder, height=24, rate_hz=12.5)
    assert own == model.measure([*splits["train"], *splits["valid"]])
    assert own["tokens"] == sum(map(len, splits["train"])) + 24
    with pytest.warns(UserWarning, match="left out"), pytest.raises(CodecError, match="was not made for .*gestures"):
        model.evaluate(progress=False, data=gestures)
    start = {"start": tmp_path / "a/preset", "freeze": ["encoder"], "epochs": 2}
    for wrong, message in (
        ({"height": 64}, "height=64: the model to start from has 24"), ({"freeze": ["encodr"]}, "no layer is called"),
        ({"start": None}, "are random"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=message):
            zoo.train("bilstm_video", tmp_path / "b", data=gestures, **{**start, **options, **wrong})
        assert not (tmp_path / "b").exists()
    with pytest.warns(UserWarning, match="left out"):
        zoo.train("bilstm_video", tmp_path / "b", data=gestures, **start, **options)
    other = zoo.load(tmp_path / "b/preset")
    assert (other.codec.shape, other.card.recipe.filters, other.codec.whole) == ((24, 24), 3, True)
    assert (other.codec.vocabulary, other.codec.rate_hz) == (("right", "wave"), 12.5)
    for name in ("convolution_0", "embedding"):
        mine, theirs = (m.engine.network.get_layer(name).get_weights()[0] for m in (model, other))
        np.testing.assert_array_equal(mine, theirs)
    log = (tmp_path / "b/log.csv").read_text().splitlines()
    column = log[0].split(",").index("val_nats")
    best = min(float(line.split(",")[column]) for line in log[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valid = clip_folders.read_folder(gestures, height=24, rate_hz=12.5)["valid"]
    logits = np.concatenate(other.logits(valid))
    truth = np.concatenate([other.codec.tokens(piece) for piece in valid])
    nats = np.logaddexp.reduce(logits, 1) - logits[np.arange(len(truth)), truth]
    assert nats.mean() == pytest.approx(best, abs=0.01)  # the whole network, whose weights are stored in float16
    with pytest.raises(TrainingError, match="same kind"):
        zoo.train("gru_music", tmp_path / "c", start=tmp_path / "a/preset", verbose=False)


def test_settings_of_reading_are_for_own_clips(tmp_path):
    with pytest.raises(ArgumentError, match="needs --data"):
        zoo.train("gru_video", tmp_path / "a", height=32, verbose=False)


# --- command line


@pytest.fixture(scope="module")
def preset(tmp_path_factory, gru):
    from zoo.networks.transfer import weights
    from zoo.presets import preset as presets

    path = tmp_path_factory.mktemp("preset") / "gru"
    presets.write(path, gru.card, gru.codec, weights(gru.engine.network))
    return path


def run(*words):
    from click.testing import CliRunner

    from zoo.cli.main import main

    return CliRunner().invoke(main, list(map(str, words)))


def test_command_labels_films(preset, tmp_path):
    path = written(tmp_path / "film.mp4", film(30, (32, 48)))
    written(tmp_path / "film.mkv", film(30, (32, 48)))
    found = run(
        "label", path, "--model", preset, "--csv", "--plot", tmp_path / "a.png", "--overlay", tmp_path / "o.mp4"
    )
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("file,label,start,end,probability\nfilm.mp4,")
    assert (tmp_path / "a.png").exists()
    assert len(list(video.frames(tmp_path / "o.mp4", 25))) == 30
    from click.testing import CliRunner

    from zoo.cli.main import main

    piped = CliRunner().invoke(
        main, ["label", "-", "--stream", "--model", str(preset)], input=path.with_suffix(".mkv").read_bytes()
    )
    assert piped.exit_code == 0, piped.output
    streamed = run("label", path, "--model", preset, "--stream")
    assert piped.stdout == streamed.stdout
    assert " 0.00 s  " in streamed.stdout
    (tmp_path / "bad.mp4").write_bytes(b"x")
    several = run("label", tmp_path / "*.mp4", "--model", preset, "--json", "--out", tmp_path / "out")
    assert several.exit_code == 1
    assert "bad.mp4 cannot be read" in several.stderr
    assert json.loads((tmp_path / "out/film.json").read_text())["seconds"] == 1.2


@pytest.mark.parametrize(("words", "message"), [
    (["a.mp4", "--stream", "--csv"], "leave out"), (["missing.mp4"], "does not exist"), (["x", "--overlay", "a.mp4", "--model", "lstm_music"], "does not"),
])  # fmt: skip
def test_command_says_what_is_wrong(preset, words, message):
    found = run("label", *words, *([] if "--model" in words else ["--model", preset]))
    assert found.exit_code == 1
    assert message in found.output
