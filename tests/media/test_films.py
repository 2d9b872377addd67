import itertools

import numpy as np
import pytest

from tests.media.films import SHAPE, film
from zoo.core.frames import FrameDescription
from zoo.errors import ArgumentError, CodecError
from zoo.media import films

GREY, NUMBERS = FrameDescription(SHAPE, 25.0, "fit"), FrameDescription((3,), 25.0, "fit")


def test_arrays_are_frames_one_after_the_other(tmp_path):
    found = film(5)
    np.save(tmp_path / "a.npy", found)
    for given in (found, list(found), iter(found), tmp_path / "a.npy", str(tmp_path / "a.npy")):
        np.testing.assert_array_equal(np.stack(list(films.frames(given, GREY))), found)
    for given in (found, list(found), tmp_path / "a.npy"):
        np.testing.assert_array_equal(films.sampled(given, 50, 25), found[[0, 2]])
    assert films.sampled("a.mp4", None, 25) == "a.mp4"
    np.testing.assert_array_equal(list(films.of_file(tmp_path / "a.npy", GREY)), found)


def test_vectors(tmp_path):
    rows = np.arange(12.0).reshape(4, 3)
    rows[1, 1] = np.nan
    np.save(tmp_path / "v.npy", rows)
    for read in (films.frames, films.of_file):
        np.testing.assert_array_equal(list(read(tmp_path / "v.npy", NUMBERS, gaps=True)), rows.astype(np.float32))
        with pytest.raises((ArgumentError, CodecError), match="values that are no numbers"):
            list(read(tmp_path / "v.npy", NUMBERS))


@pytest.mark.parametrize(("given", "form", "message"), [
    (5, GREY, "give a video file"), (np.float32(1), GREY, "give a video file"), ("a.mp4", NUMBERS, "no pictures"),
])  # fmt: skip
def test_what_is_no_film(given, form, message):
    with pytest.raises(ArgumentError, match=message):
        list(films.frames(given, form))


def test_the_rate_of_what_has_no_length_is_not_known():
    with pytest.raises(ArgumentError, match="it is for arrays"):
        films.sampled(itertools.repeat(film(1)[0]), 5, 25)


def test_a_film_is_its_files(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        np.save(tmp_path / f"{name}.npy", film(3, seed=seed))
    one, same, other = (films.digest(tmp_path / f"{name}.npy") for name in "abc")
    assert one == same != other
    assert films.is_film(tmp_path / "a.npy")
    assert not films.is_film(tmp_path)
    with pytest.raises(CodecError):
        films.digest(tmp_path / "none.npy")
