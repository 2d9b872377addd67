"""The rule of the house: tasks know the core, the core knows no task, tasks do not import one another.

The rules speak of folders, so that a new module, task or format needs no edit here. Imports are read from the source:
those inside functions and for type checkers too, and what `imported("module:name")` names.
"""

import ast
import re
import subprocess
from functools import cache
from importlib.util import resolve_name

import pytest

from tests.conftest import ROOT

MOST_LEVELS, MOST_FOLDER_LEVELS = 12, 7
LONGEST = 400  # lines of a test file
CODE = (ast.FunctionDef, ast.ClassDef)
HEAVY = {"keras", "tensorflow"}
TASK = r"zoo\.tasks\.(\w+)"
FACES = ("zoo", "zoo.api", "zoo.video")  # hand names of tasks on to users
EXPORT = ("export", "zoo.export")  # the package under its two names, which have no level of their own


@cache
def modules():
    paths = [path for package in ("zoo", "export") for path in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}


def imported(node, package=""):
    """Return what a node imports; a relative import is of a module in `package`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = resolve_name(f"{'.' * node.level}{node.module or ''}", package)
        base = re.sub(r"\Azoo\.(export\..+)", r"\1", base)
        names = [re.sub(r"\Azoo\.(export\..+)", r"\1", f"{base}.{alias.name}") for alias in node.names]
        return [name if name in modules() else base for name in names]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "imported":
        return [ast.literal_eval(node.args[0]).partition(":")[0]]
    return []


@cache
def graph():
    """Module → modules of the project that it imports anywhere."""
    found = {}
    for name, path in modules().items():
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found[name] = {other for node in nodes for other in imported(node, package) if other in modules()} - {name}
    return found


def pairs():
    return [(name, other) for name, others in graph().items() for other in others]


def in_folder(name, *folders):
    return any(name == folder or name.startswith(f"{folder}.") for folder in folders)


def task_of(name):
    found = re.match(TASK, name)
    return found[1] if found and (ROOT / "zoo/tasks" / found[1]).is_dir() else ""


def levels(graph, weight=lambda name: int(name not in EXPORT)):
    """Return the level of every node: one above the highest that it imports."""
    found = {}

    def level(name, path=()):
        assert name not in path, f"a circle: {' -> '.join((*path, name))}"
        if name not in found:
            found[name] = weight(name) + max((level(other, (*path, name)) for other in graph[name]), default=0)
        return found[name]

    for name in graph:
        level(name)
    return found


def test_the_core_imports_nothing_but_itself():
    assert not [
        pair for pair in pairs() if in_folder(pair[0], "zoo.core") and not in_folder(pair[1], "zoo.core", "zoo.errors")
    ]


def test_only_tasks_and_faces_import_tasks():
    wrong = [(a, b) for a, b in pairs() if task_of(b) and not task_of(a) and a not in FACES]
    assert not wrong


def test_tasks_do_not_import_one_another():
    assert not [(a, b) for a, b in pairs() if task_of(a) and task_of(b) not in ("", task_of(a))]


def test_tasks_know_nothing_above_them():
    above = ("zoo.cli", "zoo.api", "zoo.presets", "export")
    assert not [(a, b) for a, b in pairs() if task_of(a) and (b == "zoo" or in_folder(b, *above))]


def test_only_the_command_line_imports_export():
    faces = ("zoo", "zoo.api", "zoo.export")  # hand the package on to users
    users = {a for a, b in pairs() if a.startswith("zoo") and (b == "zoo.export" or in_folder(b, "export"))}
    assert not [name for name in users if name not in faces and not in_folder(name, "zoo.cli")]


def test_no_module_imports_export_by_the_name_that_a_user_s_module_may_have():
    """Inside of `export` imports are relative, elsewhere they are of `zoo.export`, or for type checkers alone."""
    absolute = re.compile(r"^ *(from|import) export\b", re.MULTILINE)
    found = {name for name, path in modules().items() if absolute.search(path.read_text(encoding="utf-8"))}
    assert found <= {"zoo.export", "zoo.cli.export"}


def test_keras_is_imported_at_the_top_of_few_folders_and_not_in_the_core():
    def allowed(name):
        return in_folder(name, "zoo.layers", "zoo.networks", "zoo.training", "export") or (
            task_of(name) and name.endswith(".frontend")
        )

    for name, path in modules().items():
        module = ast.parse(path.read_text(encoding="utf-8"))
        nodes = ast.walk(module) if in_folder(name, "zoo.core") else module.body
        names = [other for node in nodes for other in imported(node, name)]
        assert allowed(name) or not {other.split(".")[0] for other in names} & HEAVY, name


def test_there_are_no_circles_and_few_levels():
    assert max(levels(graph()).values()) <= MOST_LEVELS


def folder_of(name):
    """Return the folder of a module; files directly in `zoo` and `export` stand for themselves."""
    parts = name.split(".")
    is_folder = modules()[name].name == "__init__.py"
    return name if is_folder or len(parts) < 3 else ".".join(parts[:-1])


def test_there_are_few_levels_of_folders():
    folders = {folder_of(name): set() for name in modules()}
    for a, b in pairs():
        if folder_of(a) != folder_of(b):
            folders[folder_of(a)].add(folder_of(b))
    is_file = {name: name in modules() and modules()[name].name != "__init__.py" for name in folders}
    found = levels(folders, lambda name: 0 if is_file[name] or name in ("zoo", "export") else 1)
    assert max(found.values()) <= MOST_FOLDER_LEVELS


@pytest.mark.parametrize(
    "pattern",
    [
        r'"(music|text|speech|video|keyword)"',
        "(Music|Text|Speech|Video|Keyword)(Infill)?Codec",
        r"\b(codec|engine): \"?Any\b",
    ],
)
def test_the_core_does_not_name_tasks(pattern):
    above = ["zoo/core", "zoo/models", "zoo/networks", "zoo/presets", "zoo/training", "zoo/cli", "export"]
    found = [
        f"{path.relative_to(ROOT)}:{i}"
        for folder in above
        for path in (ROOT / folder).rglob("*.py")
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found


def files_of_tests():
    return [path for path in (ROOT / "tests").rglob("*.py") if "data" not in path.parts]


def files_testing(name):
    """Return the test files of a module: `test_<module>.py` in its folder, or several `test_<module>_<part>.py`."""
    parts = (name if name.startswith("export") else name.removeprefix("zoo.")).split(".")
    folder = parts if modules()[name].name == "__init__.py" and name != "zoo" else parts[:-1]
    stem = parts[-1].strip("_")
    found = (ROOT / "tests").joinpath(*folder).glob("test_*.py")
    return [path for path in found if path.stem == f"test_{stem}" or path.stem.startswith(f"test_{stem}_")]


def test_no_test_file_is_long():
    assert not [str(path) for path in files_of_tests() if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST]


def test_every_module_has_a_test_file():
    with_code = [
        name
        for name, path in modules().items()
        if any(isinstance(node, CODE) for node in ast.parse(path.read_text(encoding="utf-8")).body)
    ]
    assert len(with_code) > 100
    assert not [name for name in with_code if not files_testing(name)]


def test_every_test_file_in_a_folder_is_that_of_a_module():
    of_modules = {path for name in modules() for path in files_testing(name)}
    others = (ROOT / "tests", ROOT / "tests/fuzz")  # of several modules, and of whole readers
    files = [path for path in files_of_tests() if path.name.startswith("test_") and path.parent not in others]
    assert not [str(path) for path in files if path not in of_modules]


def test_nothing_is_left_of_imports_by_path():
    done = subprocess.run(["git", "grep", "-n", r"sys\.path", "--", "benchmarks", "zoo", "export", "tests"],
                          cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    assert [line for line in done.stdout.splitlines() if "test_structure" not in line] == []
