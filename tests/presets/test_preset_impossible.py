"""Presets whose checksums are right and whose content cannot be: refused by name before a network is built."""

import json
import os
import tracemalloc

import numpy as np
import pytest
import safetensors.numpy

import zoo
from tests.fuzz.documents import resealed, small_preset, without_checksum
from zoo.core.files import sha256
from zoo.errors import PresetError

MODELS = ("lstm_music", "bilstm_text", "gru_speech", "rnn_video")
MILLION = "".join(chr(i) for i in range(0x20, 1_002_080) if not 0xD800 <= i < 0xE000)


@pytest.fixture(autouse=True)
def nothing_is_built(monkeypatch):
    def build(*_):
        raise AssertionError("a network was built")

    monkeypatch.setattr("zoo.networks.build.network", build)


@pytest.fixture(params=MODELS)
def folder(request, tmp_path):
    return small_preset(tmp_path / "preset", *request.param.rsplit("_", 1))


def small(tmp_path, name):
    return small_preset(tmp_path / "preset", *name.rsplit("_", 1))


def refused(folder, *words):
    tracemalloc.start()
    try:
        with pytest.raises(PresetError) as caught:
            zoo.load(folder)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    for word in words:
        assert word in str(caught.value), caught.value
    assert len(str(caught.value)) < 1500
    assert "copy or train the preset again" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"units": 20_000}, ("card.json", "units=20000", "at most 16384")),
        ({"units": 16_384}, ("weights.safetensors", "a network of ")),
        ({"units": 2000}, ("weights.safetensors", "another network", "recurrent_0")),
        ({"units": 4}, ("another network", "kernel (")),
        ({"embedding": 4096}, ("another network", "embedding")),
        ({"embedding": 10**12}, ("embedding=1000000000000",)),
        ({"layers": 10**9}, ("layers=1000000000", "at most 64")),
        ({"layers": 5}, ("another network", "recurrent_", "missing")),
        ({"head": 16_384}, ("another network", "head")),
        ({"units": -3}, ("units=-3",)),
        ({"units": 2.5}, ("units=2.5",)),
        ({"units": True}, ("units=True",)),
        ({"units": [3]}, ("units=[3]",)),
        ({"seed": 10**18}, ("seed=1000000000000000000",)),
        ({"schedule": "COSINE"}, ("schedule='COSINE'", "'cosine'")),
        ({"speed": 1}, ("unknown settings: speed",)),
    ],
)
def test_settings(folder, settings, words):
    card = without_checksum((folder / "card.json").read_text())
    card["recipe"] |= settings
    resealed(folder, card=json.dumps(card))
    refused(folder, *words)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("lstm_music", {"low": 91, "high": 30}, ("low=91, high=30", "0 ≤ low ≤ high ≤ 127")),
        ("lstm_music", {"voices": 10**9}, ("voices=1000000000", "at most 16")),
        ("lstm_music", {"voices": 5}, ("another network",)),
        ("lstm_music", {"steps_per_beat": 1.5}, ("steps_per_beat=1.5",)),
        ("lstm_music", {"masked": True}, ("another direction than lstm",)),
        ("lstm_music", {"tempo": 1}, ("unknown fields: tempo",)),
        ("bilstm_text", {"vocabulary": MILLION}, ("vocabulary has 1,000,000 characters", "at most 65,536")),
        ("bilstm_text", {"vocabulary": "aa"}, ("one of its characters twice",)),
        ("bilstm_text", {"vocabulary": ["a", "b"]}, ("vocabulary=a list of 2: give a text",)),
        ("bilstm_text", {"vocabulary": "\ud800a"}, ("surrogates",)),
        ("bilstm_text", {"masked": False}, ("another direction than bilstm",)),
        ("bilstm_text", {"type": "music"}, ("type='music'",)),
        ("gru_speech", {"mean": [0.0] * 63}, ("mean has 63 items: give 64",)),
        ("gru_speech", {"deviation": [0.0] * 64}, ("deviation[0]=0.0",)),
        ("gru_speech", {"mean": [float("nan")] * 64}, ("NaN is no number",)),
        ("gru_speech", {"sample_rate_hz": 10**9}, ("sample_rate_hz=1000000000", "16000")),
        ("gru_speech", {"blank": 3}, ("blank=3: give 28",)),
        ("gru_speech", {"whole": True}, ("another direction than gru",)),
        ("rnn_video", {"labels": [f"w{i}" for i in range(70_000)]}, ("labels has 70,000 items",)),
        ("rnn_video", {"labels": ["a", "a"], "grammar": [], "rest": ""}, ("one of its items twice",)),
        ("rnn_video", {"shape": [512, 513]}, ("shape=(512, 513): give sides of 16 to 512",)),
        ("rnn_video", {"shape": [512, 512]}, ("another network",)),
        ("rnn_video", {"shape": [10**9]}, ("shape[0]=1000000000",)),
        ("rnn_video", {"rate_hz": 0}, ("rate_hz=0",)),
        ("rnn_video", {"delay": -1}, ("delay=-1",)),
        ("rnn_video", {"grammar": [[]]}, ("grammar[0] has 0 items",)),
        ("rnn_video", {"rest": "silence"}, ("silence: a word of the grammar, or of rest, is no label",)),
    ],
)  # fmt: skip
def test_codecs(tmp_path, name, changes, words):
    folder = small(tmp_path, name)
    codec = json.loads((folder / "codec.json").read_text())
    resealed(folder, codec=json.dumps(codec | changes))
    refused(folder, "codec.json" if words != ("another network",) else "weights.safetensors", *words)


