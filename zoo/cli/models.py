"""Commands about models: list, info, page, evaluate."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from zoo import api
from zoo.cli.output import print_json
from zoo.cli.task_options import TaskOptions, of_evaluation
from zoo.core.commands import Command, as_json, given, opens_models, show
from zoo.core.session import Session
from zoo.errors import ArgumentError
from zoo.presets import catalog


@click.command("list", cls=Command)
@click.argument("pattern", default="*")
@click.option("--pretrained", is_flag=True, help="Only models whose weights are in the package.")
def list_(pattern: str, pretrained: bool) -> None:
    """List models whose name matches PATTERN.

    \b
    Examples:
      zoo list
      zoo list "*_music" --pretrained
    """
    names = catalog.list_models(pattern, pretrained=True if pretrained else None)
    if not names:
        raise ArgumentError(f"no model name matches {pattern!r}: `zoo list` shows all names")
    show(names)


@click.command(cls=Command)
@click.argument("model")
@click.pass_obj
def info(session: Session, model: str) -> None:
    """Print the card of MODEL: a name, a preset folder or an artifact.

    \b
    Examples:
      zoo info lstm_music
      zoo info runs/mine/preset
    """
    if session.is_artifact(model):
        from zoo.export import inspect

        inspection = inspect(model)
        if (card := inspection.card) is None:
            show(inspection)
            return
    else:
        card = api.info(model)
    for key, value in {**asdict(card), "recipe": card.recipe.to_dict()}.items():
        if isinstance(value, dict):
            show("\n".join([f"{key}:", *(f"    {name}: {row}" for name, row in value.items())]))
        else:
            show(f"{key}: {value}")


@click.command(cls=Command)
@click.argument("model")
def page(model: str) -> None:
    """Print the page of MODEL as Markdown: network, results, training, samples, artifacts.

    MODEL is a name or a preset folder.

    \b
    Example:
      zoo page lstm_music
    """
    show(api.page(model), nl=False)


@click.command(cls=TaskOptions, of_task=of_evaluation)
@click.argument("model")
@click.option("--split", help="Split of the task's data set. [test]")
@click.option("--data", type=click.Path(path_type=Path), help="Your own files instead, as `zoo train` takes them.")
@as_json
@opens_models
@click.pass_obj
def evaluate(session: Session, model: str, split: str | None, data: Path | None, json: bool, **options: Any) -> None:
    """Evaluate MODEL on a split of its task's data set, or on your own files.

    MODEL is a name, a preset folder or an artifact. The data set is read from the folder in ZOO_DATA, or downloaded
    once. Of your own files, those that do not fit the model are named and left out.

    \b
    Examples:
      zoo evaluate lstm_music
      zoo evaluate lstm_music.onnx --split valid
      zoo evaluate runs/mine/preset --data other_clips
      zoo evaluate lstm_text --data poems --encoding cp1252 --replace "?"
    """
    from zoo.core.task import find

    if split and data:
        raise ArgumentError("--split and --data do not go together: a split is one of the task's data set")
    opened = session.open_model(model)
    task = find(opened.card.task)
    found = task.with_bits(opened.evaluate(split or "test", True, data, **given(options)))
    if json:
        where = {"data": data} if data else {"split": split or "test"}
        print_json({"model": opened.card.name, "task": task.name, **where, "metrics": found})
        return
    for key, value in found.items():
        show(f"{task.words(key)}: {value:.4f}" if isinstance(value, float) else f"{key}: {value}")


COMMANDS = (list_, info, page, evaluate)
