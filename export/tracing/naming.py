"""Names for the inputs and outputs of a Keras model, however they are nested."""

import inspect
import keyword
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from export.signature import Tensor
from export.tracing.cells import walk
from zoo.core.states import is_state, output_name
from zoo.errors import ArgumentError, ExportError


class _Leaf:
    """Place of one input in the structure a model takes; `size` is the length of time that an example had."""

    def __init__(self, name: str, shape: Sequence[int | None], dtype: Any, size: int | None = None) -> None:
        self.name, self.shape, self.dtype, self.size = name, tuple(shape), dtype, size


def leaves(struct: Any) -> list[_Leaf]:
    """Return the leaves of a structure of inputs, in Keras's order."""
    from keras import tree

    return tree.flatten(struct)


def structure(network: Any, inputs: Any) -> tuple[Any, str]:
    """Return the inputs of a model, a `_Leaf` for each, and how it takes them: one argument, positions or names."""
    import keras
    from keras import tree

    if not isinstance(network, keras.Model):
        raise ExportError(f"{type(network).__name__}: give a keras.Model, or a model that zoo.load returned")
    if not network.built:
        raise ArgumentError(f"the model {network.name!r} has no weights yet: call it once, or build it")
    functional = getattr(network, "_functional", None) or network  # what a Sequential model is inside
    if inputs is None and hasattr(functional, "_inputs_struct"):
        return tree.map_structure(lambda t: _Leaf(t.name, t.shape, t.dtype), functional._inputs_struct), ""
    if inputs is None:
        inputs = _recorded(network)
    struct = tree.map_structure(_leaf, inputs)
    parameters = inspect.signature(network.call).parameters
    required = [name for name, p in parameters.items() if p.default is p.empty and name not in ("training", "mask")]
    if isinstance(struct, dict) and set(struct) <= set(parameters):
        return struct, "names"
    return struct, "args" if isinstance(struct, (list, tuple)) and len(required) > 1 else ""


def _recorded(network: Any) -> Any:
    """Return the inputs that a subclassed model was built for: Keras records the shapes, not the dtypes."""
    shapes = getattr(network, "_build_shapes_dict", None)
    unknown = ArgumentError(f"the model {network.name!r} does not say what it takes: give inputs=, an example array "
                            "or keras.Input for each")  # fmt: skip
    if not shapes:
        raise unknown
    embeds = any(type(layer).__name__ == "Embedding" for _, layer in walk(network))

    def spec(shape: Any) -> Any:
        if isinstance(shape, dict):
            return {key: spec(value) for key, value in shape.items()}
        if all(size is None or isinstance(size, int) for size in shape):
            if len(shape) == 2 and embeds:
                raise unknown  # features or ids, of so many steps or any
            return _Leaf("", (None, *shape[1:]), "float32", shape[1] if len(shape) > 2 else None)
        return [spec(value) for value in shape]

    named = {key.removesuffix("_shape"): spec(shape) for key, shape in shapes.items()}
    return next(iter(named.values())) if len(named) == 1 else named


def _leaf(value: Any) -> _Leaf:
    if isinstance(value, _Leaf):
        return value
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise ArgumentError(f"inputs={value!r}: give an array, keras.Input or keras.InputSpec for each input")
    shape, concrete = tuple(value.shape), isinstance(value, np.ndarray)
    timed = concrete and len(shape) > 1 and (len(shape) > 2 or "int" in str(value.dtype))
    name = "" if concrete else getattr(value, "name", None)
    return _Leaf(name or "", (None, *shape[1:]), value.dtype, shape[1] if timed else None)


def input_tensors(struct: Any, names: Sequence[str] | None) -> list[Tensor]:
    """Name the inputs: as given, as in the model, by key, or `x`."""
    from keras import backend, tree

    found = []
    for i, (path, leaf) in enumerate(tree.flatten_with_path(struct) if hasattr(tree, "flatten_with_path") else
                                     [((), leaf) for leaf in tree.flatten(struct)]):  # fmt: skip
        keys = [str(key) for key in path if isinstance(key, str)]
        own = "" if re.fullmatch(r"(keras_tensor|input_layer|input)(_\d+)?", leaf.name) else leaf.name
        name = names[i] if names else own or "_".join(keys) or (f"x_{i}" if len(leaves(struct)) > 1 else "x")
        dtype = backend.standardize_dtype(leaf.dtype)
        found.append(Tensor(_identifier(name), leaf.shape, "float32" if "float" in dtype else dtype))
    return found


def _identifier(name: str) -> str:
    """Return a name that TensorFlow and `run(name=…)` accept."""
    clean = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not clean[:1].isalpha():
        clean = f"x_{clean}"
    return f"{clean}_" if keyword.iskeyword(clean) or clean == "self" else clean


def output_names(network: Any, result: Any) -> list[str]:
    """Name the outputs: by key, by a layer with a name of its own, or `y`."""
    from keras import tree

    count = len([tensor for tensor in tree.flatten(result) if tensor is not None])
    if isinstance(result, dict) and len(result) == count:
        return [_identifier(key) for key in sorted(result)]
    layers = list(getattr(network, "_output_layers", ())) or network.layers[-1:] if count == 1 else []
    plain = ["y"] if count == 1 else [f"y_{i}" for i in range(count)]
    given = [_given_name(layer) for layer in layers]
    return given if len(given) == count and all(given) else plain


def _given_name(layer: Any) -> str:
    """Return the name of a layer; empty if Keras made it up."""
    import keras

    made_up = keras.src.utils.naming.to_snake_case(type(layer).__name__)
    return "" if re.fullmatch(rf"{made_up}(_\d+)?", layer.name) else _identifier(layer.name)


def check_names(inputs: list[str], outputs: list[str], slots: list[str]) -> None:
    """Check that all names differ, and that states leave under the names of the contract.

    Raises:
        ArgumentError: Two are the same, or an input is named like a state that no output continues.
    """
    names = [*inputs, *outputs, *slots]
    if alone := [name for name in inputs if is_state(name) and output_name(name) not in outputs]:
        raise ArgumentError(f"an input is called {alone[0]}, as states are, and no output "
                            f"{output_name(alone[0])} gives it back: rename the model's input")  # fmt: skip
    lower = [name.lower() for name in names]  # TensorFlow does not tell apart names by case
    if twice := sorted({name for name in names if lower.count(name.lower()) > 1}):
        raise ArgumentError(f"two inputs or outputs are called {', '.join(twice)}: rename the model's own (the names "
                            "h0_i, c0_i, hn_i, cn_i are those of the states)")  # fmt: skip
