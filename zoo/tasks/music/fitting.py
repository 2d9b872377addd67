"""Scores of the user's own that a model is measured on, transposed to the pitches that it knows."""

import warnings

from zoo.errors import CodecError
from zoo.tasks.music.score import Score
from zoo.tasks.music.tokens import ScoreTokens


def fit(piece: Score, codec: ScoreTokens, transpose: bool = False) -> Score:
    """Return a score that a codec encodes.

    Args:
        piece: The score.
        codec: The codec.
        transpose: Transpose it, by as few semitones as it takes, if its pitches are not all among those of the codec.

    Raises:
        CodecError: It does not fit, transposed or not.
    """
    pitches = piece.grid[piece.grid >= 0]
    if pitches.size and (pitches.min() < codec.low or pitches.max() > codec.high):
        lowest, highest = int(pitches.min()), int(pitches.max())
        span = f"its pitches are {lowest} to {highest}, those of the model {codec.low} to {codec.high}"
        if highest - lowest > codec.high - codec.low:
            raise CodecError(f"{span}: it cannot be transposed to fit")
        if not transpose:
            raise CodecError(f"{span}: transpose it (--transpose)")
        piece = piece.transpose(max(codec.low - lowest, 0) or codec.high - highest)
    codec.tokens(piece)
    if piece.beats_per_bar != codec.beats_per_bar:
        warnings.warn(
            f"there is music of {piece.beats_per_bar:g} beats a bar, the model counts {codec.beats_per_bar:g}",
            stacklevel=4,
        )
    return piece
