"""The messages are those of TensorFlow."""

from export.formats.saved_model.messages import DTYPES, MESSAGES, message_class
from tests.export.formats.saved_model.forged import ARTIFACT


def test_fields_are_those_of_tensorflow():
    from tensorflow.core.protobuf import config_pb2, saved_model_pb2

    seen = set()

    def compare(name, descriptor):
        seen.add(name)
        for field, (number, kind) in MESSAGES[name].items():
            found = descriptor.fields_by_name[field]
            assert (found.number, found.is_repeated) == (number, kind.startswith("*")), (name, field)
            kind = kind.removeprefix("*")
            if kind in MESSAGES:
                if kind not in seen:
                    compare(kind, found.message_type)
            else:
                expected = {found.TYPE_ENUM: "int32"}.get(found.type, kind)
                assert expected == kind
                assert found.type in (found.TYPE_ENUM, getattr(found, f"TYPE_{kind.upper()}")), (name, field)

    compare("SavedModel", saved_model_pb2.SavedModel.DESCRIPTOR)
    compare("ConfigProto", config_pb2.ConfigProto.DESCRIPTOR)
    assert seen == set(MESSAGES)


def test_dtypes_are_those_of_tensorflow():
    import tensorflow as tf

    assert {number: tf.dtypes.as_dtype(number).name for number in DTYPES} == DTYPES


def test_the_class_is_made_once():
    assert message_class() is message_class()


def test_what_is_not_in_the_table_is_kept_and_what_is_empty():
    from tensorflow.core.protobuf import saved_model_pb2

    found = saved_model_pb2.SavedModel.FromString((ARTIFACT / "saved_model.pb").read_bytes())
    for name, value in (("s", b""), ("i", 0), ("f", 0.0), ("b", False), ("type", 0)):  # set, though empty
        setattr(found.meta_graphs[0].graph_def.node[0].attr[name], name, value)
    again = message_class().FromString(found.SerializeToString()).SerializeToString()
    assert saved_model_pb2.SavedModel.FromString(again) == found
