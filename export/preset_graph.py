"""The graph of a preset: made of its Keras network, verified against it, without weights of its own.

The converted model has its weights as constants. Each constant that the preset stores, as it is or transposed, is
replaced by a reference into the file of weights and by operators that cast and transpose it. ONNX Runtime runs these
once, when a session starts.
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.card import Card
from zoo.core.codec import PairCodec
from zoo.core.extras import needing
from zoo.core.files import replacing, sha256, temporary_folder
from zoo.errors import ExportError
from zoo.models.model import Model, make
from zoo.presets import CARD
from zoo.presets.graph import ENCODER_GRAPH, ENCODER_KEY, GRAPH, KEY, KINDS, MOST_BYTES, VERSION, engine, places
from zoo.presets.preset import CODEC, WEIGHTS, read
from zoo.presets.weights_file import Weights
from zoo.runtime.onnx.checking import ExternalData
from zoo.runtime.pair import Pair
from zoo.runtime.signature import Face

from .conversion import converted
from .faces import open_source
from .formats import Options, of_path
from .tracing.pair import of_network
from .verification.verify import check_decode, tolerance_of, verify

LEAST = 2
"""Smallest number of elements of a constant that is looked for among the stored weights."""
EXTERNAL = 1
"""`TensorProto.DataLocation`: the numbers are in another file."""


@needing("making a graph needs", "keras", "tf2onnx")
def add_graph(folder: Path) -> Card:
    """Add a graph to a preset, or make it again; return the new card.

    The files are changed together, once the graph has been verified; whatever else is in the folder stays. If Keras
    runs on another backend than TensorFlow, another process makes the graph.

    Raises:
        PresetError: A file of the preset is missing, corrupt or inconsistent.
        DataError: The folder cannot be replaced by one with the graph.
        ExportError: The network cannot be converted.
        VerificationError: The graph computes something else than Keras.
        MissingExtra: Keras or tf2onnx is not installed.
    """
    import keras

    if keras.config.backend() != "tensorflow":
        return _in_another_process(folder)
    from zoo.networks.keras_engine import engine_of
    from zoo.presets.network import network

    preset = read(folder)
    reference = make(preset.card, preset.codec, engine_of(network(preset), preset.codec))
    faces = _faces(reference)
    place = folder.resolve()  # it is renamed, and neither `.` nor a link is what is meant
    with replacing(place, folder=True) as scratch:
        _copy(place, scratch)
        properties, digest = {KEY: VERSION}, ""
        for name, face in faces.items():
            data = _made(face, preset.stored(), properties)
            (scratch / name).write_bytes(data)
            digest = sha256(data)
            properties = {**properties, ENCODER_KEY: digest}
        card = replace(preset.card, graph_sha256=digest)
        (scratch / CARD).write_text(card.to_json(), encoding="utf-8")
        _verify(faces, engine(replace(preset, card=card, folder=scratch)), reference)  # as users will open it
    return card


def _verify(faces: dict[str, Face], opened: Any, reference: Model) -> None:
    """Compare the graphs of a preset with Keras.

    Raises:
        VerificationError: They compute something else.
    """
    if isinstance(opened, Pair):
        for face, part in zip(faces.values(), opened.opened, strict=True):
            verify(face, part, Options(), tolerance=tolerance_of(Options(), reference))
        check_decode(reference, make(reference.card, reference.codec, opened))
    else:
        verify(faces[GRAPH], opened, Options(), reference)


def _copy(folder: Path, to: Path) -> None:
    """Copy what is in a preset folder, sub-folders and links too, but the files that are written again."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, to / path.name, symlinks=True)
        elif path.name not in (CARD, GRAPH, ENCODER_GRAPH):
            shutil.copy2(path, to / path.name, follow_symlinks=path.name in (CODEC, WEIGHTS))
    to.chmod(folder.stat().st_mode | stat.S_IRWXU)


def _in_another_process(folder: Path) -> Card:
    """Make the graph in a process where Keras runs on TensorFlow.

    Raises:
        ExportError: It failed.
    """
    command = [sys.executable, "-m", "zoo", "graph", str(folder.resolve())]
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "tensorflow"}, capture_output=True, text=True)
    if done.returncode:
        raise ExportError(f"{GRAPH} could not be made: {''.join(done.stderr.strip().splitlines()[-1:])}")
    return read(folder).card


