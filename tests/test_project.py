"""The promises of the whole: public names, light imports, examples in docstrings."""

import doctest
import importlib
import subprocess
import sys

import pytest

import export
import zoo
from tests.conftest import ROOT


def modules():
    for package in ("zoo", "export"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, path


MODULES = dict(modules())


def test_public_names():
    assert sorted(zoo.__all__) == sorted(
        [
            "ARCHITECTURES",
            "HOLD",
            "REST",
            "Card",
            "Score",
            "build",
            "export",
            "gradient_flow",
            "info",
            "list_models",
            "page",
            "load",
            "train",
        ]
        + [
            name
            for name, value in vars(zoo.errors).items()
            if isinstance(value, type) and issubclass(value, zoo.ZooError)
        ]
    )
    assert sorted(export.__all__) == [
        "Benchmark", "Conversion", "Inspection", "Reading", "Report", "benchmark", "convert", "inspect", "load",
        "load_weights", "read", "reading", "save",
    ]  # fmt: skip
    for module in (zoo, export):
        for name in module.__all__:
            assert hasattr(module, name)
            assert name.isupper() or getattr(module, name).__doc__


@pytest.mark.parametrize(
    "code",
    ["import zoo", "from zoo import export", "from zoo.cli.main import main; main(['list'], standalone_mode=False)"],
)
def test_imports_are_light(code):
    check = "import sys; sys.exit(', '.join({'tensorflow', 'keras', 'matplotlib', 'librosa', 'onnx', 'tf2onnx'} & set(sys.modules)) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{check}"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr


def test_listing_does_not_even_import_numpy():
    code = "from zoo.cli.main import main; main(['list'], standalone_mode=False); import sys; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)


def test_example_project_files_exist():
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", ".ci/run", ".pre-commit-config.yaml",
                 "zoo/py.typed", "export/py.typed"):  # fmt: skip
        assert (ROOT / name).stat().st_size or name.endswith("py.typed"), name


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


def test_docstring_examples_exist():
    finder = doctest.DocTestFinder()
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) >= 8
