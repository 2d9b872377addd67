"""What the project declares, and what its code imports."""

import ast
import re
import sys
from functools import cache
from importlib.metadata import distribution

from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from packaging.requirements import Requirement

from tests.conftest import ROOT

ROOTS = {"PIL": "pillow", "google": "protobuf", "ai_edge_litert": "ai-edge-litert", "pretty_midi": "pretty-midi"}
"""Module → distribution, where these differ."""


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def declared(extra=""):
    """Return the requirements of the base, or of an extra, as written in pyproject.toml."""
    project = ProjectMetadata(str(ROOT), PluginManager()).config["project"]
    return [
        Requirement(text) for text in (project["optional-dependencies"][extra] if extra else project["dependencies"])
    ]


def requirements(extra=""):
    return {canonical(one.name) for one in declared(extra)}


def closure(wanted):
    """Return all distributions that come along with requirements, by the metadata of what is installed here."""
    found, left = set(), list(wanted)
    while left:
        one = left.pop()
        name = canonical(one.name)
        done = {(name, extra) for extra in ("", *one.extras)}
        if done <= found:
            continue
        found |= done
        for text in distribution(one.name).requires or ():
            inner = Requirement(text)
            if not inner.marker or any(inner.marker.evaluate({"extra": extra}) for extra in ("", *one.extras)):
                left.append(inner)
    return {name for name, _ in found}


@cache
def imports():
    """Return the top-level modules of others that the code imports anywhere, but for type checkers."""
    found = set()
    for path in (path for package in ("zoo", "export") for path in (ROOT / package).rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        module.body = [node for node in module.body if "TYPE_CHECKING" not in ast.dump(getattr(node, "test", node))]
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"zoo", "export"}


@cache
def in_wheel():
    """List the files that a wheel would have."""
    return sorted(file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files())
