"""The masks of Keras 2, where Keras 3 passes on others.

Keras 2 joins the masks of merged tensors by `and`, and leaves out tensors that have none; Keras 3 joins them by `or`,
and drops all if one is missing. From such a layer on, the mask is a tensor of the graph that every layer gets by name,
and the merged tensor is passed on without the mask that Keras 3 would find at it.

Reference: `compute_mask` of the merging layers in Keras 2.3 and 3.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops
from keras.src.backend import get_keras_mask

MERGING = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
ENDING = ("Rescaling",)
"""Classes that pass no mask on in Keras 2."""


class Masks:
    """Knows which tensors of a graph have another mask than Keras 3 finds at them."""

    def __init__(self) -> None:
        self.own: dict[int, Any] = {}  # id of a tensor → its mask, or None
        self.kept: list[Any] = []  # so that no id is used again

    def of(self, tensor: Any) -> Any:
        """Return the mask of a tensor in Keras 2; None if it has none."""
        return self.own[id(tensor)] if id(tensor) in self.own else get_keras_mask(tensor)

    def differ(self, tensors: Any) -> bool:
        """Return whether one of the tensors in a structure has another mask in Keras 2."""
        return any(id(tensor) in self.own for tensor in keras.tree.flatten(tensors))

    def called(self, layer: Any, first: Any, options: dict[str, Any]) -> Any:
        """Call a layer, with the masks of Keras 2.

        Args:
            layer: A layer of Keras 3.
            first: First argument of the call: a tensor, or a structure of them.
            options: The other arguments by name.

        Returns:
            What the layer returns.
        """
        kind = type(layer).__name__
        if kind in MERGING and isinstance(first, list):
            return self._merged(layer, first, options)
        if kind in ENDING and self.of(first) is not None:
            return self._with_mask(layer(first, **options), None)
        if not self.differ(first):
            return layer(first, **options)
        masks = keras.tree.map_structure(self.of, first)
        if layer._call_has_mask_arg and options.get("mask") is None and _any(masks):
            options = {**options, "mask": masks}
        result = layer(first, **options)
        if isinstance(layer, keras.Model) or not _any(masks):
            return result
        return self._passed_on(layer, first, masks, result)

    def _merged(self, layer: Any, tensors: list[Any], options: dict[str, Any]) -> Any:
        masks = [self.of(tensor) for tensor in tensors]
        result = layer(tensors, **options)
        if all(mask is masks[0] for mask in masks) and not self.differ(tensors):
            return result  # all have the same mask, or none: Keras 3 finds it, too
        return self._with_mask(result, _joined(layer, tensors, masks))

    def _with_mask(self, tensor: Any, mask: Any) -> Any:
        """Return a tensor at which Keras 3 finds no mask, and remember its mask in Keras 2."""
        plain = ops.multiply(tensor, 1)  # the result of an operation has no mask
        self._remember(plain, mask)
        return plain

    def _passed_on(self, layer: Any, first: Any, masks: Any, result: Any) -> Any:
        """Remember the masks of what a layer returned: those that it passes on."""
        if not layer.supports_masking and type(layer).compute_mask is keras.layers.Layer.compute_mask:
            return result
        found = layer.compute_mask(first, masks)
        outputs = keras.tree.flatten(result)
        for tensor, mask in zip(outputs, _flat(found, len(outputs)), strict=False):
            if mask is not None:
                self._remember(tensor, mask)
        return result

    def _remember(self, tensor: Any, mask: Any) -> None:
        self.own[id(tensor)] = mask
        self.kept.append(tensor)


def _joined(layer: Any, tensors: Sequence[Any], masks: Sequence[Any]) -> Any:
    """Return the mask of merged tensors: steps that are valid in all that have a mask."""
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    axis = getattr(layer, "axis", None)
    if (
        axis is not None and axis % len(tensors[0].shape) == 1 and len(tensors[0].shape) > 2
    ):  # one after the other in time
        whole = [
            ops.ones_like(x[:, :, 0], dtype="bool") if m is None else m for x, m in zip(tensors, masks, strict=True)
        ]
        return ops.concatenate(whole, axis=1)
    joined = given[0]
    for mask in given[1:]:
        joined = ops.logical_and(joined, mask)
    return joined


def _any(masks: Any) -> bool:
    return any(mask is not None for mask in keras.tree.flatten(masks))


def _flat(masks: Any, count: int) -> list[Any]:
    return list(masks) if isinstance(masks, (list, tuple)) else [masks] + [None] * (count - 1)
