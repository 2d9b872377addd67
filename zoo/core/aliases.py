"""A package under two names, such as `zoo.export` and `export`: one set of modules, whichever name imports them."""

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any


def load_package(name: str, folder: Path) -> ModuleType:
    """Load the package in a folder under a name, whatever else Python would find under the name of the folder.

    Args:
        name: Full name of the package; the parent package exists.
        folder: Its folder.

    Raises:
        ImportError: The folder has no package.
    """
    file = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(folder)])
    if not file.exists() or spec is None or spec.loader is None:
        raise ImportError(f"{file} is missing, the package {name}: install rnn-zoo again", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def add_name(short: str, name: str) -> None:
    """Make a second name of a package the same module, and those of its modules too.

    A package calls this first of all when it is imported under its second name.

    Args:
        short: The second name, a top-level one.
        name: The name under which the package is loaded.
    """
    sys.modules[short] = importlib.import_module(name)
    sys.meta_path.insert(0, Aliases(short, name))


class Aliases(MetaPathFinder, Loader):
    """Finds the modules of a package under a second name, as long as the second name is that package's.

    Args:
        short: The second name.
        name: The first one.
    """

    def __init__(self, short: str, name: str) -> None:
        self.short, self.name = short, name
        self.specs: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        """Return the spec of a module's second name; None for other modules, and for `__main__`, which is run."""
        root, _sign, rest = fullname.partition(".")
        ours = root == self.short and sys.modules.get(root) is sys.modules.get(self.name)
        if not (rest and ours) or rest.endswith("__main__") or importlib.util.find_spec(f"{self.name}.{rest}") is None:
            return None
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module of the first name."""
        module = importlib.import_module(self.name + spec.name.removeprefix(self.short))
        self.specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave a module as it is, with the spec of its first name."""
        module.__spec__ = self.specs[self.short + module.__name__.removeprefix(self.name)]
