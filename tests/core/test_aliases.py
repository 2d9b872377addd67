"""Packages under two names: the same modules, unless something else has the second name."""

import importlib
import sys

import pytest

from zoo.core.aliases import add_name, load_package

FILES = {
    "__init__.py": "from .part import Thing\n",
    "part.py": "class Thing: ...\n",
    "__main__.py": "name = __name__\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The package `made.inner`, which is the folder `short`; `made` is a package without it."""
    for folder, files in {"made": {"__init__.py": ""}, "short": FILES}.items():
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text)
    before = {*sys.modules}
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        patch.setattr(sys, "meta_path", [*sys.meta_path])
        importlib.import_module("made")
        yield load_package("made.inner", tmp_path / "short")
        for name in {*sys.modules} - before:
            del sys.modules[name]


def test_both_names_are_the_same_modules(package):
    add_name("short", "made.inner")
    for name in ("short", "short.part"):
        found = importlib.import_module(name)
        assert found is importlib.import_module(name.replace("short", "made.inner"))
        assert found.__spec__.name == found.__name__ == name.replace("short", "made.inner")
    assert importlib.import_module("short.part").Thing is package.Thing


def test_another_module_of_the_second_name_stays(package, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/__init__.py").touch()
    (tmp_path / "other/part.py").write_text("theirs = 1\n")
    add_name("other", "made.inner")
    del sys.modules["other"]
    assert importlib.import_module("other.part").theirs == 1


def test_a_module_to_run_is_loaded_again_and_a_missing_one_is_missing(package):
    add_name("short", "made.inner")
    assert importlib.import_module("short.__main__").name == "short.__main__"
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'short\.nothing'$"):
        importlib.import_module("short.nothing")


def test_a_folder_without_a_package(tmp_path):
    with pytest.raises(ImportError, match="install rnn-zoo again"):
        load_package("made_of_nothing", tmp_path)
    assert "made_of_nothing" not in sys.modules
