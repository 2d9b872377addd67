"""Confidence: fit temperature and threshold of speech and video models, and measure what they are worth.

    python benchmarks/bench_confidence.py               # all shipped models (a minute each), then the table of README
    python benchmarks/bench_confidence.py gru_speech    # one of them
    python benchmarks/bench_confidence.py --show        # the table, from the cards

Temperature and threshold are fitted on the validation split; all else is measured once they are. Writes card and page
into the folder of each model's weights. What the models were not made for is made here, or read from ZOO_DATA: chorales
as an organ plays them, words that others said, videos without a mouth.
"""

import csv
import io
import os
import tarfile
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
import soundfile
from tabulate import tabulate

import zoo
from zoo.core.task import find as find_task
from zoo.core.task import split_of
from zoo.media import video
from zoo.media.audio import RATE_HZ
from zoo.models.reliability import reliability
from zoo.presets.__main__ import reseal
from zoo.presets.catalog import find
from zoo.tasks.speech.recordings import Recording

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
COMMANDS = "speech/speech_commands_v2_test"
TARS = {
    COMMANDS: ("speech/speech_commands_v2_test_flac16k_1.tar", "speech/speech_commands_v2_test_flac16k_2.tar"),
    "speech/dsp_words": ("speech/dsp_words_opus16k_1.tar",),
}
MANDARIN = 12  # labels of the words of DSPSpeech-20 before the English ones
ORIGINALS = "video/grid_s1_originals_12.tar"
NOT_SAID = "NOT ENGLISH"  # a text that is wrong for every recording
MOST, SEED = 120, 0  # recordings of a set
SIZE, FRAMES = (288, 360), 75  # of synthetic videos
FOREHEAD = 0.55  # of the height of a talking head: what is above the mouth
HEADS = ("model", "temperature", "threshold", "confidence of right ones", "of wrong ones", "calibration error", "AUROC",
         "right ones rejected", "other input accepted")  # fmt: skip


def of_others(corpus, chosen):
    """Read the test speakers' recordings of a corpus: word and samples of rows that are chosen."""
    root = Path(os.environ["ZOO_DATA"])
    with open(root / f"{corpus}_manifest.tsv", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["split"] == "test" and chosen(row)]
    order = np.random.default_rng(SEED).permutation(len(rows))[:MOST]
    words, found = {rows[i]["path"]: rows[i]["word"].upper() for i in order}, []
    for name in TARS[corpus]:
        with tarfile.open(root / name) as archive:
            for member in archive:
                if member.name in words:
                    wave, _ = soundfile.read(io.BytesIO(archive.extractfile(member).read()), dtype="float32")
                    found.append((words[member.name], wave))
    return found


def chorales():
    """Render test chorales."""
    for i, piece in enumerate(split_of(find_task("music"), "test", False)[:40]):
        with tempfile.TemporaryDirectory() as folder:
            wave, _ = soundfile.read(piece.render(Path(folder, "chorale.wav"), RATE_HZ), dtype="float32")
        yield wave[: RATE_HZ * (3 + i % 6)]


def noises(rng):
    """Make white, pink and brown noise, of other lengths and levels."""
    for i in range(30):
        count = int(RATE_HZ * rng.uniform(1, 5))
        spectrum = np.fft.rfft(rng.standard_normal(count))
        wave = np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** (0, 0.5, 1)[i % 3], count)
        yield (wave / np.abs(wave).max() * 10 ** rng.uniform(-2.5, -0.1)).astype(np.float32)


def tones(rng):
    """Make chords, chords that go on and off, and clicks."""
    for i in range(30):
        at = np.arange(int(RATE_HZ * rng.uniform(1, 5))) / RATE_HZ
        wave = sum(np.sin(2 * np.pi * hz * at) for hz in rng.uniform(80, 3000, 4)) / 8
        if i % 3 == 1:
            wave = wave * (np.sin(2 * np.pi * rng.uniform(1, 6) * at) > 0)
        if i % 3 == 2:
            wave = np.zeros(len(at))
            wave[:: int(RATE_HZ / rng.uniform(1, 8))] = 0.5
        yield wave.astype(np.float32)


def silence(rng):
    """Make silence, digital and with a little noise."""
    for seconds in (0.5, 1, 3, 10):
        for level in (0, 1e-4, 1e-3):
            yield (level * rng.standard_normal(int(RATE_HZ * seconds))).astype(np.float32)


def speech_sets():
    """Return what is measured: name → recordings, of the task's words; the same of what the models do not know."""
    pieces, rng = split_of(find_task("speech"), "test", False), np.random.default_rng(SEED)
    known = {corpus: [p for p in pieces if p.corpus == corpus] for corpus in dict.fromkeys(p.corpus for p in pieces)}
    known = {f"test, {find_task('speech').metric_names[corpus]}": some for corpus, some in known.items()}
    others = of_others(COMMANDS, lambda row: row["word"] in DIGITS)
    known["digits of 40 other speakers"] = [Recording(wave, word) for word, wave in others]
    silent = {"chorales, played by an organ": chorales(), "noise": noises(rng), "tones and clicks": tones(rng)}
    silent["silence"] = silence(rng)
    foreign = {name: [Recording(wave, "") for wave in waves] for name, waves in silent.items()}
    words = of_others(COMMANDS, lambda row: row["word"] not in (*DIGITS, "") and row["speaker"] != "-")
    foreign["other English words"] = [Recording(wave, word) for word, wave in words]
    mandarin = of_others("speech/dsp_words", lambda row: int(row["label"]) < MANDARIN)
    foreign["Mandarin words"] = [Recording(wave, NOT_SAID) for _, wave in mandarin]
    return known, foreign


