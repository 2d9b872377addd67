"""Encoder–decoder models: two artifacts with one contract, or one that has the greedy search inside.

In the forms `sequence` and `step` there are two graphs, `NAME.encoder.SUFFIX` and, under the name that was asked for,
the decoder, whose manifest names the other and its checksum. In `generate` one graph takes the source and returns ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from zoo.core.codec import PairCodec
from zoo.core.pairs import BEGIN, END, PAD
from zoo.core.states import input_name, output_name
from zoo.errors import ArgumentError, ExportError
from zoo.models.model import Model, make
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Face

from .tracing.greedy import Greedy, Tokens
from .tracing.pair import DecoderSource, PairNames, decoder_source, encoder_source, of_network
from .tracing.source import Source

ZOO = Tokens(BEGIN, END, PAD, (PAD, BEGIN))


@dataclass(frozen=True)
class Opened:
    """Both networks of a model.

    Attributes:
        encoder: The encoder.
        decoder: The decoder.
        model: The model of the zoo, run by Keras, if it is one.
        tokens: How its outputs begin and end; None if that is not known.
    """

    encoder: Source
    decoder: DecoderSource
    model: Model | None
    tokens: Tokens | None


def is_pair(model: Any) -> bool:
    """Return whether a model is an encoder–decoder model of the zoo, or an encoder and a decoder of Keras."""
    return isinstance(model, (tuple, list)) or (isinstance(model, Model) and isinstance(model.codec, PairCodec))


def encoder_path(path: Path) -> Path:
    """Return where the encoder of an artifact is: `NAME.encoder.onnx` for `NAME.onnx`."""
    return path.with_name(f"{path.stem}.encoder{path.suffix}")


def opened(model: Any, begin: int | None, end: int | None) -> Opened:
    """Return both networks of a model.

    Args:
        model: A model of the zoo, or `(encoder, decoder)`.
        begin: First id that a decoder of the user's is given.
        end: Id that ends its outputs.

    Raises:
        ArgumentError: The two do not fit together, or begin and end are no ids of theirs.
        ExportError: The model is an artifact already, or is not a pair of Keras models.
    """
    if isinstance(model, Model):
        if begin is not None or end is not None:
            raise ArgumentError(f"begin, end: {model.card.name} has its own: leave them out")
        if isinstance(model.engine, BoundEngine) or getattr(model.engine, "build", None) is None:
            raise ExportError(f"{model!r} is an artifact already: export what zoo.load returned")
        from zoo.networks.keras_engine import engine_of

        codec = cast(PairCodec, model.codec)
        model = make(model.card, codec, engine_of(model.network, codec))
        return Opened(*of_network(model.network, codec), model, ZOO)
    encoder, decoder = _two(model)
    names = _names(encoder, decoder)
    return Opened(encoder_source(encoder, names), decoder_source(decoder, names), None, _tokens(decoder, begin, end))


def _two(model: Sequence[Any]) -> tuple[Any, Any]:
    """Return encoder and decoder.

    Raises:
        ExportError: It is something else than two Keras models that say what they take.
    """
    import keras

    if len(model) != 2 or not all(isinstance(one, keras.Model) for one in model):
        kinds = ", ".join(type(one).__name__ for one in model)
        raise ExportError(f"({kinds}): give two Keras models, (encoder, decoder)")
    for one in model:
        if not getattr(one, "inputs", None):
            raise ExportError(f"{one.name!r} does not say what it takes: build it of keras.Input, as keras.Model(…)")
    return model[0], model[1]


def _names(encoder: Any, decoder: Any) -> PairNames:
    """Name the inputs and outputs of a pair by the contract.

    Raises:
        ArgumentError: The decoder does not take what the encoder returns, or its states are not clear.
    """
    entering, leaving = decoder.inputs[1:], decoder.outputs[1:]
    told = f"the encoder returns {_shapes(encoder.outputs)}, the decoder takes {_shapes(decoder.inputs)}"
    fits = len(entering) == len(encoder.outputs) and all(
        _fits(one.shape, other.shape) for one, other in zip(encoder.outputs, entering, strict=True)
    )
    if not fits:
        raise ArgumentError(f"{told}: its inputs after the first must be what the encoder returns, in that order")
    states = [i for i, tensor in enumerate(entering) if _is_state(tensor)]
    returned = [i for i, tensor in enumerate(leaving) if _is_state(tensor)]
    shapes = [[tensors[i].shape for i in places] for tensors, places in ((entering, states), (leaving, returned))]
    if not states or shapes[0] != shapes[1]:
        raise ArgumentError(
            f"{told}, and returns {_shapes(decoder.outputs)}: it must return the states that it takes, (batch, units), "
            "in the same order after its output"
        )
    number, rest = iter(range(len(states))), iter(_rest(len(entering) - len(states)))
    between = [input_name("h", next(number)) if i in states else next(rest) for i in range(len(entering))]
    names, others = iter(output_name(between[i]) for i in states), iter(_others(len(leaving) - len(returned)))
    outputs = ["y", *(next(names) if i in returned else next(others) for i in range(len(leaving)))]
    source = ["source"] if len(encoder.inputs) == 1 else [f"source_{i}" for i in range(len(encoder.inputs))]
    return PairNames(tuple(source), tuple(between), tuple(between[i] for i in states), tuple(outputs))


def _rest(count: int) -> list[str]:
    return ["memory"] if count == 1 else [f"memory_{i}" for i in range(count)]


def _others(count: int) -> list[str]:
    return ["attention"] if count == 1 else [f"attention_{i}" for i in range(count)]


def _is_state(tensor: Any) -> bool:
    return len(tensor.shape) == 2 and tensor.shape[1] is not None and "float" in str(tensor.dtype)


def _fits(given: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    return len(given) == len(wanted) and all(b in (None, a) or a is None for a, b in zip(given, wanted, strict=True))


def _shapes(tensors: Sequence[Any]) -> str:
    return ", ".join(str(tuple(tensor.shape)) for tensor in tensors)


def _tokens(decoder: Any, begin: int | None, end: int | None) -> Tokens | None:
    """Return how the outputs of a decoder of the user's begin and end.

    Raises:
        ArgumentError: One is given without the other, or is no id.
    """
    if begin is None and end is None:
        return None
    classes = decoder.outputs[0].shape[-1]
    for name, value in (("begin", begin), ("end", end)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not 0 <= value < classes:
            raise ArgumentError(f"{name}={value!r}: give an id from 0 to {classes - 1}, begin= and end= together")
    x = decoder.inputs[0]
    if not ("int" in str(x.dtype) or len(x.shape) == 2 or x.shape[-1] == classes):
        raise ArgumentError(
            f"the decoder takes {tuple(x.shape)} and returns {classes} classes: the search inside a graph feeds it ids "
            f"(batch, time), or vectors of {classes} with a 1 at the place of the id; export form='step'"
        )
    return Tokens(int(begin), int(end), int(end))  # type: ignore[arg-type]


def faces(pair: Opened, form: str, batch: int | None, steps: int | None) -> list[Face]:
    """Return the networks of an artifact: of both graphs the encoder first, or the one with the search inside.

    Raises:
        ArgumentError: It is not known how outputs begin and end, or `steps` does not go with the model.
    """
    if pair.model is not None and form == "sequence" and steps is not None:
        raise ArgumentError("steps: outputs are made one step at a time: leave it out, or export form='step'")
    if form != "generate":
        encoder = pair.encoder.signature("sequence", batch)
        return [Face(pair.encoder, encoder), Face(pair.decoder, pair.decoder.signature(form, batch, steps))]
    if pair.tokens is None:
        raise ArgumentError("form='generate': say how outputs begin and end: begin= and end=, ids of the decoder")
    greedy = Greedy(pair.encoder, pair.decoder, pair.tokens, steps)
    return [Face(greedy, greedy.signature(form, batch))]
