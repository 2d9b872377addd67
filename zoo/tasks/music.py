"""Music note sequences: four-part chorales, or one's own MIDI files, on a grid of sixteenths."""

import json
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import number
from zoo.codecs.music import MusicCodec
from zoo.datasets import Dataset, OnDisk, Source, prepared
from zoo.errors import CodecError, DataError
from zoo.files import sha256
from zoo.parts import Ambit
from zoo.score import MAX_VOICES, Score
from zoo.tasks import Published, Recipe, Task, as_they_are

VOICES = 4  # of files of one's own, unless told otherwise
GRID_VERSION = 2  # raise it when reading MIDI changes: what was read before is then read anew


def _read_json(path: Path) -> dict[str, Any]:
    return {split: [np.array(piece) for piece in pieces] for split, pieces in json.loads(path.read_text()).items()}


def _read_npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        return {
            split: np.split(arrays[split], arrays[f"{split}_offsets"][1:-1]) for split in ("train", "valid", "test")
        }


JSB_16TH = Dataset(
    name="JSB chorales, four voices, sixteenths, original keys",
    sources=(
        Source(
            "music/Jsb16thSeparated.json",
            "79294cc374f9252e95ef4b703161524c1c53dc1f712c236f00f1c1f5d54af5a7",
            _read_json,
            url="https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/"
            "9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d/Jsb16thSeparated.json",
        ),
        Source(
            "music/jsb_chorales_16th_satb.npz",
            "da848e810fecc5ad7c2e4f58fbb83d7eaa727b8ced9d1e2c5f1a1ae1e61c70e9",
            _read_npz,
        ),
    ),
    licence="none stated by the source; the music is in the public domain (J. S. Bach, d. 1750)",
    citation="Boulanger-Lewandowski, Bengio & Vincent, ICML 2012 (split); Allan & Williams, NIPS 2005 (data); "
    "github.com/czhuang/JSB-Chorales-dataset (sixteenth grid, separate voices)",
)


def prepare(splits: dict[str, Any]) -> dict[str, list[Score]]:
    """Turn sounding pitches `(steps, voices)`, -1 for silence, into scores, split by split."""
    return {split: [Score.from_pitches(piece) for piece in pieces] for split, pieces in splits.items()}


