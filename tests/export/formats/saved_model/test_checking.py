"""What SavedModels may contain; nothing here needs TensorFlow."""

import re
import sys

import pytest

import export
from export.formats.saved_model import checking, reading
from tests.export.formats.saved_model import forged
from zoo.errors import ArtifactError

OPERATORS = [
    "Abort", "AcmeMatMul", "Assert", "AssignVariableOp", "Batch", "Copy", "DataServiceDatasetV4", "DatasetFromGraph",
    "DebugIdentity", "DebugNumericSummaryV2", "DecodePng", "EagerPyFunc", "For", "GenerateVocabRemapping",
    "ImmutableConst", "InitializeTableFromTextFileV2", "LoadAndRemapMatrix", "LoadDataset", "MapDefun", "MatchingFiles",
    "MergeV2Checkpoints", "MutableHashTableV2", "ParseTensor", "PrintV2", "PyFunc", "PyFuncStateless", "QueueDequeueV2",
    "RandomUniform", "ReadFile", "RegisterDatasetV2", "RemoteCall", "RestoreV2", "RpcClient", "SaveV2", "ShardedFilename",
    "StatefulRandomBinomial", "SymbolicGradient", "TPUPartitionedCall", "TRTEngineOp", "VarHandleOp", "WriteFile",
    "XlaCallModule", "XlaLaunch", "_Recv", "_Send", "", "__inference__traced_save_16527",
]  # fmt: skip
PLACES = {
    "the main graph": lambda meta: meta.graph_def.node,
    "the function __inference_signature_wrapper": lambda meta: forged.reached(meta).node_def,
    "the function aside": lambda meta: forged.unreached(meta).node_def,
}


@pytest.mark.parametrize("place", PLACES)
def test_only_known_operators_are_loaded_reached_or_not(place):
    found = reading.message(forged.ARTIFACT)[0]
    nodes = PLACES[place](found.meta_graphs[0])
    for operator in OPERATORS:
        nodes.add(op=operator)
    findings = list(checking._findings(found))
    assert [finding.partition(" in ")[0] for finding in findings] == [operator or "''" for operator in OPERATORS]
    assert all(f" in {place}" in finding for finding in findings)


def with_call(name, **fields):
    """Let an operator that calls a function call another one."""

    def change(meta):
        _, value = forged.call(meta)
        value.func.name = name(meta) if callable(name) else name
        for key, content in fields.items():
            value.func.attr.add(key=key).value.func.name = content

    return change


def of_call(key, **fields):
    return lambda meta: forged.attribute(forged.call(meta)[0], key, **fields)


def with_object(**fields):
    return lambda meta: meta.object_graph_def.nodes.add(**fields)


def with_constant(dtype, *sizes):
    def change(meta):
        value = forged.attribute(meta.graph_def.node.add(name="one more", op="Const"), "value")
        value.tensor.dtype = dtype
        for size in sizes:
            value.tensor.tensor_shape.dim.add(size=size)

    return change


def with_saver_as_signature(meta):
    meta.object_graph_def.concrete_functions.add(key=forged.saver(meta).signature.name)


def with_listed_function(meta):
    forged.call(meta)[0].attr.add(key="branches").value.list.func.add(name="ReadFile")


def in_saver(meta):
    forged.saver(meta).node_def.add(name="one more", op="WriteFile")


def on_device(name):
    return lambda meta: setattr(forged.reached(meta).node_def[0], "device", name)


