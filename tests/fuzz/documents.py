"""Presets, run folders and manifests with right checksums and impossible content: what reading and using them does."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import zoo
from tests.conftest import ROOT
from tests.fuzz.mutations import sampled
from tests.fuzz.targets import READ, refused
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, _digest
from zoo.core.files import sha256
from zoo.core.task import find, names
from zoo.presets import catalog, preset
from zoo.tasks.video import landmark_file
from zoo.training import run_folder

SMALL = {"units": 3, "embedding": 2, "head": 0, "filters": 1}


def small_preset(folder: Path, architecture: str, task: str) -> Path:
    """Write a small preset of zeros, without building its network."""
    from zoo.core.shapes import shapes

    row, kind = ARCHITECTURES[architecture], find(task)
    recipe = kind.recipe(architecture)
    own = {name: value for name, value in SMALL.items() if hasattr(recipe.settings, name)}
    core = {name: value for name, value in SMALL.items() if name not in ("filters",)}
    recipe = replace(recipe, **core, settings=replace(recipe.settings, **own))
    codec = kind.default_codec(row.bidirectional)
    arrays = {
        path: np.full(shape, 0.01, np.float16)
        for path, shape in shapes(row, codec, recipe, {}, codec.frontend()).items()
    }
    size = sum(array.size for array in arrays.values())
    card = Card(
        f"{architecture}_{task}", architecture, task, recipe, size, {"test": {"nats": 1.5}}, "zoo train", 1, 0.5,
        {"keras": "3"}, data={"name": "nothing", "licence": "none", "citation": ""},
    )  # fmt: skip
    preset.write(folder, card, codec, arrays)
    return folder


def resealed(folder: Path, card: str | None = None, codec: str | None = None) -> None:
    """Write another card or codec into a preset, with right checksums as far as it can have some."""
    if codec is not None:
        (folder / "codec.json").write_bytes(codec.encode("utf-8", "surrogatepass"))
        about = without_checksum((folder / "card.json").read_text())
        about["codec_sha256"] = sha256(codec.encode("utf-8", "surrogatepass"))
        card = json.dumps(about)
    (folder / "card.json").write_bytes(sealed(card or "").encode("utf-8", "surrogatepass"))


def sealed(card: str) -> str:
    """Give the text of a card without a checksum its own, if it is one at all."""
    try:
        content = json.loads(card)
        digest = _digest(content)
    except (ValueError, RecursionError):
        return card
    end = card.rstrip()
    return f'{end[:-1]}, "card_sha256": "{digest}"}}' if isinstance(content, dict) and content else card


def without_checksum(card: str) -> dict[str, Any]:
    content = json.loads(card)
    del content["card_sha256"]
    return content


class Presets:
    """Mutants of a preset, read and, where sizes or codec are new, used."""

    def __init__(self, folder: Path, architecture: str, task: str, use: bool = False) -> None:
        self.folder, self.use = small_preset(folder, architecture, task), use
        self.texts = {name: (folder / f"{name}.json").read_text() for name in ("card", "codec")}
        self.used: set[str] = set()

    def contents(self, part: str) -> Any:
        return without_checksum(self.texts[part]) if part == "card" else json.loads(self.texts[part])

    def read(self, part: str, text: str) -> str:
        """Read a preset with another card or codec; return what became of it."""
        for name, content in self.texts.items():
            (self.folder / f"{name}.json").write_text(content)
        resealed(self.folder, **{part: text})
        opened = preset.read(self.folder)
        zoo.page(self.folder)
        repr(zoo.info(self.folder))
        opened.weights()
        sizes = {name: opened.card.recipe.to_dict().get(name) for name in (*SMALL, "layers")}
        key = json.dumps([opened.card.architecture, opened.card.task, sizes, opened.codec.to_json()])
        if self.use and key not in self.used:
            self.used.add(key)
            tried(zoo.load(self.folder))
        return READ


def tried(model: Any) -> None:
    """Use a model with small inputs."""
    repr(model)
    model.trial(2, 1)


class Runs:
    """Mutants of run.json."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True)
        self.folder, self.entry = folder, catalog.find(name)
        recipe = self.entry.task.recipe(self.entry.architecture.name)
        request = run_folder.Request(self.entry, recipe, folder, f"zoo train {name}")
        run_folder.claim(request, recipe)
        self.content = json.loads((folder / run_folder.REQUEST).read_text())

    def read(self, text: str) -> str:
        (self.folder / run_folder.REQUEST).write_bytes(text.encode("utf-8", "surrogatepass"))
        run_folder.asked(self.folder, self.entry)
        return READ


