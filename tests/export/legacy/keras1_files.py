"""Files as Keras 1 and the first versions of Keras 2 wrote them, made of their parts."""

import json

import h5py
import numpy as np


def write(path, config, layers, version="1.2.2", backend="tensorflow", group="model_weights"):
    """Write an HDF5 file; `layers` are `{layer: {array name: array}}`."""
    with h5py.File(path, "w") as file:
        if version:
            file.attrs["keras_version"] = version.encode()
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
        weights = file.create_group(group) if group else file
        weights.attrs["layer_names"] = [name.encode() for name in layers]
        if version and version[0] != "1":
            weights.attrs["keras_version"] = version.encode()
        weights.attrs["backend"] = backend.encode()
        for name, arrays in layers.items():
            inside = weights.create_group(name)
            inside.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, array in arrays.items():
                inside.create_dataset(key, data=array)
    return path


def layer(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def random_arrays(rng, **shapes):
    return {name: rng.normal(0.1, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}


def gates(rng, name, which, inputs, units):
    """The arrays of a recurrent layer of Keras 1: `W, U, b` of every gate."""
    found = {}
    for gate in which:
        found |= random_arrays(
            rng,
            **{f"{name}_W_{gate}": (inputs, units), f"{name}_U_{gate}": (units, units), f"{name}_b_{gate}": (units,)},
        )
    return found


RECURRENT = {
    "init": "glorot_uniform", "inner_init": "orthogonal", "activation": "tanh", "inner_activation": "hard_sigmoid",
    "W_regularizer": None, "U_regularizer": None, "b_regularizer": None, "dropout_W": 0.2, "dropout_U": 0.1,
    "return_sequences": False, "go_backwards": False, "stateful": False, "unroll": False, "consume_less": "cpu",
}  # fmt: skip
"""What Keras 1 stored of a recurrent layer, beside its sizes."""
