"""CSV files and arrays that hold series, or something like it: an error of the package, or finite values at times."""

import gzip
import random

import numpy as np

from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, REFUSED
from zoo.errors import ZooError
from zoo.tasks.forecast.reading import read
from zoo.tasks.forecast.scores import Scores

HOURS = np.arange("2024-03-30", "2024-04-01", np.timedelta64(1, "h"), "datetime64[s]")
FILES = (
    "when,load,wind\n" + "\n".join(f"{time},{i},{i % 7}.5" for i, time in enumerate(HOURS)),
    "t;a;b\n" + "\n".join(f"{d:02}.01.2024 06:00;{d},5;" for d in range(1, 29)),
    "unique_id,ds,y,price\n" + "\n".join(f"{name},2024-{m:02}-28,{m},{m}" for name in "ab" for m in range(1, 13)),
    "year\tspots\n" + "\n".join(f"{year}\t{year % 11}" for year in range(1700, 1760)),
    "time,v\n" + "\n".join(f"{i / 10},{i}" for i in range(40)),
    "\n".join(map(str, range(30))),
)
CELLS = ("", "nan", "-", "inf", "-inf", "1e999", "1e308", "1_0", "0x1", "١٢", "1,5", "2024-13-01", "2024-02-29T25:00",
         "9999-12-31", "0001-01-01", "0000", "10000-01-01", "2024-03-31 02:30:00+99:99", "1700000000", "99999999999999",
         "NaT", "now", "today", "true", "'", '"', "\u202e", "=1+1", "12:00", "1/1/1", "2024Q5", "🎵")  # fmt: skip
NAMES = ("", "load", "y", "a", "ds", "unique_id", "nothing", "\0", "time", "price")
ODD_VALUES = (None, 5, b"a", [], {}, [[]], [None], [1, None], [1, "x"], np.zeros((3, 0)), np.array(5), "", "\0", 1j, [1e308, -1e308],
              np.array(["2024"], "datetime64[Y]"), np.ma.masked, {"a": {"b": [1, 2]}}, [[1, 2], "none.csv"], True)  # fmt: skip


def changed(rng, text):
    """Put odd cells into a file, swap its rows, repeat or remove some."""
    rows = [line.split(",") for line in text.split("\n")]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(CELLS)
    for _ in range(rng.choice((0, 0, 1))):
        at = rng.randrange(len(rows))
        rows[at : at + rng.randrange(3)] = rng.choice(([], [rows[0]], [rows[at]] * 2, [["x"]], rows[at : at + 2][::-1]))
    return "\n".join(map(",".join, rows))


def check(found):
    """Check that series are what they promise to be, and that results of them can be written."""
    assert found
    for one in found:
        assert np.isfinite(one.values).all()
        assert len(one.times()) == len(one) == len(one.values)
        assert one.index is None or (np.diff(one.times()) > np.timedelta64(0)).all()
        assert one.filled is None or len(one.filled) == len(one)
        assert min(one.season) >= 1
    flat = tuple(np.zeros(len(one)) for one in found)
    for form in ("txt", "csv", "json"):
        Scores(tuple(found), flat, flat).to_text(form).encode()


class Tables:
    """CSV files with odd cells and damage, and arrays."""

    def __init__(self, folder):
        self.path = folder / "tables" / "data.csv"
        self.path.parent.mkdir()
        for text in FILES:
            self.path.write_text(text)
            check(read(self.path))

    def attempt(self, seed):
        """Read the input of a seed."""
        rng = random.Random(seed)
        data = rng.choice(ODD_VALUES) if rng.random() < 0.1 else self._file(rng)
        options = {"column": rng.choice(NAMES), "time_column": rng.choice(NAMES), "covariates": [rng.choice(NAMES)]}
        some = rng.sample([*options], rng.choice((0, 0, 0, 0, 1, 2)))
        try:
            check(read(data, **{name: options[name] for name in some}))
        except ZooError:
            return REFUSED
        return READ

    def _file(self, rng):
        data = changed(rng, rng.choice(FILES)).encode()
        data = damaged(rng, data, 0, 2) if rng.random() < 0.3 else data
        packed = gzip.compress(data, mtime=0) if rng.random() < 0.2 else data
        self.path.write_bytes(damaged(rng, packed, 0, 1) if packed is not data else packed)
        return self.path
