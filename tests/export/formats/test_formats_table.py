"""Formats are rows of one table: each is one file or folder, and other packages add theirs without an edit here."""

import re
import sys
import warnings
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import export
from export import benchmarking, formats
from export.formats import Format
from tests.conftest import FEATURES, NAMES, ROOT
from zoo.core import plugins
from zoo.errors import ArgumentError, ArtifactError, DataError

BUNDLE = '''
"""A format of another package: a folder with an ONNX file and a manifest."""

import json
from dataclasses import replace

from export.formats import onnx

NAME = "model.onnx"
ROW = onnx.FORMAT


def inner(function):
    return lambda path, *rest: function(path / NAME, *rest)


BUNDLE = replace(
    ROW,
    name="bundle",
    suffix=".bundle",
    convert=lambda faces, path, options: ROW.convert(faces, path / NAME, options),
    open=inner(ROW.open),
    recognises=lambda path, head: (path / NAME).exists(),
    embed=lambda path, manifest: (path / "about.json").write_text(json.dumps(manifest)),
    manifest=lambda path: json.loads((path / "about.json").read_text()),
    operators=inner(ROW.operators),
    precision=inner(ROW.precision),
    quantize=(),
    recurrent_operators=("LSTM",),
    fixed_shape=True,
    folder=True,
    manifest_file="about.json",
)
NOT_A_FORMAT = "bundle"
OTHER_NAME = replace(BUNDLE, name="bundled")
SUFFIX_TAKEN = replace(BUNDLE, suffix=".tflite")
SECOND = replace(BUNDLE, name="second")
'''


