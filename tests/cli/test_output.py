import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.cli import output
from zoo.core.session import OutputFiles
from zoo.errors import ArgumentError


class Beat:
    """A piece of another package: it can be plotted, not saved."""

    SUFFIXES = {"plot": (".svg",)}  # noqa: RUF012

    def plot(self, path):
        Path(path).write_text("plot")
        return path

    def __str__(self):
        return "x.x."


def test_default_files():
    assert output.default_file(zoo.Score, "dist/lstm_music.onnx") == Path("lstm_music.mid")
    assert output.default_file(str, "lstm_text") is None
    assert output.default_file(Beat, "lstm_drums") is None


@pytest.mark.parametrize(("piece", "files", "message"), [
    (str, {"out": "a.mid"}, "ends in .txt"), (str, {"plot": "a.png"}, "--plot"), (str, {"wav": "a.wav"}, "--wav"),
    (zoo.Score, {"out": "a.txt"}, ".mid or .midi"), (zoo.Score, {"wav": "a.mp3"}, ".wav"), (zoo.Score, {"plot": "a.bmp"}, ".png"),
    (str, {"out": f"{'a' * 5000}.txt"}, "is no name of a file: File name too long"), (str, {"out": "a\0.txt"}, "null"),
    (Beat, {"wav": "a.wav"}, "--wav"), (Beat, {"plot": "a.png"}, "ends in .svg"),
])  # fmt: skip
def test_files_that_cannot_be_written_are_refused(piece, files, message):
    files = {name: Path(path) for name, path in files.items()}
    with pytest.raises(ArgumentError, match=message):
        output.check(piece, OutputFiles(**files))


def test_an_input_is_not_replaced(tmp_path):
    (tmp_path / "a-2.txt").touch()
    inputs = ["x" * 10_000, "no file", tmp_path / "a-2.txt"]
    output.check(str, OutputFiles(tmp_path / "a.txt"), 1, inputs)
    output.check(str, OutputFiles(tmp_path / "a-2.txt"), 1, inputs[:2])
    with pytest.raises(ArgumentError, match=r"a-2\.txt is an input"):
        output.check(str, OutputFiles(tmp_path / "a.txt"), 2, inputs)


def test_pieces_are_written_by_what_they_are(tmp_path, capsys):
    output.write([Beat(), Beat()], OutputFiles(plot=tmp_path / "a.svg"))
    assert capsys.readouterr().out == f"x.x.\n{tmp_path}/a-1.svg\nx.x.\n{tmp_path}/a-2.svg\n"
    output.write([Beat()], OutputFiles(tmp_path / "a.txt"))
    assert (tmp_path / "a.txt").read_text() == "x.x."
    score = zoo.Score([[60], [zoo.HOLD]])
    output.write([score], OutputFiles(tmp_path / "a.mid", tmp_path / "a.png", tmp_path / "a.wav"))
    assert capsys.readouterr().out.split() == [f"{tmp_path}/a.{suffix}" for suffix in ("txt", "mid", "png", "wav")]
    assert zoo.Score.read(tmp_path / "a.mid", 1) == score


def test_json_has_plain_numbers_alone(capsys):
    value = {"a": np.float32(0.5), "b": (1, np.int64(2)), "c": float("nan"), 3: Path("x"), "d": [np.inf, None, True]}
    output.print_json(value)
    assert json.loads(capsys.readouterr().out) == {"a": 0.5, "b": [1, 2], "c": None, "3": "x", "d": [None, None, True]}
