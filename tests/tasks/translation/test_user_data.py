import codecs
import sys
import tracemalloc

import pytest

from zoo.errors import DataError, MissingExtra
from zoo.tasks.translation.pairs import MOST_BYTES
from zoo.tasks.translation.user_data import read_folder

LINES = "".join(f"one {i}\tun {i}\n" for i in range(40))


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def texts(pairs):
    return [(pair.source, pair.target) for pair in pairs]


@pytest.mark.filterwarnings("error")
def test_a_file_is_divided_by_its_sentences(tmp_path):
    """The same way in any order, and no sentence is on both sides."""
    doubled = LINES + LINES.replace("un", "une")
    found = read_folder(written(tmp_path / "pairs.tsv", doubled))
    again = read_folder(written(tmp_path / "pairs.txt", "".join(sorted(doubled.splitlines(True), reverse=True))))
    sides = [{pair.source for pair in found[split]} for split in ("train", "valid")]
    assert [len(side) for side in sides] == [38, 2]
    assert not sides[0] & sides[1]
    assert {split: sorted(texts(pairs)) for split, pairs in found.items()} == {
        split: sorted(texts(pairs)) for split, pairs in again.items()
    }


def test_lines_that_are_no_pairs_are_left_out(tmp_path):
    lines = [
        "a\tb\tCC BY, and more",
        "",
        "  ",
        "no tab",
        "\tb",
        "a\t ",
        f"{'a' * MOST_BYTES}a\tb",
        "c \u00a0 d\te\u2019",
        "x\ty",
    ]
    with pytest.warns(
        UserWarning, match=r"left out line 4 \(no pair\), line 5 .*, line 6 .*, line 7 \(more than 1,000"
    ):
        found = read_folder(written(tmp_path / "pairs.tsv", "\r\n".join(lines)))
    assert sorted(texts(found["train"] + found["valid"])) == [("a", "b"), ("c d", "e'"), ("x", "y")]
    assert {pair.name.rpartition(", ")[2] for pair in found["train"] + found["valid"]} == {"line 1", "line 8", "line 9"}


@pytest.mark.parametrize(("files", "splits"), [
    ({"train.tsv": "a\tb\n", "valid.tsv": "c\td\n", "test.tsv": "e\tf\n", "other.tsv": "g\th\n"}, "train valid test"),
    ({"train.tsv": LINES, "test.tsv": "e\tf\n"}, "train test valid"), ({"a.TSV": LINES, "b.tab": LINES}, "train valid"),
])  # fmt: skip
def test_folders(files, splits, tmp_path):
    """What is in test.tsv is in no other split."""
    for name, text in files.items():
        written(tmp_path / name, text)
    found = read_folder(tmp_path)
    assert list(found) == splits.split()
    assert ("e", "f") not in texts(found["train"] + found["valid"])
    assert ("g", "h") not in texts(found["train"])


@pytest.mark.parametrize(("data", "encoding", "message"), [
    (b"", "", "has no pairs for train and valid"), (b"a\tb\n", "", "no pairs for valid"), (b"a\0\tb\n", "", "control"),
    ("é\tb\n".encode("latin-1"), "", "cp1252|Latin-1"), (LINES.encode("utf-16-le"), "", "UTF-16-LE"),
    (codecs.BOM_UTF16_LE + "a\tb\n".encode("utf-16-le"), "utf-8", "byte order mark"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_file_of_pairs_is_refused(data, encoding, message, tmp_path):
    (tmp_path / "pairs.tsv").write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_folder(tmp_path / "pairs.tsv", encoding)


def test_places_that_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for path, message in ((tmp_path / "none", "does not exist"), (tmp_path / "empty", "no .tsv file")):
        with pytest.raises(DataError, match=message):
            read_folder(path)
    for name in ("train.tsv", "train.txt"):
        written(tmp_path / name, LINES)
    with pytest.raises(DataError, match="train.tsv and train.txt: give one"):
        read_folder(tmp_path)


def test_other_encodings(tmp_path):
    found = read_folder(written(tmp_path / "pairs.tsv", LINES.replace("un", "été"), "cp1252"), "cp1252")
    assert found["train"][0].target.startswith("été")


def test_lines_without_end_take_no_memory(tmp_path):
    path = written(tmp_path / "pairs.tsv", "a\tb\n" + "x" * (1 << 24) + "\nc\td\n")
    tracemalloc.start()
    with pytest.warns(UserWarning, match="line 2"):
        found = read_folder(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 24
    assert len(found["train"] + found["valid"]) == 2


def test_what_measures_is_asked_for_first(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingExtra, match=r"translation needs sacreBLEU: pip install 'rnn-zoo\[translation\]'"):
        read_folder(tmp_path / "none")
