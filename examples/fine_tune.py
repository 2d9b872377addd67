"""Teach lstm_text another author: what it writes before and after, and how well it expects the text.

    python examples/fine_tune.py alice_in_wonderland.txt

Any text file does. The same from the command line:

    zoo train lstm_text --start lstm_text --data FILE --set epochs=6 --set learning_rate=0.001 --set warmup=20
"""

import sys
from pathlib import Path

import zoo

SETTINGS = {"epochs": 6, "learning_rate": 1e-3, "warmup": 20}
OPENING, LENGTH, SEED, ENDING = "The ", 400, 1, 5000


def shown(model) -> str:
    """Return a text of the model, from an opening that both vocabularies have."""
    return model.generate(prompt=OPENING, length=LENGTH, temperature=0.7, seed=SEED)


def main() -> None:
    """Train, and show the difference."""
    if len(sys.argv) != 2:
        raise SystemExit("give a text file: python examples/fine_tune.py alice_in_wonderland.txt")
    path = Path(sys.argv[1])
    out = Path("runs", path.stem)
    if out.exists():
        raise SystemExit(f"{out} is there already: move it away")
    before = zoo.load("lstm_text")
    card = zoo.train("lstm_text", out=out, start="lstm_text", data=path, **SETTINGS)
    after = zoo.load(out / "preset")
    new = sorted(set(after.codec.vocabulary) - set(before.codec.vocabulary))
    print(f"\nnew characters: {''.join(new) or 'none'}\n\n--- before\n{shown(before)}\n\n--- after\n{shown(after)}\n")
    text = path.read_text(encoding="utf-8")
    ending = text[-min(ENDING, len(text) // 10) :]  # of the last tenth, which is for validation
    ending = ending.translate({ord(character): None for character in new})
    for name, model in (("before", before), ("after", after)):
        print(
            f"{name}: {model.measure([ending])['nats_per_character']:.3f} nats per character of the end of {path.name}"
        )
    print(f"{card.epochs} epochs, {card.minutes} minutes; zoo.load('{out}/preset')")


if __name__ == "__main__":
    try:
        main()
    except zoo.ZooError as error:
        raise SystemExit(str(error)) from None
