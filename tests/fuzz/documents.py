"""Presets, run folders and manifests with right checksums and impossible content: what reading and using them does.

`python -m tests.fuzz.documents --minutes 10` runs mutants of all tasks and architectures, in at most 3 GiB of addresses.
"""

import argparse
import contextlib
import io
import json
import resource
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import zoo
from tests.fuzz.mutations import mutants, sampled
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, _digest
from zoo.core.files import sha256
from zoo.core.task import find, names
from zoo.presets import catalog, preset
from zoo.training import run_folder

SMALL = {"units": 3, "embedding": 2, "head": 0, "filters": 1}


@dataclass
class Outcomes:
    """What became of mutants.

    Attributes:
        counts: `refused`, `read`, `used` → how many.
        foreign: What was done and which exception that is none of the project's came of it.
        slow: What took longer than `LONGEST` seconds.
    """

    counts: Counter[str] = field(default_factory=Counter)
    foreign: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    def attempt(self, done: str, call: Callable[[], str]) -> None:
        """Call a function that returns what became of a mutant."""
        began = time.perf_counter()
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                self.counts[call()] += 1
        except zoo.ZooError:
            self.counts["refused"] += 1
        except Exception as error:  # noqa: BLE001 (what must not happen)
            self.foreign.append(f"{done}: {type(error).__name__}: {error!s:.200}")
        if (seconds := time.perf_counter() - began) > LONGEST:
            self.slow.append(f"{done}: {seconds:.1f} s")


LONGEST = 20.0


def small_preset(folder: Path, architecture: str, task: str) -> Path:
    """Write a small preset of zeros, without building its network."""
    from zoo.networks.build import shapes

    row, kind = ARCHITECTURES[architecture], find(task)
    recipe = kind.recipe(architecture)
    own = {name: value for name, value in SMALL.items() if hasattr(recipe.settings, name)}
    core = {name: value for name, value in SMALL.items() if name not in ("filters",)}
    recipe = replace(recipe, **core, settings=replace(recipe.settings, **own))
    codec = kind.default_codec(row.bidirectional)
    arrays = {path: np.full(shape, 0.01, np.float16) for path, shape in shapes(row, codec, recipe, {}).items()}
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

    def __init__(self, folder: Path, architecture: str, task: str) -> None:
        self.folder, self.task = small_preset(folder, architecture, task), task
        self.texts = {name: (folder / f"{name}.json").read_text() for name in ("card", "codec")}
        self.used: set[str] = set()

    def contents(self, part: str) -> Any:
        return without_checksum(self.texts[part]) if part == "card" else json.loads(self.texts[part])

    def read(self, part: str, text: str, use: bool) -> str:
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
        if not use or key in self.used:
            return "read"
        self.used.add(key)
        tried(zoo.load(self.folder))
        return "used"


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
        return "read"


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

        self.row, self.digest, self.source = row or formats()["onnx"], artifacts._digest, artifact
        self.texts = dict(self.row.manifest(artifact))
        self.target = folder / f"mutant{artifact.suffix}"

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
                texts["sha256"] = self.digest(self.target, texts, self.row)
        self.row.embed(self.target, texts)

    def read(self, part: str, text: str) -> str:
        """Write, inspect, load and use the artifact with another text of its manifest."""
        import export

        self.write(part, text)
        inspected = export.inspect(self.target)
        str(inspected)
        json.dumps(inspected.to_dict(), default=str)
        tried(export.load(self.target))
        return "used"


def pairs() -> Iterator[tuple[str, str]]:
    """Yield every architecture with every task of the package."""
    for task in names():
        for architecture in ARCHITECTURES:
            yield architecture, task


def attack(subject: Presets, outcomes: Outcomes, count: int, seed: int, use: bool = True) -> None:
    """Read mutants of a preset: `count` drawn at random of its card and of its codec, or 0: every single one."""
    for part in ("card", "codec"):
        content = subject.contents(part)
        for done, text in sampled(content, count, seed) if count else mutants(content):
            told = f"{subject.folder.name} {part} {done}"
            outcomes.attempt(told, lambda part=part, text=text: subject.read(part, text, use))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--artifact", type=Path, help="an ONNX artifact of the zoo, to mutate its manifest too")
    options = parser.parse_args()
    zoo.build("lstm_music")  # what TensorFlow itself takes does not count
    before, outcomes, end = peak(), Outcomes(), time.monotonic() + options.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        subjects = [Presets(Path(folder) / f"{a}_{t}", a, t) for a, t in pairs()]
        run = Runs(Path(folder) / "run", "gru_text")
        manifest = Manifests(options.artifact, Path(folder)) if options.artifact else None
        seed = options.seed
        while time.monotonic() < end:
            subject = subjects[seed % len(subjects)]
            attack(subject, outcomes, 10, seed)
            for done, text in sampled(run.content, 10, seed):
                outcomes.attempt(f"run.json {done}", lambda text=text: run.read(text))
            for part in ("export", "card", "codec") if manifest else ():
                for done, text in sampled(manifest.contents(part), 10, seed):
                    outcomes.attempt(f"{part} {done}", lambda part=part, text=text: manifest.read(part, text))
            seed += 1
    print(dict(outcomes.counts), f"{len(outcomes.foreign)} foreign, {len(outcomes.slow)} slow,",
          f"{(peak() - before) / 1e6:.0f} MB more than TensorFlow's {before / 1e6:.0f}")  # fmt: skip
    print(*sorted(outcomes.foreign)[:40], *outcomes.slow[:20], sep="\n")


def peak() -> float:
    """Return the most memory that the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
