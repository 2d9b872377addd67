"""Teach lstm_music the music of a folder of MIDI files, in any number of voices: from the chorales, and from nothing.

    python examples/fine_tune_music.py my_midi_files 3

The same from the command line:

    zoo train lstm_music --start lstm_music --data my_midi_files --out runs/tuned --set voices=3 --set epochs=20 \\
        --set learning_rate=0.001 --set warmup=20 --set batch=8
"""

import sys
from pathlib import Path

import zoo

SETTINGS = {"epochs": 20, "learning_rate": 1e-3, "warmup": 20, "batch": 8}
BARS, SEED = 8, 1


def main() -> None:
    """Train from the chorales and from nothing, and write a piece of each."""
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        raise SystemExit("give a folder and a number of voices: python examples/fine_tune_music.py my_midi_files 3")
    folder, voices = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    for name, start in (("from-chorales", "lstm_music"), ("from-nothing", None)):
        out = Path("runs", f"{folder.name}-{name}")
        if out.exists():
            raise SystemExit(f"{out} is there already: move it away")
        card = zoo.train("lstm_music", out=out, start=start, data=folder, voices=voices, **SETTINGS)
        piece = zoo.load(out / "preset").generate(bars=BARS, temperature=0.9, seed=SEED)
        piece.save(f"{folder.name}-{name}.mid")
        nats = card.metrics["valid"]["nats_per_step"]
        print(
            f"{name}: {nats:.2f} nats per step of the files kept for validation, {card.minutes} minutes; "
            f"zoo.load('{out}/preset'), {folder.name}-{name}.mid"
        )


if __name__ == "__main__":
    try:
        main()
    except zoo.ZooError as error:
        raise SystemExit(str(error)) from None
