"""Music note sequences: several voices on a grid of sixteenths, one token a voice and step, highest voice first.

A token is "hold", "rest" or a pitch. Before each token the network sees: the voice it is for, the place in the bar, and
for every voice the pitch it sings and for how many steps it has. Voices above the current one are already at this
step, the others still at the previous one.
"""

import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import number
from zoo.datasets import Dataset, OnDisk, Source, prepared
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.files import sha256
from zoo.midi import HOLD, MAX_STEPS, REST, voice_names
from zoo.score import MAX_VOICES, Score
from zoo.tasks import Recipe, Task

HOLD_ID, REST_ID, FIRST_PITCH_ID = 0, 1, 2
START = 0  # "sounding" before the first step; the id of hold, which never sounds
LONGEST = 16  # steps; a longer note counts as this long
DEFAULT_BARS = 8
GRID_VERSION = 1  # raise it when reading MIDI changes: what was read before is then read anew


class MusicCodec:
    """Scores ↔ tokens.

    Args:
        voices: Voices of the grid.
        low: Lowest MIDI pitch.
        high: Highest MIDI pitch.
        steps_per_beat: Grid steps in a quarter note.
        beats_per_bar: Quarter notes in a bar; the place in the bar is counted from the first step.

    Raises:
        ArgumentError: A value is out of range.
    """

    def __init__(
        self, voices: int = 4, low: int = 30, high: int = 90, steps_per_beat: int = 4, beats_per_bar: int = 4
    ) -> None:
        self.settings = {
            "voices": voices, "low": low, "high": high,
            "steps_per_beat": steps_per_beat, "beats_per_bar": beats_per_bar,
        }  # fmt: skip
        if not all(isinstance(value, int) for value in self.settings.values()):
            raise ArgumentError(f"{self.settings}: every value must be a whole number")
        if not (1 <= voices <= MAX_VOICES and 0 <= low <= high <= 127):
            raise ArgumentError(
                f"voices={voices}, low={low}, high={high}: give 1 to {MAX_VOICES} voices, 0 ≤ low ≤ high ≤ 127"
            )
        if not (1 <= steps_per_beat <= 96 and 1 <= beats_per_bar <= 32):
            raise ArgumentError(f"steps_per_beat={steps_per_beat} (1 to 96), beats_per_bar={beats_per_bar} (1 to 32)")
        self.voices, self.low, self.high = voices, low, high
        self.steps_per_beat, self.beats_per_bar = steps_per_beat, beats_per_bar
        self.steps_per_bar = steps_per_beat * beats_per_bar
        self.group = voices
        self.classes = FIRST_PITCH_ID + high - low + 1
        # Columns of x: voice, place in the bar, V pitches, V ages; each has its own range of ids in one table.
        self.sizes = [voices, self.steps_per_bar, *[self.classes] * voices, *[LONGEST + 1] * voices]
        self.features = len(self.sizes)
        self.symbols = sum(self.sizes)
        self.offsets = np.cumsum([0, *self.sizes[:-1]])

    def columns(self) -> list[dict[str, Any]]:
        """Name the columns of x: each adds its offset to a value of 0 to size - 1."""
        names = [f"{kind} {voice}" for kind in ("pitch", "age") for voice in range(self.voices)]
        rows = zip(("voice", "place in the bar", *names), self.offsets.tolist(), self.sizes, strict=True)
        return [{"name": name, "offset": offset, "size": size} for name, offset, size in rows]

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {"type": "music", **self.settings}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MusicCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: The description is not one of a music codec.
        """
        try:
            settings = dict(data)
            if settings.pop("type") != "music":
                raise CodecError(f"codec type {data['type']!r}: expected 'music'")
            return cls(**settings)
        except (KeyError, TypeError, ValueError) as error:
            raise CodecError(f"not a description of a music codec: {error}") from error

    def tokens(self, score: Score) -> np.ndarray:
        """Turn a score into tokens `(steps * voices,)`.

        Raises:
            CodecError: Another number of voices or steps in a beat, or pitches the codec does not have.
        """
        if (score.voices, score.steps_per_beat) != (self.voices, self.steps_per_beat):
            raise CodecError(
                f"a score of {score.voices} voices and {score.steps_per_beat} steps a beat: "
                f"this codec takes {self.voices} and {self.steps_per_beat}"
            )
        pitches = score.grid[score.grid >= 0]
        if pitches.size and not (pitches.min() >= self.low and pitches.max() <= self.high):
            raise CodecError(
                f"pitches {pitches.min()} to {pitches.max()}: this codec has {self.low} to {self.high}; transpose first"
            )
        grid = score.grid.astype(np.int64).ravel()
        return np.where(grid == HOLD, HOLD_ID, np.where(grid == REST, REST_ID, grid - self.low + FIRST_PITCH_ID))

    def decode(self, ids: np.ndarray) -> Score:
        """Turn tokens `(steps * voices,)` into a score.

        Raises:
            CodecError: Not whole steps, or ids the codec does not have.
        """
        ids = np.asarray(ids)
        if ids.size % self.voices or (ids.size and not (ids.min() >= 0 and ids.max() < self.classes)):
            raise CodecError(f"{ids.size} tokens, not whole steps of {self.voices} with ids 0 to {self.classes - 1}")
        return self._on_grid(self.decode_step(ids).reshape(-1, self.voices))

    def decode_step(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Turn the tokens of one step `(voices,)`, or of several, into grid values: a MIDI pitch, `HOLD` or `REST`."""
        chosen = np.asarray(ids)
        special = np.where(chosen == HOLD_ID, HOLD, REST)
        return np.where(chosen >= FIRST_PITCH_ID, chosen - FIRST_PITCH_ID + self.low, special)

    def context(self, batch: int) -> "MusicContext":
        """Start a batch of pieces."""
        return MusicContext(self, batch)

    def encode(self, pieces: Sequence[Score]) -> tuple[np.ndarray, np.ndarray]:
        """Turn scores into network inputs and targets.

        Returns:
            Inputs `(batch, time, features)` int32 and targets `(batch, time)` int32, where time is the longest
            piece's steps times voices, and targets are -1 where a piece has ended.
        """
        lines = [self.tokens(piece) for piece in pieces]
        y = np.full((len(lines), max(map(len, lines), default=0)), -1, np.int32)
        for row, line in zip(y, lines, strict=True):
            row[: len(line)] = line
        x = np.zeros((*y.shape, self.features), np.int32)
        context = self.context(len(lines))
        for i in range(y.shape[1]):
            x[:, i] = context.x()[:, 0]
            context.push(np.where(y[:, i] < 0, REST_ID, y[:, i]))
        return x, y

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give random inputs `(batch, time, features)`, each column within its range."""
        return (rng.integers(0, self.sizes, (batch, time, self.features)) + self.offsets).astype(np.int32)

    def script(
        self,
        bars: float | None = None,
        steps: int | None = None,
        prompt: Score | str | Path | Sequence[Sequence[int]] | None = None,
        fixed: Mapping[str | int, Any] | None = None,
    ) -> np.ndarray:
        """Lay out a piece: what is given, and -1 for every token the network shall choose.

        Args:
            bars: New bars to compose; with neither bars nor steps as long as the fixed voices, or 8.
            steps: The same in grid steps.
            prompt: What comes before: a Score, a MIDI file, or a grid `(steps, voices)`.
            fixed: Voices given beforehand: voice name or index → a Score or MIDI file (its only line, the
                voice of that name, or its outer line) or grid values `(steps,)`; where they end the network goes on.

        Returns:
            Tokens `(time,)` int64.

        Raises:
            ArgumentError: A value is out of range.
            CodecError: Given music does not fit the codec.
        """
        if not isinstance(fixed or {}, Mapping):
            raise ArgumentError(f"fixed={fixed!r}: give a dictionary of voice name → Score, MIDI file or grid values")
        given = {self._voice(name): self._line(name, music) for name, music in (fixed or {}).items()}
        if bars is not None and steps is not None:
            raise ArgumentError("bars and steps both given: give one of them")
        if bars is not None:
            steps = number("bars", bars, 1 / self.steps_per_bar, MAX_STEPS / self.steps_per_bar) * self.steps_per_bar
            if steps != int(steps):
                raise ArgumentError(f"bars={bars}: give whole steps of 1/{self.steps_per_bar} bar")
        elif steps is None:
            steps = max(map(len, given.values()), default=DEFAULT_BARS * self.steps_per_bar)
        steps = number("steps", steps, 1, MAX_STEPS, whole=True)
        start = self._on_grid(np.zeros((0, self.voices))) if prompt is None else self._score(prompt)
        if start.beats_per_bar != self.beats_per_bar:
            warnings.warn(
                f"the prompt has {start.beats_per_bar} beats a bar, the model {self.beats_per_bar}", stacklevel=5
            )
        head = self.tokens(start)
        body = np.full((steps, self.voices), -1)
        for voice, line in given.items():
            body[: len(line), voice] = line[:steps]
        return np.concatenate([head, body.ravel()])

    def _voice(self, name: str | int) -> int:
        names = voice_names(self.voices)
        if name in names:
            return names.index(str(name))
        if isinstance(name, int) and 0 <= name < self.voices:
            return name
        raise ArgumentError(f"fixed voice {name!r}: give one of {', '.join(names)}, or 0 to {self.voices - 1}")

    def _score(self, music: Any) -> Score:
        """Read a Score, a MIDI file, or a grid `(steps, voices)`; a grid `(steps,)` is one voice."""
        if isinstance(music, Score):
            return music
        if isinstance(music, (str, Path)):
            return Score.read(music, self.voices, self.steps_per_beat)
        score = Score(music)
        return self._on_grid(score.grid)

    def _on_grid(self, values: np.ndarray) -> Score:
        return Score(values, steps_per_beat=self.steps_per_beat, beats_per_bar=self.beats_per_bar)

    def _line(self, name: str | int, music: Any) -> np.ndarray:
        """Give the tokens `(steps,)` of a given voice.

        They are the only line of the music; or that voice of a piece in parts; or of other music the highest notes for
        the top voice, the lowest for the bottom one.
        """
        if not isinstance(music, (Score, str, Path)):
            music = [[value] for value in music] if np.ndim(music) == 1 else music
        score = self._score(music)
        if score.steps_per_beat != self.steps_per_beat:
            raise CodecError(f"fixed {name}: {score.steps_per_beat} steps a beat: give {self.steps_per_beat}")
        sounding = score.sounding() >= 0
        singing = [i for i, column in enumerate(sounding.T) if column.any()]
        voice = self._voice(name)
        # Of a Score its maker knows the voices; a file is a piece in parts if each of them sings most of the time.
        parts = isinstance(music, Score) or (sounding.mean(0) >= sounding.any(1).mean() / 2).all()
        if len(singing) <= 1:
            column = score.grid[:, singing[0] if singing else 0]
        elif score.voices == self.voices and parts and voice in singing:
            column = score.grid[:, voice]
        elif voice in (0, self.voices - 1):
            column = _edge(score, top=voice == 0)
        else:
            raise CodecError(f"fixed {name}: give one line, or a piece of {self.voices} voices of which it is one")
        whole = np.full((len(score), self.voices), REST)
        whole[:, 0] = column
        return self.tokens(self._on_grid(whole))[:: self.voices]


class MusicContext:
    """What sounds now, and for how long: everything the network's input needs, for a batch of pieces."""

    def __init__(self, codec: MusicCodec, batch: int) -> None:
        self.codec = codec
        self.position = 0
        self.sounding = np.full((batch, codec.voices), START)
        self.age = np.full((batch, codec.voices), LONGEST)

    def x(self) -> np.ndarray:
        """Give the input of the next token, `(batch, 1, features)` int32."""
        step, voice = divmod(self.position, self.codec.voices)
        place = np.broadcast_to([voice, step % self.codec.steps_per_bar], (len(self.age), 2))
        columns = np.concatenate([place, self.sounding, self.age], axis=1) + self.codec.offsets
        return columns[:, None].astype(np.int32)

    def push(self, ids: np.ndarray) -> None:
        """Take the chosen tokens `(batch,)`."""
        voice = self.position % self.codec.voices
        before = self.sounding[:, voice]
        goes_on = (ids == HOLD_ID) | ((ids == REST_ID) & (before == REST_ID))
        self.sounding[:, voice] = np.where(ids == HOLD_ID, np.where(before == START, REST_ID, before), ids)
        self.age[:, voice] = np.where(goes_on, np.minimum(self.age[:, voice] + 1, LONGEST), 0)
        self.position += 1


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


