"""What a frozen encoder makes of clips, computed once and kept: training then runs the recurrent layers alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.core.files import replacing
from zoo.media import clips
from zoo.media.clips import Clip
from zoo.tasks.video.codec import VideoCodec

if TYPE_CHECKING:
    import keras

    from zoo.core.engine import Engine

LAST = "normalization"  # layer that the encoder ends with


class FeatureCodec(VideoCodec):
    """A video codec whose inputs are what the encoder made of the frames."""

    def frontend(self) -> None:
        """Have none."""


def cached(
    network: "keras.Model", codec: VideoCodec, splits: Mapping[str, Sequence[Clip]], folder: Path
) -> tuple[dict[str, list[Clip]], FeatureCodec]:
    """Run the encoder over clips.

    Args:
        network: The whole network, with the weights of its encoder.
        codec: Of the network.
        splits: Split → clips; those of `test` are left out.
        folder: Where the features are kept; what a run that was broken off has left there is used.

    Returns:
        Clips of features `(time, features)`, the frames that the network waits for among them, and their codec.
    """
    import keras

    from zoo.networks.keras_engine import KerasEngine

    size = network.get_layer(LAST).output.shape[-1]
    known = {split: pieces for split, pieces in splits.items() if split != "test"}
    if not folder.is_dir():
        encoder = KerasEngine(keras.Model(network.inputs, network.get_layer(LAST).output))
        with replacing(folder, folder=True) as scratch:
            clips.store(((s, _seen(encoder, codec, p, size)) for s, pieces in known.items() for p in pieces), scratch)
    found = clips.stored(folder)
    return found, FeatureCodec(
        codec.vocabulary, (size,), codec.rate_hz, rest=codec.rest, bidirectional=codec.bidirectional
    )


def _seen(encoder: "Engine", codec: VideoCodec, piece: Clip, size: int) -> Clip:
    x, _ = codec.encode([piece])
    y, _ = encoder.step(x, encoder.initial_state(1))
    spans = tuple(s._replace(start=s.start + codec.delay, end=s.end + codec.delay) for s in piece.spans)
    return replace(piece, frames=y[0].astype(np.float32), shape=(size,), spans=spans)
