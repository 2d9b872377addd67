"""The report of `export.save`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.core.display import Printed
from zoo.runtime.signature import Face, Signature

from .formats import Format, Options


@dataclass(frozen=True)
class Report(Printed):
    """What was saved.

    Attributes:
        path: The artifact.
        format: Format name.
        form: `sequence`, `step` or `generate`.
        quantize: None, `float16` or `int8`.
        size: Bytes.
        signatures: Inputs and outputs, form by form.
        differences: Largest measured differences from Keras, form by form and check by check; of `generate` those of
            its single steps, how many `ids` were compared with theirs, and how many differ `near` a border.
        compared: The shapes that were compared.
        operators: How often each recurrent or loop operator occurs, and the number of all operators.
        seconds: Time for conversion and verification.
        notes: Remarks, such as an option that changed nothing.
    """

    path: Path
    format: str
    form: str
    quantize: str | None
    size: int
    signatures: dict[str, Signature]
    differences: dict[str, dict[str, float]]
    compared: str
    operators: dict[str, int]
    seconds: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a text of a few lines."""
        kinds = ", ".join(f"{count} {name}" for name, count in self.operators.items())
        size, precision = f"{self.size / 1e6:.2f} MB", self.quantize or "float32"
        lines = [f"{self.path}: {self.format}, {precision}, {size}, {self.seconds:.1f} s", f"  operators: {kinds}"]
        for form, signature in self.signatures.items():
            lines.append(f"  {form}: {signature.text()}")
            measured = ", ".join(f"{check} {value:.4g}" for check, value in self.differences[form].items())
            lines.append(f"    differences from Keras: {measured}")
        lines += [f"  compared at {self.compared}", *(f"  {note}" for note in self.notes)]
        return "\n".join([*lines, f'  next: run = export.load("{self.path}"); zoo inspect {self.path}'])


def counts(row: Format, operators: Sequence[str]) -> dict[str, int]:
    """Count the recurrent and loop operators one by one, in their order of appearance, and all operators."""
    counts = {name: operators.count(name) for name in dict.fromkeys(operators) if name in row.recurrent_operators}
    return {**counts, "in all": len(operators)}


def pair_report(
    found: Sequence[Face], operators: Sequence[Sequence[str]], path: Path, size: int, row: Format, options: Options,
    measured: dict[str, dict[str, float]], shapes: Sequence[str], notes: Sequence[str], encoder: Face | None = None,
) -> Report:  # fmt: skip
    """Return the report of an encoder–decoder model: size in bytes, and operators, of all its files together."""
    signatures = {face.form: face.signature for face in found}
    if encoder is not None:
        signatures = {"encode": encoder.signature, **signatures}
        form = found[0].form
        parts: dict[str, dict[str, float]] = {"encode": {}, form: {}}
        for key, value in measured[form].items():
            parts["encode" if key.startswith("encoder ") else form][key.removeprefix("encoder ")] = value
        measured = parts
    return Report(
        path, row.name, found[0].form, options.quantize, size, signatures, measured,
        "; ".join(shapes), counts(row, [name for each in operators for name in each]), 0.0, tuple(notes),
    )  # fmt: skip
