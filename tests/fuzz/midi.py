"""MIDI files that are damaged, or made to do harm: each is read, or refused by its name, in little time."""

import random
import time

from tests.fuzz.damage import damaged
from tests.fuzz.targets import READ, refused
from tests.tasks.music.midi_bytes import END, chunk, event, file, meta, meter, note, quantity, riff, tempo, track
from zoo.errors import CodecError
from zoo.tasks.music.score import Score

MOST_SECONDS = 2
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x3FFF, 0xFFFF, 0xFFFFF, 0xFFFFFFF)


def an_event(rng):
    """Make a random event: a usual one most of the time."""
    delta = rng.choice((0, 0, 1, 24, 32, 96, 96)) if rng.random() < 0.98 else rng.choice(EXTREMES)
    channel, pitch = rng.choice((0, 0, 1, 9, 15)), rng.choice((0, 36, 48, 60, 60, 64, 67, 127))
    return rng.choice(
        (
            lambda: note(pitch, rng.choice((0, 24, 96)), delta, channel),
            lambda: event(delta, 0x90 | channel, pitch, rng.choice((0, 1, 80))),
            lambda: event(delta, 0x80 | channel, pitch, 0),
            lambda: event(
                delta, 0xB0 | channel, rng.choice((64, 64, 120, 121, 123, 127)), rng.choice((0, 63, 64, 127))
            ),
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
        crowd(rng) if rng.random() < 0.05 else track(*(an_event(rng) for _ in range(rng.randrange(40))), end=END)
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


class Midi:
    """Files with few or very many events, most of them damaged."""

    def __init__(self, folder):
        self.path = folder / "x.mid"
        self.path.write_bytes(file(track(note(60, 96), end=END)))
        Score.read(self.path, 1, 4)

    def attempt(self, seed):
        rng, outcome = random.Random(seed), READ
        self.path.write_bytes(damaged(rng, whole(rng), 0, rng.choice((0, 1, 1, 8))))
        voices, steps_per_beat = rng.choice((1, 2, 4, 4, 16)), rng.choice((1, 4, 4, 24))
        began = time.process_time()
        try:
            score = Score.read(self.path, voices, steps_per_beat)
            assert (score.voices, score.steps_per_beat) == (voices, steps_per_beat)
            assert score.steps_per_bar * 4 == score.beats_per_bar * 4 * steps_per_beat
        except CodecError as error:
            outcome = refused(error, f"{self.path} ")
        assert time.process_time() - began < MOST_SECONDS
        return outcome
