"""Conversion of a model to a format, and the structure that the result must have."""

from collections.abc import Sequence
from pathlib import Path

from zoo.core.extras import needing
from zoo.core.validation import first_line
from zoo.errors import ExportError, MissingExtra, UnsupportedLayer
from zoo.runtime.signature import Face

from .formats import Format, MissingOperator, Options
from .tracing.cells import path_of_scope
from .verification.checks import check_structure


def converted(row: Format, faces: Sequence[Face], path: Path, options: Options) -> list[str]:
    """Convert a model and check the structure of the artifact; return its operators.

    Raises:
        UnsupportedLayer: The format has no operator for something that the model computes.
        ExportError: Conversion failed for another reason.
        MissingExtra: A package that the format needs is not installed.
        VerificationError: A recurrent layer did not become the operator it should be.
    """
    try:
        with needing(f"conversion to {row.name} needs"):
            row.convert(faces, path, options)
    except (ExportError, MissingExtra, OSError):
        raise
    except MissingOperator as error:
        layer = path_of_scope(faces[0].source.network, error.scope)
        raise UnsupportedLayer(f"{layer}: {row.name} has no operator {error.operator}: {_advice(error)}") from error
    except Exception as error:
        raise ExportError(f"conversion to {row.name} failed: {type(error).__name__}: {first_line(error)}") from error
    operators = row.operators(path)
    check_structure(row.name, row.expected(faces, options), row.forbidden, operators, row.at_least)
    return operators


def _advice(error: MissingOperator) -> str:
    """Return what to do about an operator that a format does not have."""
    if error.operator.startswith(("TensorList", "TensorArray")):
        return (
            "a loop collects its results in a list (keras.ops.scan, keras.ops.map, tf.map_fn, tf.TensorArray): use "
            "keras.ops.vectorized_map, a recurrent layer of Keras, or a loop over tensors whose shapes stay the same; "
            "or export a SavedModel, which has such lists"
        )
    return "compute it from other operators in the layer, or export the model without it"