def forget():
    plugins.entries.cache_clear()
    formats.table.cache_clear()
    formats.formats.cache_clear()
    sys.modules.pop("acme_bundle", None)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a package with an entry point; `installed(value)` names the object that it loads."""
    site = tmp_path / "site"
    (site / "acme-1.0.dist-info").mkdir(parents=True)
    (site / "acme-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (site / "acme_bundle.py").write_text(BUNDLE)

    def install(value, name="bundle"):
        (site / "acme-1.0.dist-info/entry_points.txt").write_text(f"[{formats.GROUP}]\n{name} = {value}\n")
        monkeypatch.syspath_prepend(str(site))
        forget()

    yield install
    monkeypatch.undo()
    forget()


def test_a_format_of_another_package_is_one_of_all(installed, user, tmp_path):
    """It saves, loads, inspects and is measured as those of this package, although it is a folder with a suffix."""
    installed("acme_bundle:BUNDLE")
    assert list(formats.formats()) == [*sorted(NAMES), "bundle"]
    path = tmp_path / "made" / "a.bundle"
    report = export.save(user, path)
    assert report.format == "bundle"
    assert report.operators == {"LSTM": 1, "in all": len(formats.formats()["bundle"].operators(path))}
    x = np.random.default_rng(0).normal(size=(2, 7, FEATURES)).astype(np.float32)
    np.testing.assert_allclose(export.load(path)(x), np.asarray(user(x)), atol=1e-5)
    np.testing.assert_array_equal(export.load(path, threads=2)(x), export.load(path)(x))
    found = export.inspect(path)
    assert found.format == found.about["format"] == "bundle"
    export.save(user, path)  # replaces its own
    (path / "more.txt").write_text("not hashed before")
    with pytest.raises(ArtifactError, match="sha256"):
        export.load(path)
    with pytest.raises(ArgumentError, match="bundle takes no such option"):
        export.save(user, path, quantize="int8")
    variants = [key for key, *_ in benchmarking._variants(5, 1) if key[0] == "bundle"]
    assert variants == [("bundle", "float32"), ("bundle", "float32, fixed shape")]


def test_a_format_that_says_nothing_of_options_is_opened_without_any(installed, user, tmp_path, monkeypatch):
    """Its `open` takes a path and a signature, as it always did."""
    installed("acme_bundle:BUNDLE")
    row = formats.formats()["bundle"]
    old = replace(row, open=lambda path, signature: row.open(path, signature), check_runtime=formats.no_runtime_options)
    monkeypatch.setitem(formats.formats(), "bundle", old)
    export.save(user, tmp_path / "a.bundle")
    assert export.load(tmp_path / "a.bundle").inputs[0].name == "x"
    for options in ({"threads": 2}, {"providers": ["CPUExecutionProvider"]}):
        with pytest.raises(
            ArgumentError, match=f"{next(iter(options))}: the runtime of this format has no such option"
        ):
            export.load(tmp_path / "a.bundle", **options)


def test_a_folder_with_other_content_is_not_replaced_by_a_format_of_another_package(installed, user, tmp_path):
    installed("acme_bundle:BUNDLE")
    (tmp_path / "a.bundle").mkdir()
    (tmp_path / "a.bundle/precious.txt").write_text("mine")
    with pytest.raises(DataError, match="other content"):
        export.save(user, tmp_path / "a.bundle")


BROKEN = {
    "acme_missing:BUNDLE": "cannot be loaded .ModuleNotFoundError: .*acme_missing",
    "acme_bundle:NOTHING": "cannot be loaded .AttributeError: .*NOTHING",
    "acme_bundle:NOT_A_FORMAT": "has the type str, not Format",
    "acme_bundle:OTHER_NAME": "has the name 'bundled': entry point and row must have one name",
    "acme_bundle:SUFFIX_TAKEN": "has the suffix '.tflite', which is that of tflite",
}


@pytest.mark.parametrize("value", BROKEN)
def test_a_broken_format_is_left_out_with_one_warning_and_breaks_no_other(installed, artifacts, tmp_path, value):
    installed(value)
    message = f"the entry point bundle = {value} of acme .*{BROKEN[value]}"
    with pytest.warns(UserWarning, match=message) as caught:
        assert list(formats.formats()) == sorted(NAMES)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, file in NAMES.items():
            assert formats.of_path(Path(file)).name == formats.of_path(Path("x"), name).name == name
            assert export.inspect(artifacts[name, "step"]).format == name
        for asked in ((Path("a.bundle"), None), (Path("a"), "bundle")):
            with pytest.raises(ArgumentError, match=message):
                formats.of_path(*asked)


def test_of_two_formats_with_one_suffix_the_first_is_used(installed):
    installed("acme_bundle:BUNDLE\nsecond = acme_bundle:SECOND")
    with pytest.warns(UserWarning, match="second = .* has the suffix '.bundle', which is that of bundle"):
        assert list(formats.formats()) == [*sorted(NAMES), "bundle"]
    assert formats.of_path(Path("a.bundle")).name == "bundle"


def test_names_of_this_package_cannot_be_taken(installed):
    installed("acme_bundle:BUNDLE", name="onnx")
    with pytest.warns(UserWarning, match="onnx = .* has a name that is taken; it is left out"):
        assert list(formats.formats()) == sorted(NAMES)
    assert formats.of_path(Path("a.onnx")).suffix == ".onnx"


def test_own_formats_are_called_like_their_modules():
    assert {name: row.name for name, row in formats.table().items()} == {name: name for name in sorted(NAMES)}


def test_the_message_for_an_unknown_suffix_lists_all_formats():
    with pytest.raises(ArgumentError, match=r"'\.pt'.*onnx \(\.onnx\), saved_model \(a folder\), tflite \(\.tflite\)$"):
        formats.of_path(Path("a.pt"))


@pytest.mark.parametrize("name", NAMES)
def test_exactly_one_format_recognizes_an_artifact(artifacts, name):
    path = artifacts[name, "step"]
    head = path.read_bytes()[: formats.HEAD_BYTES] if path.is_file() else b""
    assert [row.name for row in formats.formats().values() if row.recognises(path, head)] == [name]
    assert not any(
        row.recognises(ROOT, b"") or row.recognises(Path(__file__), b'"""For') for row in formats.formats().values()
    )


@pytest.mark.parametrize("name", NAMES)
def test_recurrent_operators_are_names_of_the_format(artifacts, name):
    """At least one occurs in an artifact of an LSTM, and none is an operator of another format."""
    row = formats.formats()[name]
    assert set(row.recurrent_operators) & set(row.operators(artifacts[name, "sequence"]))
    assert row.folder == artifacts[name, "step"].is_dir()


def test_only_a_format_s_own_files_ask_for_its_name():
    """A string with the name of a format anywhere else would be an edit that the next format needs too."""
    quoted = re.compile("|".join(f'"{name}"' for name in NAMES))
    own = ROOT / "export/formats"
    for path in (ROOT / "export").rglob("*.py"):
        found = set(quoted.findall(path.read_text()))
        allowed = {f'"{path.relative_to(own).parts[0].removesuffix(".py")}"'} if path.is_relative_to(own) else set()
        assert found <= allowed, path
    assert {field.name for field in fields(Format)} >= {"recognises", "recurrent_operators", "fixed_shape"}
