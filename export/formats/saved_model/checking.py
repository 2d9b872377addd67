"""What a SavedModel may contain, checked before TensorFlow sees it: a SavedModel is a program.

All of the file is checked, whether anything reaches it or not: the main graph, every function, every object. What the
tables of `operators` do not have is refused. What passes computes: it may still take long, or need much memory.
"""

import math
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from zoo.errors import ArtifactError

from . import operators as tables
from .messages import message_class
from .reading import GRAPH, dtype_name, message

MAIN = "the main graph"
MOST_NAMED = 5  # findings in one message
MOST_NUMBERS = 2**24
"""Numbers that constants may have beyond the bytes of the file: a constant of equal numbers is stored as one."""
ADVICE = (
    "Only what computes, and can do nothing else, is loaded: save the model again for inference alone, without what "
    "uses this. If you trust whoever made it with all that you can do yourself, load it unchecked by trust=True "
    "(`--trust`)"
)


def checked(path: Path) -> bytes:
    """Return the content of `saved_model.pb` if it only computes.

    Raises:
        ArtifactError: It contains more than computation, or cannot be read.
    """
    found, content = message(path)
    if findings := list(dict.fromkeys(_findings(found))):
        more = f" and {len(findings) - MOST_NAMED} more" if len(findings) > MOST_NAMED else ""
        raise ArtifactError(f"{path}: it contains {', '.join(findings[:MOST_NAMED])}{more}. {ADVICE}")
    return content


def _is_saver(name: str) -> bool:
    return bool(re.fullmatch(tables.SAVER, name))


def _findings(found: Any) -> Iterator[str]:
    """Yield what is not accepted."""
    if len(found.meta_graphs) > 1:
        yield f"{len(found.meta_graphs)} graphs"
    numbers, size = 0, found.ByteSize()
    for meta in found.meta_graphs:
        library, objects = meta.graph_def.library, meta.object_graph_def
        names = {function.signature.name for function in library.function}
        to_call = {name for name in names if not _is_saver(name)}
        places = [(MAIN, meta.graph_def.node, tables.OPERATORS, names)]  # nothing runs the main graph
        for function in library.function:
            name, where = function.signature.name, f"the function {_shown(function.signature.name)}"
            accepted = tables.SAVER_OPERATORS if _is_saver(name) else tables.OPERATORS
            places.append((where, function.node_def, accepted, to_call))
            unknown = {entry.key for entry in function.attr} - tables.FUNCTION_ATTRIBUTES
            yield from (f"the attribute {_shown(key)} of {where}" for key in sorted(unknown))
        for where, nodes, operators, functions in places:
            for node in nodes:
                numbers += sum(map(_size, _tensors(node)))
                yield from (f"{finding} in {where}" for finding in _of_node(node, operators, functions))
        called = {entry.key for entry in objects.concrete_functions} - to_call
        yield from (f"the function {_shown(name)} as an object" for name in sorted(called))
        yield from (f"a gradient of {_shown(gradient.function_name)}" for gradient in library.gradient)
        yield from (f"the asset {_shown(asset.filename)}" for asset in meta.asset_file_def)
        yield from (finding for node in objects.nodes for finding in _of_object(node))
    if numbers > size + MOST_NUMBERS:
        yield f"constants of {numbers:,} numbers in {size:,} bytes"


def _of_node(node: Any, operators: Collection[str], functions: Collection[str]) -> Iterator[str]:
    """Yield what is not accepted of an operator."""
    if node.op not in operators:
        yield _shown(node.op)
    if not re.fullmatch(tables.DEVICE, node.device):
        yield f"{node.op} on the device {_shown(node.device)}"
    for tensor in _tensors(node):
        if tensor.dtype % 100 not in tables.CONSTANTS:
            yield f"a constant of the dtype {dtype_name(tensor.dtype)}"
    for key, value in ((entry.key, entry.value) for entry in node.attr):
        if value.placeholder or not _is_known(key, value.s):
            yield f"the attribute {_shown(key)} of {_shown(node.op)}"
        for function in (value.func, *value.list.func):
            if (function.name and function.name not in functions) or function.attr:
                yield f"a call of {_shown(function.name)}"


def _is_known(key: str, value: bytes) -> bool:
    """Return whether an attribute is an operator's own, or one that changes nothing of what is run."""
    if key.startswith("_"):
        return key in tables.NODE_ATTRIBUTES
    if key in ("config", "executor_type"):  # an earlier form of `config_proto`
        return not value
    return key != "config_proto" or _default_options(value) == value


def _default_options(config: bytes) -> bytes:
    """Return the options with which a function is called, without those by which TensorFlow optimizes and runs it.

    They may name optimizers that run other functions. TensorFlow writes the options of the process that saves.
    """
    from google.protobuf.message import DecodeError

    try:
        found = message_class("ConfigProto").FromString(config)
    except DecodeError:
        return b""
    if not found.graph_options.ByteSize() and not found.experimental.ByteSize():
        return config
    found.ClearField("graph_options")
    found.ClearField("experimental")
    return bytes(found.SerializeToString())


def _of_object(node: Any) -> Iterator[str]:
    """Yield what is not accepted of an object."""
    yield from (f"an object of the kind {kind}" for kind in tables.REFUSED_KINDS if node.HasField(kind))
    if node.HasField("user_object") and node.user_object.identifier not in tables.IDENTIFIERS:
        yield f"an object of the class {_shown(node.user_object.identifier)}"
    if node.registered_name not in tables.REGISTERED:
        yield f"an object of the class {_shown(node.registered_name)}"
    if node.saveable_objects:
        yield "an object with a saver of its own"


def _tensors(node: Any) -> Iterator[Any]:
    """Yield the tensors in the attributes of an operator."""
    for entry in node.attr:
        if entry.value.HasField("tensor"):
            yield entry.value.tensor
        yield from entry.value.list.tensor


def _size(tensor: Any) -> int:
    return math.prod(abs(dim.size) for dim in tensor.tensor_shape.dim)


def _shown(name: str) -> str:
    """Return a name for a message: whoever wrote the file chose it."""
    return name if re.fullmatch(r"[\w./:>-]{1,80}", name) else repr(name[:80])


def drop_options(path: Path) -> None:
    """Remove the options of this process's TensorFlow from the calls in a SavedModel that it has just written."""
    (found, _), changed = message(path), False
    for meta in found.meta_graphs:
        bodies = [function.node_def for function in meta.graph_def.library.function]
        for entry in (entry for nodes in (meta.graph_def.node, *bodies) for node in nodes for entry in node.attr):
            if entry.key == "config_proto" and not _is_known(entry.key, entry.value.s):
                entry.value.s, changed = _default_options(entry.value.s), True
    if changed:
        (path / GRAPH).write_bytes(found.SerializeToString())
