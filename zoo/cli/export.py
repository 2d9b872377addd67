"""Commands about artifacts: export, inspect, benchmark. What formats there are, the table of formats says."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.cli.custom import reads_keras_files
from zoo.cli.output import print_json
from zoo.core.commands import Command, as_json, show
from zoo.core.extras import require
from zoo.core.files import exists
from zoo.core.session import Session
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    from export.formats import Format

ALL = "all"
ANY_STEPS = "sequence"  # form that artifacts have unless the user names one


def _formats() -> "list[Format]":
    from zoo.export import formats

    return list(formats.formats().values())


def _forms() -> Iterable[str]:
    from zoo.runtime import signature

    return signature.FORMS


class Choices(click.ParamType):
    """One of several words, which are asked for only when they are needed.

    Args:
        words: Returns them; a word twice counts once.
    """

    name = "choice"

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        self.words = words

    @property
    def choices(self) -> list[str]:
        """The accepted words."""
        return list(dict.fromkeys(self.words()))

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """Show the words."""
        return f"[{'|'.join(self.choices)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse other words."""
        if value not in self.choices:
            self.fail(f"{value!r} is not one of {', '.join(self.choices)}", param, ctx)
        return value


@click.command("export", cls=Command)
@click.argument("model")
@click.option(
    "--format",
    "wanted",
    type=Choices(lambda: [*(row.name for row in _formats()), ALL]),
    default=ALL,
    help="Format of the artifact.",
)
@click.option(
    "--form",
    type=Choices(_forms),
    default=ANY_STEPS,
    help="What a call computes: any number of time steps, one step, or a whole piece.",
)
@click.option(
    "--quantize",
    type=Choices(lambda: [word for row in _formats() for word in row.quantize]),
    help="Store smaller weights, in formats that have them.",
)
@click.option(
    "--recurrence",
    type=Choices(lambda: [word for row in _formats() for word in row.recurrence]),
    help="How recurrent layers are computed, in formats with several ways. [the format's first]",
)
@click.option("--batch", type=int, help="Fixed batch size. [any]")
@click.option("--steps", type=int, help="Fixed number of time steps. [any]")
@click.option("--state", is_flag=True, help="Make the state of every recurrent layer an input and an output.")
@click.option(
    "--sidecar", is_flag=True, help="Write the metadata of each artifact to a JSON file beside it too: NAME.json."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("dist"), help="Folder to write into.")
@reads_keras_files
@click.pass_obj
def export_(
    session: Session, model: str, wanted: str, out: Path, modules: tuple[str, ...], trust: bool, **options: Any
) -> None:
    """Export MODEL, verified against Keras: a name, a preset folder or a Keras file.

    \b
    Examples:
      zoo export lstm_music --format onnx
      zoo export lstm_music --format all --form step --out artifacts
      zoo export my_model.keras --format tflite --quantize int8
      zoo export old_model.h5 --import my_layers.py
    """
    require("export needs", "keras", "tensorflow")  # before a model is read
    from tqdm import tqdm

    from zoo.export import save
    from zoo.models.model import Model

    quantize, recurrence = options["quantize"], options["recurrence"]
    fitting = [row for row in _formats() if quantize in (None, *row.quantize) and recurrence in (None, *row.recurrence)]
    rows = fitting if wanted == ALL else [row for row in _formats() if row.name == wanted]
    if not rows:
        raise ArgumentError(f"no format has both --quantize {quantize} and --recurrence {recurrence}: leave one out")
    if options["sidecar"] and len(rows) > 1:
        raise ArgumentError("--sidecar: artifacts of several formats would share one NAME.json: name one by --format")
    network = session.open_network(model, modules, trust)
    stem = network.card.name if isinstance(network, Model) else Path(model).stem
    form = options["form"] if options["form"] != ANY_STEPS else None
    stem = "_".join(part for part in (stem, form, quantize) if part)
    for row in (bar := tqdm(rows, unit="format", file=sys.stderr)):
        bar.set_description(row.name)
        tqdm.write(str(save(network, out / f"{stem}{row.suffix}", row.name, **options)))


@click.command(cls=Command)
@click.argument("path", type=click.Path(path_type=Path))
@as_json
def inspect(path: Path, json: bool) -> None:
    """Describe PATH: an artifact, or a Keras file.

    Of an artifact: operators, precision, size, signatures, and its differences from Keras. Of a Keras file: layers,
    weights, and the version of Keras that wrote it.

    \b
    Examples:
      zoo inspect dist/lstm_music.onnx
      zoo inspect my_model.h5
      zoo inspect dist/lstm_music.onnx --json
    """
    from zoo.export import formats, model_files
    from zoo.export import inspect as inspected

    is_artifact = not exists(path) or formats.of_artifact(path) is not None
    found = model_files.describe(path) if not is_artifact and model_files.is_meant(path) else inspected(path)
    print_json(found.to_dict()) if json else show(found)


@click.command(cls=Command)
@click.argument("model")
@click.option("--steps", default=100, help="Time steps per call.")
@click.option("--batch", default=1, help="Batch size.")
@as_json
@reads_keras_files
@click.pass_obj
def benchmark(
    session: Session, model: str, steps: int, batch: int, json: bool, modules: tuple[str, ...], trust: bool
) -> None:
    """Measure the speed of MODEL in every format and precision: a name, a preset folder or a Keras file.

    \b
    Examples:
      zoo benchmark lstm_music
      zoo benchmark my_model.keras --steps 500 --batch 16
    """
    require("a benchmark needs", "keras", "tensorflow")
    from zoo.export import benchmark as measured

    found = measured(session.open_network(model, modules, trust), steps, batch, progress=True)
    print_json(found.to_dict()) if json else show(found)


COMMANDS = (export_, inspect, benchmark)
