"""`zoo convert`: model files of Keras 1 and 2 → files of Keras 3."""

from pathlib import Path

import click

from zoo.cli.custom import custom_objects, reads_keras_files
from zoo.cli.startup import import_tensorflow
from zoo.core.commands import Command, show
from zoo.core.extras import require
from zoo.errors import ArgumentError


@click.command("convert", cls=Command)
@click.argument("model", type=click.Path())
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The new file. [the name of MODEL, with .keras]")
@reads_keras_files
def convert_(model: str, out: Path | None, modules: tuple[str, ...], trust: bool) -> None:
    """Convert MODEL, a file of Keras 1 or 2, to one of Keras 3 that computes the same.

    Every recurrent cell is compared with what the old weights compute.

    \b
    Examples:
      zoo convert stock_lstm.h5 -o stock_lstm.keras
      zoo convert attention.h5 --import my_layers.py
    """
    source = Path(model)
    target = out or source.with_suffix(".keras")
    if out is None and target == source:
        raise ArgumentError(f"{source} would be replaced: give another name by --out")
    require("converting needs", "keras")
    import_tensorflow()
    import zoo.layers  # noqa: F401 (Keras then knows them by name)
    from zoo.export import convert

    show(convert(source, target, custom_objects=custom_objects(modules), trust=trust))


COMMANDS = (convert_,)
