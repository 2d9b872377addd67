"""Stop trainings and exports at random moments, go on, and look for what is lost or left behind.

    python -m tests.fuzz.kills --trainings 200 --exports 100

Trainings are stopped and resumed until they end; their log and weights must be those of one that was never stopped.
After every stop of an export there is the artifact of before, a complete new one, or none. SIGKILL may leave temporary
folders, which the next run removes; SIGINT and SIGTERM may leave nothing. Prints the figures, and exits with status 1
at the first fault.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.training.processes import Process, _command
from tests.training.runs import SMALL, log
from zoo.core.files import sha256
from zoo.training.run_folder import LOCK, REQUEST

EPOCHS = 20
BEGUN_S = 0.3  # a process needs to begin its command
STOPS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
FORMATS = {"onnx": "tiny.onnx", "tflite": "tiny.tflite", "saved_model": "tiny"}
LEFT = ("card.json", "codec.json", "curves.png", "graph.onnx", "log.csv", "weights.safetensors")


class Fault(Exception):
    """What must not be."""


class Place:
    """A folder with the outputs of processes, and one for their temporary files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.temporary, self.said = folder, folder / "tmp", folder / "said"
        self.temporary.mkdir()
        self.usual: set[Path] = set()  # what other libraries leave in any case

    def start(self, target, *words) -> Process:
        self.said.unlink(missing_ok=True)
        return Process(target, [str(word) for word in words], self.said, {"TMPDIR": str(self.temporary)})

    def finish(self, process: Process) -> None:
        status, said = process.end(300)
        if status:
            raise Fault(f"status {status}: {said}")

    def stop(self, process: Process, number: int, after_s: float) -> bool:
        """Send a signal to a process after a time; tell whether it was still running."""
        while process.running() and not self.said.exists():
            time.sleep(0.01)
        until = time.monotonic() + max(after_s, BEGUN_S)
        while time.monotonic() < until and process.running():
            time.sleep(0.01)
        if not process.running():
            return False
        os.kill(process._process.pid, number)
        status, said = process.end(60)
        if number != signal.SIGKILL and status not in (0, 128 + number, -number):  # the last: before the command began
            raise Fault(f"status {status} by signal {number}: {said}")
        if "Traceback" in said:
            raise Fault(said)
        return status != 0

    def left(self, *folders: Path) -> list[str]:
        """List what is hidden in folders, and all that is in the one for temporary files."""
        found = [path for folder in folders for path in folder.rglob(".*")] + [*self.temporary.iterdir()]
        return [str(path) for path in found if path not in self.usual]


def corpus(folder: Path) -> Path:
    """Write a short text."""
    words, rng = ("the", "king", "of", "men", "went", "over", "sea", "to", "find", "a", "song"), random.Random(1)
    text = "\n".join(" ".join(rng.choice(words) for _ in range(10)) for _ in range(40))
    (folder / "text").mkdir()
    (folder / "text/a.txt").write_text(text)
    return folder / "text"


def trainings(place: Place, count: int, rng: random.Random) -> dict[str, int]:
    """Stop trainings so many times."""
    data = corpus(place.folder)
    settings = [word for key, value in ({"epochs": EPOCHS} | SMALL).items() for word in ("--set", f"{key}={value}")]

    def start(out: Path) -> Process:
        more = ["--resume"] if (out / REQUEST).exists() else ["--data", data, *settings]
        return place.start(_command, "train", "lstm_text", "--out", out, *more)

    def result(out: Path) -> tuple:
        return log(out), sha256(out / "preset/weights.safetensors"), sorted(p.name for p in (out / "preset").iterdir())

    place.finish(start(place.folder / "warm"))  # the processes are forked from one that begins here
    began = time.monotonic()
    place.finish(start(place.folder / "whole"))
    place.usual = {*place.temporary.iterdir()}
    seconds, whole = time.monotonic() - began, result(place.folder / "whole")
    found = {"stopped": 0, "runs": 0, "by SIGKILL": 0}
    while found["stopped"] < count:
        out = place.folder / f"run{found['runs']}"
        while True:
            process, number, began = start(out), rng.choice(STOPS), time.monotonic()
            if found["stopped"] >= count or not place.stop(process, number, rng.uniform(0, 1.1 * seconds)):
                place.finish(process)
                seconds = min(seconds, time.monotonic() - began)  # the machine may have been busy before
                break
            found["stopped"] += 1
            found["by SIGKILL"] += number == signal.SIGKILL
            clean = number != signal.SIGKILL
            if clean and (left := [path for path in place.left(out) if Path(path).name != LOCK]):
                raise Fault(f"{left} after signal {number}: {place.said.read_text()}")
        if result(out) != whole or list(whole[2]) != list(LEFT):
            raise Fault(f"{out} is not as {place.folder / 'whole'}")
        if left := place.left(out):
            raise Fault(f"left behind: {left}")
        found["runs"] += 1
        print(json.dumps(found), flush=True)
    return found


