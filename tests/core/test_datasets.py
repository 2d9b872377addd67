import http.server
import threading
from functools import partial

import pytest

from zoo.core import datasets
from zoo.core.files import sha256
from zoo.errors import ChecksumError, DataError, DownloadError

BODY = bytes(range(256)) * 2000


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves BODY with ranges; `breaks` times it closes the connection half-way."""

    def __init__(self, log, *args):
        self.log = log
        super().__init__(*args)

    def do_GET(self):
        if self.path != "/file.bin":
            self.send_error(404)
            return
        ranged = self.headers.get("Range")
        self.log["ranges"].append(ranged)
        start = int(ranged.split("=")[1].rstrip("-")) if ranged and self.log["supports"] else 0
        if start >= len(BODY):
            self.send_error(416)  # with a page that says so
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(BODY) - start))
        self.end_headers()
        stop = len(BODY)
        if self.log["breaks"]:
            self.log["breaks"] -= 1
            stop = start + (len(BODY) - start) // 2
        self.wfile.write(BODY[start:stop])
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    log = {"ranges": [], "breaks": 0, "supports": True}
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, log))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_DATA", raising=False)
    yield log, f"http://127.0.0.1:{httpd.server_port}/file.bin"
    httpd.shutdown()
    httpd.server_close()


def source(url, digest=None):
    return datasets.Source("x/file.bin", digest or sha256(BODY), lambda path: {"train": path.read_bytes()}, url)


def dataset(*sources):
    return datasets.Dataset("test", sources, "none", "none")


def test_downloads_once(server, capfd):
    log, url = server
    for _ in range(2):
        assert datasets.load(dataset(source(url)))["train"] == BODY
    assert log["ranges"] == [None]
    assert "100%" in capfd.readouterr().err


@pytest.mark.parametrize("supports", [True, False])
def test_resumes_a_broken_download(server, supports):
    log, url = server
    log.update(breaks=1, supports=supports)
    with pytest.raises(DownloadError, match="Try again"):
        datasets.fetch(source(url), progress=False)
    assert datasets.fetch(source(url), progress=False).read_bytes() == BODY
    first, second = log["ranges"]
    assert first is None
    assert 0 < int(second[len("bytes=") : -1]) <= len(BODY) // 2


def test_whole_partial_file_needs_no_more_bytes(server):
    _, url = server
    folder = datasets.cache_folder()
    folder.mkdir(parents=True)
    (folder / "file.bin.part").write_bytes(BODY)
    assert datasets.fetch(source(url), progress=False).read_bytes() == BODY


def test_wrong_checksum_is_refused_and_not_kept(server):
    _, url = server
    with pytest.raises(ChecksumError, match="other bytes"):
        datasets.fetch(source(url, "0" * 64), progress=False)
    assert not list(datasets.cache_folder().iterdir())


def test_no_network(server):
    with pytest.raises(DownloadError, match="ZOO_DATA"):
        datasets.fetch(source("http://127.0.0.1:9/file.bin"), progress=False)


def test_missing_page(server):
    with pytest.raises(DownloadError, match="404"):
        datasets.fetch(source(server[1] + ".old"), progress=False)


def test_data_published_nowhere(server):
    with pytest.raises(DataError, match="published nowhere"):
        datasets.load(dataset(source(None)))


def test_cache_that_cannot_be_written(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="ZOO_CACHE"):
        datasets.fetch(source(server[1]), progress=False)


def test_local_copy_comes_first_and_is_checked(server, tmp_path, monkeypatch):
    log, url = server
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    (tmp_path / "x").mkdir()
    (tmp_path / "x/file.bin").write_bytes(BODY)
    assert datasets.load(dataset(source(url)))["train"] == BODY
    assert log["ranges"] == []
    (tmp_path / "x/file.bin").write_bytes(BODY[1:])
    with pytest.raises(ChecksumError, match="damaged or another version"):
        datasets.load(dataset(source(url)))


def test_unreadable_content(server, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    (tmp_path / "file.bin").write_bytes(BODY)

    def read(path):
        raise ValueError("no such split")

    broken = datasets.Source("file.bin", sha256(BODY), read)
    with pytest.raises(DataError, match="cannot be read"):
        datasets.load(dataset(broken))
