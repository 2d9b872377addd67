"""Names for the inputs and outputs of a Keras model, however they are nested."""

import inspect
import itertools
import keyword
import re
from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.core.states import is_state, output_name
from zoo.errors import ArgumentError, ExportError
from zoo.runtime.signature import Tensor

from .cells import walk


class _Leaf:
    """Place of one input in the structure a model takes.

    `size` is the length of time that an example had, `first` are the layers that take the input as it is.
    """

    def __init__(self, name: str, shape: Sequence[int | None], dtype: Any, size: int | None = None,
                 first: Sequence[Any] = ()) -> None:  # fmt: skip
        self.name, self.shape, self.dtype, self.size, self.first = name, tuple(shape), dtype, size, tuple(first)
        self.called = ""

    @property
    def ids(self) -> bool:
        """Return whether the input holds ids of time steps: two axes, and an embedding or a table takes it."""
        kinds = {type(layer).__name__ for layer in self.first}
        return len(self.shape) == 2 and bool(kinds & {"Embedding", "StringLookup", "IntegerLookup", "Hashing"})


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
        called = functional is not network and functional.inputs[0].shape[0] is not None
        return tree.map_structure(lambda t: _declared(functional, t, called), functional._inputs_struct), ""
    if inputs is None:
        inputs = _recorded(network)
    struct = tree.map_structure(_leaf, inputs)
    parameters = inspect.signature(network.call).parameters
    required = [name for name, p in parameters.items() if p.default is p.empty and name not in ("training", "mask")]
    if isinstance(struct, dict) and set(struct) <= set(parameters):
        return struct, "names"
    return struct, "args" if isinstance(struct, (list, tuple)) and len(required) > 1 else ""


def _declared(functional: Any, tensor: Any, called: bool) -> _Leaf:
    """Return the place of an input of a functional model.

    Args:
        functional: The model.
        tensor: Its input.
        called: It is the inside of a Sequential model without an input of its own: Keras took the shape of the array
            that the model was first called with, and still accepts any length.
    """
    leaf = _Leaf(tensor.name, tensor.shape, tensor.dtype, first=_first_layers(functional, tensor))
    if called and (len(leaf.shape) > 2 or leaf.ids):
        leaf.size = leaf.shape[1]
    return leaf


def _first_layers(functional: Any, tensor: Any) -> list[Any]:
    """Return the layers that take an input of a functional model as it is; also those inside of other models."""
    found = []
    for node in (node for nodes in functional._nodes_by_depth.values() for node in nodes):
        for i, taken in enumerate(node.input_tensors):
            if taken is not tensor:
                continue
            inner = getattr(node.operation, "_functional", None) or node.operation
            nested = len(getattr(inner, "inputs", None) or ()) > i and hasattr(inner, "_nodes_by_depth")
            found += _first_layers(inner, inner.inputs[i]) if nested else [node.operation]
    return found


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
    dtype = "string" if concrete and value.dtype.kind in "USO" else value.dtype
    return _Leaf(name or "", (None, *shape[1:]), dtype, shape[1] if timed else None)


def input_tensors(struct: Any, names: Sequence[str] | None) -> list[Tensor]:
    """Name the inputs: as given, as in the model, by key, or `x`."""
    from keras import backend, tree

    found: list[Tensor] = []
    for i, (path, leaf) in enumerate(tree.flatten_with_path(struct) if hasattr(tree, "flatten_with_path") else
                                     [((), leaf) for leaf in tree.flatten(struct)]):  # fmt: skip
        keys = [str(key) for key in path if isinstance(key, str)]
        own = "" if re.fullmatch(r"(keras_tensor|input_layer|input)(_\d+)?", leaf.name) else leaf.name
        leaf.called = names[i] if names else own or "_".join(keys)
        name = _identifier(leaf.called) or (f"x_{i}" if len(leaves(struct)) > 1 else "x")
        dtype = backend.standardize_dtype(leaf.dtype)
        found.append(Tensor(name, leaf.shape, "float32" if "float" in dtype else dtype))
    return _distinct(found, [leaf.called for leaf in leaves(struct)])


def _distinct(tensors: list[Tensor], called: Sequence[str]) -> list[Tensor]:
    """Number the names that are the same only because characters of the model's own names were replaced."""
    taken = {tensor.name.lower() for tensor, own in zip(tensors, called, strict=True) if tensor.name == own}
    found = []
    for tensor, own in zip(tensors, called, strict=True):
        name = tensor.name
        if name != own:
            options = (f"{tensor.name}_{k}" if k else tensor.name for k in itertools.count())
            name = next(option for option in options if option.lower() not in taken)
            taken.add(name.lower())
        found.append(replace(tensor, name=name))
    return found


def identifiers(called: Sequence[str], default: str) -> list[str]:
    """Return names that formats and `run(name=…)` accept for what a model calls its inputs or outputs."""
    numbered = [f"{default}_{i}" for i in range(len(called))] if len(called) > 1 else [default]
    return [_identifier(own) or plain for own, plain in zip(called, numbered, strict=True)]


def unlike(names: Sequence[str], taken: set[str]) -> list[str]:
    """Return names with an addition where they are taken, or differ from a taken one by case alone."""
    found, taken = [], {name.lower() for name in taken}
    for name in names:
        free = (f"{name}{end}" for end in ("", "_out", *(f"_{k}" for k in range(1, 99))))
        found.append(next(option for option in free if option.lower() not in taken))
        taken.add(found[-1].lower())
    return found


def _identifier(name: str) -> str:
    """Return a name that TensorFlow and `run(name=…)` accept; empty if nothing of it is left."""
    clean = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not clean.strip("_"):
        return ""
    if not clean[:1].isalpha():
        clean = f"x_{clean}"
    return f"{clean}_" if keyword.iskeyword(clean) or clean == "self" else clean


def output_names(network: Any, result: Any) -> list[str]:
    """Return what the model calls its outputs: by key, by its output layers if the user named all of them, or `y`."""
    from keras import tree

    count = len([tensor for tensor in tree.flatten(result) if tensor is not None])
    if isinstance(result, dict) and len(result) == count:
        return sorted(result)
    layers = network.layers[-1:] if count == 1 else [t._keras_history.operation for t in _outputs(network)]
    plain = ["y"] if count == 1 else [f"y_{i}" for i in range(count)]
    given = [_given_name(layer) for layer in layers]
    different = len({name.lower() for name in given}) == len(given) == count
    return given if different and all(given) else plain


def _outputs(network: Any) -> list[Any]:
    """Return the outputs of a functional or Sequential model; none of a subclassed one."""
    from keras import KerasTensor

    found = getattr(network, "outputs", None) or []
    return [tensor for tensor in found if isinstance(tensor, KerasTensor)]


def _given_name(layer: Any) -> str:
    """Return the name of a layer; empty if Keras made it up."""
    import keras

    made_up = keras.src.utils.naming.to_snake_case(type(layer).__name__)
    return "" if re.fullmatch(rf"{made_up}(_\d+)?", layer.name) else str(layer.name)


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


def arrays_of(inputs: Any, left_out: Container[int]) -> list[np.ndarray] | None:
    """Return example inputs as a model takes them, in float32, without those left out; None if they are no arrays."""
    from keras import tree

    values = tree.flatten(inputs)
    if not all(isinstance(value, np.ndarray) for value in values):
        return None
    kept = [value for i, value in enumerate(values) if i not in left_out]
    kinds = {"f": np.float32, "U": object, "S": object}
    return [value.astype(kinds.get(value.dtype.kind, value.dtype)) for value in kept]
