"""The command train."""

import os
import shlex
from collections.abc import Iterable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import click

from zoo import api
from zoo.cli import process
from zoo.cli.startup import import_tensorflow
from zoo.cli.task_options import TaskOptions, of_files
from zoo.core.commands import given, show
from zoo.core.files import exists
from zoo.core.recipe import adjusted, core_rows
from zoo.core.task import table
from zoo.errors import ArgumentError
from zoo.presets import catalog

OF_RUN = ("out", "data", "start", "freeze", "teachers", "resume", "trial")
"""Options that say how a model is trained; the others are settings."""


class Training(TaskOptions):
    """A command whose help lists the settings of recipes: those that every task has, then those of each task."""

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a table of settings for each task that has some of its own."""
        tables: dict[str, Iterable[Field[Any]]] = {"Settings (--set)": core_rows().values()}
        tables |= {f"Settings of {name}": fields(task.settings) for name, task in table().items()}
        for title, rows in tables.items():
            if shown := [(row.name, _described(row)) for row in rows]:
                with formatter.section(title):
                    formatter.write_dl(shown)


def _described(row: "Field[Any]") -> str:
    """Describe a setting: its help and choices; its default is that of the model's recipe."""
    choices = f" One of {', '.join(row.metadata['choices'])}." if row.metadata["choices"] else ""
    return f"{row.metadata['help']}{choices}"


@click.command(cls=Training, of_task=of_files, renamed={"--from": "--start"})
@click.argument("model")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder [runs/MODEL]; the preset is its sub-folder preset."
)
@click.option("--data", type=click.Path(path_type=Path), help="Your own files instead of the task's data set.")
@click.option("--start", help="Base model to fine-tune: a name or a preset folder.")
@click.option(
    "--freeze",
    multiple=True,
    metavar="LAYER",
    help="Layer that is not trained; encoder: all layers below the recurrent ones.",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL",
    help="Model of the same task whose outputs it learns too (knowledge distillation): a name or a preset folder.",
)
@click.option("--devices", default="", metavar="NAME,NAME…", help="GPUs that share a batch: GPU:0,GPU:1 [the first].")
@click.option(
    "--precision", type=click.Choice(core_rows()["precision"].metadata["choices"]), help="The same as --set precision=…"
)
@click.option("--set", "changes", multiple=True, metavar="SETTING=VALUE", help="Change a setting of the recipe.")
@click.option("--resume", is_flag=True, help="Continue the run after its last complete epoch.")
@click.option("--trial", is_flag=True, help="Leave the test split unread, to choose among recipes by validation.")
def train(model: str, changes: tuple[str, ...], precision: str | None, devices: str, **options: Any) -> None:
    """Train MODEL, with progress, CSV log, TensorBoard events, a checkpoint every epoch and early stopping.

    Settings that are not given are those of the recipe.

    \b
    Examples:
      zoo train lstm_music
      zoo train lstm_music --resume
      zoo train lstm_music --set units=512 --set dropout_recurrent=0.2 --set ema=0.999
      zoo train lstm_music --start lstm_music --data my_midi_files --set epochs=30 --set learning_rate=0.001
      zoo train gru_keyword --teacher lstm_keyword --teacher bilstm_keyword --out runs/small --set units=48
    """
    entry = catalog.find(model)  # refuses an unknown name before TensorFlow is imported
    for variable, value in api.TRAINING_ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    import_tensorflow()
    settings: dict[str, Any] = dict(_assigned(text) for text in changes)
    settings |= {"precision": precision} if precision else {}
    settings |= {name: value for name, value in given(options).items() if name not in OF_RUN}
    adjusted(entry.task.recipe(entry.architecture.name), settings)  # `zoo.train` has arguments of other names
    chosen: dict[str, Any] = {"devices": [one.strip() for one in devices.split(",") if one.strip()]}
    chosen |= {key: value for key, value in options.items() if value is not None and key in OF_RUN}
    out = options["out"] or Path("runs") / model
    with process.advice(lambda: _resuming(model, out)):
        card = api.train(model, **chosen, **settings)
    show(f"{out / 'preset'}: {card.parameters:,} parameters, {card.epochs} epochs, {card.minutes} minutes")
    for split, metrics in card.metrics.items():
        show(f"{split}: " + ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in metrics.items()))


def _resuming(model: str, out: Path) -> str:
    """Return how to continue a run that has begun."""
    from zoo.training.run_folder import REQUEST

    if not exists(out / REQUEST):
        return ""
    command = shlex.join(["zoo", "train", model, "--out", str(out), "--resume"])
    return f"Continue after the last complete epoch with: {command}"


def _assigned(text: str) -> tuple[str, str]:
    setting, sign, value = text.partition("=")
    if not sign:
        raise ArgumentError(f"--set {text}: write SETTING=VALUE, such as units=512")
    return setting.strip().replace("-", "_"), value.strip()


COMMANDS = (train,)
