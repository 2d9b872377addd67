"""The graph of a preset: an ONNX model without weights, which it takes from the file beside it.

Its constants are external data of ONNX that point into `weights.safetensors`, so that any ONNX runtime opens the file
where it lies. Here ONNX Runtime gets the arrays that were checked, and opens no file itself.
"""

from zoo.core.architectures import ARCHITECTURES, Architecture, state_names
from zoo.core.codec import Codec
from zoo.core.files import content, sha256
from zoo.core.recipe import Recipe
from zoo.errors import DataError, PresetError
from zoo.presets.preset import WEIGHTS, Preset, named
from zoo.presets.weights_file import Weights
from zoo.runtime.engine import DEFAULT_RUNTIME, BoundEngine, RuntimeOptions
from zoo.runtime.onnx import session
from zoo.runtime.onnx.checking import ExternalData, checked
from zoo.runtime.onnx.checking import named as readable
from zoo.runtime.onnx.wire import top
from zoo.runtime.signature import Signature, Tensor

GRAPH = "graph.onnx"
KEY, VERSION = "rnn_zoo.graph", "1"
"""Metadata property of a graph, and its value: how weights are arranged, and what inputs and outputs are called."""
MOST_BYTES = 1 << 22
KINDS = {"float32": 1, "float16": 10}
"""Numbers of stored weights → type of an ONNX tensor."""


def engine(preset: Preset, options: RuntimeOptions = DEFAULT_RUNTIME) -> BoundEngine:
    """Open the graph of a preset in ONNX Runtime.

    Raises:
        PresetError: It has no graph, or one that is missing, damaged, of another version, of another network, or takes
            numbers from another file; or the weights do not fit the card.
        ArgumentError: An execution provider is not available.
    """
    path, card = preset.folder / GRAPH, preset.card
    if not card.graph_sha256:
        raise PresetError(
            f"{preset.folder} has no graph for ONNX Runtime, since an earlier release wrote it: add it by `zoo graph "
            f"{preset.folder}`, or load it by engine='keras'"
        )
    session.check_runtime(options)
    weights = preset.stored()
    with named(path, f"write it again by `zoo graph {preset.folder}`"):
        data = content(path, MOST_BYTES)
        if (found := sha256(data)) != card.graph_sha256:
            raise DataError(f"{path} has sha256 {found}, the card says {card.graph_sha256}")
        with readable(path):
            version = {entry.key: entry.value for entry in top(data).metadata}.get(KEY)
        if version != VERSION:
            raise DataError(f"{path} is a graph of version {version or 'none'}, this release reads version {VERSION}")
        used = checked(path, data, places(weights))
        opened = session.engine(path, data, "sequence", options, {name: weights.arrays[name] for name in used})
        check_face(opened.signature, ARCHITECTURES[card.architecture], preset.codec, card.recipe)
    return opened


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


def _paired(signature: Signature) -> bool:
    """Return whether every input but `x` is a state that leaves again, and nothing else leaves but `y`."""
    states = len(signature.inputs) - 1
    return len(signature.states) == states and len(signature.outputs) == 1 + states