def read_folder(folder: Path, voices: int = 0) -> dict[str, Sequence[Score]]:
    """Read every MIDI file below a folder; every tenth, in the order of names, is for validation.

    Args:
        folder: Where.
        voices: Voices of a score; 0 is four.

    Raises:
        ArgumentError: There are never so many voices.
        DataError: There is no such folder, or fewer than two readable files.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give a folder with .mid files")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    digest = sha256("".join(f"{path.relative_to(folder)} {sha256(path)}\n" for path in files).encode())
    voices = number("voices", voices or VOICES, 1, MAX_VOICES, whole=True)
    stored = prepared(f"music-{GRID_VERSION}-{voices}-{digest}", lambda scratch: _store(files, scratch, voices))
    about = json.loads((stored / "about.json").read_text())
    for message in about["warnings"]:
        warnings.warn(message, stacklevel=2)
    places = about["places"]
    if len(places) < 2:
        raise DataError(f"{folder} has {len(places)} readable MIDI files: give at least 2 (one is for validation)")
    path = stored / "grids.bin"
    pieces = [(OnDisk(path, "int16", start * voices, steps * voices), beats) for start, steps, beats in places]
    return {
        "train": Scores([piece for i, piece in enumerate(pieces) if i % 10], voices),
        "valid": Scores(pieces[::10], voices),
    }


class Scores(Sequence):
    """Scores on disk, read when they are asked for.

    Args:
        pieces: Of each where its grid is, `(steps * voices,)`, and its quarter notes in a bar.
        voices: Voices of a score.
    """

    def __init__(self, pieces: list[tuple[OnDisk, int]], voices: int) -> None:
        self.pieces, self.voices = pieces, voices

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Scores(self.pieces[index], self.voices)
        grid, beats = self.pieces[index]
        return Score(np.asarray(grid).reshape(-1, self.voices), beats_per_bar=beats)


def _store(files: Sequence[Path], folder: Path, voices: int) -> None:
    """Write the grids of MIDI files one after the other, and what was said of them."""
    places: list[tuple[int, int, int]] = []
    with (folder / "grids.bin").open("wb") as stream, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for path in files:
            try:
                score = Score.read(path, voices)
            except CodecError as error:
                warnings.warn(f"left out: {error}", stacklevel=2)
                continue
            stream.write(score.grid.tobytes())
            places.append((sum(places[-1][:2]) if places else 0, len(score), score.beats_per_bar))
    about = {"places": places, "warnings": [str(one.message) for one in said]}
    (folder / "about.json").write_text(json.dumps(about))


def make_codec(pieces: Iterable[Score], masked: bool = False) -> MusicCodec:
    """Build a codec with room for the pieces, transposed by up to six semitones.

    Raises:
        DataError: No piece has a note.
    """
    low, high, voices, beats = Ambit.of(pieces)
    return MusicCodec(voices, max(0, low - 6), min(127, high + 6), beats_per_bar=beats, masked=masked)


def transposed(pieces: Sequence[Score], _strength: float = 1.0) -> Callable[[int, np.random.Generator], Score]:
    """Augment by transposition: every key in which each voice stays within the range it has in the pieces.

    Returns:
        Function of a piece's index and a random generator, which gives that piece in a random such key.
    """
    lowest = np.array([[_pitches(column).min(initial=127) for column in piece.grid.T] for piece in pieces])
    highest = np.array([[_pitches(column).max(initial=0) for column in piece.grid.T] for piece in pieces])
    sings = lowest <= highest  # a silent voice is no limit
    down = (lowest.min(0) - lowest).max(1, where=sings, initial=-6)
    up = (highest.max(0) - highest).min(1, where=sings, initial=6)

    def one(index: int, rng: np.random.Generator) -> Score:
        return pieces[index].transpose(int(rng.integers(down[index], up[index] + 1)))

    return one


def _pitches(column: np.ndarray) -> np.ndarray:
    return column[column >= 0].astype(int)


RECIPE = Recipe(
    units=450, embedding=20, dropout_in=0.1, dropout_out=0.45, dropout_recurrent=0.3, variational=True, epochs=110,
    patience=25, batch=32, window=16, carry=True, learning_rate=4e-3, warmup=100, weight_decay=0.05, ema=0.995,
)  # fmt: skip

HEARD = "It has heard 229 chorales by J. S. Bach and their transpositions, on a grid of sixteenths."
HELD = "The data does not tell repeated notes from held ones, so it holds where a singer would often repeat."

TASK = Task(
    name="music",
    kind="generate",
    summary="four-part chorales on a grid of sixteenths",
    datasets=(JSB_16TH,),
    prepare=prepare,
    read_folder=read_folder,
    reading=("voices",),
    make_codec=make_codec,
    read_codec=MusicCodec.from_json,
    augment=transposed,
    default_codec=lambda masked=False: MusicCodec(masked=masked),
    unit="step",
    protocols={"": (as_they_are, False)},
    published=(
        Published(
            "TonicNet",
            "nats_per_token",
            0.317,
            "1.26M",
            "Peracha, Improving Polyphonic Music Models with Feature-Rich "
            "Encoding, ISMIR 2020; its stream has a chord token besides the four voices, and its figure is a mean over "
            "pieces: a neighbouring quantity, not the same one",
        ),
    ),
    splits="train, valid and test are 229, 76 and 77 chorales, as Boulanger-Lewandowski et al. split them; valid chose "
    "the epoch.",
    limits={
        "": f"{HEARD} It keeps to the style from bar to bar and breaks the rules of voice leading more often than "
        f"Bach; it has no plan of a piece. {HELD}",
        "bilstm": f"{HEARD} It finds notes that fit their neighbours, and breaks the rules of voice leading more often "
        f"than Bach. {HELD}",
    },
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=1020, learning_rate=1e-3, dropout_recurrent=0.1),
        "gru": replace(RECIPE, units=538),
        "bilstm": replace(
            RECIPE,
            units=186,
            embedding=12,
            layers=1,
            head=392,
            carry=False,
            window=32,
            batch=12,
            epochs=100,
            dropout_in=0.05,
            dropout_out=0.3,
            dropout_recurrent=0.15,
            ema=0.998,
        ),
        "stacked_lstm": replace(RECIPE, units=295, layers=2),
    },
)
