"""Artifacts with another network than the one that was saved: what the checkers let pass is run, and must only compute.

The networks are of small artifacts without their manifest, so that no checksum stands in the way, but for `Corrupt`.
"""

import json
import math
import random
import shutil
from dataclasses import replace

import export
import zoo
from export import artifact
from export.formats import formats
from export.formats.saved_model.checking import checked
from export.formats.saved_model.operators import OPERATORS, SAVER_OPERATORS
from export.formats.saved_model.reading import GRAPH, MANIFEST, nodes
from export.formats.tflite.rules import SIZES
from tests.conftest import ROOT
from tests.fuzz import protobufs, tflite_graphs, tflite_objects
from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, refused
from zoo.core.files import sha256
from zoo.errors import ArgumentError, ArtifactError, PresetError
from zoo.presets import graph
from zoo.presets.preset import CARD, read_card

OLD = ROOT / "tests/data/v0_1"  # small artifacts in every format
MOST_NUMBERS = 10**6  # of an input
ANY = (1, 2, 3, 7)  # for axes of any size
FORBIDDEN = (
    "ReadFile", "WriteFile", "MatchingFiles", "ReadVariableOp", "VarHandleOp", "RestoreV2", "SaveV2", "MergeV2Checkpoints",
    "PyFunc", "EagerPyFunc", "PyFuncStateless", "HashTableV2", "InitializeTableFromTextFileV2", "TextLineDataset",
    "TFRecordDataset", "ReaderReadV2", "FixedLengthRecordReaderV2", "PrintV2", "Print", "Assert", "Abort", "Placeholder",
    "_Send", "_Recv", "RemoteCall", "QueueDequeueV2", "Stage", "RandomUniform", "XlaCallModule", "GeneratorDataset",
    "ImportEvent", "WriteSummary", "DecodeImage", "LoadAndRemapMatrix", "CollectiveReduce", "Bitcast", "TPUExecute",
)  # fmt: skip
"""TensorFlow's operators that read, write, send or call, and some that do not."""


def network(name):
    """Return the bytes of an artifact without its manifest."""
    row = formats()[name]
    path = OLD / f"lstm_music{row.suffix}"
    return path.read_bytes()[: int(row.manifest(path)["bytes"])]


class Networks:
    """Files of networks, opened as those of another tool, and run twice."""

    def __init__(self, folder, name):
        self.path = folder / f"network.{name}"
        self.path.write_bytes(self.content)
        assert self.run(random.Random(0)) == READ

    def attempt(self, seed):
        rng = random.Random(seed)
        self.path.write_bytes(self.made(rng))
        return self.run(rng)

    def run(self, rng):
        try:
            engine = export.load(self.path)
            inspected = export.inspect(self.path)
        except ArtifactError as error:
            return refused(error, self.path.name)
        sized = {*SIZES, "RANGE"} & set(inspected.operators)
        for _ in range(2):
            shapes = [[rng.choice(ANY) if size is None else size for size in one.shape] for one in engine.inputs]
            kinds = [one.dtype for one in engine.inputs]
            if sum(map(math.prod, shapes)) < MOST_NUMBERS:
                arrays = [
                    tflite_graphs.values(rng, *each, extremes=not sized) for each in zip(shapes, kinds, strict=True)
                ]
                try:
                    engine._run(arrays)
                except ArgumentError:  # values that the network does not take
                    return READ
        return READ


class TFLite(Networks):
    """Mutants of a small network, and generated networks of one operator."""

    def __init__(self, folder):
        model = tflite_objects.unpacked(network("tflite"))
        model.signatureDefs[0].signatureKey = b"another"  # ours has a manifest
        self.content = tflite_objects.packed(model)
        super().__init__(folder, "tflite")

    def made(self, rng):
        match rng.randrange(8):
            case 0:
                return damaged(rng, self.content)
            case 1 | 2:
                return tflite_objects.mutated(self.content, rng)
            case 3 | 4:
                return tflite_objects.mutated(tflite_graphs.generated(rng), rng)
        return tflite_graphs.generated(rng)


