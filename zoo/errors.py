"""Every error this project raises on purpose.

```
ZooError                     anything below: `except zoo.ZooError` catches them all
├── ArgumentError            a value outside its accepted range (also a ValueError)
├── UnknownModel             no such name in the catalog (also a KeyError)
├── CodecError               raw data that a codec cannot read, or that does not fit its grid
├── DataError                a data set or file that is missing, unreadable or empty
│   ├── ChecksumError        the bytes are not the published ones
│   └── DownloadError        the network did not deliver them
├── PresetError              a preset folder with a missing, corrupt or inconsistent file
├── PluginError              a task, architecture or format of another package that cannot be used
├── MissingExtra             an optional package that is not installed (also a ModuleNotFoundError)
├── TrainingError            a training run that cannot start, or cannot be resumed
└── ExportError              a model that cannot become an artifact
    ├── ModelFileError       a file that is no model file of Keras, is damaged, or cannot be read as it was meant
    ├── UnsupportedLayer     a layer without an exact translation
    ├── VerificationError    the artifact disagrees with the model; `.check` names the check
    └── ArtifactError        an artifact that is missing, truncated, corrupt or not ours
```
"""


class ZooError(Exception):
    """Base of every error raised on purpose."""


class ArgumentError(ZooError, ValueError):
    """A value outside its accepted range."""


class UnknownModel(ZooError, KeyError):
    """No such name in the catalog."""

    __str__ = Exception.__str__  # KeyError would print the message in quotes


class CodecError(ZooError):
    """Raw data that a codec cannot read, or that does not fit its grid."""


class DataError(ZooError):
    """A data set or file that is missing, unreadable or empty."""


class ChecksumError(DataError):
    """Bytes that are not the published ones."""


class DownloadError(DataError):
    """The network did not deliver."""


class PresetError(ZooError):
    """A preset folder with a missing, corrupt or inconsistent file."""


class PluginError(ZooError):
    """A task, architecture or format of another package that cannot be used."""


class MissingExtra(ZooError, ModuleNotFoundError):
    """An optional package that is not installed; the message says which extra of this package installs it."""


class TrainingError(ZooError):
    """A training run that cannot start, or cannot be resumed."""


class ExportError(ZooError):
    """A model that cannot become an artifact."""


class ModelFileError(ExportError):
    """A model file of Keras that is damaged, is no model file, or cannot be read as it was meant."""


class UnsupportedLayer(ExportError):
    """A layer without an exact translation."""


class VerificationError(ExportError):
    """An artifact that disagrees with the model it was made from.

    Attributes:
        check: Name of the failed check: `signature`, `structure`, `order`, `parity`, `repeat`, `chain`, `decode`,
            `generate` or `metric`.
    """

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check} check failed: {message}")
        self.check = check


class ArtifactError(ExportError):
    """An artifact that is missing, truncated, corrupt or not one of ours."""
