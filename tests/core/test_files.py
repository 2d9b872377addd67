"""Files are written whole or not at all."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from zoo.core import files
from zoo.core.files import content, regular, sha256
from zoo.errors import ArgumentError, DataError

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # the example of FIPS 180-2
LONG = "x" * 5000  # longer than any file name may be


def test_checksums_of_bytes_and_of_files(tmp_path):
    assert files.sha256(b"abc") == ABC
    large = bytes(range(251)) * 10_000  # of several blocks
    (tmp_path / "large").write_bytes(large)
    assert files.sha256(tmp_path / "large") == files.sha256(large) == hashlib.sha256(large).hexdigest()
    (tmp_path / "empty").touch()
    assert files.sha256(tmp_path / "empty") == hashlib.sha256().hexdigest()


def test_texts_that_can_be_no_name_do_not_exist(tmp_path):
    (tmp_path / "a").touch()
    assert files.exists(tmp_path / "a")
    assert files.exists(str(tmp_path))
    assert not any(map(files.exists, (tmp_path / "b", LONG, "a\0b", "")))


def test_suffixes_are_checked_in_any_case():
    assert files.suffixed("a.b.MID", (".mid", ".midi")) == Path("a.b.MID")
    for wrong in ("a.wav", "mid", "a.mid.gz", ".mid"):
        with pytest.raises(ArgumentError) as caught:
            files.suffixed(wrong, (".mid", ".midi"))
        assert str(caught.value) == f"{wrong}: give a file name that ends in .mid or .midi"


@pytest.mark.parametrize("folder", [False, True])
def test_an_error_leaves_what_stood_there(tmp_path, folder):
    target = tmp_path / "new" / "out"

    def write(text, fail=False):
        with files.replacing(target, folder) as scratch:
            (scratch / "part" if folder else scratch).write_text(text)
            if fail:
                raise KeyError("half way")

    with pytest.raises(KeyError):
        write("none", fail=True)
    assert not target.exists()
    write("one")
    with pytest.raises(KeyError):
        write("two", fail=True)
    content = target / "part" if folder else target
    assert content.read_text() == "one"
    write("three")
    assert content.read_text() == "three"
    assert [path.name for path in target.parent.iterdir()] == ["out"]  # nothing is left beside it


def test_a_folder_is_replaced_as_one(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").touch()
    with files.replacing(tmp_path / "out", folder=True) as scratch:
        (scratch / "new").touch()
        assert (tmp_path / "out/old").exists()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]


def test_places_that_cannot_be_written_are_told(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path, folder, message in (
        (tmp_path / "folder", False, "folder is a folder: give the name of a file"),
        (tmp_path / "file", True, "is a file where a folder should be: remove it or choose another name"),
        (tmp_path / "file/below", False, "cannot write into .*file: Not a directory|File exists"),
        (tmp_path / LONG, False, "cannot write .*name too long"),
        (tmp_path / LONG, True, "cannot write .*name too long"),
    ):
        with pytest.raises(DataError, match=message), files.replacing(path, folder):
            pytest.fail("there is nothing to write to")
    with pytest.raises(DataError, match="nothing was changed"), files.replacing(tmp_path / "a"):
        pass  # a block that writes nothing
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_text_is_written_in_utf_8(tmp_path):
    files.write_text(str(tmp_path / "a.txt"), "é ♭\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9 \xe2\x99\xad\n"


@pytest.fixture
def killed(tmp_path):
    """Replace the folder `run` in a process that is killed in it: while it writes, or between its two renames."""

    def kill(moved, target="run"):
        code = (
            "import os, signal, sys\n"
            "from zoo.core import files\n"
            "target, moved = sys.argv[1], int(sys.argv[2])\n"
            "replace, calls = os.replace, []\n"
            "def dies(*paths):\n"
            "    if len(calls) == moved: os.kill(os.getpid(), signal.SIGKILL)\n"
            "    calls.append(replace(*paths))\n"
            "os.replace = dies\n"
            "with files.replacing(target, folder=True) as scratch:\n"
            "    (scratch / 'state').write_text('new')\n"
        )
        done = subprocess.run([sys.executable, "-c", code, tmp_path / target, str(int(moved))], cwd=ROOT, check=False)
        assert done.returncode == -signal.SIGKILL

    return kill


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def old_run(folder):
    (folder / "run").mkdir()
    (folder / "run/state").write_text("old")


@pytest.mark.parametrize("moved", [False, True])
def test_what_a_killed_process_left_is_finished_or_removed(tmp_path, killed, moved):
    old_run(tmp_path)
    killed(moved)
    assert len(names(tmp_path)) == (1 if moved else 2)
    with files.replacing(tmp_path / "other", folder=True):  # the next one in that place
        pass
    assert (tmp_path / "run/state").read_text() == ("new" if moved else "old")
    assert names(tmp_path) == ["other", "run"]


def test_a_folder_that_was_moved_away_is_found_again(tmp_path, killed):
    old_run(tmp_path)
    killed(moved=True)
    assert not (tmp_path / "run").exists()
    assert files.exists(tmp_path / "run")
    assert (tmp_path / "run/state").read_text() == "new"
    assert names(tmp_path) == ["run"]


def test_what_living_processes_write_stays(tmp_path):
    """Also of several at once; the last one that ends is what stays."""
    target = tmp_path / "run"
    with files.replacing(target, folder=True) as first, files.replacing(target, folder=True) as second:
        files.sweep(tmp_path)
        for scratch in (first, second):
            (scratch / "state").write_text(scratch.parent.name)
    assert (target / "state").read_text() == first.parent.name
    assert names(tmp_path) == ["run"]


def test_a_folder_that_another_process_put_there_meanwhile_is_replaced(tmp_path, monkeypatch):
    target, replace, late_ones = tmp_path / "run", os.replace, []

    def late(source, to):
        if Path(to) == target and not late_ones:
            late_ones.append(old_run(tmp_path))
        replace(source, to)

    old_run(tmp_path)
    with files.replacing(target, folder=True) as scratch:
        (scratch / "state").write_text("new")
        monkeypatch.setattr(os, "replace", late)
    assert (target / "state").read_text() == "new"
    assert names(tmp_path) == ["run"]


def test_foreign_hidden_folders_stay(tmp_path):
    (tmp_path / ".run.abc").mkdir()
    (tmp_path / "file.zoo-tmp").touch()
    (tmp_path / "outside").mkdir()
    (tmp_path / ".link.zoo-tmp").symlink_to(tmp_path / "outside")
    files.sweep(tmp_path)
    assert names(tmp_path) == [".link.zoo-tmp", ".run.abc", "file.zoo-tmp", "outside"]
    files.sweep(tmp_path / "missing")


def test_a_lock_is_for_one_and_can_be_taken_again(tmp_path):
    lock = files.take(tmp_path / "lock")
    assert files.take(tmp_path / "lock") is None
    lock.release()
    assert files.take(tmp_path / "lock") is not None


def test_temporary_folders_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with files.temporary_folder() as folder:
        assert folder.parent == tmp_path
        (folder / "a").touch()
    with files.temporary_folder(tmp_path) as folder:
        assert names(tmp_path) == [folder.name]
    assert names(tmp_path) == []


def test_a_full_disk_leaves_what_stood_there(tmp_path):
    """Files of this process end at a size: what writes more gets the error of a full disk."""
    (tmp_path / "a").write_text("old")
    code = (
        "import resource, signal, sys\n"
        "from zoo.core import files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: files.write_text(sys.argv[1], 'x' * 2000)\n"
        "except files.DataError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a"], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"cannot write {tmp_path / 'a'}: File too large; nothing was changed\n", "")
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


@pytest.mark.timeout(20)
def test_pipes_devices_folders_and_circles_are_not_read(tmp_path):
    """A pipe would be waited for, a device never end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name, reason in (
        ("pipe", "is a pipe or a device: give a regular file"),
        ("zero", "is a pipe or a device"),
        (".", "is a folder"),
        ("circle", "Too many levels"),
        ("none", "No such file"),
        ("x" * 300, "too long"),
        ("a\0b", "null"),
    ):
        for read in (regular, lambda path: content(path, 100), sha256):
            with pytest.raises(DataError, match=reason):
                read(tmp_path / name)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="Linux")
def test_errors_of_reading_name_the_file():
    """As of a bad disk."""
    for read in (sha256, lambda path: files.first(path, 8)):
        with pytest.raises(DataError, match="/proc/self/mem: Input/output error"):
            read(Path("/proc/self/mem"))


def test_files_are_read_up_to_a_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert content(tmp_path / "link", 5) == b"12345"
    with pytest.raises(DataError, match="a has more than 4 bytes"):
        content(tmp_path / "a", 4)
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(DataError, match="more than 1,000,000 bytes"):
        content(tmp_path / "sparse", 10**6)