def with_weights(folder, data):
    (folder / "weights.safetensors").write_bytes(data)
    card = without_checksum((folder / "card.json").read_text()) | {"weights_sha256": sha256(data)}
    resealed(folder, card=json.dumps(card))


def test_weights(tmp_path):
    folder = small(tmp_path, "lstm_music")
    arrays = safetensors.numpy.load((folder / "weights.safetensors").read_bytes())
    name = "recurrent_0/lstm_cell/bias"
    for changes, words in (
        ({name: np.full(12, np.nan, np.float16)}, ("NaN or infinite",)),
        ({name: np.zeros(13, np.float16)}, ("another network", name, "(13,) for (12,)")),
        ({name: np.zeros(12, np.int32)}, ("I32", "F16 or F32")),
        ({"more": np.zeros(1, np.float16)}, ("more (1,) for none",)),
    ):
        with_weights(folder, safetensors.numpy.save(arrays | changes))
        refused(folder, "weights.safetensors", *words)


def test_other_counts_of_parameters_are_refused(tmp_path):
    folder = small(tmp_path, "lstm_music")
    resealed(folder, card=json.dumps(without_checksum((folder / "card.json").read_text()) | {"parameters": 5}))
    refused(folder, "parameters, the card says 5")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", ["pipe", "zero", "folder", "circle", "sparse"])
@pytest.mark.parametrize("file", ["card.json", "codec.json", "weights.safetensors"])
def test_files_that_are_none(tmp_path, file, kind):
    folder = small(tmp_path, "lstm_music")
    path = folder / file
    path.unlink()
    make = {
        "pipe": lambda: os.mkfifo(path),
        "zero": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "circle": lambda: path.symlink_to(path),
        "sparse": lambda: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40),
    }
    make[kind]()
    refused(folder, file)


def test_texts_that_are_none(tmp_path):
    folder = small(tmp_path, "lstm_music")
    for text, word in (
        ("[" * 100_000, "32 objects"),
        ("", "Expecting value"),
        ("1" * 5000, "5000 digits"),
        ("[]", "a list of 0"),
    ):
        resealed(folder, card=text)
        refused(folder, "card.json", word)
    for data in (b"\xff\xfe", b'"\xff"'):
        (folder / "card.json").write_bytes(data)
        refused(folder, "card.json", "no UTF-8")
