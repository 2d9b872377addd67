"""The report of `export.save`."""

from dataclasses import dataclass
from pathlib import Path

from zoo.runtime.signature import Signature


@dataclass(frozen=True)
class Report:
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
