"""The command `zoo harmonize`, and the options of `zoo generate` that music models have."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from zoo.core.commands import MODEL, Command, given, is_input, opens_models
from zoo.core.session import OutputFiles, Session
from zoo.errors import ArgumentError


def commands() -> Sequence[click.Command]:
    """Return the commands of the task."""
    return (harmonize,)


def options() -> Sequence[click.Option]:
    """Return the task's own options of `zoo generate`."""
    return (
        click.Option(["--prompt"], metavar="FILE", help="MIDI file with the beginning to continue."),
        click.Option(["--bars"], type=float, help="New bars to compose. [8, or as long as the fixed voices]"),
        click.Option(["--steps"], type=int, help="The same in grid steps (sixteenths)."),
        click.Option(
            ["--fixed"],
            multiple=True,
            metavar="VOICE=FILE",
            callback=_fixed,
            help="MIDI file with the line that VOICE sings; again for other voices.",
        ),
    )


def _is_music(text: str) -> bool:
    """Tell a MIDI file, or notes, from the name of a model."""
    from zoo.tasks.music.score import is_melody

    return is_input(text) or is_melody(text)


@click.command(
    cls=Command, renamed={"--model": MODEL}, earlier_model=lambda _arguments: "bilstm_music", is_input=_is_music
)
@click.argument("model")
@click.argument("melody")
@click.option("--free", multiple=True, metavar="VOICE", help="Voice to fill in. [silent ones, or all but the highest]")
@click.option("--bars", metavar="FIRST-LAST", help="Bars to fill in, of all voices if --free names none; from 1. [all]")
@click.option("--sweeps", type=int, help="Sweeps of Gibbs sampling over the gaps. [60]")
@click.option("--temperature", type=float, help="0 takes the most likely notes. [1]")
@click.option("--seed", type=int, help="The same seed writes the same notes, in every float32 format.")
@click.option("-n", "count", default=1, help="Number of pieces.")
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("harmonized.mid"), help="MIDI file.")
@click.option("--plot", type=click.Path(path_type=Path), help="Piano roll to write too (.png, .pdf, .svg).")
@click.option("--wav", type=click.Path(path_type=Path), help="Audio to write too (.wav).")
@opens_models
@click.pass_obj
def harmonize(
    session: Session, model: str, melody: str, bars: str | None, count: int, out: Path, plot: Path | None,
    wav: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Add the other voices to MELODY with MODEL, or fill in parts of a piece.

    MELODY is a MIDI file, or notes such as "C4/4 D4/4 E4/2". MODEL is a bidirectional music model: a name, a preset
    folder or an artifact.

    \b
    Examples:
      zoo harmonize bilstm_music melody.mid -o chorale.mid
      zoo harmonize bilstm_music "C5/4 D5/4 E5/4 C5/4 D5/4 D5/4 C5/2" --seed 1 --wav chorale.wav
      zoo harmonize bilstm_music chorale.mid --free alto --free tenor --bars 3-4 -o other.mid
    """
    from zoo.models.infilling import Infiller
    from zoo.tasks.music.score import Score

    files = OutputFiles(out, plot, wav)
    opened = session.open(model, Infiller, Score)
    session.check_outputs(Score, files, count, [melody])
    chosen = given({**options, "bars": _bars(bars) if bars else None})
    session.write(opened.infill(melody, n=count, progress=True, **chosen), files)


def _bars(text: str) -> tuple[int, int]:
    first, sign, last = text.partition("-")
    if not first.isdecimal() or (sign and not last.isdecimal()) or not 1 <= int(first) <= int(last or first):
        raise ArgumentError(f"--bars {text}: write FIRST-LAST, such as 3-4, counted from 1")
    return int(first) - 1, int(last or first)


def _fixed(_ctx: click.Context, _param: click.Parameter, values: Sequence[str]) -> dict[str, str] | None:
    """Turn VOICE=FILE into voice → file."""
    pairs = [(text, *text.partition("=")) for text in values]
    for text, _, sign, _ in pairs:
        if not sign:
            raise ArgumentError(f"--fixed {text}: write VOICE=FILE, such as soprano=melody.mid")
    return {voice: path for _, voice, _, path in pairs} or None
