"""Pictures of transcripts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.core.plots import COLOURS, figure, plain, save


def heard(
    features: Any, probabilities: Any, vocabulary: str, words: Sequence[Any], start: float, step_s: float, path: Path
) -> Path:  # fmt: skip
    """Draw log-mel features `(steps, frames, bands)`, words above them, and below the probabilities of symbols.

    Args:
        features: What the network heard.
        probabilities: `(steps, classes)`; the last class is the blank.
        vocabulary: Characters of the other classes.
        words: Each with `text`, `start`, `end` in seconds.
        start: Time of the first step, in seconds.
        step_s: Length of a step, in seconds.
        path: File.
    """
    steps = len(probabilities)
    seconds = steps * step_s
    drawn = figure(figsize=(min(4 + 1.6 * seconds, 50), 7), layout="constrained")
    above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(1, 1.2))
    span = (start, start + seconds)
    image = features[:steps].reshape(-1, features.shape[-1]).T
    above.imshow(image, origin="lower", aspect="auto", cmap="magma", extent=(*span, 0, 8), interpolation="nearest")
    above.set_ylabel("mel bands up to 8 kHz")
    above.set_yticks([])
    for word in words:
        above.axvspan(word.start, word.end, ymin=0.985, color=COLOURS[0], clip_on=False)
        above.text((word.start + word.end) / 2, 8.15, plain(word.text), ha="center", fontsize=8)
    used = [i for i in range(len(vocabulary)) if probabilities[:, i].max() >= 0.05]
    times = [start + step_s * (step + 0.5) for step in range(steps)]
    for i in used:
        line = below.plot(times, probabilities[:, i], color=COLOURS[i % len(COLOURS)], linewidth=1.2)[0]
        for step in peaks(probabilities[:, i]):
            name = "␣" if vocabulary[i] == " " else plain(vocabulary[i])
            below.text(
                times[step], probabilities[step, i] + 0.02, name, color=line.get_color(), ha="center", fontsize=9
            )
    below.plot(times, probabilities[:, -1], color="#cccccc", linewidth=0.8, zorder=0, label="blank (␣: word ends)")
    below.set_xlim(*span)
    below.set_ylim(0, 1.15)
    below.set_ylabel("probability")
    below.set_xlabel("seconds")
    below.grid(color="#eeeeee", linewidth=0.6)
    below.legend(loc="upper right", frameon=False)
    return save(drawn, path)


def peaks(values: Any) -> list[int]:
    """Give the places where values are highest among their neighbours, and at least 0.2."""
    return [
        i
        for i, value in enumerate(values)
        if value >= 0.2 and (i == 0 or values[i - 1] < value) and (i + 1 == len(values) or values[i + 1] <= value)
    ]
