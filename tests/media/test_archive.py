import tarfile

import numpy as np
import soundfile

from zoo.media import archive


def test_members_are_read_by_name(tmp_path):
    samples = np.arange(-50, 50, dtype=np.int16)
    with tarfile.open(tmp_path / "sounds.tar", "w") as tar:
        for name in ("a.flac", "b.flac"):
            soundfile.write(tmp_path / name, samples, 8000)
            tar.add(tmp_path / name, f"set/{name}")
    ((name, found, rate_hz),) = archive.members(tmp_path / "sounds.tar", {"set/b.flac", "set/c.flac"})
    assert (name, rate_hz) == ("set/b.flac", 8000)
    np.testing.assert_array_equal(found, samples)


def test_rows_are_named_by_their_columns(tmp_path):
    (tmp_path / "list.tsv").write_text("path\ttext\na.wav\tone two\n", encoding="utf-8")
    assert archive.rows(tmp_path / "list.tsv") == [{"path": "a.wav", "text": "one two"}]