def _exported(name: str, preset: str, target: str) -> None:
    """In a process of its own: export with few checks, as the tests do."""
    from tests.conftest import small_checks
    from zoo.cli import process

    def run() -> None:
        import zoo
        from zoo.export import save

        save(zoo.load(preset), target, name)

    with small_checks():
        sys.exit(process.status(run))


def exports(place: Place, count: int, rng: random.Random) -> dict[str, int]:
    """Stop exports so many times."""
    from export import load
    from tests.conftest import tiny_model
    from zoo.networks.transfer import weights
    from zoo.presets.preset import write

    tiny, preset, dist = tiny_model(), place.folder / "preset", place.folder / "dist"
    write(preset, tiny.card, tiny.codec, weights(tiny.engine.network))
    found, seconds = {"stopped": 0, "exported": 0, "by SIGKILL": 0}, {}
    for name, file in FORMATS.items():
        began = time.monotonic()
        place.finish(place.start(_exported, name, preset, place.folder / "warm" / file))
        seconds[name] = time.monotonic() - began
    place.usual = {*place.temporary.iterdir()}
    before: set[str] = set()
    while found["stopped"] < count:
        name, number = rng.choice(list(FORMATS)), rng.choice(STOPS)
        process = place.start(_exported, name, preset, dist / FORMATS[name])
        stopped = place.stop(process, number, rng.uniform(0, seconds[name]))
        before = {path for path in before if Path(path).exists()}  # what is left of an export that was killed
        if number != signal.SIGKILL and stopped and (left := {*place.left(dist)} - before):
            raise Fault(f"{left} after signal {number}: {place.said.read_text()}")
        before = {*place.left(dist)}
        if not stopped:
            place.finish(process)
        found["stopped"] += stopped
        found["exported"] += not stopped
        found["by SIGKILL"] += stopped and number == signal.SIGKILL
        if (dist / FORMATS[name]).exists() or not stopped:
            load(dist / FORMATS[name])  # whole, whether it is new or that of before
        if found["stopped"] % 10 == 0:
            print(json.dumps(found), flush=True)
    for name, file in FORMATS.items():
        place.finish(place.start(_exported, name, preset, dist / file))
        load(dist / file)
    if (left := place.left(dist)) or sorted(p.name for p in dist.iterdir()) != sorted(FORMATS.values()):
        raise Fault(f"left behind: {left or [*dist.iterdir()]}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=0)
    parser.add_argument("--exports", type=int, default=0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"--seed {options.seed}", flush=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have what runs in the background ignore it
    with tempfile.TemporaryDirectory() as folder:
        for kind, count in ((trainings, options.trainings), (exports, options.exports)):
            if count:
                (Path(folder) / kind.__name__).mkdir()
                found = kind(Place(Path(folder) / kind.__name__), count, random.Random(options.seed))
                print(f"{kind.__name__}: {json.dumps(found)}, nothing lost, nothing left behind", flush=True)


if __name__ == "__main__":
    main()
