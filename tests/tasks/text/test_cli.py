"""The options that text models add to `zoo generate`."""

import inspect

import click
import pytest
from click.testing import CliRunner

from zoo.tasks.text.cli import options
from zoo.tasks.text.codec import TextCodec


def parsed(*words):
    """What a command with these options, and no others, takes from words."""
    found = {}
    command = click.Command("generate", params=[*options()], callback=lambda **values: found.update(values))
    return CliRunner().invoke(command, [*words]), found


def test_every_option_is_one_of_the_codec():
    """They are passed on by name; what is not given is left to the codec."""
    names = [option.name for option in options()]
    assert names == list(inspect.signature(TextCodec("a").script).parameters)
    result, found = parsed()
    assert result.exit_code == 0
    assert found == dict.fromkeys(names)


def test_values_lay_out_a_text():
    _, found = parsed("--prompt", "a?b", "--length", "2", "--replace", "b")
    assert TextCodec("ab").script(**found).tolist() == [0, 1, 1, -1, -1]
    assert parsed("--prompt", "")[1]["prompt"] == ""  # an empty one is one that was given


@pytest.mark.parametrize("words", [["--length", "many"], ["--length", "1.5"], ["--bars", "1"], ["--length"]])
def test_other_words_are_refused(words):
    result, found = parsed(*words)
    assert (result.exit_code, found) == (2, {})
    assert words[0] in result.output


def test_the_help_tells_the_default_of_the_codec():
    [length] = [option for option in options() if option.name == "length"]
    assert f"[{inspect.signature(TextCodec('a').script).parameters['length'].default}]" in length.help
