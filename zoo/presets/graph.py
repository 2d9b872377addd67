"""The graph of a preset: an ONNX model without weights, which it takes from the file beside it.

Its constants are external data of ONNX that point into `weights.safetensors`, so that any ONNX runtime opens the file
where it lies. Here ONNX Runtime gets the arrays that were checked, and opens no file itself.
"""

from contextlib import AbstractContextManager

from zoo.core.architectures import ARCHITECTURES, Architecture, pair_states, state_names
from zoo.core.codec import Codec, PairCodec
from zoo.core.files import content, sha256
from zoo.core.recipe import Recipe
from zoo.core.states import output_name
from zoo.errors import DataError, PresetError
from zoo.presets.preset import WEIGHTS, Preset, named
from zoo.presets.weights_file import Weights
from zoo.runtime.engine import DEFAULT_RUNTIME, BoundEngine, RuntimeOptions, of_engines
from zoo.runtime.onnx import session
from zoo.runtime.onnx.checking import ExternalData, checked
from zoo.runtime.onnx.checking import named as readable
from zoo.runtime.onnx.wire import top
from zoo.runtime.pair import Pair
from zoo.runtime.signature import Signature, Tensor

GRAPH, ENCODER_GRAPH = "graph.onnx", "encoder.onnx"
"""The graph of a preset; of an encoder–decoder network that of the decoder, which says what the other one hashes to."""
ENCODER_KEY = "rnn_zoo.encoder_sha256"
KEY, VERSION = "rnn_zoo.graph", "1"
"""Metadata property of a graph, and its value: how weights are arranged, and what inputs and outputs are called."""
MOST_BYTES = 1 << 22
KINDS = {"float32": 1, "float16": 10}
"""Numbers of stored weights → type of an ONNX tensor."""


def engine(preset: Preset, options: RuntimeOptions = DEFAULT_RUNTIME) -> BoundEngine | Pair:
    """Open the graph of a preset in ONNX Runtime; of an encoder–decoder network both.

    Raises:
        PresetError: It has no graph, or one that is missing, damaged, of another version, of another network, or takes
            numbers from another file; or the weights do not fit the card.
        ArgumentError: An execution provider is not available.
    """
    card = preset.card
    if not card.graph_sha256:
        raise PresetError(
            f"{preset.folder} has no graph for ONNX Runtime, since an earlier release wrote it: add it by `zoo graph "
            f"{preset.folder}`, or load it by engine='keras'"
        )
    session.check_runtime(options)
    weights, architecture = preset.stored(), ARCHITECTURES[card.architecture]
    if not isinstance(preset.codec, PairCodec):
        opened, _ = _opened(preset, GRAPH, card.graph_sha256, weights, options)
        with _named(preset, GRAPH):
            check_face(opened.signature, architecture, preset.codec, card.recipe)
        return opened
    decoder, metadata = _opened(preset, GRAPH, card.graph_sha256, weights, options)
    encoder, _ = _opened(preset, ENCODER_GRAPH, metadata.get(ENCODER_KEY, "none"), weights, options)
    with _named(preset, GRAPH):
        check_pair(encoder.signature, decoder.signature, architecture, preset.codec, card.recipe)
    return of_engines(encoder, decoder)


def _named(preset: Preset, name: str) -> AbstractContextManager[None]:
    return named(preset.folder / name, f"write it again by `zoo graph {preset.folder}`")


def _opened(
    preset: Preset, name: str, digest: str, weights: Weights, options: RuntimeOptions
) -> tuple[BoundEngine, dict[str, str]]:
    """Open a graph of a preset; return its metadata too.

    Raises:
        PresetError: It is missing, damaged, of another version, or takes numbers from another file.
    """
    path = preset.folder / name
    with _named(preset, name):
        data = content(path, MOST_BYTES)
        if (found := sha256(data)) != digest:
            raise DataError(f"{path} has sha256 {found}, {'the card' if name == GRAPH else GRAPH} says {digest}")
        with readable(path):
            metadata = {entry.key: entry.value for entry in top(data).metadata}
        if (version := metadata.get(KEY)) != VERSION:
            raise DataError(f"{path} is a graph of version {version or 'none'}, this release reads version {VERSION}")
        used = checked(path, data, places(weights))
        engine = session.engine(path, data, "sequence", options, {one: weights.arrays[one] for one in used})
    return engine, metadata


def places(weights: Weights) -> dict[str, ExternalData]:
    """Return where the numbers of each array are, for constants of a graph that have its name."""
    return {
        name: ExternalData(WEIGHTS, weights.offsets[name], array.nbytes, KINDS[array.dtype.name], array.shape)
        for name, array in weights.arrays.items()
    }


def check_face(signature: Signature, architecture: Architecture, codec: Codec, recipe: Recipe) -> None:
    """Compare the inputs and outputs of a graph with those that codec and recipe describe.

    Raises:
        DataError: They differ.
    """
    x, y = Tensor("x", (None, None, *codec.shape), codec.dtype), Tensor("y", (None, None, codec.classes), "float32")
    names = state_names(architecture, recipe.layers)
    states = [Tensor(name, (None, recipe.units), "float32") for name in names]
    entering = [tensor for tensor in signature.inputs if not tensor.name.startswith("f0_")]  # those of the front end
    if entering != [x, *states] or [*signature.outputs[:1]] != [y] or not _paired(signature):
        raise DataError(f"the graph is that of another network: {signature.text()}")


def check_pair(
    encoder: Signature, decoder: Signature, architecture: Architecture, codec: PairCodec, recipe: Recipe
) -> None:
    """Compare the graphs of encoder and decoder with those that codec and recipe describe.

    Raises:
        DataError: They differ.
    """
    memory = (Tensor("memory", (None, None, recipe.units), "float32"), Tensor("memory_mask", (None, None), "bool"))
    states = [Tensor(name, (None, recipe.units), "float32") for name in pair_states(architecture, recipe.layers)]
    source = Tensor("source", (None, None, *codec.source_shape), codec.source_dtype)
    expected = (
        ([source], [*memory, *states]),
        ([Tensor("x", (None, None), "int32"), *memory, *states], [Tensor("y", (None, None, codec.classes), "float32")]),
    )
    for signature, (entering, leaving) in zip((encoder, decoder), expected, strict=True):
        inputs, outputs = [(t.name, t.shape) for t in entering], [(t.name, t.shape) for t in leaving]
        found = [(t.name, t.shape) for t in signature.outputs[: len(outputs)]]
        if [(t.name, t.shape) for t in signature.inputs] != inputs or found != outputs:
            raise DataError(f"the graph is that of another network: {signature.text()}")
    if [t.name for t in decoder.outputs[1:]] != ["attention", *map(output_name, (t.name for t in states))]:
        raise DataError(f"the graph is that of another network: {decoder.text()}")


def _paired(signature: Signature) -> bool:
    """Return whether every input but `x` is a state that leaves again, and nothing else leaves but `y`."""
    states = len(signature.inputs) - 1
    return len(signature.states) == states and len(signature.outputs) == 1 + states
