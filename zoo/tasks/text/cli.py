"""The options of `zoo generate` that text models have."""

from collections.abc import Sequence

import click


def options() -> Sequence[click.Option]:
    """Return the task's own options of `zoo generate`."""
    return (
        click.Option(["--prompt"], help="Beginning to continue."),
        click.Option(["--length"], type=int, help="New characters. [200]"),
        click.Option(["--replace"], help="Replaces characters of the prompt that the model does not know."),
        click.Option(["--prompt-file"], type=click.Path(), help="Text file with the beginning to continue."),
        click.Option(["--encoding"], help="Encoding of the prompt file. [by its byte order mark, or UTF-8]"),
    )
