"""The functions of the package: how a name becomes a folder, and what a call asks the other modules for."""

import os
import sys
from dataclasses import replace

import pytest

import zoo
from zoo import api
from zoo.core.card import Card, codec_json
from zoo.core.files import sha256
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError, ArtifactError, MissingExtra, PresetError, UnknownModel
from zoo.presets.catalog import catalog, find
from zoo.tasks.text.codec import TextCodec


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder `mine` of the working folder: card and codec of a preset, without weights."""
    codec = TextCodec("ab")
    card = Card(
        "gru_text", "gru", "text", Recipe(units=3, embedding=2), codec_sha256=sha256(codec_json(codec).encode())
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/card.json").write_text(card.to_json(), encoding="utf-8")
    (tmp_path / "mine/codec.json").write_text(codec_json(codec), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine"


def test_a_preset_is_named_by_its_path(folder):
    """Whatever the form of the path; a card is read without the weights, and so is a page written."""
    for name in (folder, str(folder), "mine", "./mine", "mine/"):
        assert zoo.info(name).recipe.units == 3
        assert zoo.page(name).startswith("# gru_text\n")
    with pytest.raises(PresetError, match="weights.safetensors: No such file"):
        zoo.load(folder)


@pytest.mark.parametrize("call", [zoo.info, zoo.page, zoo.load])
def test_what_is_no_preset_is_told_with_a_remedy(call, folder):
    (folder.parent / "note").touch()
    for name, error, message in (
        (
            "runs/none",
            PresetError,
            "runs/none does not exist: give the name of a model, the folder of a preset, or an artifact",
        ),
        (folder.parent / "none", PresetError, "none does not exist: give the name of a model"),
        (folder.parent, PresetError, "copy or train the preset again"),
        ("gru_texd", UnknownModel, "no model is called 'gru_texd'; did you mean gru_text"),
        ("x" * 5000, UnknownModel, "no model is called 'xxx"),
    ):
        with pytest.raises(error, match=message):
            call(name)
    if call is zoo.load:  # it might be an artifact
        for name in ("note", "./note"):
            with pytest.raises(ArtifactError, match="note is a file, but not an artifact"):
                call(name)
        return
    with pytest.raises(PresetError, match="note is a file: give the folder of a preset"):
        call("./note")
    with pytest.raises(UnknownModel, match="no model is called 'note'"):
        call("note")


def test_a_model_without_weights_says_how_to_get_them(monkeypatch):
    monkeypatch.setitem(catalog(), "rnn_music", replace(find("rnn_music"), pretrained=False))
    for call in (zoo.info, zoo.page, zoo.load):
        with pytest.raises(
            UnknownModel, match=r"rnn_music has no pretrained weights yet .*lstm_music.*; train it: zoo"
        ):
            call("rnn_music")


@pytest.fixture
def asked(monkeypatch):
    """The requests of training runs, none of which is started."""
    from zoo.training import run

    found = []
    for variable in api.TRAINING_ENVIRONMENT:
        monkeypatch.setenv(variable, "0")  # set by the user
    monkeypatch.setattr(run, "train", found.append)
    return found


def test_a_training_run_is_asked_for_what_was_given(asked, tmp_path):
    data = tmp_path / "my songs"
    zoo.train("lstm_music")
    zoo.train(
        "lstm_music", tmp_path / "out", data, freeze=["embedding", "y"], devices=["CPU:0"], verbose=False, epochs=3,
        voices=2,
    )  # fmt: skip
    plain, full = asked
    assert (plain.command, str(plain.out), plain.recipe) == (
        "zoo train lstm_music", "runs/lstm_music", find("lstm_music").task.recipe("lstm"),
    )  # fmt: skip
    assert (plain.data, plain.base, plain.frozen, plain.devices, plain.resume, plain.verbose) == (
        None, None, (), (), False, True,
    )  # fmt: skip
    assert full.command == (
        f"zoo train lstm_music --data '{data}' --freeze embedding --freeze y --set epochs=3 --set voices=2"
    )
    assert (full.recipe.epochs, full.recipe.settings.voices) == (3, 2)
    assert (full.data, full.out, full.frozen, full.devices, full.verbose) == (
        data, tmp_path / "out", ("embedding", "y"), ("CPU:0",), False,
    )  # fmt: skip
    assert all(os.environ[variable] == "0" for variable in api.TRAINING_ENVIRONMENT)  # the user's values stay


def test_sizes_of_the_model_to_start_from_are_not_given_again(asked, folder):
    with pytest.raises(
        ArgumentError, match="^embedding, units: those of the model to start from are taken: leave them"
    ):
        zoo.train("gru_text", start="mine", units=4, embedding=2, epochs=1)
    zoo.train("gru_text", start="mine", epochs=1)
    assert (asked[0].base.folder.resolve(), asked[0].command) == (
        folder, "zoo train gru_text --start mine --set epochs=1",
    )  # fmt: skip


def test_bad_calls_start_no_run(asked):
    for name, options, error, message in (
        ("gru_texd", {}, UnknownModel, "gru_texd"),
        ("gru_text", {"colour": 1}, ArgumentError, "colour"),
        ("gru_text", {"start": "runs/none"}, PresetError, "runs/none does not exist"),
    ):
        with pytest.raises(error, match=message):
            zoo.train(name, **options)
    assert asked == []


def test_what_training_needs_at_its_end_is_asked_for_at_its_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match="training needs Matplotlib"):
        zoo.train("lstm_music")
