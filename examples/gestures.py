"""Teach a recurrent network gestures from landmarks: vectors instead of pixels, clips with a label each.

    python examples/gestures.py sign_landmarks_3signs.npz            # three signs, 30 frames of 258 numbers
    python examples/gestures.py finger_gesture_point_history.npz     # four movements of a finger tip, 16 frames of 2

A file holds `x (clips, time, features)`, `y (clips,)` and `classes`, perhaps `split`. Where clips are windows of longer
movements, one after the other, the last fifth of each class is kept for the test, and no other.
"""

import sys
from pathlib import Path

import numpy as np

import zoo

MODEL, EPOCHS, HELD = "lstm_video", 12, 0.2


def halves(data: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Say which clips are to be learned from, and which are for the test, `(clips,)` bool each."""
    if "split" in data:
        return data["split"] != "test", data["split"] == "test"
    test = np.zeros(len(data["y"]), bool)
    for label in np.unique(data["y"]):
        rows = np.flatnonzero(data["y"] == label)
        test[rows[int(len(rows) * (1 - HELD)) :]] = True
    return ~test, test


def main() -> None:
    """Write the clips into folders by class, train, and label the clips of the test."""
    if len(sys.argv) != 2:
        raise SystemExit("give a file: python examples/gestures.py sign_landmarks_3signs.npz")
    path = Path(sys.argv[1])
    folder = Path("runs", path.stem)
    if not path.is_file():
        raise SystemExit(f"{path} does not exist: give a .npz file with x, y and classes")
    if folder.exists():
        raise SystemExit(f"{folder} is there already: move it away")
    with np.load(path, allow_pickle=False) as stored:
        data = dict(stored)
    train, test = halves(data)
    for i in np.flatnonzero(train):
        (folder / "clips" / data["classes"][data["y"][i]]).mkdir(parents=True, exist_ok=True)
        np.save(folder / "clips" / data["classes"][data["y"][i]] / f"{i:05}.npy", data["x"][i])
    card = zoo.train(MODEL, out=folder / "run", data=folder / "clips", epochs=EPOCHS, units=64, embedding=32)
    model = zoo.load(folder / "run/preset")
    told = [model.label(clip).label for clip in data["x"][test]]
    right = np.mean(np.array(told) == data["classes"][data["y"][test]])
    print(f"{right:.1%} of {test.sum()} clips right, {card.parameters:,} parameters, {card.minutes} minutes")
    print(f"zoo.load('{folder / 'run/preset'}').label(frames)")


if __name__ == "__main__":
    try:
        main()
    except zoo.ZooError as error:
        raise SystemExit(str(error)) from None
