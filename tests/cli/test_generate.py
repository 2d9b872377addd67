from dataclasses import replace

import click
import pytest

import zoo
from tests.cli.calls import call, infiller
from tests.conftest import random_score
from zoo.core import task as tasks
from zoo.errors import ArgumentError
from zoo.tasks.music.codec import MusicInfillCodec
from zoo.tasks.text.codec import TextCodec, TextInfillCodec


def test_generate_writes_what_it_says(preset, tmp_path):
    result = call(
        "generate", preset, "--steps", 8, "--seed", 3, "-n", 2, "--out", tmp_path / "a.mid", "--wav", tmp_path / "a.wav"
    )
    assert result.exit_code == 0, result.output
    assert {p.name for p in tmp_path.glob("a*")} == {"a-1.mid", "a-2.mid", "a-1.wav", "a-2.wav"}
    expected = zoo.load(preset).generate(steps=8, seed=3, n=2)
    assert zoo.Score.read(tmp_path / "a-2.mid", 3) == expected[1]


def test_generate_continues_and_harmonises(preset, tmp_path):
    prompt = random_score(1, 6)
    prompt.save(tmp_path / "p.mid")
    zoo.Score([[60], [zoo.HOLD], [62]]).save(tmp_path / "m.mid")
    result = call(
        "generate",
        preset,
        "--prompt",
        tmp_path / "p.mid",
        "--fixed",
        f"voice 1={tmp_path / 'm.mid'}",
        "--out",
        tmp_path / "o.mid",
    )
    assert result.exit_code == 0, result.output
    piece = zoo.Score.read(tmp_path / "o.mid", 3)
    assert zoo.Score(piece.grid[:6]) == prompt
    assert piece.grid[6:, 0].tolist() == [60, zoo.HOLD, 62]
    for option in (("--prompt", "{}"), ("--fixed", "voice 1={}"), ("--stop", "{}")):
        words = [option[0], option[1].format(tmp_path / "m.mid")]
        refused = call("generate", preset, *words, "--out", tmp_path / "m.mid")
        assert refused.exit_code == 1
        assert "is an input" in refused.output


def test_stream_prints_steps(preset):
    result = call("generate", preset, "--steps", 5, "--seed", 1, "--stream")
    expected = zoo.load(preset).stream(steps=5, seed=1)
    assert result.output.splitlines() == [" ".join(map(str, step)) for step in expected]


