"""The protocol buffer messages of a SavedModel, as far as they are read here.

TensorFlow has them too, but importing any module of it takes seconds. The fields are those of TensorFlow's `.proto`
files under `tensorflow/core/protobuf` and `tensorflow/core/framework`; others are skipped. A map is written as what it
is in the file: a repeated message of `key` and `value`.
"""

import functools
from typing import Any

PACKAGE = "rnn_zoo.saved_model"
MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "SavedModel": {"meta_graphs": (2, "*MetaGraphDef")},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"),
        "graph_def": (2, "GraphDef"),
        "signature_def": (5, "*SignatureEntry"),
        "asset_file_def": (6, "*AssetFileDef"),
        "object_graph_def": (7, "SavedObjectGraph"),
    },
    "MetaInfoDef": {"tags": (4, "*string")},
    "AssetFileDef": {"filename": (2, "string")},
    "SignatureEntry": {"key": (1, "string"), "value": (2, "SignatureDef")},
    "SignatureDef": {"inputs": (1, "*TensorEntry"), "outputs": (2, "*TensorEntry")},
    "TensorEntry": {"key": (1, "string"), "value": (2, "TensorInfo")},
    "TensorInfo": {"dtype": (2, "int32"), "tensor_shape": (3, "TensorShapeProto"), "coo_sparse": (4, "Sparse")},
    "Sparse": {},
    "TensorShapeProto": {"dim": (2, "*Dim"), "unknown_rank": (3, "bool")},
    "Dim": {"size": (1, "int64")},
    "GraphDef": {"node": (1, "*NodeDef"), "library": (2, "FunctionDefLibrary")},
    "FunctionDefLibrary": {"function": (1, "*FunctionDef"), "gradient": (2, "*GradientDef")},
    "FunctionDef": {"signature": (1, "OpDef"), "node_def": (3, "*NodeDef"), "attr": (5, "*AttrEntry")},
    "GradientDef": {"function_name": (1, "string")},
    "OpDef": {"name": (1, "string")},
    "NodeDef": {"name": (1, "string"), "op": (2, "string"), "device": (4, "string"), "attr": (5, "*AttrEntry")},
    "AttrEntry": {"key": (1, "string"), "value": (2, "AttrValue")},
    "AttrValue": {
        "list": (1, "ListValue"),
        "s": (2, "bytes"),
        "type": (6, "int32"),
        "shape": (7, "TensorShapeProto"),
        "tensor": (8, "TensorProto"),
        "placeholder": (9, "string"),
        "func": (10, "NameAttrList"),
    },
    "ListValue": {"tensor": (8, "*TensorProto"), "func": (9, "*NameAttrList")},
    "NameAttrList": {"name": (1, "string"), "attr": (2, "*AttrEntry")},
    "TensorProto": {"dtype": (1, "int32"), "tensor_shape": (2, "TensorShapeProto")},
    "SavedObjectGraph": {"nodes": (1, "*SavedObject"), "concrete_functions": (2, "*FunctionEntry")},
    "FunctionEntry": {"key": (1, "string")},
    "SavedObject": {
        "user_object": (4, "SavedUserObject"),
        "asset": (5, "SavedAsset"),
        "variable": (7, "SavedVariable"),
        "saveable_objects": (11, "*SaveableEntry"),
        "registered_name": (13, "string"),
    },
    "SavedUserObject": {"identifier": (1, "string")},
    "SavedAsset": {},
    "SavedVariable": {"dtype": (1, "int32"), "shape": (2, "TensorShapeProto")},
    "SaveableEntry": {"key": (1, "string")},
    "ConfigProto": {"graph_options": (10, "GraphOptions"), "experimental": (16, "Experimental")},
    "GraphOptions": {},
    "Experimental": {},
}
"""Message → field → number and type; `*` marks a repeated field."""
ONE_OF = {"AttrValue": "value"}
"""Messages of which one field is set, even if to an empty text, and the name of this choice."""
DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64", 9: "int64",
    10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16", 15: "qint16", 16: "quint16", 17: "uint16",
    18: "complex128", 19: "float16", 20: "resource", 21: "variant", 22: "uint32", 23: "uint64", 24: "float8_e5m2",
    25: "float8_e4m3fn", 29: "int4", 30: "uint4",
}  # fmt: skip
"""Number of the enumeration `DataType` → name; TensorFlow 1 adds 100 for a reference."""


@functools.cache
def message_class(name: str = "SavedModel") -> Any:
    """Return the class of a message, which keeps the fields that are not in the table as they are."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


@functools.cache
def _pool() -> Any:
    """Return a pool of these messages; it keeps them apart from TensorFlow's."""
    from google.protobuf import descriptor_pb2, descriptor_pool

    file = descriptor_pb2.FileDescriptorProto(name=f"{PACKAGE}.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        if name in ONE_OF:
            message.oneof_decl.add(name=ONE_OF[name])
        for field, (number, kind) in fields.items():
            made = message.field.add(name=field, number=number)
            repeated, kind = kind.startswith("*"), kind.removeprefix("*")
            made.label = made.LABEL_REPEATED if repeated else made.LABEL_OPTIONAL
            if kind in MESSAGES:
                made.type, made.type_name = made.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                made.type = getattr(made, f"TYPE_{kind.upper()}")
            if name in ONE_OF:
                made.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
