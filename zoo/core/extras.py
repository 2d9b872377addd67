"""Optional packages: which extra of this package installs them, and the error where one is missing.

`pip install rnn-zoo` runs models; everything else asks for what it needs by `require` or `needing`, so that a missing
package is one line that names the extra.
"""

import contextlib
import importlib.util
import sys
from collections.abc import Iterator

from zoo.core.quiet import start_tensorflow
from zoo.errors import MissingExtra

EXTRAS = {
    "ai_edge_litert": ("LiteRT", "tflite"),
    "flatbuffers": ("FlatBuffers", "tflite"),
    "matplotlib": ("Matplotlib", "plots"),
    "pandas": ("pandas", "data"),
    "pycocoevalcap": ("pycocoevalcap", "caption"),
    "sacrebleu": ("sacreBLEU", "translation"),
    "tokenizers": ("Tokenizers", "subwords"),
    **{
        name: (text, "keras")
        for name, text in (
            ("keras", "Keras"), ("tensorflow", "TensorFlow"), ("tf2onnx", "tf2onnx"), ("onnx", "ONNX"),
            ("h5py", "h5py"), ("librosa", "librosa"), ("scipy", "SciPy"), ("tensorboard", "TensorBoard"),
        )
    },
    "jax": ("JAX", "backends"),
    "torch": ("PyTorch", "backends"),
}  # fmt: skip
"""Module → name of its project, and the extra that installs it."""


def require(purpose: str, *modules: str) -> None:
    """Refuse what cannot be done without a package that is not installed; nothing is imported.

    Args:
        purpose: What needs it, with the verb: `training needs`.
        modules: Names in `EXTRAS`.

    Raises:
        MissingExtra: One is not installed.
    """
    for module in modules:
        if _is_missing(module):
            raise _missing(purpose, module)


@contextlib.contextmanager
def needing(purpose: str, *modules: str) -> Iterator[None]:
    """Require packages before a block, and name the extra if an import inside of it finds another one missing.

    Args:
        purpose: As for `require`.
        modules: As for `require`; what these import in their turn, such as the backend of Keras, need not be named.

    Raises:
        MissingExtra: One is not installed.

    Example:
        >>> with needing("plots need"):
        ...     import colorsys
    """
    require(purpose, *modules)
    if {"keras", "tensorflow"} & {*modules}:
        start_tensorflow()
    try:
        yield
    except MissingExtra:
        raise
    except ModuleNotFoundError as error:
        if (module := (error.name or "").partition(".")[0]) in EXTRAS and _is_missing(module):
            raise _missing(purpose, module) from error
        raise


def _is_missing(module: str) -> bool:
    """Return whether a module is not installed; one that is loaded already counts as installed."""
    if sys.modules.get(module) is not None:
        return False
    try:
        return importlib.util.find_spec(module) is None
    except (ModuleNotFoundError, ValueError):  # a finder refuses it, or it is half there
        return True


def _missing(purpose: str, module: str) -> MissingExtra:
    project, extra = EXTRAS[module]
    return MissingExtra(f"{purpose} {project}: pip install 'rnn-zoo[{extra}]'", name=module)
