"""The command line, called in this process, and presets to call it with."""

from click.testing import CliRunner

import zoo
from tests.conftest import RECIPE
from zoo.cli.main import main
from zoo.core.card import Card


def call(*arguments, **options):
    return CliRunner().invoke(main, [str(a) for a in arguments], **options)


def infiller(folder, codec):
    """Write a preset of an untrained model that fills gaps, of music or of text."""
    from zoo.networks.build import network
    from zoo.networks.transfer import weights
    from zoo.presets.preset import write

    task = codec.to_json()["type"]
    net = network(zoo.ARCHITECTURES["bilstm"], codec, RECIPE)
    card = Card(f"bilstm_{task}", "bilstm", task, RECIPE, net.count_params())
    write(folder / task, card, codec, weights(net))
    return folder / task