class Manifests:
    """Mutants of the manifest of an artifact of the zoo.

    Args:
        artifact: The artifact.
        folder: Where mutants are written.
        row: Its format; ONNX unless given.
    """

    def __init__(self, artifact: Path, folder: Path, row: Any = None) -> None:
        from export import artifact as artifacts
        from export.formats import formats

        self.row, self.embed, self.source = row or formats()["onnx"], artifacts.embed, artifact
        self.texts = dict(self.row.manifest(artifact))
        self.folder = self.target = folder / f"mutant{artifact.suffix}"

    def contents(self, part: str) -> Any:
        return without_checksum(self.texts[part]) if part == "card" else json.loads(self.texts[part])

    def write(self, part: str, text: str | None) -> None:
        """Write the artifact with another text of its manifest, or without it, with its right checksum."""
        texts = {**self.texts, part: text}
        if part == "codec" and text is not None:
            about = without_checksum(texts["card"])
            about["codec_sha256"] = sha256(text.encode("utf-8", "surrogatepass"))
            texts["card"] = sealed(json.dumps(about))
        elif part == "card" and text is not None:
            texts["card"] = sealed(text)
        texts = {name: text for name, text in texts.items() if text is not None}
        if self.source.is_dir():
            shutil.copytree(self.source, self.target, dirs_exist_ok=True)
        else:
            self.target.write_bytes(self.source.read_bytes()[: int(self.texts["bytes"])])
        if part != "sha256":
            with contextlib.suppress(ValueError, KeyError):  # of texts that cannot be written, or are no size
                self.embed(self.target, self.row, texts)
                return
        self.row.embed(self.target, texts)

    def read(self, part: str, text: str) -> str:
        """Write, inspect, load and use the artifact with another text of its manifest."""
        import export

        self.write(part, text)
        inspected = export.inspect(self.target)
        str(inspected)
        json.dumps(inspected.to_dict(), default=str)
        tried(export.load(self.target))
        return READ


def pairs() -> Iterator[tuple[str, str]]:
    """Yield every architecture with every task of the package."""
    for task in names():
        for architecture in ARCHITECTURES:
            yield architecture, task


def outcome(subject: Any, part: str, seed: int) -> str:
    """Read a document with the mutant of a seed as one of its parts."""
    ((_, text),) = sampled(subject.contents(part), 1, seed)
    try:
        return str(subject.read(part, text))
    except zoo.ZooError as error:
        return refused(error, subject.folder.name)


class AllPresets:
    """Presets of every architecture and task, in turn; of those that are read, each network is built once."""

    use = True

    def __init__(self, folder: Path) -> None:
        self.subjects = [Presets(folder / f"{a}_{t}", a, t, self.use) for a, t in pairs()]
        for subject in self.subjects:
            assert subject.read("card", json.dumps(subject.contents("card"))) == READ

    def attempt(self, seed: int) -> str:
        at, turn = seed % len(self.subjects), seed // len(self.subjects)
        return outcome(self.subjects[at], ("card", "codec")[turn % 2], seed)


class Requests(Runs):
    """The `run.json` of one model."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "run", "gru_text")
        self.read(json.dumps(self.content))

    def attempt(self, seed: int) -> str:
        ((_, text),) = sampled(self.content, 1, seed)
        try:
            return self.read(text)
        except zoo.ZooError as error:
            return refused(error, self.folder)


class LandmarkFiles:
    """The `landmarks.json` of a folder of clips."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        joints = ["hip", "left_hand", "right_hand"]
        self.content = {
            "joints": joints, "axes": 2, "origin": ["hip"], "size": [joints[:2]], "pairs": [joints[1:]], "vertical": "y",
            "mirrored_labels": {"left": "right"},
        }  # fmt: skip
        self.read(json.dumps(self.content))

    def read(self, text: str) -> str:
        (self.folder / landmark_file.FILE).write_bytes(text.encode("utf-8", "surrogatepass"))
        landmark_file.read(self.folder)
        return READ

    def attempt(self, seed: int) -> str:
        ((_, text),) = sampled(self.content, 1, seed)
        try:
            return self.read(text)
        except zoo.ZooError as error:
            return refused(error, landmark_file.FILE)


class Described(Manifests):
    """The manifest of a small ONNX artifact."""

    def __init__(self, folder: Path) -> None:
        super().__init__(ROOT / "tests/data/v0_1/lstm_music.onnx", folder)
        for part in ("export", "card", "codec"):
            self.read(part, json.dumps(self.contents(part)))

    def attempt(self, seed: int) -> str:
        return outcome(self, ("export", "card", "codec")[seed % 3], seed)
