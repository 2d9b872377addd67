from pathlib import Path

import numpy as np
import pytest

from export.formats import Options, formats
from export.options import check_free, check_options, check_pair_options, check_target
from zoo.errors import ArgumentError, DataError


@pytest.mark.parametrize(("form", "options", "sizes", "message"), [
    ("both", Options(), (None, None), "form='both'"), ("sequence", Options("int4"), (None, None), "quantize='int4'"),
    ("sequence", Options(recurrence="fast"), (None, None), "recurrence='fast'"), ("step", Options(), (1, 3), "steps=3"),
    ("sequence", Options(), (0, None), "batch=0"), ("sequence", Options(), (None, 1.5), "steps=1.5"),
])  # fmt: skip
def test_options_that_a_format_does_not_have(form, options, sizes, message):
    with pytest.raises(ArgumentError, match=message):
        check_options(formats()["onnx"], form, options, *sizes)


def test_options_that_pairs_do_not_have():
    check_pair_options(Options("int8"), False, None)
    for wrong in ((Options(representative=[]), False, None), (Options(), True, None), (Options(), False, np.zeros(1))):
        with pytest.raises(ArgumentError):
            check_pair_options(*wrong)


@pytest.mark.parametrize(("check", "name"), [(check_target, "onnx"), (check_free, "onnx"), (check_free, "saved_model")])
def test_what_is_in_the_way_stays(check, name, tmp_path: Path):
    check(tmp_path / "none", formats()[name])
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a").touch()
    with pytest.raises(DataError):
        check(tmp_path / "full", formats()[name])
