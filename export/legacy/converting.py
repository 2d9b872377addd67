"""Convert a model file of Keras 1 or 2 to one of Keras 3, checked against what the old one computes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core.extras import needing
from zoo.core.files import replacing
from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ModelFileError, VerificationError
from zoo.runtime.signature import Tensor

from ..tracing.samples import draw
from . import cells
from .reading import Reading, built

if TYPE_CHECKING:
    from .weights import Filled

TOLERANCES = {"float64": 2e-5, "float32": 2e-5, "bfloat16": 5e-2, "float16": 5e-3}
"""Dtype that a cell computes in → largest difference that passes, relative to the larger of 1 and the state."""
STEPS = 5
BATCH = 3
SEED = 0


@dataclass(frozen=True)
class Conversion:
    """How a file was converted; print it.

    Attributes:
        path: The new file.
        reading: Which Keras wrote the old one, and what was mapped.
        difference: Largest difference of a recurrent cell from a computation in NumPy with the arrays of the old file.
        checked: Number of recurrent cells compared.
        unchecked: Names of recurrent layers that could not be compared, such as those of the user's own cells.
        needs: What the new file needs to be loaded beside Keras; empty if nothing.
    """

    path: Path
    reading: Reading
    difference: float
    checked: int
    unchecked: tuple[str, ...]
    needs: str

    def __str__(self) -> str:
        """Return a text of a few lines."""
        lines = [str(self.reading), f"{self.path}: written for Keras 3"]
        if self.checked:
            same = f"{self.checked} recurrent cells compute the same as the old weights in NumPy"
            lines.append(f"  {same}: largest difference {self.difference:.1e}")
        if self.unchecked:
            lines.append(f"  not compared (custom or convolutional cells): {', '.join(self.unchecked)}")
        if self.needs:
            lines.append(f"  {self.needs}")
        return "\n".join(lines)


@needing("converting needs", "keras")
def convert(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    custom_objects: Mapping[str, Any] | None = None,
    trust: bool = False,
) -> Conversion:
    """Convert a model file of Keras 1 or 2 to one of Keras 3.

    Every recurrent cell of the new file is compared with a computation in NumPy from the arrays of the old one. The old
    `hard_sigmoid` is replaced by Keras 3's, with weights multiplied to match, so that the file needs Keras alone.

    Args:
        path: The old file.
        target: The new one, `NAME.keras`; a file of that name is replaced.
        custom_objects: As for `read`.
        trust: As for `read`.

    Returns:
        A report; print it.

    Raises:
        ArgumentError: The new name does not end in `.keras`.
        MissingExtra: Keras is not installed.
        ModelFileError: The file cannot be read, or Keras 3 cannot store its model.
        VerificationError: The new file computes something else; nothing is written.
    """
    new = Path(target)
    if new.suffix != ".keras":
        raise ArgumentError(f"{new.name}: the name of a Keras 3 file ends in .keras: give NAME.keras")
    custom = dict(custom_objects or {})
    own = {getattr(value, "__name__", name): value for name, value in custom.items()}  # as the new file names them
    model, about, filled = built(path, custom, trust, portable=True)
    difference, checked, unchecked = _compared(filled)
    with replacing(new) as scratch:
        try:
            again = _stored(model, scratch, {**custom, **own}, trust)
        except Exception as error:
            raise ModelFileError(f"{path}: Keras 3 cannot store this model: {first_line(error)}") from error
        _same(model, again)
    needs = [f"to load it, give custom_objects for {', '.join(own)}"] if own else []
    if any(getattr(function, "exported_as", "") for function in _activations(model)):
        needs.append(
            "to load it, import zoo.export.legacy.activations: an activation of states is the old hard_sigmoid"
        )
    return Conversion(new, about, difference, checked, unchecked, "; ".join(needs))


def _stored(model: Any, path: Path, custom: Mapping[str, Any], trust: bool) -> Any:
    """Save a model, and return it as Keras loads it again."""
    import keras

    model.save(path)
    return keras.models.load_model(path, custom_objects=custom, compile=False, safe_mode=not trust)


def _activations(model: Any) -> list[Any]:
    """Return the activations of all layers, nested ones too."""
    return [
        getattr(layer, key, None) for layer in model._flatten_layers() for key in ("activation", "recurrent_activation")
    ]


def _compared(filled: "list[Filled]") -> tuple[float, int, tuple[str, ...]]:
    """Compare every recurrent cell with its computation from the arrays of the file, over a few steps.

    Raises:
        VerificationError: One differs; `.check` is `cells`.
    """
    worst, count = 0.0, 0
    left: list[str] = []
    rng = np.random.default_rng(SEED)
    for one in filled:
        cell = getattr(one.part.layer, "cell", one.part.layer)
        if not hasattr(cell, "state_size"):
            continue
        if not cells.checkable(one.part.kind, one.part.config):
            left.append(one.part.name)
            continue
        found = _difference(one, cell, rng)
        if not found <= TOLERANCES[cell.compute_dtype]:
            raise VerificationError("cells", f"{one.part.name} differs from the weights of the file by {found:.1e}")
        worst, count = max(worst, found), count + 1
    return worst, count, tuple(left)


def _difference(one: "Filled", cell: Any, rng: np.random.Generator) -> float:
    """Return the largest difference of a cell's states from those computed in NumPy, after a few steps."""
    kind, config = one.part.kind, one.part.config
    features, units = cell.kernel.shape[0], cell.units
    state = [rng.normal(0, 0.5, (BATCH, units)) for _ in range(2 if cells.kind_of(kind) == "LSTM" else 1)]
    ours = [value.astype(np.float32) for value in state]
    for _ in range(STEPS):
        x = rng.normal(0, 1, (BATCH, features))
        state = cells.step(kind, config, one.arrays, x, state)
        _, new = cell(x.astype(np.float32), ours)
        ours = [np.asarray(value, np.float32) for value in (new if isinstance(new, (list, tuple)) else [new])]
    return max(float(np.abs(a - b).max() / max(1.0, np.abs(a).max())) for a, b in zip(state, ours, strict=True))


def _outputs(model: Any) -> list[bytes]:
    """Return what a model makes of random inputs, some of them padding; nothing for inputs of words."""
    import keras

    rng = np.random.default_rng(SEED)
    tensors = [
        Tensor(f"x{i}", tuple(t.shape), keras.backend.standardize_dtype(t.dtype)) for i, t in enumerate(model.inputs)
    ]
    if any(tensor.dtype == "string" for tensor in tensors):
        return []
    arrays = [draw(rng, model, tensor, tensor.shape[0] or BATCH, STEPS, padded=True) for tensor in tensors]
    struct = getattr(getattr(model, "_functional", None) or model, "_inputs_struct", arrays)
    result = model(keras.tree.pack_sequence_as(struct, arrays))
    return [np.asarray(value).tobytes() for value in keras.tree.flatten(result)]


def _same(model: Any, again: Any) -> None:
    """Compare the weights of a model with those that were stored.

    Raises:
        VerificationError: They differ; `.check` is `weights`.
    """
    ours, theirs = model.get_weights(), again.get_weights()
    if _outputs(model) != _outputs(again):
        raise VerificationError("outputs", "the new file computes something else when it is loaded")
    if len(ours) != len(theirs) or any(not np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)):
        raise VerificationError("weights", "the new file holds other weights")
    if model.get_config().get("layers") and len(model.layers) != len(again.layers):
        raise VerificationError("weights", "the new file holds other layers")
