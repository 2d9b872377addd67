import pytest

from zoo.errors import ArgumentError
from zoo.models import options


def script(seconds, prompt="", *, tempo=90):
    """Lay out a piece."""


def test_options_are_those_of_the_signature():
    assert options.named(script) == ("seconds", "prompt", "tempo")
    assert options.named(script, skip=1) == ("prompt", "tempo")
    assert options.named(lambda *pieces, **more: None) == (options.ANY,)


def test_other_options_are_refused():
    accepted = options.named(script)
    options.check("lstm_drums", ["seconds", "seed"], accepted, ["seed"])
    options.check("lstm_drums", ["whatever"], [options.ANY])
    for given, message in (
        ("tempi", "lstm_drums has no option 'tempi': it takes seconds, prompt, tempo; did you mean tempo[?]"),
        ("seeds", "it takes seconds, prompt, tempo; did you mean seed[?]"), ("xyz", "it takes seconds, prompt, tempo$"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=message):
            options.check("lstm_drums", [given], accepted, ["seed"])
    with pytest.raises(ArgumentError, match="it takes none of its own"):
        options.check("lstm_drums", ["xyz"], [])


def test_options_are_spelled_as_the_user_does():
    spelling = {"seconds": "--seconds", "length": "--length"}
    with pytest.raises(ArgumentError, match="lstm_drums has no option --length: it takes --seconds$"):
        options.check("lstm_drums", ["length"], options.named(script), (), spelling)


def test_a_missing_option_is_named():
    options.require("lstm_drums", script, {"seconds": 3})
    options.require("lstm_drums", script, {}, skip=1)
    with pytest.raises(ArgumentError, match="lstm_drums needs the option seconds"):
        options.require("lstm_drums", script, {"tempo": 80})
