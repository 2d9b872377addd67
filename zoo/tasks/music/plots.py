"""Piano rolls."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.core.plots import COLOURS, figure, save


def piano_roll(score: Any, names: Sequence[str], path: Path) -> Path:
    """Draw a score with named voices: time in bars to the right, pitch upwards, a colour a voice."""
    import pretty_midi

    bars = max(1.0, len(score) / score.steps_per_bar)
    drawn = figure(figsize=(min(4 + 0.75 * bars, 60), 5))
    axes = drawn.add_subplot()
    notes = list(score.notes())
    # Lower voices are drawn first and thicker, so that a unison shows both colours.
    for voice, name in reversed(list(enumerate(names))):
        thick = 0.9 - 0.4 * (1 - voice / max(1, score.voices - 1))
        mine = [note for note in notes if note.voice == voice]
        axes.barh(
            [note.pitch for note in mine],
            [note.end - note.start - 0.15 for note in mine],
            left=[note.start for note in mine],
            height=thick, color=COLOURS[voice % len(COLOURS)], label=name, zorder=3,
        )  # fmt: skip
    low, high = min((n.pitch for n in notes), default=60) - 2, max((n.pitch for n in notes), default=60) + 2
    axes.set_ylim(low, high)
    for pitch in range(low, high + 1):
        if pitch % 12 in (1, 3, 6, 8, 10):
            axes.axhspan(pitch - 0.5, pitch + 0.5, color="#f2f2f2", zorder=0)
    named = [pitch for pitch in range(low, high + 1) if pitch % 12 in (0, 2, 4, 5, 7, 9, 11)]
    axes.set_yticks(named, [pretty_midi.note_number_to_name(pitch) for pitch in named], fontsize=7)
    axes.set_xlim(0, max(1, len(score)))
    starts = range(0, len(score) + 1, score.steps_per_bar)
    every = 1 + len(starts) // 40
    axes.set_xticks(starts[::every], [str(i + 1) for i in range(len(starts))][::every])
    axes.set_xticks(range(0, len(score) + 1, score.steps_per_beat), minor=True)
    axes.grid(axis="x", which="major", color="#888888", linewidth=1, zorder=1)
    axes.grid(axis="x", which="minor", color="#dddddd", linewidth=0.6, zorder=1)
    axes.set_xlabel("bar")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1.005, 1), frameon=False)
    return save(drawn, path)
