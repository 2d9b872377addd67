import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

import zoo
from tests.conftest import RECIPE, ROOT, random_score
from zoo.cli.main import main
from zoo.core.card import Card
from zoo.presets.catalog import catalog, find
from zoo.tasks.music.codec import MusicCodec


def call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.mark.parametrize("command", ["", *main.commands])
def test_help_has_examples(command):
    result = call(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"zoo {command}".strip() in result.output


def test_every_setting_has_its_own_help():
    text = " ".join(call("train", "--help").output.split())
    for name, told in (("units", "Units of each"), ("embedding", "Size of the vector"), ("layers", "Recurrent layers"),
                       ("voices", "Voices read"), ("seed", "Seed of")):  # fmt: skip
        assert f" {name} {told}" in text


def test_every_form_can_be_asked_for():
    from export.signature import FORMS

    [option] = [option for option in main.commands["export"].params if option.name == "form"]
    assert list(option.type.choices) == list(FORMS)


def test_list():
    result = call("list")
    assert result.exit_code == 0
    for name in zoo.list_models():
        assert name in result.output
    shipped = call("list", "lstm_*", "--pretrained").output
    card = zoo.info("lstm_music")
    assert f"{card.metrics['test']['nats_per_step']:.3f}" in shipped
    assert "gru_music" not in shipped
    assert call("list", "xyz").exit_code == 1


def test_info():
    result = call("info", "lstm_music")
    assert result.exit_code == 0
    assert call("info", "nothing.onnx").exit_code == 1
    for word in ("weights_sha256", "nats_per_step", "command", "licence"):
        assert word in result.output


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
        assert "is read" in refused.output


def test_stream_prints_steps(preset):
    result = call("generate", preset, "--steps", 5, "--seed", 1, "--stream")
    expected = zoo.load(preset).stream(steps=5, seed=1)
    assert result.output.splitlines() == [" ".join(map(str, step)) for step in expected]


def test_stream_may_read_what_generate_writes(preset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random_score(0, 4).save("preset.mid")  # what is written without --out
    arguments = ("generate", preset, "--prompt", "preset.mid", "--steps", 2, "--seed", 1)
    assert call(*arguments, "--stream").exit_code == 0
    assert "is read" in call(*arguments).output


def test_stream_writes_nothing(preset, tmp_path):
    for option in ("-n 2", f"--out {tmp_path / 'a.mid'}"):
        result = call("generate", preset, "--stream", *option.split())
        assert result.exit_code == 1
        assert "leave out" in result.output


@pytest.fixture
def infiller(tmp_path):
    """Write a preset of an untrained model that fills gaps, of music or of text."""

    def write(task):
        from zoo.networks.build import network
        from zoo.networks.transfer import weights
        from zoo.presets import preset as presets
        from zoo.tasks.text.codec import TextCodec

        codec = TextCodec("abc ", masked=True) if task == "text" else MusicCodec(masked=True)
        net = network(zoo.ARCHITECTURES["bilstm"], codec, RECIPE)
        card = Card(f"bilstm_{task}", "bilstm", task, RECIPE, net.count_params())
        presets.write(tmp_path / task, card, codec, weights(net))
        return tmp_path / task

    return write


def test_infill(infiller, tmp_path):
    preset = infiller("text")
    result = call("infill", preset, "a__c", "--seed", 1, "-n", 2, "--sweeps", 3, "--out", tmp_path / "o.txt")
    assert result.exit_code == 0, result.output
    texts = [(tmp_path / f"o-{i}.txt").read_text() for i in (1, 2)]
    assert texts == zoo.load(preset).infill("a__c", seed=1, n=2, sweeps=3)
    shown = call("infill", preset, "a~c", "--mark", "~", "--temperature", 0, "--sweeps", 1)
    assert shown.stdout.strip() == zoo.load(preset).infill("a~c", mark="~", temperature=0, sweeps=1).strip()
    for words in (["infill", infiller("music"), "a_"], ["harmonize", "C5/4", "--model", preset]):
        refused = call(*words)
        assert refused.exit_code == 1
        assert "bilstm_" in refused.output


def test_harmonize(infiller, tmp_path):
    preset, out = infiller("music"), tmp_path / "o.mid"

    def harmonize(melody, *options):
        return call("harmonize", melody, "--model", preset, "--sweeps", 2, "--seed", 1, "-o", out, *options)

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
        (("--free", "9"), "0 to 3"), (("-o", tmp_path / "p.mid"), "is read"), (("-o", "o.txt"), ".mid"),
    ):  # fmt: skip
        refused = harmonize(tmp_path / "p.mid", *options)
        assert refused.exit_code == 1
        assert word in refused.output
    piece.save(tmp_path / "o-2.mid")
    refused = harmonize(tmp_path / "o-2.mid", "-n", 2)  # it would be the second one
    assert refused.exit_code == 1
    assert "is read" in refused.output
    assert harmonize(tmp_path / "o-2.mid").exit_code == 0
    slip = harmonize("C5/4 D4")
    assert slip.exit_code == 1
    assert "'D4' is no note" in slip.output
    assert "notes such as C4/4" in " ".join(harmonize("C5 D5").output.split())


def test_export_then_use_the_artifact(preset, tmp_path):
    result = call("export", preset, "--format", "all", "--out", tmp_path / "dist")
    assert result.exit_code == 0, result.output
    made = tmp_path / "dist"
    assert sorted(p.name for p in made.iterdir()) == ["lstm_music", "lstm_music.onnx", "lstm_music.tflite"]
    expected = zoo.load(preset).generate(steps=6, seed=2)
    for path in made.iterdir():
        assert call("generate", path, "--steps", 6, "--seed", 2, "--out", tmp_path / "o.mid").exit_code == 0
        assert zoo.Score.read(tmp_path / "o.mid", 3) == expected
        assert "weights_sha256" in call("info", path).output


@pytest.fixture(scope="session")
def keras_file(tmp_path_factory):
    """A Keras model of one's own, as a file."""
    from tests.zoo_of_layers import build

    path = tmp_path_factory.mktemp("keras") / "mine.keras"
    build("gru embedding mask").save(path)
    return path


def test_export_of_ones_own_model(keras_file, tmp_path):
    result = call("export", keras_file, "--format", "onnx", "--quantize", "float16", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    [made] = tmp_path.iterdir()
    assert made.name == "mine_float16.onnx"
    for command in ("inspect", "info"):
        shown = call(command, made)
        assert shown.exit_code == 0, shown.output
        for word in ("GRU", "float16", "x float32[any, any]", "differences", "onnx"):
            assert word in shown.output
    result = call("generate", made)
    assert result.exit_code == 1
    assert "zoo inspect" in result.output


def test_benchmark(tmp_path):
    from tests.zoo_of_layers import CELLS, seq

    seq(CELLS["gru"](4)).save(tmp_path / "mine.keras")
    result = call("benchmark", tmp_path / "mine.keras", "--steps", 5, "--batch", 2)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()]
    assert {row[0] for row in rows if row} >= {"keras", "onnx", "tflite", "saved_model"}
    assert sum("int8" in row or "int8," in row for row in rows) == 3
    assert "batch 2, 5 steps a call" in result.output


def test_evaluate_and_train(tmp_path, data):
    folder = tmp_path / "midi"
    folder.mkdir()
    for i in range(3):
        zoo.Score([[72, 67, 60, 48], [zoo.HOLD] * 4] * 20).save(folder / f"{i}.mid")
    arguments = [
        "train",
        "lstm_music",
        "--data",
        folder,
        "--out",
        tmp_path / "run",
        *("--set", "units=4", "--set", "epochs=1", "--set", "batch=2"),
    ]
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    assert "1 epochs" in result.output
    result = call("evaluate", "lstm_music", "--split", "nosuch")
    assert result.exit_code == 1
    assert "train, valid, test" in " ".join(result.output.split())


BAD = {
    "unknown name": ["info", "lstm_musik"],
    "unknown model": ["generate", "ltsm_music"],
    "bad temperature": ["generate", "lstm_music", "--temperature", "-1"],
    "bad fixed": ["generate", "lstm_music", "--fixed", "soprano"],
    "no such voice": ["generate", "lstm_music", "--fixed", "horn=x.mid"],
    "bad suffix": ["generate", "lstm_music", "--wav", "x.mp3"],
    "missing artifact": ["generate", "nothing.onnx"],
    "no such file": ["generate", "lstm_music", "--prompt", "no.mid"],
    "not an artifact": ["generate", "pyproject.toml"],
    "bad data": ["train", "lstm_music", "--data", "nowhere"],
    "nothing to resume": ["train", "lstm_music", "--out", "nowhere", "--resume", "--data", "tests"],
    "bad export name": ["export", "lstm_nothing"],
    "no Keras file": ["export", "nothing.keras"],
    "bad recurrence": ["export", "lstm_music", "--format", "onnx", "--recurrence", "fused"],
    "nothing to inspect": ["inspect", "nothing.onnx"],
    "not to inspect": ["inspect", "pyproject.toml"],
    "nothing to generate": ["generate", "bilstm_video"],
    "bad batch": ["benchmark", "lstm_music", "--batch", "0"],
}


@pytest.mark.parametrize("case", BAD)
def test_errors_take_one_line_and_a_status(case, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = call(*BAD[case])
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    lines = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1
    assert result.output.splitlines()[-1] == lines[0]


def test_a_model_without_weights_says_how_to_train_it(monkeypatch):
    monkeypatch.setitem(catalog(), "rnn_music", replace(find("rnn_music"), pretrained=False))
    for words in (["generate", "rnn_music"], ["info", "rnn_music"]):
        result = call(*words)
        assert result.exit_code == 1
        assert "zoo train rnn_music" in result.output
    assert "not trained yet" in call("list").output


def test_did_you_mean():
    assert "lstm_music" in call("info", "lstm_musik").output


def test_notices_of_tensorflow_are_not_shown(preset, tmp_path):
    command = [sys.executable, "-m", "zoo", "generate", preset, "--steps", "2", "--out", tmp_path / "o.mid"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "absl" not in done.stderr
    assert ".cc:" not in done.stderr


def test_command_is_installed():
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert zoo.__version__ in done.stdout