def _faces(model: Model) -> dict[str, Face]:
    """Return the networks of a model, with the signatures that their graphs have, by the file of the graph."""
    if isinstance(model.codec, PairCodec):
        sources = zip((ENCODER_GRAPH, GRAPH), of_network(model.network, model.codec), strict=True)
        return {name: Face(source, source.signature("sequence")) for name, source in sources}
    _, build = open_source(model, None)
    source = build(False)
    return {GRAPH: Face(source, source.signature("sequence"))}


def _made(face: Face, stored: Weights, properties: dict[str, str]) -> bytes:
    """Convert a network; return its graph, without the weights, with properties in its metadata.

    Raises:
        ExportError: The network cannot be converted, or the graph is too large.
    """
    import onnx

    with temporary_folder() as folder:
        path = folder / GRAPH
        converted(of_path(path), [face], path, Options(stored=True))
        model = onnx.load(path)
    _refer(model.graph, _Weights(stored.arrays), places(stored))
    onnx.helper.set_model_props(model, properties)
    data: bytes = model.SerializeToString()
    if len(data) > MOST_BYTES:
        raise ExportError(f"{GRAPH} would have {len(data):,} bytes, at most {MOST_BYTES:,} are read")
    return data


class _Weights:
    """Finds the stored array that a constant was made of.

    Args:
        arrays: Path in the network → array.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.known: dict[tuple[int, str], tuple[str, Sequence[int]]] = {}
        for name, array in arrays.items():
            for axes in permutations(range(array.ndim)):
                key = self._key(array.astype(np.float32).transpose(axes))
                self.known.setdefault(key, (name, axes))

    def find(self, array: np.ndarray) -> tuple[str, Sequence[int]] | None:
        """Return the path of a stored array with the same numbers, and the axes in which they have this order."""
        return self.known.get(self._key(array))

    @staticmethod
    def _key(array: np.ndarray) -> tuple[int, str]:
        return array.size, sha256(np.ascontiguousarray(array, np.float32).tobytes())


def _refer(graph: Any, weights: _Weights, stored: dict[str, ExternalData]) -> None:
    """Replace the constants of a graph that are stored weights by references into their file."""
    import onnx

    kept, used, nodes = list[Any](), dict[str, ExternalData](), list[Any]()
    for tensor in graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        found = weights.find(array) if array.dtype == np.float32 and array.size >= LEAST else None
        if found is None:
            kept.append(tensor)
            continue
        name, axes = found
        used[name] = stored[name]
        nodes += _restoring(tensor.name, array.shape, name, axes, stored[name])
    del graph.initializer[:]
    graph.initializer.extend([*kept, *(_external(name, place) for name, place in used.items())])
    before = [*nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(before)


def _restoring(
    name: str, shape: tuple[int, ...], source: str, axes: Sequence[int], place: ExternalData
) -> Iterator[Any]:
    """Yield the operators that make a constant out of stored weights.

    Args:
        name: Name of the constant.
        shape: Its shape.
        source: Name of the stored weights.
        axes: Order of their axes.
        place: What they are.
    """
    import onnx

    make_node, steps = onnx.helper.make_node, list[tuple[str, dict[str, Any]]]()
    if place.kind != KINDS["float32"]:
        steps.append(("Cast", {"to": onnx.TensorProto.FLOAT}))
    if list(axes) != sorted(axes):
        steps.append(("Transpose", {"perm": list(axes)}))
    turned = tuple(place.shape[axis] for axis in axes)
    if turned != shape:
        steps.append(("Reshape", {}))
    if not steps:
        steps.append(("Identity", {}))
    for i, (kind, attributes) in enumerate(steps):
        result = name if i == len(steps) - 1 else f"{name}/stored_{i}"
        inputs = [source]
        if kind == "Reshape":
            inputs.append(f"{name}/shape")
            value = onnx.numpy_helper.from_array(np.array(shape, np.int64))
            yield make_node("Constant", [], [inputs[1]], value=value)
        yield make_node(kind, inputs, [result], name=result, **attributes)
        source = result


def _external(name: str, place: ExternalData) -> Any:
    """Return a constant whose numbers are in another file."""
    import onnx

    tensor = onnx.TensorProto(name=name, data_type=place.kind, dims=place.shape, data_location=EXTERNAL)
    for key, value in (("location", place.file), ("offset", place.offset), ("length", place.length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
