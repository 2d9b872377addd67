"""Model files are recognized by their content; what is none is named, with what to do."""

import json
import os
import zipfile

import h5py
import numpy as np
import pytest
import tf_keras

import export
from export.legacy.files import is_model_file, opened
from tests.export.legacy.keras1_files import layer, random_arrays, write
from zoo.errors import ArgumentError, ModelFileError


def archive(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n", "Git LFS pointer.*git lfs pull"),
        (b'{"cells": [], "nbformat": 4}', "Jupyter notebook.*model.save"),
        (b"\n\n<!DOCTYPE html><html>", "web page.*raw"),
        (b'{"class_name": "Sequential", "config": {}}', "without weights.*model_from_json.*load_weights"),
        (b"\x1c\0\0\0TFL3" + b"\0" * 40, "TFLite.*export.load"),
        (b"\x80\x04\x95" + b"\0" * 40, "pickle.*model.save"),
        (b"\x1f\x8b\x08" + b"\0" * 40, "archive: unpack"),
        (b"something else", "is not a model file of Keras, or is damaged"),
    ],
)
@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_other_files_are_named(content, message, name, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        export.read(tmp_path / name)
    assert not is_model_file(tmp_path / name)


def test_folders_and_missing_files(tmp_path):
    with pytest.raises(ModelFileError, match="does not exist"):
        export.read(tmp_path / "none.h5")
    with pytest.raises(ModelFileError, match="is a folder, not a model file"):
        export.read(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ModelFileError, match="is a SavedModel, a graph without its layers"):
        export.read(tmp_path)
    (tmp_path / "keras_metadata.pb").write_bytes(b"")
    with pytest.raises(ModelFileError, match=r"a SavedModel of Keras 2.*model.save\('model.h5'\)"):
        export.read(tmp_path)


def test_archives_that_are_no_models(tmp_path):
    archive(tmp_path / "m.keras", {"folder/model.h5": b"1"})
    with pytest.raises(ModelFileError, match="archive with folder/model.h5: unpack it"):
        opened(tmp_path / "m.keras")
    archive(tmp_path / "m.keras", {"readme.txt": b"1"})
    with pytest.raises(ModelFileError, match="without config.json and model.weights.h5"):
        opened(tmp_path / "m.keras")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_damaged_files(share, tmp_path):
    rng = np.random.default_rng(0)
    config = {"class_name": "Sequential", "config": [layer("LSTM", "l", units=3, batch_input_shape=[None, 6, 4])]}
    path = write(tmp_path / "m.h5", config, {"l": random_arrays(rng, k=(4, 12), r=(3, 12), b=(12,))}, "2.2.4")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ModelFileError, match="damaged"):
        export.read(path)


def test_other_hdf5_files(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["data"] = np.zeros(3)
    with pytest.raises(ModelFileError, match="neither a model nor weights of Keras"):
        export.read(tmp_path / "m.h5")


@pytest.mark.parametrize("group", [None, "model_weights"])
def test_weights_alone(group, tmp_path):
    path = write(
        tmp_path / "w.h5", None, {"l": random_arrays(np.random.default_rng(0), k=(4, 12))}, "2.2.4", group=group
    )
    with pytest.raises(ModelFileError, match=r"weights alone.*export.load_weights\(model, path\)"):
        export.read(path)


def test_configuration_that_is_no_model(tmp_path):
    for config in ({"class_name": "Sequential"}, [1, 2], {"class_name": "Model", "config": {"layers": 3}}, "text"):
        path = write(tmp_path / "m.h5", config, {"l": {}}, "2.2.4")
        with pytest.raises(ModelFileError):
            export.read(path)
    archive(tmp_path / "m.keras", {"config.json": json.dumps([]), "model.weights.h5": b"no", "metadata.json": "{}"})
    with pytest.raises(ModelFileError, match="damaged"):
        export.read(tmp_path / "m.keras")


@pytest.mark.parametrize("wrong", [None, 3])
def test_no_path(wrong):
    with pytest.raises(ArgumentError, match="give the path of a model file"):
        export.read(wrong)


def test_checkpoint_of_tensorflow(tmp_path):
    model = tf_keras.Sequential([tf_keras.layers.Input((6, 4)), tf_keras.layers.LSTM(2)])
    model.save_weights(tmp_path / "ckpt")
    for name in ("ckpt", "ckpt.index"):
        with pytest.raises(ModelFileError, match="checkpoint of TensorFlow.*tf_keras"):
            export.read(tmp_path / name)


@pytest.mark.timeout(20)
def test_pipes_are_no_model_files(tmp_path):
    os.mkfifo(tmp_path / "model.h5")
    with pytest.raises(ModelFileError, match="is a pipe or a device: give a regular file"):
        opened(tmp_path / "model.h5")


@pytest.mark.parametrize("block", [0, 512, 1024, 4096])
def test_hdf5_may_begin_behind_a_block_of_the_user(block, tmp_path):
    """As h5py sees it: the signature at a power of two, from 512 on."""
    path = tmp_path / "m.bin"
    with h5py.File(path, "w", userblock_size=block) as file:
        file.attrs["a"] = 1
    assert is_model_file(path)
    assert h5py.is_hdf5(path)
    path.write_bytes(path.read_bytes()[8 if block == 0 else block // 2 + 8 :])  # its place is no power of two
    assert is_model_file(path) == h5py.is_hdf5(path) == False  # noqa: E712
