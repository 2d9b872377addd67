"""The messages are those of TensorFlow."""

from export.formats.saved_model.messages import DTYPES, MESSAGES, saved_model


def test_fields_are_those_of_tensorflow():
    from tensorflow.core.protobuf import saved_model_pb2

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
    assert seen == set(MESSAGES)


def test_dtypes_are_those_of_tensorflow():
    import tensorflow as tf

    assert {number: tf.dtypes.as_dtype(number).name for number in DTYPES} == DTYPES


def test_the_class_is_made_once():
    assert saved_model() is saved_model()
