from tests.tasks.caption.captioners import piece
from zoo.tasks.caption.pieces import tidy


def test_pieces():
    one = piece(7, ("a", "b"), name="x.mp4")
    assert (len(one), one.name, one.caption) == (7, "x.mp4", "a")


def test_captions_are_tidied():
    assert tidy(" A  man\n\tplays cafe\u0301 ") == "A man plays caf\u00e9"
