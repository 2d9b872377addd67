"""The documents are true: their blocks run, and their tables have what the code has."""

import importlib
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields, replace
from pathlib import Path

import numpy as np
import pytest

import export
import zoo
from export import formats
from export.formats import Format
from tests.conftest import FEATURES, ROOT
from tests.export.legacy.keras1_files import layer, random_arrays, write
from zoo.core import codec, plugins, task
from zoo.core.architectures import ARCHITECTURES
from zoo.core.recipe import adjusted
from zoo.core.session import Session
from zoo.errors import ArgumentError, ArtifactError
from zoo.presets.catalog import catalog


def section(title, document="docs/extending.md"):
    """Return the text below a heading, up to the next one."""
    text = (ROOT / document).read_text()
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"{document} has no section {title}"
    return found[1]


def blocks(language, text=None):
    """Return the blocks of a language, of the README if no text is given."""
    text = (ROOT / "README.md").read_text() if text is None else text
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_keras_files(tmp_path, monkeypatch, quick):
    """The blocks of the page about files of Keras 1 and 2, and its commands."""
    import keras
    from click.testing import CliRunner

    from zoo.cli.main import main

    monkeypatch.chdir(tmp_path)
    rnn = layer("SimpleRNN", "r", units=2, batch_input_shape=[2, 3, 4], return_sequences=True)
    arrays = {"r": random_arrays(np.random.default_rng(0), k=(4, 2), u=(2, 2), b=(2,))}
    own = [rnn, layer("Attention", "a"), layer("Lambda", "lambda_1", function="last", arguments={})]
    write("stock_lstm.h5", {"class_name": "Sequential", "config": [rnn]}, arrays, "2.2.4")
    write("own.h5", {"class_name": "Sequential", "config": own}, arrays, "2.2.4")
    write("weights.h5", None, arrays, "2.2.4", group=None)
    space: dict = {"Attention": type("Attention", (keras.layers.Layer,), {"call": lambda _, x: x * 2})}
    text = (ROOT / "docs/keras-files.md").read_text()
    for block in blocks("python", text):
        exec(compile(block, "keras-files.md", "exec"), space)
    assert space["model"].output_shape == (2, 2)
    for line in typed("".join(blocks("console", text))):
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}: {result.output}"


