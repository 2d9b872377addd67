"""Texts in every encoding are read as they are, or refused with what they look like; none is guessed."""

import os

import pytest

from zoo.core import text_files
from zoo.core.text_files import blocks, check_encoding, normalized, read
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.text.codec import TextCodec, TextInfillCodec

TEXT = "Zwölf Boxkämpfer\njagen “Viktor” – quer\n"
WESTERN = "Zwölf Boxkämpfer\njagen Viktor quer\n"
JAPANESE = "吾輩は猫である。名前はまだ無い。"
CHINESE = "道可道，非常道；名可名，非常名。"
RUSSIAN = "Съешь же ещё этих мягких французских булок\n"


def written(path, data, encoding=""):
    path.write_bytes(data)
    return "".join(blocks(path, encoding))


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("name", "given"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-8-sig", "utf8"), ("utf-16", ""), ("utf-32", ""), ("utf-16", "utf-16"),
     ("utf-16-le", "UTF-16LE"), ("utf-32-be", "utf-32-be"), ("cp1252", "windows-1252"), ("utf-16", "utf-16-le")],
)  # fmt: skip
def test_marks_and_line_ends_are_left_out(tmp_path, monkeypatch, name, given, ends, size):
    monkeypatch.setattr(text_files, "READ", size)
    assert written(tmp_path / "a.txt", TEXT.replace("\n", ends).encode(name), given) == TEXT


@pytest.mark.parametrize(
    ("data", "given", "message"),
    [
        (WESTERN.encode("latin-1"), "", r"no UTF-8 text \(byte 2\).*Latin-1 or Windows-1252.*encoding=latin-1"),
        (b"x" * 9000 + WESTERN.encode("latin-1"), "", r"\(byte 9002\).*Latin-1"),
        (TEXT.encode("cp1252"), "", "Windows-1252; if it is, give encoding=cp1252"),
        (TEXT.encode("cp1252"), "latin-1", r"U\+0093 at position 23.*encoding=cp1252"),
        (RUSSIAN.encode("koi8-r"), "", "another encoding, such as"),
        (TEXT.encode("utf-16-le"), "", r"\(byte 4\): it looks like UTF-16-LE; if it is, give encoding=utf-16-le"),
        ("plain".encode("utf-16-le"), "", r"U\+0000 at position 1: it looks like UTF-16-LE"),
        (TEXT.encode("utf-16-be"), "", "encoding=utf-16-be"),
        (TEXT.encode("utf-32-le"), "", "encoding=utf-32-le"),
        (TEXT.encode("utf-32-be"), "", "encoding=utf-32-be"),
        (TEXT.encode("utf-16-le"), "utf-16", "no byte order mark: give encoding=utf-16-le or utf-16-be"),
        (TEXT.encode("utf-16"), "utf-8", "UTF-16-LE"),
        (TEXT.encode("utf-16")[:-1], "", "no UTF-16-LE text.*UTF-16-LE that is damaged or cut off; repair it"),
        (RUSSIAN.encode("utf-16-le"), "", "encoding=utf-16-le"),
        (RUSSIAN.encode("utf-16-be"), "", "encoding=utf-16-be"),
        (JAPANESE.encode("utf-16-le"), "", "encoding=utf-16-le"),
        (CHINESE.encode("utf-16-be"), "", "encoding=utf-16-be"),
        (JAPANESE.encode("shift_jis"), "", "another encoding, such as"),
        (CHINESE.encode("big5", "ignore"), "", "another encoding, such as"),
        (JAPANESE.encode("iso2022_jp"), "", "ISO-2022-JP; if it is, give encoding=iso2022_jp"),
        ("안녕하세요".encode("iso2022_kr"), "", "encoding=iso2022_kr"),
        (b"a\x85b", "latin-1", r"U\+0085 at position 1: it looks like Windows-1252; if it is, give encoding=cp1252"),
        (TEXT.encode("utf-8-sig"), "latin-1", "byte order mark of UTF-8: give encoding=utf-8, or none"),
        (TEXT.encode("utf-16"), "cp1252", "byte order mark of UTF-16-LE: give encoding=utf-16-le, or none"),
        (TEXT.encode("utf-8-sig"), "utf-16", "byte order mark of UTF-8"),
        (TEXT.encode("utf-32"), "utf-16", "byte order mark of UTF-32-LE"),
        (TEXT.encode("utf-16"), "utf-16-be", "byte order mark of UTF-16-LE"),
        (TEXT.encode("utf-16-le"), "utf-16-be", "no UTF-16-BE text: it looks like UTF-16-LE"),
        ("ab cd ef".encode("utf-16-be"), "utf-16-le", "no UTF-16-LE text: it looks like UTF-16-BE"),
        (CHINESE.encode("utf-16-le"), "utf-16-be", "encoding=utf-16-le"),
        (TEXT.encode() + "é".encode()[:1], "", "UTF-8 that is damaged"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "", "binary file"),
        (b"text\x00", "", r"U\+0000 at position 4.*binary file"),
        (b"a\x1b[2Jb", "", r"U\+001B at position 1"),
        ("a\x85b".encode(), "", r"U\+0085 at position 1"),
    ],
)
def test_what_is_no_text_is_told(tmp_path, data, given, message):
    with pytest.raises(DataError, match=message):
        written(tmp_path / "a.txt", data, given)


