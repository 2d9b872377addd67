"""`python -m zoo.presets [FOLDER]...`: write cards and pages of presets again, as this version writes them.

Weights and codecs stay as they are, and so do the figures of a card: its form and the page that is made of it follow
the code. In its command, `--from` of version 0.1 becomes `--start`. Without a folder it is all shipped presets.
"""

from dataclasses import replace
from pathlib import Path

import click

from zoo.core.calibration import Calibration
from zoo.core.card import Card
from zoo.core.files import write_text
from zoo.presets import CARD, SHIPPED
from zoo.presets.page import PAGE, page
from zoo.presets.preset import read, read_card


def reseal(folder: Path, calibration: Calibration | None = None) -> Card:
    """Write a preset's card and, if it has one, its page again; return the card.

    Args:
        folder: The preset.
        calibration: Of the card, from now on.

    Raises:
        PresetError: A file is missing, corrupt or inconsistent.
    """
    read(folder).weights()  # only what belongs together is sealed
    card = read_card(folder)
    card = replace(card, command=card.command.replace(" --from ", " --start "))
    card = replace(card, calibration=calibration or card.calibration)
    write_text(folder / CARD, card.to_json())
    if (folder / PAGE).exists():
        write_text(folder / PAGE, page(folder))
    return card


@click.command()
@click.argument("folders", nargs=-1, metavar="[FOLDER]...", type=click.Path(path_type=Path, file_okay=False))
def main(folders: tuple[Path, ...]) -> None:
    """Write the card and the page of each preset FOLDER again; without one, of all shipped models."""
    for folder in folders or sorted(path.parent for path in SHIPPED.glob(f"*/{CARD}")):
        click.echo(reseal(folder).name)


if __name__ == "__main__":
    main()