def _edge(score: Score, top: bool) -> np.ndarray:
    """Follow the highest (or lowest) note of a score, `(steps,)` grid values."""
    sounding = score.sounding().astype(int)
    order = sounding if top else np.where(sounding < 0, -1000, -sounding)
    voice = order.argmax(1)
    steps = np.arange(len(score))
    line, pitch = score.grid[steps, voice].copy(), sounding[steps, voice]
    changed = np.flatnonzero(np.diff(voice, prepend=voice[:1]))
    line[changed] = pitch[changed]  # a line that goes on in another voice starts a note there
    return line


def prepare(splits: dict[str, Any]) -> dict[str, list[Score]]:
    """Turn sounding pitches `(steps, voices)`, -1 for silence, into scores, split by split."""
    return {split: [Score.from_pitches(piece) for piece in pieces] for split, pieces in splits.items()}


def read_folder(folder: Path) -> dict[str, Sequence[Score]]:
    """Read every MIDI file below a folder; every tenth, in the order of names, is for validation.

    Raises:
        DataError: There is no such folder, or fewer than two readable files.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give a folder with .mid files")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    digest = sha256("".join(f"{path.relative_to(folder)} {sha256(path)}\n" for path in files).encode())
    stored = prepared(f"music-{GRID_VERSION}-{digest}", lambda scratch: _store(files, scratch))
    about = json.loads((stored / "about.json").read_text())
    for message in about["warnings"]:
        warnings.warn(message, stacklevel=2)
    places, voices = about["places"], about["voices"]
    if len(places) < 2:
        raise DataError(f"{folder} has {len(places)} readable MIDI files: give at least 2 (one is for validation)")
    grids = [OnDisk(stored / "grids.bin", "int16", start * voices, steps * voices) for start, steps in places]
    return {
        "train": Scores([grid for i, grid in enumerate(grids) if i % 10], voices),
        "valid": Scores(grids[::10], voices),
    }


class Scores(Sequence):
    """Scores on disk, read when they are asked for.

    Args:
        grids: Where the grids are, `(steps * voices,)` each.
        voices: Voices of a score.
    """

    def __init__(self, grids: list[OnDisk], voices: int) -> None:
        self.grids, self.voices = grids, voices

    def __len__(self) -> int:
        return len(self.grids)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Scores(self.grids[index], self.voices)
        return Score(np.asarray(self.grids[index]).reshape(-1, self.voices))


def _store(files: Sequence[Path], folder: Path) -> None:
    """Write the grids of MIDI files one after the other, and what was said of them."""
    places: list[tuple[int, int]] = []
    voices = 4
    with (folder / "grids.bin").open("wb") as stream, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for path in files:
            try:
                score = Score.read(path, voices)
            except CodecError as error:
                warnings.warn(f"left out: {error}", stacklevel=2)
                continue
            stream.write(score.grid.tobytes())
            places.append((sum(places[-1]) if places else 0, len(score)))
    about = {"voices": voices, "places": places, "warnings": [str(one.message) for one in said]}
    (folder / "about.json").write_text(json.dumps(about))


def make_codec(pieces: Iterable[Score]) -> MusicCodec:
    """Build a codec with room for the pieces, transposed by up to six semitones.

    Raises:
        DataError: No piece has a note.
    """
    low, high, voices = 128, -1, 0
    for piece in pieces:
        pitches = piece.grid[piece.grid >= 0]
        low, high, voices = pitches.min(initial=low), pitches.max(initial=high), piece.voices
    if high < 0:
        raise DataError("the pieces are all silent: give some with notes")
    return MusicCodec(voices, max(0, int(low) - 6), min(127, int(high) + 6))


def transposed(pieces: Sequence[Score]) -> Callable[[int, np.random.Generator], Score]:
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


TASK = Task(
    name="music",
    kind="generate",
    summary="four-part chorales on a grid of sixteenths",
    dataset=JSB_16TH,
    prepare=prepare,
    read_folder=read_folder,
    make_codec=make_codec,
    read_codec=MusicCodec.from_json,
    augment=transposed,
    default_codec=MusicCodec(),
    unit="step",
    recipes={"": Recipe(units=400, embedding=20)},
)