def test_stream_may_read_what_generate_writes(preset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random_score(0, 4).save("lstm_music.mid")  # what is written without --out
    arguments = ("generate", preset, "--prompt", "lstm_music.mid", "--steps", 2, "--seed", 1)
    assert call(*arguments, "--stream").exit_code == 0
    assert "is an input" in call(*arguments).output


def test_stream_writes_nothing(preset, tmp_path):
    for option in ("-n 2", f"--out {tmp_path / 'a.mid'}"):
        result = call("generate", preset, "--stream", *option.split())
        assert result.exit_code == 1
        assert "leave out" in result.output


def test_infill(tmp_path):
    preset = infiller(tmp_path, TextInfillCodec("abc "))
    result = call("infill", preset, "a__c", "--seed", 1, "-n", 2, "--sweeps", 3, "--out", tmp_path / "o.txt")
    assert result.exit_code == 0, result.output
    texts = [(tmp_path / f"o-{i}.txt").read_text() for i in (1, 2)]
    assert texts == zoo.load(preset).infill("a__c", seed=1, n=2, sweeps=3)
    shown = call("infill", preset, "a~c", "--mark", "~", "--temperature", 0, "--sweeps", 1)
    assert shown.stdout.strip() == zoo.load(preset).infill("a~c", mark="~", temperature=0, sweeps=1).strip()
    for words in (["infill", infiller(tmp_path, MusicInfillCodec()), "a_"], ["harmonize", preset, "C5/4"]):
        refused = call(*words)
        assert refused.exit_code == 1
        assert "bilstm_" in refused.output
    for words in (["--mark", "~", "--length", 3], ["--bars", 2]):
        assert call("infill", preset, "a~c", *words).exit_code == 2
    assert "cannot be used with `zoo infill`: it is for `zoo generate`" in call("infill", "lstm_text", "a_").output


def test_text_is_printed_or_written(tmp_path):
    arguments = ("generate", "lstm_text", "--length", 20, "--seed", 1)
    expected = zoo.load("lstm_text").generate(length=20, seed=1)
    assert call(*arguments).stdout.strip() == expected.strip()
    assert call(*arguments, "--out", tmp_path / "a.txt").exit_code == 0
    assert (tmp_path / "a.txt").read_text() == expected
    assert call(*arguments, "--stream").stdout == expected
    for option, message in (
        (("--out", "a.mid"), "ends in .txt"), (("--plot", "a.png"), "cannot be plotted"),
        (("--wav", "a.wav"), "cannot be rendered"),
    ):  # fmt: skip
        refused = call(*arguments, *option)
        assert refused.exit_code == 1
        assert message in refused.output


@pytest.mark.parametrize(("model", "option", "accepted"), [
    ("lstm_text", ("--bars", 3), "--prompt, --length, --replace"), ("lstm_text", ("--fixed", "alto=a.mid"), "--prompt, --length, --replace"),
    ("lstm_music", ("--length", 5), "--bars, --steps, --prompt, --fixed"), ("lstm_music", ("--replace", "x"), "--bars, --steps, --prompt, --fixed"),
])  # fmt: skip
def test_options_of_other_models_are_refused(model, option, accepted):
    for more in ((), ("--stream",)):
        refused = call("generate", model, *option, *more)
        assert refused.exit_code == 1
        assert f"Error: {model} has no option {option[0]}: it takes {accepted}" in refused.output


def test_options_of_other_models_are_refused_in_python(tiny):
    for make in (tiny.generate, tiny.stream):
        with pytest.raises(
            ArgumentError, match="lstm_music has no option 'lenght': it takes bars, steps, prompt, fixed$"
        ):
            make(lenght=3)
        with pytest.raises(ArgumentError, match="did you mean temperature"):
            make(temprature=0.5)


def test_help_lists_the_options_of_each_task():
    text = call("generate", "--help").output
    for section, option in (("Options of music models", "--fixed VOICE=FILE"), ("Options of text models", "--length")):
        assert option in text.partition(section)[2].partition("Options of")[0]


def test_other_tasks_add_options(monkeypatch):
    """One that two tasks have counts once; one that means something else already is left out."""
    music = tasks.find("music")
    added = [
        click.Option(["--steps"], type=int, help="Steps."),
        click.Option(["--swing"], type=float, help="How much the drums swing."),
        click.Option(["--stop"], help="Another meaning."),
        click.Option(["--bars", "--measures"], help="Another meaning."),
        click.Option(["--len", "length"], help="The same argument."),
    ]
    drums = replace(music, name="drums", options=lambda: added)
    monkeypatch.setattr("zoo.cli.startup.names", lambda: ["music", "text", "drums", "broken"])
    monkeypatch.setattr("zoo.cli.startup.find", lambda name: drums if name == "drums" else tasks.find(name))
    found = call("generate", "lstm_music", "--swing", "0.5", "--stream")
    assert "lstm_music has no option --swing: it takes --bars" in found.output
    warnings = [line for line in found.stderr.splitlines() if line.startswith("warning: ")]
    expected = ("task broken", "option --stop", "option --bars", "option --len")
    for warning, words in zip(warnings, expected, strict=True):
        assert f"the {words}" in warning
        assert "is left out" in warning
    shown = call("generate", "--help").output.partition("Options of drums models")[2]
    assert "--steps" in shown
    assert "--swing" in shown
    assert "--stop" not in shown


def test_options_with_a_default_bother_no_other_model(monkeypatch):
    """What a task adds goes to the models that take it, with its default; to others only if the user gives it."""
    added = [
        click.Option(["--loud"], is_flag=True, help="Louder."),
        click.Option(["--beats"], type=int, default=4, help="Beats of a bar."),
    ]
    drums = replace(tasks.find("text"), name="drums", options=lambda: added)
    monkeypatch.setattr("zoo.cli.startup.names", lambda: ["text", "drums"])
    monkeypatch.setattr("zoo.cli.startup.find", lambda name: drums if name == "drums" else tasks.find(name))
    plain, seen = TextCodec.script, []
    arguments = ("generate", "lstm_text", "--length", 5, "--seed", 1)
    assert call(*arguments).exit_code == 0
    for option in (["--loud"], ["--beats", "4"]):
        assert f"lstm_text has no option {option[0]}: it takes" in call(*arguments, *option).output

    def script(self, prompt="", length=5, replace=None, loud=None, beats=None):
        seen.append((loud, beats))
        return plain(self, prompt, length, replace)

    def any_script(self, **options):
        seen.append(options)
        return plain(self, **options)

    monkeypatch.setattr(TextCodec, "script", script)
    assert call(*arguments).exit_code == 0
    assert call(*arguments, "--loud", "--beats", 3).exit_code == 0
    assert set(seen) == {(False, 4), (True, 3)}
    monkeypatch.setattr(TextCodec, "script", any_script)
    assert call(*arguments).exit_code == 0
    assert seen[-1] == {"length": 5}


def test_help_says_what_prompts_are():
    text = call("generate", "--help").output
    for section, words in (("Options of music models", "MIDI file with the beginning"), ("Options of text models", "")):
        assert f"--prompt {'FILE' if words else 'TEXT'}" in text.partition(section)[2].partition("Options of")[0]
        assert words in " ".join(text.split())
    assert "MIDI" not in text.partition("Options of")[0].partition("Options:")[2]
