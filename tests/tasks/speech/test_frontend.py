import contextlib
import io
import json

import numpy as np
import pytest

from tests.media.sounds import sound
from tests.tasks.speech.recognizers import CAUSAL, tiny
from zoo.core.mel import FLOOR, FRAMES, HOP, OVERLAP, STEP, WINDOW
from zoo.core.task import find
from zoo.media.audio import RATE_HZ
from zoo.tasks.speech import features, recordings
from zoo.tasks.speech.codec import in_steps
from zoo.tasks.speech.features import log_mel
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording


def test_front_end_is_librosas_log_mel():
    """Within a thousandth, of the very function that users know."""
    import librosa

    wave = sound(2.0)
    steps = recordings.steps_of(len(wave))
    line = np.pad(wave, (OVERLAP + HEAD * STEP, (steps - HEAD) * STEP - len(wave)))
    theirs = librosa.feature.melspectrogram(
        y=line, sr=RATE_HZ, n_fft=WINDOW, hop_length=HOP, n_mels=features.BANDS, center=False
    )
    expected = np.log(np.maximum(theirs.T, FLOOR)).reshape(steps, FRAMES, features.BANDS)
    np.testing.assert_allclose(log_mel(wave), expected, atol=1e-3)
    from zoo.layers.sound import LogMel

    layer = LogMel(np.zeros(features.BANDS), np.ones(features.BANDS))
    found, _ = layer([in_steps(wave)[None], None])
    np.testing.assert_allclose(np.asarray(found)[0], expected, atol=1e-3)


def test_network_hears_what_it_was_trained_on(model):
    """The samples' network and the features' network are one, with the features of NumPy in between."""
    learned = tiny(model.card.architecture, samples=False)
    piece = Recording(sound(1.3), "AB")
    (x, _), (features, y) = model.codec.encode([piece]), learned.codec.encode([piece])
    assert x.shape == (1, HEAD + 33 + TAIL, STEP)
    assert features.shape == (1, HEAD + 33 + TAIL, 256)
    assert y.tolist() == [[2, 3]]
    expected, _ = learned.engine.step(features, learned.engine.initial_state(1))
    found, _ = model.engine.step(x, model.engine.initial_state(1))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert found.std() > 0.1


@pytest.mark.parametrize("architecture", CAUSAL)
def test_steps_chain_to_one_call(architecture):
    one = tiny(architecture)
    x = one.codec.example(np.random.default_rng(1), 2, 70)
    whole, last = one.engine.step(x, one.engine.initial_state(2))
    state, parts = one.engine.initial_state(2), []
    for size in np.split(x, [1, 4, 40, 69], axis=1):
        y, state = one.engine.step(size, state)
        parts.append(y)
    for a, b in zip([np.concatenate(parts, 1), *state], [whole, *last], strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_front_end_is_librosas_on_recordings(data):
    from zoo.layers.sound import LogMel

    layer = LogMel(np.zeros(features.BANDS), np.ones(features.BANDS))
    for piece in find("speech").splits_of()["valid"][::9]:
        found, _ = layer([in_steps(piece.wave)[None], None])
        np.testing.assert_allclose(np.asarray(found)[0], log_mel(piece.wave), atol=1e-3)


def test_other_backend_hears_the_same():
    """Front end, network and loss on JAX are those of TensorFlow."""
    import os
    import subprocess
    import sys

    code = (
        "import json, keras, numpy as np, zoo\n"
        "from keras import ops\n"
        "from zoo.training.losses import CTCLoss\n"
        "from zoo.core.task import find\n"
        "net = zoo.build('gru_speech', units=8, embedding=6, filters=2)\n"
        "rng = np.random.default_rng(1)\n"
        "net.set_weights([rng.normal(0, 0.3, w.shape) for w in net.get_weights()])\n"
        "x = find('speech').default_codec().example(rng, 2, 9)\n"
        "y, *_ = net([x, *[np.zeros((2, *t.shape[1:]), np.float32) for t in net.inputs[1:]]])\n"
        "loss = CTCLoss(0.1).call(np.array([[1, 2, 2, -1], [0, -1, -1, -1]]), y)\n"
        "print(json.dumps([ops.convert_to_numpy(a).tolist() for a in (y, loss)]))"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    run = [sys.executable, "-c", "import sys; sys.modules['tensorflow'] = None\n" + code]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    here = io.StringIO()
    with contextlib.redirect_stdout(here):
        exec(code, {})
    for a, b in zip(*(json.loads(text.splitlines()[-1]) for text in (done.stdout, here.getvalue())), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
