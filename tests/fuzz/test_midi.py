"""MIDI files that were damaged, or made to do harm: each is read, or refused by name, in little time and memory.

`FUZZ_INPUTS=20000 pytest -n 0 tests/fuzz/test_midi.py` tries more of them, `FUZZ_SEED=7` others.
"""

import os
import random
import resource
import sys
import time
import warnings

from tests.tasks.music.midi_bytes import END, chunk, event, file, meta, meter, note, quantity, riff, tempo, track
from zoo.errors import CodecError
from zoo.tasks.music.score import Score

INPUTS, SEED = int(os.environ.get("FUZZ_INPUTS", "400")), int(os.environ.get("FUZZ_SEED", "0"))
MOST_SECONDS, MOST_MB = 2, 1024
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x3FFF, 0xFFFF, 0xFFFFF, 0xFFFFFFF)


def events(rng):
    """Make a random event: a usual one most of the time."""
    delta = rng.choice((0, 0, 1, 24, 32, 96, 96)) if rng.random() < 0.98 else rng.choice(EXTREMES)
    channel, pitch = rng.choice((0, 0, 1, 9, 15)), rng.choice((0, 36, 48, 60, 60, 64, 67, 127))
    return rng.choice(
        (
            lambda: note(pitch, rng.choice((0, 24, 96)), delta, channel),
            lambda: event(delta, 0x90 | channel, pitch, rng.choice((0, 1, 80))),
            lambda: event(delta, 0x80 | channel, pitch, 0),
            lambda: event(delta, 0xB0 | channel, 64, rng.choice((0, 63, 64, 127))),
            lambda: meter(rng.choice((0, 1, 3, 4, 7, 255)), rng.choice((0, 1, 2, 3, 4, 31, 255)), delta),
            lambda: meta(0x51, rng.choice(EXTREMES).to_bytes(4, "big")[1:], delta),
            lambda: tempo(rng.choice((4, 60, 120, 1000, 1e7)), delta),
            lambda: meta(rng.randrange(0x30, 128), rng.randbytes(rng.randrange(9)), delta),
            lambda: quantity(delta) + rng.choice((b"\xf0\2\x43\xf7", b"\xf7\1\xf8", b"\xf0\0")),
            lambda: event(delta, 0xF6 + rng.randrange(2, 9)),
        )
    )()


def crowd(rng):
    """Make very many notes: chords, notes that are held for ever, pedals, tracks, changes of tempo."""
    count, step = rng.randrange(1, 3_000), rng.choice((0, 1, 6, 24, 1000))
    one = rng.choice(
        (
            lambda i: note(30 + i % 60, rng.choice((0, step)), step),
            lambda i: event(step, 0x90 | i % 9, i % 128, 80),
            lambda i: event(step, 0xB0, 64, 127 * (i % 3 > 0)) + note(30 + i % 60, 3),
            lambda i: tempo(60 + i % 100, step) + note(60, 1),
            lambda i: b"".join(event(0, 0x90, 30 + 5 * k, 80) for k in range(16)) + event(step, 0xB0, 64, 0),
        )
    )
    made = [one(i) for i in range(count)]
    return track(*made) if rng.random() < 0.5 else b"".join(track(item) for item in made[:1_100])


def whole(rng):
    """Make a file without damage."""
    tracks = [
        crowd(rng) if rng.random() < 0.05 else track(*(events(rng) for _ in range(rng.randrange(40))), end=END)
        for _ in range(rng.choice((1, 1, 2, 4)) if rng.random() < 0.98 else 0)
    ]
    if rng.random() < 0.2:
        tracks.insert(rng.randrange(len(tracks) + 1), chunk(rng.randbytes(4), rng.randbytes(rng.randrange(20))))
    made = file(
        *tracks,
        form=rng.choice((0, 1, 1, 1, 1, 2)) if rng.random() < 0.95 else rng.randrange(0x10000),
        count=rng.choice((None, None, 0, 1, 0xFFFF)),
        division=rng.choice((96, 96, 480, 1, 0x7FFF, 0xE728, 0xE250)) if rng.random() < 0.9 else rng.randrange(0x10000),
    )
    return riff(made) if rng.random() < 0.1 else made


def damaged(rng, data):
    """Change, cut out, repeat or insert some bytes."""
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 8))):
        at = rng.randrange(len(data) + 1)
        size = rng.choice((1, 1, 2, 4, 30))
        data = rng.choice(
            (
                lambda d, a, s: d[:a] + rng.randbytes(s) + d[a + s :],
                lambda d, a, s: d[:a] + d[a + s :],
                lambda d, a, s: d[:a] + 3 * d[a : a + s] + d[a + s :],
                lambda d, a, s: d[:a] + bytes([rng.choice((0, 0x7F, 0x80, 0xFF))] * s) + d[a + s :],
                lambda d, a, _: d[:a],
            )
        )(data, at, size)
    return data


def attempt(path, seed):
    """Read one input; return the seconds it took, and the error it was refused by."""
    rng = random.Random(seed)
    path.write_bytes(damaged(rng, whole(rng)))
    voices, steps_per_beat = rng.choice((1, 2, 4, 4, 16)), rng.choice((1, 4, 4, 24))
    start, refusal = time.process_time(), None
    try:
        score = Score.read(path, voices, steps_per_beat)
        assert (score.voices, score.steps_per_beat) == (voices, steps_per_beat)
        assert score.steps_per_bar * 4 == score.beats_per_bar * 4 * steps_per_beat
    except CodecError as error:
        refusal = str(error)
        assert refusal.startswith(f"{path} ")
        assert len(refusal.split()) > 3
    return time.process_time() - start, refusal


def test_midi_files_are_read_or_refused_by_name(tmp_path):
    path, slow, refused = tmp_path / "x.mid", [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(SEED * INPUTS, (SEED + 1) * INPUTS):
            seconds, refusal = attempt(path, seed)
            refused += refusal is not None
            slow += [(seed, seconds)] * (seconds > MOST_SECONDS)
    assert not slow
    assert 0.1 * INPUTS < refused < 0.9 * INPUTS  # both kinds are tried
    unit = 1 if sys.platform == "darwin" else 1024
    if INPUTS > 400:  # alone in its process
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit < MOST_MB << 20