def blurred(rng, width):
    """Make a video of changing blots, `width` pixels wide."""
    from scipy.ndimage import gaussian_filter

    film = gaussian_filter(rng.standard_normal((FRAMES, *(side // 2 for side in SIZE))), (width / 4, width, width))
    return np.round(255 * (film - film.min()) / np.ptp(film)).astype(np.uint8)


def pans():
    """Make videos of the photographs that come with scikit-learn and matplotlib: still, and as a camera moves."""
    import matplotlib
    import sklearn

    folders = (Path(sklearn.__file__).parent / "datasets/images", Path(matplotlib.get_data_path(), "sample_data"))
    for path in sorted(path for folder in folders for path in folder.glob("*.jpg")):
        photo = next(video.frames(path, 1))
        high, wide = (side * 3 // 4 for side in photo.shape)
        yield [photo] * FRAMES
        for down, along in ((1, 1), (1, -1), (0, 1)):
            ways = (
                (side - kept) * np.arange(FRAMES) // FRAMES
                for side, kept in zip(photo.shape, (high, wide), strict=True)
            )
            top, left = (way if sign >= 0 else way[::-1] for way, sign in zip(ways, (down, along), strict=True))
            yield [photo[a : a + high, b : b + wide] for a, b in zip(top * down, left, strict=True)]


def foreheads():
    """Read the region above the mouth in original videos."""
    with tarfile.open(Path(os.environ["ZOO_DATA"]) / ORIGINALS) as archive:
        for member in archive:
            if member.name.endswith(".mpg"):
                film = list(video.frames(io.BytesIO(archive.extractfile(member).read()), 25))
                yield [frame[: int(FOREHEAD * len(frame))] for frame in film]


def video_sets():
    """Return test clips by name, and films of which nothing can be read."""
    pieces, rng = split_of(find_task("video"), "test", False), np.random.default_rng(SEED)
    noise = [rng.integers(0, 256, (FRAMES, *SIZE)).astype(np.uint8) for _ in range(4)]
    noise += [rng.integers(0, 256, (FRAMES, *pieces[0].shape)).astype(np.uint8) for _ in range(4)]
    foreign = {
        "noise": noise,
        "moving blots": [blurred(rng, width) for width in (3, 5, 8, 10, 14, 20) for _ in range(4)],
        "photographs": list(pans()),
        "the upper half of a face": list(foreheads()),
        "test clips, backwards": [piece.pixels[::-1] for piece in pieces],
    }
    return {"test": pieces}, foreign


def accepted(model, pieces):
    """Measure how many results are wrong and not rejected."""
    calibration = model.card.calibration
    if isinstance(pieces[0], Recording):
        confidences, right = model.judge(pieces)
        return float(np.mean(~right & (confidences(calibration.temperature) >= calibration.threshold)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no mouth was found
        return float(np.mean([not (found := model.label(film)).rejected and bool(found.label) for film in pieces]))


def calibrate(name, known, foreign):
    """Fit one shipped model, measure it, and write its card and page."""
    model, task = zoo.load(name), find_task(find(name).task.name)
    fitted = model.calibrate(split_of(task, "valid", False))
    model.card = replace(model.card, calibration=fitted)
    figures = dict(fitted.figures)
    for told, pieces in known.items():
        confidences, right = model.judge(pieces)
        figures[told] = reliability(confidences(1.0), confidences(fitted.temperature), right, fitted.threshold)
    for told, pieces in foreign.items():
        figures[told] = {"pieces": len(pieces), "accepted": round(accepted(model, pieces), 4)}
    reseal(find(name).folder, replace(fitted, figures=figures))


def table():
    """Lay out the figures of the cards: test splits, and all of what the models were not made for."""
    rows = []
    for name in zoo.list_models("*_speech", pretrained=True) + zoo.list_models("*_video", pretrained=True):
        found = zoo.info(name).calibration
        test = next((row for told, row in found.figures.items() if told.startswith("test")), None)
        if test:
            others = [row for row in found.figures.values() if "accepted" in row]
            share = sum(row["accepted"] * row["pieces"] for row in others) / sum(row["pieces"] for row in others)
            rows.append([name, f"{found.temperature:.2f}", f"{found.threshold:.2f}",
                         *(f"{test[key]:.2f}" for key in ("confidence_right", "confidence_wrong", "ece", "auroc")),
                         f"{100 * test['right_rejected']:.0f} %", f"{100 * share:.0f} %"])  # fmt: skip
    return tabulate(rows, HEADS, "github", disable_numparse=True)


@click.command()
@click.argument("asked", nargs=-1, metavar="[MODEL]...")
@click.option("--show", is_flag=True, help="Only lay out what the cards say.")
def main(asked, show):
    """Fit and measure shipped models, or those named, then lay out what the cards say."""
    for task, sets in (("speech", speech_sets), ("video", video_sets)):
        shipped = zoo.list_models(f"*_{task}", pretrained=True)
        if names := [name for name in asked or shipped if name in shipped and not show]:
            known, foreign = sets()
            for name in names:
                calibrate(name, known, foreign)
                print(name, zoo.info(name).calibration, flush=True)
    print(table())


if __name__ == "__main__":
    main()
