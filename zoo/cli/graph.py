"""The command graph: make the ONNX graphs of presets again."""

import click

from zoo import api
from zoo.cli.startup import import_tensorflow
from zoo.core.commands import Command, show
from zoo.presets import catalog


@click.command(cls=Command)
@click.argument("model", nargs=-1, metavar="[MODEL]...")
def graph(model: tuple[str, ...]) -> None:
    """Make the ONNX graph of each MODEL again, verified against Keras; without one, of all shipped models.

    MODEL is a name or a preset folder. ONNX Runtime runs a preset by its graph, which takes the weights from the file
    beside it. `zoo train` makes one; presets of earlier releases have none.

    \b
    Example:
      zoo graph runs/mine/preset
    """
    names = model or catalog.list_models(pretrained=True)
    for name in names:
        api.info(name)  # refuses what is not a preset before TensorFlow is imported
    import_tensorflow()
    from zoo.export.preset_graph import add_graph
    from zoo.presets.graph import GRAPH

    for name in names:
        path = catalog.folder(name) / GRAPH
        add_graph(path.parent)
        show(f"{path}: {path.stat().st_size:,} bytes")


COMMANDS = (graph,)
