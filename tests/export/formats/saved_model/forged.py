"""SavedModels that do more than compute, made from a small artifact; its checksum is made again."""

import shutil

from export import artifact
from export.formats import formats
from export.formats.saved_model import reading
from export.formats.saved_model.messages import message_class
from tests.conftest import ROOT

ARTIFACT = ROOT / "tests/data/v0_1/lstm_music"


def forged(folder, change):
    """Copy an artifact, change its message, and seal it again, so that only the check of its content is in the way."""
    path = folder / "forged"
    shutil.copytree(ARTIFACT, path)
    found, _ = reading.message(path)
    change(found.meta_graphs[0])
    (path / reading.GRAPH).write_bytes(found.SerializeToString())
    return sealed(path)


def sealed(path):
    row = formats()["saved_model"]
    manifest = row.manifest(path)
    row.embed(path, {**manifest, "sha256": artifact._digest(path, manifest, row)})
    return path


def attribute(owner, key, **fields):
    """Add an attribute to an operator or a function."""
    entry = owner.attr.add(key=key)
    for name, value in fields.items():
        setattr(entry.value, name, value)
    return entry.value


def reached(meta):
    """Return a function that a signature calls."""
    names = {entry.key for entry in meta.object_graph_def.concrete_functions}
    return next(f for f in meta.graph_def.library.function if f.signature.name in names)


def unreached(meta):
    """Add a function that nothing calls."""
    function = meta.graph_def.library.function.add()
    function.signature.name = "aside"
    return function


def saver(meta):
    return next(f for f in meta.graph_def.library.function if "traced_save" in f.signature.name)


def call(meta):
    """Return an operator that calls a function of the same file, and the attribute that names it."""
    nodes = (node for node in reached(meta).node_def if node.op == "PartitionedCall")
    node = next(nodes)
    return node, next(entry.value for entry in node.attr if entry.key == "f")


def options(**fields):
    """Return the options of a call as TensorFlow stores them: `graph_options`, `experimental`."""
    config = message_class("ConfigProto")()
    for name, value in fields.items():
        getattr(config, name).MergeFromString(value)
    return config.SerializeToString()
