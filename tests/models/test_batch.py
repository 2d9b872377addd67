import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from zoo.errors import ArgumentError, CodecError, DataError
from zoo.models import batch


@dataclass
class Result:
    text: str
    seconds: float = 2.0

    def to_text(self, output_format):
        return f"{output_format} {self.text}"

    def plot(self, path):
        Path(path).write_text("plot")
        return path


def model(concurrent=True):
    return SimpleNamespace(engine=SimpleNamespace(concurrent=concurrent))


@pytest.fixture
def files(tmp_path, monkeypatch):
    for name in ("a.wav", "b/c.WAV", "b/d/e.wav", "b/notes.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    monkeypatch.chdir(tmp_path / "in")


def test_files_folders_and_patterns(files):
    found = batch.find_files(["a.wav", "b", "b/*.txt"], (".wav",), "audio")
    assert {str(path): str(name) for path, name in found.items()} == {
        "a.wav": "a", "b/c.WAV": "c", "b/d/e.wav": "d/e", "b/notes.txt": "notes",
    }  # fmt: skip
    Path("empty").mkdir()
    for name, message in (
        ("none.wav", "does not exist: give audio files"),
        ("empty", "has no audio files"),
        ("-", "--stream"),
    ):
        with pytest.raises(CodecError, match=message):
            batch.find_files([name], (".wav",), "audio")


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"plot": Path("a.png")}, ArgumentError, "draws one file, 2 are given"), ({"output_format": "srt"}, ArgumentError, "--out FOLDER"),
    ({"out": Path("a.wav")}, DataError, "is a file"), ({"out": Path("out"), "names": ["x", "x"]}, ArgumentError, "x.txt would be written twice"),
    ({"plot": Path("a.bmp"), "names": ["x"]}, ArgumentError, ".png"),
])  # fmt: skip
def test_options_that_do_not_fit_are_refused(files, options, error, message):
    names = {Path(str(i)): Path(name) for i, name in enumerate(options.pop("names", ["x", "y"]))}
    with pytest.raises(error, match=message):
        batch.OutputOptions(**{"output_format": "txt", **options}).check(names)


def test_results_are_in_the_order_of_the_files(files, capsys):
    names = batch.find_files(["."], (".wav",), "audio")

    def process(_, path):
        if path.name == "a.wav":
            raise CodecError("damaged")
        return Result(path.read_text())

    assert batch.run(model, process, names, batch.OutputOptions("txt"), "audio") == 1
    shown = capsys.readouterr()
    assert [line for line in shown.out.splitlines() if line] == ["b/c.WAV: txt b/c.WAV", "b/d/e.wav: txt b/d/e.wav"]
    assert "a.wav: damaged" in shown.err
    assert "2 files, 4.0 s of audio in" in shown.err
    assert batch.run(model, process, names, batch.OutputOptions("json", Path("out")), "audio") == 1
    assert Path("out/b/d/e.json").read_text() == "json b/d/e.wav\n"
    one = {Path("b/c.WAV"): Path("c")}
    assert batch.run(model, process, one, batch.OutputOptions("txt", plot=Path("c.png")), "audio") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "txt b/c.WAV"
    assert Path("c.png").exists()


@pytest.mark.parametrize("error", [CodecError("damaged"), OSError(5, "Input/output error"), MemoryError()])
def test_one_bad_file_does_not_stop_the_others(files, capsys, error):
    names = batch.find_files(["."], (".wav",), "audio")

    def process(_, path):
        if path.name == "c.WAV":
            raise error
        return Result(path.name)

    assert batch.run(model, process, names, batch.OutputOptions("txt"), "audio") == 1
    shown = capsys.readouterr()
    assert [line for line in shown.out.splitlines() if line] == ["a.wav: txt a.wav", "b/d/e.wav: txt e.wav"]
    assert re.search(r"b/c.WAV: (damaged|.*Input/output error|MemoryError)", shown.err)


def test_names_that_are_none_are_told(files):
    for name in ("x" * 5000, "a\0b"):
        with pytest.raises(CodecError, match="does not exist"):
            batch.find_files([name], (".wav",), "audio")
    os.mkfifo("pipe.wav")
    assert Path("pipe.wav") not in batch.find_files(["."], (".wav",), "audio")


@pytest.mark.parametrize("concurrent", [True, False])
def test_threads_share_a_model_if_its_engine_allows_it(files, concurrent):
    names, first, opened = batch.find_files(["."], (".wav", ".txt"), "audio"), model(concurrent), []
    both = threading.Barrier(2, timeout=30)

    def open_model():
        opened.append(model(concurrent))
        return opened[-1]

    used = []

    def process(one, path):
        if len(used) < 2:
            used.append(one)
            both.wait()  # two threads are at work
        return Result(path.name)

    two = dict(list(names.items())[:2])
    assert batch.run(open_model, process, two, batch.OutputOptions("txt"), "audio", first) == 0
    assert len({id(one) for one in used}) == (1 if concurrent else 2)
    assert len(opened) == (0 if concurrent else 1)
