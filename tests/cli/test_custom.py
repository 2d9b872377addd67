"""`--import MODULE`: the custom layers and functions of a Keras file."""

import pytest

from tests.cli.test_convert import MODULE
from zoo.cli.custom import custom_objects
from zoo.errors import ArgumentError


def test_modules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_things.py").write_text(MODULE + "\n_hidden = total\nN = 3\n")
    assert set(custom_objects(["own_things"])) == {"Scale", "total"}
    (tmp_path / "package_of_mine").mkdir()
    (tmp_path / "package_of_mine/__init__.py").write_text("from .inner import total")
    (tmp_path / "package_of_mine/inner.py").write_text(MODULE)
    assert set(custom_objects(["package_of_mine"])) == {"total"}
    (tmp_path / "beside_things.py").write_text("from own_things import Scale\nfrom package_of_mine.inner import total")
    assert (
        set(custom_objects(["beside_things.py"]))
        == set(custom_objects(["package_of_mine.inner"]))
        == {"Scale", "total"}
    )
    (tmp_path / "broken_things.py").write_text("1 / 0")
    with pytest.raises(ArgumentError, match="broken_things.py: division by zero"):
        custom_objects(["broken_things.py"])
