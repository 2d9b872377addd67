"""HDF5 groups as Keras writes them."""

import h5py
import numpy as np
import pytest

import export
from export.legacy.hdf5 import as_text, names_in, tree, with_slashes
from tests.export.legacy.keras1_files import layer, write
from zoo.errors import ModelFileError

LINKS = {
    "link": lambda group, folder: group.__setitem__("k", h5py.ExternalLink(str(folder / "secret.h5"), "k")),
    "external": lambda group, folder: group.create_dataset(
        "k", (4, 12), "f4", external=[(str(folder / "raw"), 0, 192)]
    ),
    "soft": lambda group, folder: group.__setitem__("k", h5py.SoftLink("/other")),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_file_reads_no_other_file(name, tmp_path):
    """Links to other files, and data kept in them, are refused: a model file could show their content."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["k"] = np.ones((4, 12), np.float32)
    (tmp_path / "raw").write_bytes(bytes(192))
    config = {"class_name": "Sequential", "config": [layer("LSTM", "l", units=3, batch_input_shape=[None, 6, 4])]}
    path = write(tmp_path / "m.h5", config, {"l": {}}, "2.2.4")
    with h5py.File(path, "r+") as file:
        LINKS[name](file["model_weights/l"], tmp_path)
        file["model_weights/l"].attrs["weight_names"] = [b"k"]
    with pytest.raises(ModelFileError, match="values of k are in another file|k is a link, perhaps to another file"):
        export.read(path)


def test_a_link_to_a_layer_is_refused(tmp_path):
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones(3)
        file["layers/dense_1"] = h5py.SoftLink("/layers/dense")
        with pytest.raises(ModelFileError, match="dense_1 is a link"):
            tree(file)


def test_long_lists_of_names(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.attrs["layer_names0"], file.attrs["layer_names1"] = [b"a", b"b"], ["c"]
        assert names_in(file, "layer_names") == ["a", "b", "c"]
        assert names_in(file, "weight_names") == []


@pytest.mark.parametrize("value", ["2.2.4", b"2.2.4", np.bytes_(b"2.2.4"), np.array([b"2.2.4"], object)])
def test_text(value):
    assert as_text(value) == "2.2.4"
    assert as_text(None) == as_text(np.array([])) == ""


def test_paths_written_on_windows(tmp_path):
    assert with_slashes("layers\\lstm\\cell") == "layers/lstm/cell"
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["layers\\lstm\\cell/vars/0"] = np.ones(2)
        file["layers/dense/vars/1"] = np.ones(3)
        file["optimizer/rate"] = 1.0
        assert {name: list(arrays) for name, arrays in tree(file).items()} == {
            "layers/lstm/cell": ["0"],
            "layers/dense": ["1"],
        }


def test_arrays_that_are_no_numbers_or_not_there(tmp_path):
    config = {"class_name": "Sequential", "config": [layer("Dense", "d", units=3, batch_input_shape=[None, 4])]}
    for array in (np.array([[b"a"]]), np.zeros((4, 3), complex)):
        with pytest.raises(ModelFileError, match="not numbers"):
            export.read(write(tmp_path / "m.h5", config, {"d": {"k": array, "b": np.zeros(3)}}, "2.4.0"))
    path = write(tmp_path / "m.h5", config, {"d": {"b": np.zeros(3)}}, "2.4.0")
    with h5py.File(path, "r+") as file:
        group = file["model_weights/d"]
        group.create_dataset("k", (40000, 20000), "f4", compression="gzip")
        group.attrs["weight_names"] = [b"k", b"b"]
    with pytest.raises(ModelFileError, match="of which the file has few"):
        export.read(path)
