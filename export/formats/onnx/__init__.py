"""ONNX: native LSTM, GRU and RNN nodes; run by ONNX Runtime.

tf2onnx converts everything but the recurrent layers. In their place the traced graph has stand-ins that tf2onnx cannot
convert by itself; once it is done, each becomes the form that was chosen for it (see `export.formats.onnx.nodes`).

The manifest is appended as metadata properties: the bytes of two ONNX messages, one after the other, are one message
with the fields of both (protocol buffers merge).
"""

import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoo.runtime.onnx.session import check_runtime
from zoo.runtime.signature import Face

from ...tracing import loops
from ...tracing.calls import Through
from ...tracing.cells import WEIGHTS, Cell, Track
from ...tracing.lookups import refuse_lookups
from ...tracing.reach import pruned
from .. import Format, Options
from . import graph
from .nodes import NODES, STORED, Layer, activations, choose
from .optimizing import copied_once
from .runtime import PRODUCER, embed, manifest, open_, operators, precision
from .simplifying import simplify

OPSET = 17
STAND_IN = "recurrent_stand_in_"


def convert(faces: Sequence[Face], path: Path, options: Options) -> None:
    """Write a model as an ONNX file without a manifest."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    [face] = faces
    refuse_lookups(face.source.network, "onnx")
    layers: list[Layer] = []
    names = [tensor.name for tensor in face.signature.outputs]

    def run(*inputs: Any) -> dict[str, Any]:
        return dict(
            zip(names, face.source.trace(inputs, _through(layers, options, face.form != "sequence")), strict=True)
        )

    def handler(_context: Any, node: Any, name: str, _args: Any) -> None:
        if number := re.search(rf"{STAND_IN}(\d+)", name):
            node.type, node.domain = "Recurrent", graph.DOMAIN
            for key in list(node.attr):
                del node.attr[key]
            node.set_attr("index", int(number[1]))

    def select(_context: Any, node: Any, _name: str, _args: Any) -> None:
        node.type = "Where"  # of few numbers it is faster than tf2onnx's sum of products

    handlers: dict[str, Any] = {"PyFunc": (handler, [])}
    if face.form == "generate":
        handlers["SelectV2"] = (select, [])
    form = [tf.TensorSpec(t.shape, t.dtype, t.name) for t in face.signature.inputs]
    with _quiet(), copied_once():
        model, _ = tf2onnx.convert.from_function(
            pruned(run, form, inline=True), input_signature=form, opset=OPSET,
            custom_op_handlers=handlers, extra_opset=[onnx.helper.make_opsetid(graph.DOMAIN, 1)],
        )  # fmt: skip
    graph.add_erfc(model)
    graph.check_known(model)
    simplify(model, layers, graph.DOMAIN)
    graph.expand(model, layers)
    if face.form == "generate":
        graph.free_loops(model)
    if options.quantize:
        graph.quantize(model, options.quantize, inside=face.form == "generate")
    by_name = {value.name: value for value in model.graph.output}
    del model.graph.output[:]
    model.graph.output.extend(by_name[name] for name in names)
    _name_axes(model, face)
    graph.drop_domains(model)
    model.producer_name = PRODUCER
    path.write_bytes(model.SerializeToString())


def expressible(tracks: Sequence[Track]) -> bool:
    """Return whether one native node can run these cells."""
    cells = [track.cell for track in tracks]
    if not all(isinstance(cell, Cell) and activations(cell) for cell in cells):
        return False
    kinds = {(cell.kind, cell.units, cell.reset_after) for cell in cells}
    return len(kinds) == 1 and (len(tracks) == 1 or tracks[0].reverse != tracks[1].reverse)


def _layer(tracks: Sequence[Track], options: Options, single: bool) -> Layer:
    cells, reverse = [track.cell for track in tracks], [track.reverse for track in tracks]
    return choose(cells, reverse, STORED if options.stored else options.quantize, options.recurrence, single)


def _through(layers: list[Layer], options: Options, one_step: bool) -> Through:
    """Run cells by stand-ins for ONNX nodes, or by a loop where there is no node for them."""

    def through(tracks: Sequence[Track], x: Any, mask: Any) -> list[tuple[Any, list[Any]]]:
        if not expressible(tracks):
            if len(tracks) == 1:
                return loops.by(loops.collecting)([_inline(tracks[0])], x, mask)
            return [result for track in tracks for result in through([track], x, mask)]
        single = one_step and x.shape[1] == 1 and mask is None
        layers.append(_layer(tracks, options, single))
        if mask is None:
            return _stand_in(len(layers) - 1, tracks, x, None)
        return _masked(len(layers) - 1, tracks, x, mask)

    return through


def _inline(track: Track) -> Track:
    """Make a cell's weights constants of the graph: tf2onnx takes tensors from outside of it for inputs."""
    import tensorflow as tf

    if not isinstance(track.cell, Cell):
        return track
    weights = [tf.constant(getattr(track.cell, name)) for name in WEIGHTS]
    return replace(track, cell=track.cell.over(*weights))


