"""What the manifest of an artifact contains, checked where it is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.strict_json import parse
from zoo.core.validation import checked, limits
from zoo.errors import ArgumentError, ArtifactError
from zoo.runtime.signature import FORMS, Signature, Tensor

TEXTS = ("card", "codec", "export")
NAME = 1000  # characters, at most
SHA256 = "[0-9a-f]{64}"


@dataclass(frozen=True)
class Sides:
    """Inputs and outputs of a form."""

    inputs: tuple[Tensor, ...] = limits(shortest=1)
    outputs: tuple[Tensor, ...] = limits(shortest=1)


@dataclass(frozen=True)
class Column:
    """A column of x, whose values have a part of the embedding table."""

    name: str
    offset: int = limits(least=0)
    size: int = limits(least=1)


@dataclass(frozen=True)
class About:
    """How an artifact was made: the text `export` of its manifest.

    Attributes:
        format: Format name.
        form: The form it was saved in, a row of `FORMS`.
        signatures: Form → inputs and outputs.
        quantize: None, `float16` or `int8`.
        recurrence: How recurrent layers are computed; None where a format has one way only.
        differences: Form → check → measured difference from Keras.
        compared: At which shapes.
        tolerance: Largest difference that passes.
        name: Name of the model.
        versions: Library → version.
        notes: Remarks of the report.
        x: Columns of x, of a model of the zoo.
        encoder: Name of the artifact beside a decoder that is its encoder; empty for other models.
        encoder_sha256: The checksum in the manifest of that one.
    """

    format: str = limits(longest=NAME)
    form: str = limits(choices=tuple(FORMS))
    signatures: dict[str, Sides] = limits(shortest=1, longest=len(FORMS))
    quantize: str | None = limits(longest=NAME)
    recurrence: str | None = limits(longest=NAME)
    differences: dict[str, dict[str, float]] = limits(longest=len(FORMS))
    compared: str = limits()
    tolerance: float = limits(least=0)
    name: str = limits(longest=NAME)
    versions: dict[str, str] = limits(longest=NAME, each={"longest": NAME})
    notes: tuple[str, ...] = limits(())
    x: tuple[Column, ...] = limits(())
    encoder: str = limits("", longest=NAME, pattern=r"([^/\\\0]*[^/\\\0.][^/\\\0]*)?")
    encoder_sha256: str = limits("", pattern=f"({SHA256})?")

    def __post_init__(self) -> None:
        """Refuse forms that there are not.

        Raises:
            ArgumentError: There is one.
        """
        if strange := [form for form in self.signatures if form not in FORMS]:
            raise ArgumentError(f"signatures of {strange[0]!r:.60}: give forms of {', '.join(FORMS)}")
        if self.form not in self.signatures:
            raise ArgumentError(f"form={self.form!r}: the signatures are of {', '.join(self.signatures)}")


@dataclass(frozen=True)
class Manifest:
    """The manifest of an artifact.

    Attributes:
        texts: Its texts: `card` and `codec` of a model of the zoo, `export`, `bytes`, `sha256`.
        about: The text `export`, as JSON gave it.
        signatures: Form → signature.
        form: The form the artifact was saved in.
    """

    texts: Mapping[str, str]
    about: dict[str, Any]
    signatures: Mapping[str, Signature]
    form: str


def check_texts(path: Path, texts: Mapping[str, str]) -> None:
    """Check what is not inside of the texts: which there are, and the size and checksum that they tell.

    Raises:
        ArtifactError: One is missing, or is not what it should be.
    """
    if missing := {"export", "bytes", "sha256"} - set(texts):
        raise ArtifactError(f"{path} carries no {', '.join(sorted(missing))}: copy or export it again")
    if ("card" in texts) != ("codec" in texts):
        raise ArtifactError(f"{path} carries a card or a codec, and not both: copy or export it again")
    if not re.fullmatch(SHA256, texts["sha256"]):
        raise ArtifactError(f"{path}: sha256={texts['sha256']!r:.80}: 64 hexadecimal digits wanted")
    size = None if path.is_dir() else path.stat().st_size  # what a folder has differs from disk to disk
    if not re.fullmatch(r"[0-9]{1,18}", texts["bytes"]) or (size is not None and int(texts["bytes"]) > size):
        raise ArtifactError(f"{path}: bytes={texts['bytes']!r:.30}: a number up to the size of the file wanted")


def described(path: Path, texts: Mapping[str, str]) -> Manifest:
    """Read the text `export` of a manifest whose checksum is right.

    Raises:
        ArtifactError: A field is missing or unknown, or its value is not accepted.
    """
    try:
        content = parse(texts["export"])
        about = checked(About, content)
    except ArgumentError as error:
        raise ArtifactError(f"{path}: the manifest cannot be used: {error}; export it again") from error
    signatures = {form: Signature(form, sides.inputs, sides.outputs) for form, sides in about.signatures.items()}
    return Manifest(texts, content, signatures, about.form)