OTHERS = {
    "another implementation": (
        lambda meta: forged.attribute(forged.unreached(meta), "api_implements", s=b"lstm"),
        "the attribute api_implements of the function aside",
    ),
    "a device that is preferred": (
        lambda meta: forged.attribute(forged.reached(meta), "api_preferred_device", s=b"CPU"),
        "the attribute api_preferred_device of the function __inference",
    ),
    "a gradient for a function": (
        lambda meta: meta.graph_def.library.gradient.add(function_name="aside"), "a gradient of aside"
    ),
    "an operator of many kernels": (of_call("_kernel", s=b"other"), "the attribute _kernel of PartitionedCall in the"),
    "another compiler": (of_call("_XlaCompile", s=b"1"), "the attribute _XlaCompile of PartitionedCall"),
    "another optimizer": (
        of_call("config_proto", s=forged.options(graph_options=b"\x1a\x02(\x01")), "the attribute config_proto"
    ),
    "another runtime": (
        of_call("config_proto", s=forged.options(experimental=b"\x1a\x01x")), "the attribute config_proto"
    ),
    "options that are none": (of_call("config_proto", s=b"\xff\xff"), "the attribute config_proto"),
    "another optimizer, as TensorFlow named it before": (
        of_call("config", s=b"\x92\x06\x01x"), "the attribute config of PartitionedCall"
    ),
    "another executor": (of_call("executor_type", s=b"DEBUG"), "the attribute executor_type of PartitionedCall"),
    "an attribute of the caller": (of_call("T", placeholder="T"), "the attribute T of PartitionedCall"),
    "a call of the saver": (
        with_call(lambda meta: forged.saver(meta).signature.name), "a call of __inference__traced_save_.* in the"
    ),
    "the saver as a signature": (with_saver_as_signature, "the function __inference__traced_save_.* as an object"),
    "a call of an operator": (with_call("ReadFile"), "a call of ReadFile in the function"),
    "a call with a function": (with_call("SymbolicGradient", f="aside"), "a call of SymbolicGradient in the function"),
    "a call of an operator, listed": (with_listed_function, "a call of ReadFile in the function"),
    "a saver that writes other files": (in_saver, "WriteFile in the function __inference__traced_save_"),
    "another machine": (on_device("/job:worker/replica:0/task:1"), "on the device /job:worker/replica:0/task:1"),
    "a file": (lambda meta: meta.asset_file_def.add(filename="../../passwd"), "the asset ../../passwd"),
    "an object of a file": (with_object(asset={}), "an object of the kind asset"),
    "a variable": (with_object(variable={"dtype": 1}), "an object of the kind variable"),
    "an object of Keras": (with_object(user_object={"identifier": "optimizer"}), "an object of the class optimizer"),
    "an object of a class": (with_object(registered_name="Custom.Reader"), "an object of the class Custom.Reader"),
    "an object that saves itself": (
        with_object(user_object={"identifier": "_generic_user_object"}, saveable_objects=[{"key": "v"}]),
        "an object with a saver of its own",
    ),
    "a variant": (with_constant(21), "a constant of the dtype variant in the main graph"),
    "a resource": (with_constant(20, 1), "a constant of the dtype resource in the main graph"),
    "a large constant": (with_constant(1, 1 << 20, 1 << 20), r"constants of 1,099,[\d,]+ numbers in 16\d,\d+ bytes"),
    "a large constant, hidden": (
        lambda meta: [with_constant(1, *sizes)(meta) for sizes in ([1 << 40], [-(1 << 40)])], "constants of 2,199,"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_what_else_is_refused(case):
    change, expected = OTHERS[case]
    found = reading.message(forged.ARTIFACT)[0]
    change(found.meta_graphs[0])
    assert re.search(expected, "\n".join(checking._findings(found)))


def test_two_graphs_are_refused_and_both_are_checked():
    """TensorFlow runs a file of several graphs in another way, which starts with the operators that it names."""
    found = reading.message(forged.ARTIFACT)[0]
    found.meta_graphs.add().graph_def.node.add(op="ReadFile")
    assert list(checking._findings(found)) == ["2 graphs", "ReadFile in the main graph"]


def test_an_artifact_of_ours_has_none_of_this():
    assert list(checking._findings(reading.message(forged.ARTIFACT)[0])) == []
    assert checking.checked(forged.ARTIFACT) == (forged.ARTIFACT / reading.GRAPH).read_bytes()


@pytest.mark.parametrize("name", ["a\x1b[2J\nb", "x" * 1000])
def test_names_in_a_message_are_short_and_harmless(tmp_path, name):
    path = forged.forged(tmp_path, lambda meta: meta.graph_def.node.add(op=name))
    with pytest.raises(ArtifactError) as caught:
        checking.checked(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


def test_a_sealed_artifact_is_refused_before_tensorflow_is_imported(tmp_path, monkeypatch):
    """The message names operators and functions, and what to do."""

    def change(meta):
        function = forged.unreached(meta)
        for i in range(7):
            function.node_def.add(op=f"ReadFile{i}")

    path = forged.forged(tmp_path, change)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    for form in (None, "step"):
        with pytest.raises(
            ArtifactError,
            match=r"forged: it contains ReadFile0 in the function aside, .* ReadFile4 in the function aside and 2 more\. "
            r"Only what computes.*trust=True \(`--trust`\)",
        ):
            export.load(path, form=form)
    assert "ReadFile0" in export.inspect(path).operators


def test_options_of_the_process_are_not_saved(tmp_path):
    path = forged.forged(tmp_path, of_call("config_proto", s=forged.options(graph_options=b"\x1a\x02(\x01")))
    assert list(checking._findings(reading.message(path)[0]))
    checking.drop_options(path)
    assert list(checking._findings(reading.message(path)[0])) == []
    content = (path / reading.GRAPH).read_bytes()
    checking.drop_options(path)
    assert (path / reading.GRAPH).read_bytes() == content