def test_demo(tmp_path, monkeypatch, capsys, quick):
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--export"]):
        monkeypatch.setattr("sys.argv", ["demo.py", *words])
        runpy.run_path(str(ROOT / "examples/demo.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert shown.count(" yes") == 5
    assert (tmp_path / "dist/chorale.wav").stat().st_size


def test_table_of_models():
    shipped = zoo.list_models(pretrained=True)
    for name, row in zip(shipped, shipped.rows(), strict=True):
        card = zoo.info(name)
        assert row["parameters"] == f"{card.parameters:,}"
        assert f"{next(iter(card.metrics['test'].values())):.3f}" in row["metric"]
        assert row["license"] == card.licence
    assert str(zoo.list_models("lstm_*")).splitlines()[0].split() == [
        "name",
        "task",
        "parameters",
        "metric",
        "size",
        "license",
    ]


def forget():
    """Forget what was found in other packages."""
    importlib.invalidate_caches()
    for found in (plugins.entries, task.table, formats.table, formats.formats, catalog):
        found.cache_clear()
    for name in ARCHITECTURES.loaded.keys() - ARCHITECTURES.own.keys():
        del ARCHITECTURES.loaded[name]
    for name in ("zoo_series", "deep_lstm", "rnn_onnxz"):
        sys.modules.pop(name, None)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Folder in which packages are installed; they are forgotten after the test."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "plugins"))
    forget()
    yield tmp_path / "plugins"
    monkeypatch.undo()
    forget()


def register(site, package, group, row):
    about = site / f"{package}-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{row}\n")


def install(site, title):
    """Install the package of a section: its Python block is the module that its block of TOML names."""
    text = section(title)
    [code] = blocks("python", text)
    [(group, row, module)] = re.findall(r'entry-points\."(.+)"\]\n(\w+ = "(\w+):\w+")', "".join(blocks("toml", text)))
    register(site, module, group, row.replace('"', ""))
    (site / f"{module}.py").write_text(code)
    forget()


def shell(line, folder):
    """Run a command as a user would, and return what it prints, or says."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        line, shell=True, cwd=folder, env={**os.environ, "PATH": places}, capture_output=True, text=True, check=False
    )


def typed(block):
    """Return the commands of a block."""
    return [line.removeprefix("$ ").split("  #")[0].strip() for line in block.splitlines() if line.startswith("$ ")]


def test_extending_the_example_without_installing_it(site):
    """A package that is written by hand is found, and does all that the document shows: in one epoch instead of 20."""
    from click.testing import CliRunner

    from zoo.cli.main import main

    folder = site.parent
    shutil.copytree(ROOT / "examples/new_task", folder / "examples/new_task")
    for line in typed(*blocks("console", section("Try it without installing"))):
        done = shell(line, folder)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert "lstm_series" in done.stdout
    forget()
    pip, series, *lines = typed(blocks("console", section("A task: `examples/new_task`"))[0])
    assert pip == "pip install examples/new_task"
    assert shell(series, folder).returncode == 0
    shown = []
    for line in lines:
        shorter = " --set epochs=1 --set units=8" if line.startswith("zoo train") else ""
        result = CliRunner().invoke(main, shlex.split(line + shorter)[1:])
        assert result.exit_code == 0, f"{line}: {result.output}"
        shown.append(result.stdout)
    assert len(shown[-1].split()) == 5
    assert shown[-1] == shown[2]


def test_extending_codec_settings_and_loss():
    """The blocks about a task fit the example."""
    from zoo.networks.build import network

    space: dict = {}
    for title in ("A front end", "Settings of your own", "Loss, metrics, monitor"):
        for block in blocks("python", section(title)):
            exec(compile(block, "extending.md", "exec"), space)
    example = runpy.run_path(str(ROOT / "examples/new_task/zoo_series.py"))
    loss, recipes = space["squared_error"], {"": space["RECIPE"]}
    row = replace(
        example["TASK"], settings=space["SeriesSettings"], recipes=recipes, augment=space["augment"], loss=loss,
        metrics={"error": loss}, monitor="val_error",
    )  # fmt: skip
    assert row.reading == ["piece"]
    recipe = adjusted(row.recipe("lstm"), {"noise": "0.5", "units": 4, "embedding": 3})
    with pytest.raises(ArgumentError, match="noise"):
        adjusted(recipe, {"noise": -1})
    pieces = [np.zeros(1000, np.float32)]
    noisy = row.augment(pieces, recipe)(0, np.random.default_rng(0))
    assert noisy.dtype == np.float32
    assert noisy.std() == pytest.approx(0.5, rel=0.1)

    series = row.default_codec(False)
    series.frontend = space["Projection"]
    built = network(ARCHITECTURES["lstm"], series, recipe)
    assert built.get_layer("embedding").units == 3
    x, y = series.encode([noisy])
    padded = np.concatenate([y, np.full_like(y, -1)], axis=1)
    computed = row.loss(0.0)
    targets, weights = computed.targets(padded, np)
    found = computed(targets, np.zeros_like(targets), sample_weight=weights)
    assert float(found) == pytest.approx(np.mean(noisy[1:] ** 2), rel=1e-5)
    assert built([x, *(np.zeros((1, 4), np.float32) for _ in range(2))])[0].shape == (1, 999, 1)


def test_extending_architecture(site):
    install(site, "An architecture")
    assert {name.removeprefix("deep_lstm_") for name in zoo.list_models("deep_lstm_*")} == set(task.names())
    assert len(zoo.build("deep_lstm_text", units=4, embedding=2).inputs) == 1 + 2 * 4


def test_extending_format(site, user):
    """The format converts, opens and checks a model."""
    install(site, "A format")
    report = export.save(user, "made.onnxz")
    assert (report.format, export.inspect("made.onnxz").format) == ("onnxz", "onnxz")
    x = np.random.default_rng(0).normal(size=(2, 7, FEATURES)).astype(np.float32)
    np.testing.assert_allclose(export.load("made.onnxz")(x), np.asarray(user(x)), atol=1e-5)
    content = Path("made.onnxz").read_bytes()
    Path("made.onnxz").write_bytes(content[:99] + b"?" * 9 + content[108:])
    with pytest.raises(ArtifactError, match="damaged"):
        export.load("made.onnxz")


def test_extending_broken_packages(site):
    """What the document shows is what is printed."""
    from click.testing import CliRunner

    from zoo.cli.main import main

    [block] = blocks("console", section("Broken packages"))
    for line, expected in re.findall(r"^\$ (.+)\n(.+)$", block, re.MULTILINE):
        [row] = re.findall(r"entry point (\w+ = \w+:\w+) of broken", expected)
        register(site, "broken", "rnn_zoo.tasks" if "TASK" in row else "rnn_zoo.architectures", row)
        forget()
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert expected in result.output.splitlines(), result.output


def members(kind):
    return {name for name in vars(kind) if not name.startswith("_")}


def named(text):
    """Return the names in backticks, without what follows them in brackets."""
    return set(re.findall(r"`(\w+)(?:\([^`]*\))?`", text))


def column(text, number=0):
    """Return the names in a column of a table."""
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")]
    return named(" ".join(row[number] for row in rows[1:]))


def own_members(name):
    """Return the members that a sentence says a codec has besides those of `Codec`."""
    return named(re.search(rf"`{name}` (?:also )?has (.+?)[;.]\s", section("The codec"), re.DOTALL)[1])


def methods(title):
    """Return the names of the methods in the Python blocks of a section."""
    return set(re.findall(r"^    def (\w+)", "".join(blocks("python", section(title))), re.MULTILINE))


TASK_FIELDS = {field.name for field in fields(task.Task)}
SESSION = {name for name in members(Session) if callable(getattr(Session, name))}
TABLES = {
    "fields of a task": (lambda: column(section("The fields of a task")), TASK_FIELDS),
    "groups of fields": (lambda: column(section("Tasks", "docs/architecture.md"), 1), TASK_FIELDS),
    "members of a codec": (lambda: column(section("The codec")), members(codec.Codec)),
    "members of a generation codec": (lambda: own_members("GenerationCodec"), members(codec.GenerationCodec)),
    "members of an infill codec": (lambda: own_members("InfillCodec"), members(codec.InfillCodec)),
    "members of a pair codec": (lambda: own_members("PairCodec"), members(codec.PairCodec)),
    "methods of a front end": (lambda: methods("A front end"), members(codec.FrontEnd)),
    "methods of a session": (lambda: column(section("Commands of your own")), SESSION),
    "required fields of a format": (
        lambda: column(section("A format")),
        {f.name for f in fields(Format) if f.default is MISSING},
    ),
}


@pytest.mark.parametrize("table", TABLES)
def test_tables_name_what_there_is(table):
    listed, there = TABLES[table]
    assert listed() == there


def test_required_fields_of_a_task():
    rows = [line for line in section("The fields of a task").splitlines() if line.endswith("| required |")]
    required = {f.name for f in fields(task.Task) if f.default is MISSING and f.default_factory is MISSING}
    assert column("\n".join(["| field |", *rows])) == required


def test_all_fields_of_a_format_are_named():
    assert {field.name for field in fields(Format)} <= named(section("A format"))
