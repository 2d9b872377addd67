"""The benchmarks: what they compute, and what their recorded results must hold; documents show all of their tables."""

import importlib
import json
from dataclasses import replace

import numpy as np
import pytest

import zoo
from tests.conftest import RECIPE, ROOT, random_score, randomized, tiny_model
from tests.zoo_of_layers import MODELS
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card
from zoo.models.model import make
from zoo.networks.build import network
from zoo.networks.keras_engine import KerasEngine
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score
from zoo.tasks.speech.recordings import Recording
from zoo.tasks.text.codec import TextCodec, TextInfillCodec


def benchmark(name):
    return importlib.import_module(f"bench_{name}")


def documents():
    """Return the text of the README and of all pages, spaces and line breaks alike."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return " ".join(" ".join(page.read_text(encoding="utf-8") for page in pages).split())


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "benchmarks").glob("*.json")))
def test_all_recorded_tables_have_a_place_in_the_documents(name):
    """The site fills them in; see `docs/hooks.py`."""
    module = benchmark(SHOWN_BY.get(name, name))
    if name in PROSE:
        return
    results = json.loads((ROOT / f"benchmarks/{name}.json").read_text())
    count = len(module.tables(results)) if hasattr(module, "tables") else 1
    text = documents()
    for index in range(count):
        assert f"<!-- table: {name} {index} -->" in text


SHOWN_BY = {"exports": "export"}
"""File of results → benchmark that wrote it, where that has another name."""
PROSE = ("streaming", "memory", "exports", "anomalies.json")
"""Results that sentences state, or that only limits are checked of."""


@pytest.mark.parametrize("task", [t for t in benchmark("cards").COLUMNS if zoo.list_models(f"*_{t}", pretrained=True)])
def test_tables_of_tasks_are_the_cards(task):
    assert f"<!-- table: cards:{task} -->" in (ROOT / f"docs/tasks/{task}.md").read_text()
    assert benchmark("cards").table(task)


def test_misses_of_the_wake_word_are_documented():
    wake = benchmark("wake_word")
    found = json.loads(wake.RESULTS.read_text())
    assert sum(found["alarms"].values()) <= wake.MOST_AN_HOUR * found["hours"]
    assert found["missed"] < 50


def test_steps_of_keyword_models_are_small_and_quick():
    steps = benchmark("keyword_steps")
    found = json.loads(steps.RESULTS.read_text())
    assert list(found) == steps.models()
    assert all(kind["ms"] <= 1 for row in found.values() for kind in row.values())
    assert found["gru_keyword"]["TFLite, int8"]["bytes"] <= 100_000


def test_readme_streaming_is_the_benchmark_s():
    found = json.loads((ROOT / "benchmarks/streaming.json").read_text())
    told = f"{found['text_gb']:.1f} GB of text with at most {found['peak_gb']:.2f} GB of memory"
    assert found["peak_gb"] < 2 <= found["text_gb"]
    assert told in documents()


LIMITS = {
    ("JSB", "lstm"): 8.25, ("JSB", "gru"): 8.25, ("JSB", "rnn"): 8.80,
    ("Nottingham", "lstm"): 3.15, ("Nottingham", "gru"): 3.30, ("Nottingham", "rnn"): 3.90,
}  # fmt: skip
"""Nats per frame that the layers and the trainer are to reach."""


def test_recorded_polyphony_is_as_good_as_the_field_s():
    poly = benchmark("poly_music")
    rows = json.loads(poly.RESULTS.read_text())["rows"]
    assert poly.current(rows) == rows
    found = poly.summary(rows)
    assert {(row["data"], row["cell"]) for row in found} == {*LIMITS}
    for row in found:
        assert row["seeds"] == len(poly.SEEDS)
        assert row["mean"] <= LIMITS[row["data"], row["cell"]]
        assert row["parameters"] <= poly.MOST[row["data"]]


def test_recorded_memory_does_not_grow():
    recorded = json.loads((ROOT / "benchmarks/generation.json").read_text())["memory"]
    assert recorded.pop("symbols") >= 1_000_000
    assert len(recorded) >= 2
    for found in recorded.values():
        assert max(found) <= 1.001 * found[0]


def test_recorded_starts_are_short():
    found = json.loads((ROOT / "benchmarks/start.json").read_text())
    seconds = {name: engines["onnx"]["s"] for name, engines in found["processes"].items()}
    limits = dict(zip(seconds, (0.25, 0.7, 0.7, 0.8, 1.0, 0.4), strict=True))
    assert all(seconds[name] <= limit for name, limit in limits.items())
    assert found["processes"]["zoo generate lstm_music --bars 2"]["onnx"]["MB"] <= 150
    assert found["install"]["MB"] <= 400
    assert found["install"]["s"] <= 40


def test_recorded_generation_is_as_fast_on_both_engines():
    """With as many threads as that benchmark gives Keras."""
    rates = json.loads((ROOT / "benchmarks/generation.json").read_text())["engines"]["2"]["2 x 512 LSTM"]
    assert {*rates} == {"1", "16"}
    assert all(row["onnx"] >= row["keras"] for row in rates.values())


def test_recorded_prompts_are_read_in_two_seconds():
    found = json.loads((ROOT / "benchmarks/generation.json").read_text())["prompts"]
    assert found.pop("characters") == 200_000
    assert all(times["median"] <= 2 for engines in found.values() for times in engines.values())


def test_recorded_generation_is_fast():
    rates = json.loads((ROOT / "benchmarks/generation.json").read_text())["per second"]["1"]
    keras = rates["Keras, loop compiled"]
    assert keras >= 5 * rates["PyTorch"]
    assert keras >= 200 * rates["model.predict"]
    assert rates["ONNX int8, step"] >= 12 * rates["PyTorch"]
    assert f"{keras / rates['model.predict']:.0f} times" in documents()


def test_recorded_fine_tuning_is_worth_it():
    found = json.loads((ROOT / "benchmarks/fine_tuning.json").read_text())["rows"]
    assert {*found} == {*benchmark("fine_tuning").ROWS}
    for row in found.values():
        assert row["further"] < row["from nothing"]
        assert row["before"] is None or row["further"] < row["before"]


def test_tunes_are_held_and_in_four_voices():
    tuning = benchmark("fine_tuning")
    roll = np.zeros((3, 88), np.float32)
    for frame, keys in enumerate(([60, 64, 67, 72, 76], [60, 64], [60, 64])):
        roll[frame, np.array(keys) - 21] = 1
    sounding = tuning.score(roll, 21).sounding()
    assert sounding[:: tuning.FRAME].tolist() == [[76, 72, 67, 60], [64, 60, -1, -1], [64, 60, -1, -1]]
    assert (tuning.score(roll, 21).grid >= 0).sum() == 6


def test_recorded_conversions_are_quick():
    rows = json.loads((ROOT / "benchmarks/export.json").read_text())["speed"]
    assert {row["size"] for row in rows} == {"1 x 256", "2 x 512"}
    assert max(seconds for row in rows for seconds in row["seconds"].values()) <= 10


def test_recorded_exports_of_all_models_are_quick():
    """Of the models of the tests and of long ones, in seconds of processor time."""
    rows = json.loads((ROOT / "benchmarks/exports.json").read_text())["rows"]
    models = {row["model"] for row in rows}
    assert {*benchmark("export").SIAMESE} <= models
    assert len(models & {*MODELS}) > 0.8 * len(MODELS)
    assert max(seconds or 0 for row in rows for seconds in row["seconds"].values()) <= 20
    assert sum(seconds is None for row in rows for seconds in row["seconds"].values()) <= 2
    assert "siamese" in benchmark("export").export_table(rows)


def test_parallels_are_counted():
    fifths = np.array([[67, 60], [69, 62], [69, 62], [72, 60], [74, 62], [62, 74], [60, 67], [62, 69]])
    assert benchmark("chorales").parallels(fifths, 7) == (2, 6)
    assert benchmark("chorales").parallels(fifths, 0) == (2, 6)


def test_statistics_of_chorales():
    pieces = [Score([[60, 64, 50, 40], [HOLD] * 4, [62, 57, 52, 45], [REST, 57, 52, 45]])]
    found = benchmark("chorales").statistics(pieces)
    assert (found["pieces"], found["steps"]) == (1, 4)
    assert found["crossings"] == 50
    assert found["range"]["soprano"] == [60, 60, 61]
    assert found["fifths"] == 0
    assert found["octaves"] == pytest.approx(100 / 6)  # alto and bass
    assert found["mean_length"] == pytest.approx((2 * 4 + 7) / 11)
    assert found["lengths"]["eighth"] == pytest.approx(4 / 11)


@pytest.mark.parametrize("architecture", ["lstm", "bilstm"])
def test_harmonisations_keep_the_sopranos(architecture):
    bach = [random_score(i, 8, MusicCodec()) for i in range(3)]
    made = benchmark("chorales").harmonised(tiny_model(architecture, MusicCodec()), bach, 4, 1.0, 1)
    assert [piece.grid[:, 0].tolist() for piece in made] == [bach[i].grid[:, 0].tolist() for i in (0, 0, 1, 2)]
    assert made[0] != made[1]


def test_what_is_hidden_is_measured_from_the_left_as_score_does():
    vocabulary = "abcde "
    net = network(ARCHITECTURES["lstm"], TextCodec(vocabulary), RECIPE)
    model = make(Card("lstm_text", "lstm", "text", RECIPE), TextCodec(vocabulary), KerasEngine(net))
    codec, rng = TextInfillCodec(vocabulary), np.random.default_rng(3)
    texts = ["".join(rng.choice(list(vocabulary), length)) for length in (40, 70)]
    found = benchmark("infilling").left_only(model, codec, texts, "hidden_50")
    rng, nats = np.random.default_rng(0), []
    for text in sorted(texts, key=len):
        nats += model.score(text).nats[codec.hide(text, rng, "hidden_50").hidden].tolist()
    assert found["nats"] == pytest.approx(np.mean(nats), rel=1e-6)
    assert 0 < found["accuracy"] < 1


def test_what_is_hidden_is_measured_in_turn(monkeypatch):
    """Against one pass for each hidden character, of what is shown when those before it are known."""
    infilling, codec = benchmark("infilling"), TextInfillCodec("abcde ")
    engine, rng = KerasEngine(network(ARCHITECTURES["bilstm"], codec, RECIPE)), np.random.default_rng(3)
    model = make(Card("bilstm_text", "bilstm", "text", RECIPE), codec, engine)
    texts = ["".join(rng.choice(list(codec.vocabulary), length)) for length in (11, 17)]
    hidden, nats, right = np.random.default_rng(0), [], []
    for text in texts:
        ids, left = codec.tokens(text), codec.hide(text, hidden, "hidden_50").hidden
        for place in np.flatnonzero(left):
            logits, _ = model.engine.step(codec.cover(ids[None], left[None]), [])
            line = logits[0, codec.edges // 2 + place].astype(float)
            nats.append(np.log(np.exp(line).sum()) - line[ids[place]])
            right.append(line.argmax() == ids[place])
            left[place] = False
    found = infilling.in_turn(model, texts, "hidden_50")
    assert found == pytest.approx({"nats": np.mean(nats), "accuracy": np.mean(right), "error": 0}, rel=1e-5)


def test_what_is_measured_in_turn_may_be_a_sample(monkeypatch):
    infilling, codec, rng = benchmark("infilling"), TextInfillCodec("abcde "), np.random.default_rng(3)
    net = randomized(network(ARCHITECTURES["bilstm"], codec, RECIPE))
    model = make(Card("bilstm_text", "bilstm", "text", RECIPE), codec, KerasEngine(net))
    texts = ["".join(rng.choice(list(codec.vocabulary), length)) for length in rng.integers(1, 20, 60)]
    whole = infilling.in_turn(model, texts, "hidden_50")
    monkeypatch.setattr(infilling, "PLACES", 2)
    found = infilling.in_turn(model, texts, "hidden_50")
    assert 0 < found["error"] < 0.1 * whole["nats"]
    assert abs(found["nats"] - whole["nats"]) < 2.5 * found["error"]
    assert found["accuracy"] == pytest.approx(whole["accuracy"], abs=0.1)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_pytorch_steps_in_either_precision(precision):
    pytest.importorskip("torch")
    train, forward = benchmark("layers").torch_steps("PyTorch", "GRU", 1, 4, False, 2, 3, precision)
    assert 0 < train() < 10
    assert forward().dtype == np.float32
    assert forward().shape == (2, 3, 65)


def test_nats_of_piano_rolls():
    poly, rng = benchmark("poly_music"), np.random.default_rng(0)
    net = network(ARCHITECTURES["gru"], poly.PianoRoll(), replace(RECIPE, embedding=1))
    pieces = [(rng.random((frames, 88)) < 0.1).astype(np.float32) for frames in (5, 9)]
    total = 0.0
    for piece in pieces:
        logits = KerasEngine(net).step(piece[None, :-1], [np.zeros((1, RECIPE.units), np.float32)])[0][0]
        shares = 1 / (1 + np.exp(-logits.astype(float)))
        total -= np.log(np.where(piece[1:] > 0, shares, 1 - shares)).sum()
    assert poly.nats(net, pieces, poly.PianoRoll()) == pytest.approx(total / 12)


def test_rows_that_are_asked_for():
    poly = benchmark("poly_music")
    for wanted, rows in (
        ((), 6), (("JSB",), 3), (("lstm",), 2), (("lstm", "gru"), 4), (("JSB", "Nottingham"), 6), (("JSB", "rnn"), 1)
    ):  # fmt: skip
        assert sum(poly.asked(*row, wanted) for row in poly.recipes()) == rows


def test_runs_with_another_recipe_do_not_count():
    poly = benchmark("poly_music")
    rows = [
        {"data": "JSB", "cell": "gru", "seed": seed, "recipe": replace(recipe, seed=2).to_dict()}
        for recipe in [poly.recipes()["JSB", "gru"]]
        for seed in (1, 2)
    ]
    assert poly.current(rows) == rows[1:]


def test_summary_of_runs():
    poly = benchmark("poly_music")
    rows = [{"data": "JSB", "cell": "gru", "seed": i, "test": v, "parameters": 9} for i, v in enumerate((8, 8.5, 8.3))]
    [found] = poly.summary(rows)
    assert (found["seeds"], found["mean"]) == (3, pytest.approx(8.2667, abs=1e-4))
    assert found["spread"] == pytest.approx(0.2517, abs=1e-4)
    assert "8.27 ± 0.25" in poly.tables({"rows": rows})[0]


def test_errors_of_speech_are_counted():
    speech = benchmark("speech")
    said = [
        Recording(None, text, speaker, corpus="an4") for text, speaker in (("B D E", "a"), ("YES B", "b"), ("T", "b"))
    ]
    counts = speech.letters(said, ["B T E", "YES D", ""])
    assert counts == {("B", "B"): 1, ("D", "T"): 1, ("E", "E"): 1, ("B", "D"): 1, ("T", ""): 1}
    alike, common, speakers = speech.errors(said, ["B T E", "YES D", ""])
    assert dict(zip(alike["heads"], alike["rows"][0], strict=True)) | {
        "said": "B",
        "B": "1",
        "D": "1",
        "share right": "50 % of 2",
    } == dict(zip(alike["heads"], alike["rows"][0], strict=True))
    assert common["rows"] == [["B as D", "1"], ["D as T", "1"]]
    assert speakers["rows"] == [["a", "AN4", "1", "20.0", "33.3"], ["b", "AN4", "2", "33.3", "66.7"]]


def test_recorded_video_is_as_good_as_it_is_to_be():
    found = json.loads((ROOT / "benchmarks/video.json").read_text())
    rows = {row["model"]: row for row in found["rows"]}
    assert set(rows) == set(zoo.list_models("*_video", pretrained=True))
    for row in rows.values():
        assert row["parameters"] <= 1_500_000
        assert row["speed"]["Keras"] >= 200
        assert row["speed"]["ONNX"] >= 400
        steps = ("step Keras", "step ONNX", "step TFLite") if not row["model"].startswith("bilstm") else ()
        assert all(row["speed"][key] <= 5 for key in steps)
        films = row["whole films"]
        assert films["films"]["frames_correct"] >= films["crops"]["frames_correct"] - 2
    best = max(rows.values(), key=lambda row: row["test"]["frames_correct"])["test"]
    assert best["frames_correct"] >= 92
    assert best["active_frames_correct"] >= 87
    assert best["word_errors"] <= 8


def test_readme_says_what_own_clips_and_int8_take():
    text = documents()
    own = json.loads((ROOT / "benchmarks/video.json").read_text())["own"]
    assert f"from nothing on {own['clips']} clips of 64 × 64 pixels in {own['minutes']:.1f} minutes" in text
    assert own["minutes"] < 10
    lost = []
    for name in zoo.list_models("*_video", pretrained=True):
        rows = json.loads((ROOT / f"zoo/weights/{name}/artifacts.json").read_text())["rows"]
        [whole] = (row["metric"] for row in rows if row["format"] == "Keras")
        small = [row["metric"] for row in rows if row["precision"].startswith("int8")]
        assert len(small) == 3, name
        lost.append(max(whole - one for one in small))
    assert max(lost) <= 1
    assert f"In int8 frames lose at most {max(lost):.1f} points" in text


def test_readme_says_how_busy_the_cores_are():
    folder = json.loads((ROOT / "benchmarks/speech.json").read_text())["folder"]
    text = documents()
    assert f"of {folder['files']} recordings keeps {folder['cores']:.1f} of two cores busy" in text


def test_errors_of_video_are_counted(tmp_path):
    video = benchmark("video")
    said = ("bin", "blue", "at", "f", "two", "now")
    right, wrong = ([(word, word) for word in said] for _ in range(2))
    wrong[3] = ("f", "s")
    lost = [(word, "") for word in said]
    assert video.errors([right, wrong, lost], tmp_path) == pytest.approx([200 / 3] * 3 + [100 / 3] + [200 / 3] * 2)
    parts, common = json.loads((tmp_path / "errors.json").read_text())["tables"]
    assert parts["rows"][3] == ["letter", "33.3 %"]
    assert ["f as s", "1"] in common["rows"]
    assert (tmp_path / "errors.png").stat().st_size


def test_recorded_speech_is_as_good_as_it_is_to_be():
    found = json.loads((ROOT / "benchmarks/speech.json").read_text())
    rows = {row["model"]: row for row in found["rows"]}
    assert set(rows) == set(zoo.list_models("*_speech", pretrained=True))
    for row in rows.values():
        assert row["parameters"] <= 1_500_000
        assert row["real_time"]["Keras"] <= 0.02
        assert row["real_time"]["ONNX"] <= 0.005
        assert row["greedy"]["an4_cer"] <= 12
    best = min(rows.values(), key=lambda row: row["greedy"]["an4_cer"])
    assert best["greedy"]["an4_cer"] <= 6
    assert best["greedy"]["an4_wer"] <= 15
    assert max(row["greedy"]["fsdd_exact"] for row in rows.values()) >= 99
    assert len(found["unheard"]["rows"]) == 6