def _masked(number: int, tracks: Sequence[Track], x: Any, mask: Any) -> list[tuple[Any, list[Any]]]:
    """Move the valid steps of every row to its beginning, and the outputs back to where they belong.

    A masked step only carries the state on, so the node may as well not see it; its output is that of the valid step
    before it, in the direction of the cell.
    """
    import tensorflow as tf

    valid, time = tf.cast(mask, tf.int32), tf.shape(mask)[1]
    # Valid steps first, then by time: the keys are all different, so that no stable sort is needed.
    order = tf.math.top_k(-(tf.range(time)[None] + (1 - valid) * time), time).indices
    lengths = tf.reduce_sum(valid, axis=1)
    results = _stand_in(number, tracks, tf.gather(x, order, batch_dims=1), lengths)
    found = []
    for track, (hidden, new) in zip(tracks, results, strict=True):
        count = tf.cumsum(valid, axis=1, reverse=track.reverse)
        at = lengths[:, None] - count if track.reverse else count - 1
        spread = tf.gather(hidden, tf.clip_by_value(at, 0, time - 1), batch_dims=1)
        # Where no step is valid the nodes give zeros, not the state they were given.
        kept = [tf.where(lengths[:, None] > 0, *pair) for pair in zip(new, track.state, strict=True)]
        found.append((spread, kept))
    return found


def _stand_in(number: int, tracks: Sequence[Track], x: Any, lengths: Any) -> list[tuple[Any, list[Any]]]:
    """Add an operator that tf2onnx cannot convert, in the place of a recurrent node."""
    import tensorflow as tf

    states = [tensor for track in tracks for tensor in track.state]
    shapes = [(*x.shape[:2], t.cell.units) for t in tracks] + [(x.shape[0], s.shape[-1]) for s in states]
    inputs = [x, *states, *([] if lengths is None else [lengths])]
    results = tf.numpy_function(_never, inputs, [tf.float32] * len(shapes), name=f"{STAND_IN}{number}")
    shaped = [tf.ensure_shape(r, shape) for r, shape in zip(results, shapes, strict=True)]
    hidden, new = shaped[: len(tracks)], iter(shaped[len(tracks) :])
    return [(h, [next(new) for _ in track.state]) for h, track in zip(hidden, tracks, strict=True)]


def _never(*_: Any) -> Any:
    raise RuntimeError("a stand-in for a recurrent node is not for running")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence tf2onnx's notices; its errors are raised."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _name_axes(model: Any, face: Face) -> None:
    """State the shapes of inputs and outputs; free axes of one name have one size, or the runtime mixes up its buffers.

    The axes are called `batch`, `time` where it is that of the only input which has one, and otherwise by the tensor.
    """
    source, signature = face.source, face.signature
    timed = {t.name for t in source.inputs if source.timed(t)} | {t.name for t in source.outputs if
             source.timed_output(t)} if source.lengths == 1 else set()  # fmt: skip
    for values, tensors in ((model.graph.input, signature.inputs), (model.graph.output, signature.outputs)):
        for value, tensor in zip(values, tensors, strict=True):
            shape = value.type.tensor_type.shape
            del shape.dim[:]
            for i, size in enumerate(tensor.shape):
                axis = "batch" if i == 0 else "time" if i == 1 and tensor.name in timed else f"{tensor.name}_axis{i}"
                shape.dim.add(**({"dim_param": axis} if size is None else {"dim_value": size}))


def expected(faces: Sequence[Face], options: Options) -> dict[str, int]:
    """Count the expected nodes: one for every call of a layer that a node can express, a loop for others."""
    counts = dict.fromkeys((*NODES.values(), "DynamicQuantizeLSTM", "Scan", "Loop"), 0)
    for face in faces:
        counts["Loop"] += face.form == "generate"
        for call in face.source.calls:
            for part in [call.tracks] if expressible(call.tracks) else [(track,) for track in call.used]:
                if not expressible(part):
                    counts["Loop"] += 1
                    continue
                layer = _layer(part, options, face.form != "sequence" and not call.masked)
                kinds = {"native": NODES[layer.cells[0].kind], "quantized": "DynamicQuantizeLSTM", "scan": "Scan"}
                if layer.form in kinds:
                    counts[kinds[layer.form]] += len(layer.cells) if layer.form == "scan" else 1
    return counts


def notes(form: str, options: Options, operators: Sequence[str]) -> list[str]:
    """Return a note if `recurrence="scan"` found no layer to change."""
    if options.recurrence == "scan" and form == "sequence" and "Scan" not in operators:
        return ["recurrence='scan' changed nothing: it is for SimpleRNN and GRU with activations that ONNX names"]
    return []


FORMAT = Format(
    name="onnx",
    suffix=".onnx",
    convert=convert,
    open=open_,
    recognises=lambda _, head: head[:1] == b"\x08",  # the field ir_version, which files begin with
    embed=embed,
    manifest=manifest,
    operators=operators,
    precision=precision,
    check_runtime=check_runtime,
    expected=expected,
    notes=notes,
    at_least=("Loop",),
    forbidden=("PyFunc", "Recurrent"),
    recurrent_operators=("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "Scan", "Loop"),
    quantize=("float16", "int8"),
    recurrence=("native", "scan"),
)
