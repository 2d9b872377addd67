"""Input features and masks for bidirectional infilling of multi-voice scores. NumPy only.

Of every voice, as far as it is not hidden: its token at this step and at the next; the pitch it sings now, one step
before and one after; the last note that is known and for how many steps it has been there, the next one and in how many
steps it comes. And for the voice a token is for, what would be in parallel: where another voice moves at this step and
was a fifth, an octave or a unison away one step before, or moves with the next note that is known and is as far away
then, the pitch that keeps that interval. That voice comes first, then those below it, then from the highest on.
"""

import numpy as np

LEAST = 0.03  # share that training hides at least
KINDS = {
    "token": "known", "token after": "known", "pitch": "known", "pitch before": "known", "pitch after": "known",
    "note before": "known", "age": "steps", "note after": "known", "distance": "steps",
    "parallel before": "token", "parallel after": "token",
}  # fmt: skip
"""Kind of what is shown of each voice → what its values are, a row of `ScoreTokens.ranges`."""


def shown(tokens: np.ndarray, hold: int, blank: int, first_pitch: int, longest: int) -> list[np.ndarray]:
    """Give what is shown, in the order of `KINDS`.

    Args:
        tokens: `(batch, steps, voices)`, `blank` where one is hidden; the first and the last step are outside of the
            piece.
        hold: Token that goes on with a note.
        blank: Token that hides another.
        first_pitch: Tokens from this one up to `blank` are pitches.
        longest: Steps that ages and distances are counted to.

    Returns:
        Values `(batch, steps, voices, voices)`: for the token of each voice, of all voices, that one first.
    """
    steps = tokens.shape[1]
    step = np.arange(steps)[:, None]

    def at(places: np.ndarray) -> np.ndarray:
        return np.take_along_axis(tokens, places, axis=1)

    pitch = at(np.maximum.accumulate(np.where(tokens != hold, step, 0), axis=1))
    told = (tokens != hold) & (tokens != blank)
    last = np.maximum.accumulate(np.where(told, step, 0), axis=1)
    following = np.minimum.accumulate(np.where(told, step, steps - 1)[:, ::-1], axis=1)[:, ::-1]
    following = np.append(following[:, 1:], following[:, -1:], axis=1)
    before, after = (np.concatenate([pitch[:, :1], pitch[:, :-1]], 1), np.concatenate([pitch[:, 1:], pitch[:, -1:]], 1))
    alike = [
        tokens, np.append(tokens[:, 1:], tokens[:, -1:], axis=1), pitch, before, after,
        at(last), np.minimum(step - last, longest), at(following), np.minimum(following - step, longest),
    ]  # fmt: skip
    alone = np.arange(tokens.shape[-1])
    below = (alone[:, None] + alone) % len(alone)
    piece = np.arange(len(tokens))[:, None, None]
    then, just_before = pitch[piece, following], pitch[piece, np.maximum(following - 1, 0)]  # of each, every other
    parallels = (
        _parallel(before, before[:, :, None], pitch[:, :, None], first_pitch, blank),
        _parallel(at(following), then, just_before, first_pitch, blank),
    )
    return [values[:, :, below] for values in alike] + [values[:, :, alone[:, None], below] for values in parallels]


def _parallel(own: np.ndarray, other: np.ndarray, now: np.ndarray, first_pitch: int, blank: int) -> np.ndarray:
    """Give the pitches that keep an interval, or 0 where there is none to keep.

    Args:
        own: What a voice sings before, or after `(batch, steps, voices)`.
        other: What every voice sings then `(batch, steps, 1 or voices, voices)`.
        now: What every voice sings now, alike.
        first_pitch: Tokens from this one up to `blank` are pitches.
        blank: See there.

    Returns:
        `(batch, steps, voices, voices)`.
    """
    own = own[..., None]
    kept = own + now - other
    values = np.stack(np.broadcast_arrays(own, other, now, kept))
    counts = ((values >= first_pitch) & (values < blank)).all(0) & (other != now)
    counts &= np.isin(abs(other - own) % 12, (0, 7)) & ~np.eye(own.shape[2], dtype=bool)
    return np.where(counts, kept, 0)


def gap(steps: int, voices: int, rng: np.random.Generator) -> np.ndarray:
    """Hide a random share of a piece in one of several ways, as training does: `(steps, voices)` bool.

    The ways are: single tokens, voices, stretches of all voices, and stretches of some. A stretch may begin and end at
    any voice of a step, so that a token is also asked for where all before it is known and what follows is not. Small
    shares and short stretches are as likely as large and long ones, each counted on a logarithmic scale: otherwise most
    hidden tokens would be among many, and filling in draws few at a time.

    Args:
        steps: Length of the piece.
        voices: Its voices.
        rng: Draws.
    """
    share, way = LEAST ** rng.random(), rng.integers(4)
    some = rng.random(voices) < rng.random() if way in (1, 3) else np.ones(voices, bool)
    some[rng.integers(voices)] = True
    if way == 1:
        return np.tile(some, (steps, 1))
    length = int((steps * voices + 1) ** rng.random()) if way else 1
    begins = rng.random(steps * voices + length - 1) < 1 - (1 - share) ** (1 / length)
    return (np.convolve(begins, np.ones(length), "valid") > 0).reshape(steps, voices) & some
