"""Progress bars leave what they count as it is."""

from zoo.core.progress import bar


def test_no_bar_is_the_iterable_itself(capsys):
    counted = iter([1, 2, 3])
    assert bar(counted, False, 3, "token") is counted
    assert list(counted) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")


def test_a_bar_yields_the_same_and_writes_beside_the_output(capsys):
    assert list(bar(iter("abc"), True, 3, "token")) == ["a", "b", "c"]
    out, err = capsys.readouterr()
    assert out == ""
    assert "0/3" in err
    assert "token/s" in err
    assert err.endswith("\r")  # the bar is taken away


def test_a_bar_may_not_know_its_end(capsys):
    assert list(bar((i for i in range(2)), True, None, "batch")) == [0, 1]
    assert "0batch" in capsys.readouterr().err
