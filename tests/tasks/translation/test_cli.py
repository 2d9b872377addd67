import io
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tests.tasks.translation.translators import tiny
from zoo.tasks.translation.cli import translate


@pytest.fixture
def run():
    def call(*arguments, given=b""):
        session = SimpleNamespace(open=lambda name, kind: tiny())
        found = CliRunner().invoke(translate, ["gru_translation", *arguments], obj=session, input=io.BytesIO(given))
        assert found.exit_code in (0, 1), found.output
        return found.output.splitlines()

    return call


def test_a_line_for_each_translation(run):
    model = tiny()
    assert run("the cat", "a") == [str(model.translate(text)) for text in ("the cat", "a")]
    rows = [json.loads(line) for line in run("the cat", "-n", "2", "--output-format", "json")]
    assert rows == [one.to_dict() for one in model.translate("the cat", n=2)]
    assert run("a", "--beam-width", "1", "--length-penalty", "0") == [str(model.translate("a", 1, length_penalty=0))]


def test_the_standard_input_keeps_its_lines(run):
    given = "the cat\r\n\n \né".encode()
    expected = [str(tiny().translate(text)) for text in ("the cat", "é")]
    assert run("-", given=given) == [expected[0], "", "", expected[1]]
    assert run("-", "--output-format", "json", given=b"\n") == ["null"]
    assert len(run("-", given=b"a\n" * 70)) == 70


def test_plots(run, tmp_path):
    run("the cat", "-n", "2", "--plot", str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize(("arguments", "given", "message"), [
    (("",), b"", "the text is empty"), (("-",), b"\xff\n", "no UTF-8 text"), (("-",), b"a\0\n", "control character"),
    (("a", "b", "--plot", "a.png"), b"", "one TEXT"), (("-", "--plot", "a.png"), b"", "one TEXT"),
    (("a", "-n", "0"), b"", "n=0"),
])  # fmt: skip
def test_what_is_refused(run, arguments, given, message):
    [line] = run(*arguments, given=given)
    assert line.startswith("Error: ")
    assert message in line
