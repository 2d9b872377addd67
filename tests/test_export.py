"""`zoo.export` is the package `export`, under a name that a module of the user cannot hide."""

import importlib
import os
import re
import subprocess
import sys

import zoo
from tests.conftest import ROOT
from zoo.errors import ZooError

HIDDEN = """
import sys
import export as mine
import zoo
from zoo import export
from zoo.cli.main import main
from zoo.export.formats import Format, formats

assert mine.theirs == 1 and sys.modules["export"] is mine
assert zoo.export is export and export.save.__doc__ and export.formats.Format is Format
assert [*formats()] == ["onnx", "saved_model", "tflite"]
try:
    export.load("nothing.onnx")
except zoo.ZooError as error:
    print(error)
main(["inspect", "nothing.onnx"])
"""


def test_both_names_have_the_same_modules():
    for name in ("", ".formats", ".formats.onnx.nodes", ".saving"):
        assert importlib.import_module(f"export{name}") is importlib.import_module(f"zoo.export{name}")
    assert zoo.export.formats.ArgumentError is zoo.ArgumentError
    assert issubclass(zoo.ExportError, ZooError)


def test_type_checkers_see_what_there_is():
    """Submodules are attributes only once something has imported them."""
    names = re.findall(r"^    from export import (\w+) as \1$", (ROOT / "zoo/export.py").read_text(), re.MULTILINE)
    code = f"from zoo import export\nprint([name for name in {names} if not hasattr(export, name)])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert {"model_files", "save"} < {*names}
    assert done.stdout == "[]\n", done.stderr


def test_a_module_of_the_user_does_not_hide_it(tmp_path):
    (tmp_path / "export.py").write_text("theirs = 1\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("nothing.onnx does not exist"), done.stderr
    assert done.stderr.startswith("Error: nothing.onnx does not exist")
