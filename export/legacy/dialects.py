"""Configurations of layers of Keras 1 and 2 → those of Keras 3.

Names are translated by the tables of `vocabulary`, the rest by the functions in `SPECIAL`. Whatever is left must be an
argument of Keras 3's class: no argument is ignored because it is unknown.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zoo.errors import ModelFileError

from .vocabulary import ALWAYS, ANY_LAYER, DATA_FORMATS, DEFAULTS, KERAS1, NO_EFFECT, RENAMED, TRAINED_BY


def class_of(name: str) -> str:
    """Return Keras 3's name of a class."""
    return RENAMED.get(name, name)


def number(value: Any) -> Any:
    """Return a number that Keras 2 stored as an array with one element; any other value as it is."""
    if isinstance(value, dict) and (value.get("type") == "ndarray" or "value" in value):
        value = value["value"]
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


@dataclass(frozen=True)
class Translation:
    """The configuration of one layer while it is translated.

    Attributes:
        name: Class in the file.
        kind: Class of Keras 3.
        config: Configuration in the file.
        where: Path of the layer, for messages.
        found: Arguments of Keras 3's class; changed step by step.
        told: What was mapped, for the report.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    where: str
    found: dict[str, Any]
    told: list[str]


def translated(name: str, config: dict[str, Any], generation: int, where: str) -> tuple[dict[str, Any], list[str]]:
    """Translate the configuration of a layer that Keras 3 has.

    Args:
        name: Class in the file.
        config: Its configuration in the file.
        generation: 1, 2 or 3: the Keras that wrote it.
        where: Path of the layer, for messages.

    Returns:
        Arguments of Keras 3's class, and what was mapped, for the report. Activations are still as in the file.

    Raises:
        ModelFileError: An argument has no equivalent in Keras 3.
    """
    kind = class_of(name)
    found = {key: value for key, value in config.items() if key not in ALWAYS}
    if config.get("time_major"):
        found["time_major"] = True
    layer = Translation(name, kind, config, where, found, [f"{name} became {kind}"] if kind != name else [])
    _rename(layer)
    for change in SPECIAL.get(kind, ()):
        change(layer)
    _set_data_format(layer)
    if paths := [key for key in ("vocabulary", "idf_weights") if isinstance(found.get(key), str)]:
        raise ModelFileError(
            f"{where} ({name}): its {paths[0]} is the path {found[paths[0]]!r}: a model file must not read another: "
            "save the model again with the words themselves"
        )
    found["dtype"] = _dtype(found.get("dtype"))
    _drop_unused(layer)
    for key in [key for key in found if key.endswith(TRAINED_BY)]:
        found[key] = _trained_by(key, found[key])
    if not isinstance(found.get("activity_regularizer"), (type(None), dict)) or generation == 1:
        found.pop("activity_regularizer", None)
    return {key: value for key, value in found.items() if key != "dtype" or value is not None}, layer.told


def _rename(layer: Translation) -> None:
    """Rename the arguments of Keras 1."""
    found = layer.found
    for before, after in {**ANY_LAYER, **KERAS1.get(layer.kind, {})}.items():
        if before in found and after not in found:
            found[after] = found.pop(before)
            layer.told.append(f"{before} became {after}")
        elif before in found and before != after:
            found.pop(before)


def _set_data_format(layer: Translation) -> None:
    """Replace `dim_ordering`, which Keras 1 stored for layers without a data format too."""
    if "dim_ordering" in layer.found:
        ordering = str(layer.found.pop("dim_ordering"))
        layer.found["data_format"] = DATA_FORMATS.get(ordering, "channels_last")
        if layer.kind.endswith("1D") or layer.kind == "Dense":
            layer.found.pop("data_format")


def _drop_unused(layer: Translation) -> None:
    """Remove the arguments that change nothing.

    Raises:
        ModelFileError: One that Keras 3 does not have is left.
    """
    import keras

    found = layer.found
    for key in [key for key in found if key in NO_EFFECT.get(layer.kind, ())]:
        del found[key]
    known = accepted(getattr(keras.layers, layer.kind))
    if "input_dim" not in known:
        found.pop("input_dim", None)
    for key in [key for key in found if key not in known]:
        if found[key] in (None, False, 0, [], {}, "", "default", DEFAULTS.get(key)) or key.endswith(TRAINED_BY):
            del found[key]  # switched off, or matters in training alone
    if unknown := sorted(set(found) - known):
        raise ModelFileError(
            f"{layer.where} ({layer.name}): {', '.join(f'{key}={found[key]!r}' for key in unknown)} has no equivalent "
            "in Keras 3: build the model again without it and give it the weights by export.load_weights"
        )


def accepted(kind: type) -> set[str]:
    """Return the names of the arguments that the class of a layer takes, those of its bases included."""
    names: set[str] = set()
    for base in kind.__mro__:
        if base.__name__ in ("Layer", "object"):
            names |= {"name", "dtype", "activity_regularizer"}
            break
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            names |= {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
            if not any(p.kind == p.VAR_KEYWORD for p in parameters):
                break
    return names - {"self"}


def _dtype(value: Any) -> Any:
    """Return the name of a dtype or of a policy; None for one that was not stored."""
    if isinstance(value, dict):
        value = value.get("config", value)
        value = value.get("name", value.get("dtype"))
    # Keras 2.0 stored the dtype of the ids with an embedding, which has weights of numbers with fractions.
    return None if value in ("_infer", "infer", None) or str(value).startswith(("int", "uint", "bool")) else value


def _trained_by(key: str, value: Any) -> Any:
    """Return an initializer, regularizer or constraint if Keras 3 knows it, and its default otherwise.

    A trained layer computes the same with either.
    """
    import keras

    if value is None:
        return None
    get = {"_initializer": keras.initializers.get, "_regularizer": keras.regularizers.get,
           "_constraint": keras.constraints.get}[next(end for end in TRAINED_BY if key.endswith(end))]  # fmt: skip
    if isinstance(value, dict):
        inner = {k: v for k, v in (value.get("config") or {}).items() if k not in ("dtype", "name")}
        value = {"class_name": value.get("class_name", value.get("name")), "config": inner}
    try:
        return get(value)
    except Exception:  # noqa: BLE001 (whatever an unknown name raises)
        return get(_initializer(key)) if key.endswith("_initializer") else None


def _initializer(key: str) -> str:
    """Return the default initializer for an argument."""
    if "bias" in key or "beta" in key:
        return "zeros"
    return "ones" if "variance" in key or "gamma" in key else "glorot_uniform"


def _recurrent(layer: Translation) -> None:
    """State the activations, which cuDNN layers and the first Keras 2 did not store."""
    if layer.name.startswith("CuDNN"):
        layer.found.update(activation="tanh")
        if not layer.name.endswith("SimpleRNN"):
            layer.found.update(recurrent_activation="sigmoid")
    elif layer.kind not in ("SimpleRNN", "SimpleRNNCell") and "recurrent_activation" not in layer.found:
        layer.found["recurrent_activation"] = "hard_sigmoid"
        layer.told.append("recurrent_activation is not stored: hard_sigmoid, the default of that Keras")


def _gru(layer: Translation) -> None:
    """State `reset_after`, which Keras 1 and the first Keras 2 did not have."""
    layer.found["reset_after"] = layer.name == "CuDNNGRU" or bool(layer.config.get("reset_after", False))
    if not layer.found["reset_after"]:
        layer.told.append("reset_after is False: the reset gate acts before the recurrent product")


def _kernel(layer: Translation) -> None:
    """Join the sizes that Keras 1 stored one by one."""
    axes = [key for key in ("kernel_dim1", "kernel_dim2", "kernel_dim3", "nb_row", "nb_col") if key in layer.found]
    if axes:
        layer.found["kernel_size"] = [layer.found.pop(key) for key in axes]
        layer.told.append(f"{', '.join(axes)} became kernel_size")
    layer.found.pop("output_shape", None)


def _axis(layer: Translation) -> None:
    """Take an axis out of its list.

    Raises:
        ModelFileError: The layer of Keras 1 normalizes in a mode that Keras 3 does not have.
    """
    axis = layer.found.get("axis")
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        layer.found["axis"] = int(axis[0])
    if layer.config.get("mode", 0) not in (0, None):
        raise ModelFileError(
            f"{layer.where} ({layer.name}): mode={layer.config['mode']} normalizes by the batch or sample at hand, "
            "which Keras 3 does not do: train the model again with mode=0"
        )


def _slope(layer: Translation) -> None:
    layer.found["negative_slope"] = float(number(layer.found.get("negative_slope", 0.3)))


def _relu(layer: Translation) -> None:
    if layer.name == "ThresholdedReLU":
        layer.found["threshold"] = float(number(layer.config.get("theta", 1.0)))
    for key in ("max_value", "negative_slope", "threshold"):
        if key in layer.found:
            layer.found[key] = number(layer.found[key])


def _alpha(layer: Translation) -> None:
    if "alpha" in layer.found:
        layer.found["alpha"] = float(number(layer.found["alpha"]))


def _pooling(layer: Translation) -> None:
    size = layer.found.get("pool_size")
    if isinstance(size, list) and len(size) == 1:
        layer.found["pool_size"] = size[0]


SPECIAL: dict[str, tuple[Callable[[Translation], None], ...]] = {
    **dict.fromkeys(("SimpleRNN", "LSTM", "SimpleRNNCell", "LSTMCell", "ConvLSTM1D", "ConvLSTM3D"), (_recurrent,)),
    **dict.fromkeys(("GRU", "GRUCell"), (_recurrent, _gru)),
    "ConvLSTM2D": (_kernel, _recurrent),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D"), (_kernel,)),
    "BatchNormalization": (_axis,), "LayerNormalization": (_axis,), "Normalization": (_axis,),
    "LeakyReLU": (_slope,), "ReLU": (_relu,), "ELU": (_alpha,),
    "MaxPooling1D": (_pooling,), "AveragePooling1D": (_pooling,),
}  # fmt: skip
"""Class of Keras 3 → changes beyond names."""