class Onnx(Networks):
    """Mutants of a small network."""

    def __init__(self, folder):
        import onnx

        self.model = onnx.ModelProto
        found = onnx.load_from_string(network("onnx"))
        found.producer_name = "another"  # ours has a manifest
        self.content = found.SerializeToString()
        self.kinds = sorted(schema.name for schema in onnx.defs.get_all_schemas())
        super().__init__(folder, "onnx")

    def made(self, rng):
        if rng.random() < 0.25:
            return damaged(rng, self.content)
        found = self.model.FromString(self.content)
        if rng.random() < 0.2:
            rng.choice(found.graph.node).op_type = rng.choice(self.kinds)
        protobufs.mutate(found, rng)
        return found.SerializeToString()


class Graphs:
    """Mutants of the graph of a preset, with right checksums: its constants lie in the file of weights."""

    def __init__(self, folder):
        import onnx

        self.folder, self.model = folder / "preset", onnx.ModelProto
        shutil.copytree(ROOT / "zoo/weights/gru_music", self.folder)
        self.card, self.path = read_card(self.folder), self.folder / graph.GRAPH
        self.content = self.path.read_bytes()
        assert self.run(self.content) == READ

    def attempt(self, seed):
        rng = random.Random(seed)
        if rng.random() < 0.25:
            return self.run(damaged(rng, self.content))
        found = self.model.FromString(self.content)
        protobufs.mutate(found, rng)
        return self.run(found.SerializeToString())

    def run(self, content):
        self.path.write_bytes(content)
        (self.folder / CARD).write_text(replace(self.card, graph_sha256=sha256(content)).to_json())
        try:
            model = zoo.load(self.folder)
        except PresetError as error:
            return refused(error, self.path.name)
        try:
            model.trial(2, 1)
        except (ArgumentError, ArtifactError):  # values that the network does not take, or other sizes than it says
            return READ
        return READ


class SavedModel:
    """Mutants of a small graph: checked and described without TensorFlow, and not run."""

    def __init__(self, folder):
        from export.formats.saved_model.messages import message_class

        self.path, self.kind = folder / "network", message_class()
        shutil.copytree(OLD / "lstm_music", self.path, ignore=shutil.ignore_patterns("manifest.json"))
        self.content = (self.path / GRAPH).read_bytes()
        assert self.read() == READ

    def attempt(self, seed):
        (self.path / GRAPH).write_bytes(self.made(random.Random(seed)))
        return self.read()

    def made(self, rng):
        if rng.random() < 0.25:
            return damaged(rng, self.content)
        found = self.kind.FromString(self.content)
        graph, names = found.meta_graphs[0].graph_def, (*FORBIDDEN, *rng.sample(sorted(OPERATORS), 20))
        node = rng.choice([*graph.node, *(node for each in graph.library.function for node in each.node_def)])
        match rng.randrange(5):
            case 0:
                node.op = rng.choice(names)
            case 1:
                entry = node.attr.add(key=rng.choice(("_x", "f", "config_proto", "T", "_class", rng.choice(names))))
                entry.value.s = rng.randbytes(rng.randrange(9))
            case 2:
                made = graph.library.function.add()
                made.CopyFrom(rng.choice(graph.library.function))
                made.signature.name += rng.choice(("", "x"))
                made.node_def.add(name="x", op=rng.choice(names))
            case _:
                protobufs.mutate(found, rng, names)
        return found.SerializeToString()

    def read(self):
        try:
            checked(self.path)
        except ArtifactError as error:
            return refused(error, self.path)
        assert {node.op for node in nodes(self.path)} <= {*OPERATORS, *SAVER_OPERATORS}
        formats()["saved_model"].signatures(self.path)
        formats()["saved_model"].precision(self.path)
        return READ


class Corrupt:
    """Artifacts of all formats with damaged bytes and their old checksum, which nothing that is changed passes."""

    def __init__(self, folder):
        self.paths = [folder / f"lstm_music{row.suffix}" for row in formats().values()]
        for path in self.paths:
            source = OLD / path.name
            shutil.copytree(source, path) if source.is_dir() else shutil.copy(source, path)
            artifact.read_manifest(path)

    def attempt(self, seed):
        rng, path = random.Random(seed), self.paths[seed % len(self.paths)]
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        file = rng.choice(files)
        good = file.read_bytes()
        bad = good if rng.random() < 0.05 else damaged(rng, good)
        file.write_bytes(bad)
        try:
            if artifact.read_manifest(path)[2] is None:  # it looks like another tool's, of which nothing can be read
                export.load(path)
        except ArtifactError as error:
            return refused(error, path.name)
        else:
            assert bad == good or (path / MANIFEST == file and json.loads(bad) == json.loads(good))
            return READ
        finally:
            file.write_bytes(good)
