import zoo
from tests.cli.calls import call, infiller
from tests.conftest import random_score
from zoo.cli.loading import CommandSession
from zoo.tasks.music.codec import MusicCodec, MusicInfillCodec


def test_harmonize(tmp_path):
    preset, out = infiller(tmp_path, MusicInfillCodec()), tmp_path / "o.mid"

    def harmonize(melody, *options):
        return call("harmonize", preset, melody, "--sweeps", 2, "--seed", 1, "-o", out, *options)

    result = harmonize("C5/4 D5/4")
    assert result.exit_code == 0, result.output
    assert zoo.Score.read(out) == zoo.load(preset).infill("C5/4 D5/4", seed=1, sweeps=2)
    piece = random_score(0, 64, MusicCodec())
    piece.save(tmp_path / "p.mid")
    assert harmonize(tmp_path / "p.mid", "--free", "alto", "--free", 2, "--bars", "2-3").exit_code == 0
    same = zoo.Score.read(out).sounding() == piece.sounding()
    assert same[:, [0, 3]].all()
    assert same[:16].all()
    assert same[48:].all()
    assert not same[16:48, 1:3].all()
    for options, word in (
        (("--bars", "0-1"), "counted from 1"), (("--bars", "2-1"), "counted from 1"), (("--bars", "x"), "FIRST-LAST"),
        (("--free", "9"), "0 to 3"), (("-o", tmp_path / "p.mid"), "is an input"), (("-o", "o.txt"), ".mid"),
    ):  # fmt: skip
        refused = harmonize(tmp_path / "p.mid", *options)
        assert refused.exit_code == 1
        assert word in refused.output
    piece.save(tmp_path / "o-2.mid")
    refused = harmonize(tmp_path / "o-2.mid", "-n", 2)  # it would be the second one
    assert refused.exit_code == 1
    assert "is an input" in refused.output
    assert harmonize(tmp_path / "o-2.mid").exit_code == 0
    slip = harmonize("C5/4 D4")
    assert slip.exit_code == 1
    assert "'D4' is no note" in slip.output
    assert "notes such as C4/4" in " ".join(harmonize("C5 D5").output.split())


def test_earlier_spellings_work_with_a_warning(tmp_path, monkeypatch):
    preset, opened = infiller(tmp_path, MusicInfillCodec()), []
    monkeypatch.chdir(tmp_path)
    usual = ("--sweeps", 1, "--seed", 1, "--engine", "keras")
    current = call("harmonize", preset, "C5/4 D5/4", *usual, "-o", "a.mid")
    assert "warning" not in current.stderr
    earlier = call("harmonize", "C5/4 D5/4", "--model", preset, *usual, "-o", "b.mid")
    assert earlier.exit_code == 0, earlier.output
    assert f"zoo harmonize {preset}" in earlier.stderr
    assert zoo.Score.read("a.mid") == zoo.Score.read("b.mid")
    model = zoo.load(preset)
    monkeypatch.setattr(CommandSession, "open", lambda self, name, *_: opened.append(name) or model)
    for melody in ("C5/4 D5/4", "a.mid", "C5/4 D5/4 " * 100):
        found = call("harmonize", melody, *usual)
        assert found.exit_code == 0, found.output
        assert "warning: name the model first: zoo harmonize bilstm_music" in found.stderr
    assert opened == ["bilstm_music"] * 3
    assert call("harmonize", "bilstm_music").exit_code == 2
    assert "warning" not in call("harmonize", "bilstm_music", "C5/4", *usual).stderr


def test_a_mistyped_model_is_named(tmp_path):
    found = call("harmonize", "bilstm_musik", "C5/4")
    assert found.exit_code == 1
    assert "did you mean bilstm_music" in found.output


def test_models_of_other_kinds_are_refused():
    for name, use in (("lstm_music", "zoo generate"), ("bilstm_text", "zoo infill")):
        found = call("harmonize", name, "C5/4")
        assert found.exit_code == 1
        message = (
            f"{name} cannot be used with `zoo harmonize`: it is for `{use}`; models for `zoo harmonize`: bilstm_music"
        )
        assert message in found.output