@pytest.mark.parametrize("text", [TEXT, RUSSIAN, JAPANESE, CHINESE, "你好", "abc", "一", "안녕하세요 여러분"])
@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-16"])
def test_the_order_of_bytes_is_the_given_one(tmp_path, text, name):
    assert written(tmp_path / "a.txt", text.encode(name), name) == text


@pytest.mark.parametrize(
    "name",
    [
        *("punycode", "idna", "unicode_escape", "raw_unicode_escape", "charmap", "undefined"),
        *("nonsense", "base64", "rot13", "x\0y", "é" * 999, "hex", 5),
    ],
)
def test_encodings_are_those_of_text(name):
    with pytest.raises(ArgumentError, match="name of an encoding of text"):
        check_encoding(name)
    assert check_encoding("Latin1") == "iso8859-1"


def test_files_have_budgets(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("abcd" * 3)
    assert read(path) == "abcd" * 3
    monkeypatch.setattr(text_files, "MAX_PROMPT", 11)
    with pytest.raises(DataError, match="more than 11 characters"):
        TextCodec("abcd").script(prompt_file=path)
    with pytest.raises(DataError, match="more than 11 characters"):
        read(path, most=11)
    with pytest.raises(ArgumentError, match="12 characters: give at most 11"):
        TextCodec("abcd").script("abcd" * 3, 1)
    with pytest.raises(ArgumentError, match="12 characters: give at most 11"):
        TextInfillCodec("abcd").gaps("abc_" * 3)
    monkeypatch.setattr(text_files, "MAX_BYTES", 11)
    with pytest.raises(DataError, match="12 bytes: a text file has at most 11"):
        read(path)


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for name, message in (
        ("pipe", "is a pipe"), (".", "is a folder"), ("/dev/zero", "is a pipe or a device: give a text file"), ("empty", "is empty"),
        ("nothing", "No such file"), ("x" * 5000, "File name too long"), ("a\0b", "null"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)


@pytest.mark.parametrize("block", [2, 1 << 20])
def test_several_byte_order_marks_are_left_out(tmp_path, monkeypatch, block):
    monkeypatch.setattr(text_files, "READ", block)
    (tmp_path / "a.txt").write_bytes(3 * b"\xff\xfe" + "a\ufeff".encode("utf-16-le"))
    (tmp_path / "b.txt").write_bytes(2 * b"\xff\xfe")
    assert read(tmp_path / "a.txt") == normalized("\ufeff\ufeffa\ufeff") == "a\ufeff"
    with pytest.raises(DataError, match="is empty"):
        read(tmp_path / "b.txt")


def test_prompts_are_read_as_files_are(tmp_path):
    codec = TextCodec("ab\n")
    (tmp_path / "a.txt").write_bytes("a\r\nb".encode("utf-16"))
    expected = codec.script("a\nb", 2).tolist()
    assert codec.script("\ufeffa\r\nb", 2).tolist() == expected
    assert codec.script(length=2, prompt_file=tmp_path / "a.txt").tolist() == expected
    assert codec.script(length=2, prompt_file=str(tmp_path / "a.txt"), encoding="utf-16").tolist() == expected
    assert normalized("a\rb\r\n\r\n") == "a\nb\n\n"
    ids, hidden = TextInfillCodec("ab\n").gaps("a\r\n_")
    assert (ids[:2].tolist(), hidden.tolist()) == ([0, 2], [False, False, True])
    for bad in ("a\x00", "\x1b[2J", "a\ud800"):
        with pytest.raises(CodecError, match="control character is no text"):
            codec.script(bad, 1, replace="a")
    for bad in ({"prompt": "a", "prompt_file": "b"}, {"encoding": "utf-8"}, {"prompt_file": 5}):
        with pytest.raises(ArgumentError, match="prompt_file|path of a text file"):
            codec.script(**bad)
