"""Films to test with."""

from fractions import Fraction

import av
import numpy as np

from zoo.tasks.video.codec import VideoCodec

SHAPE = (16, 24)


def film(count=20, shape=SHAPE, seed=0):
    """Frames of a light that moves."""
    return VideoCodec(["a"], shape).example(np.random.default_rng(seed), 1, count)[0]


def written(path, frames, rate_hz=25, codec="mpeg4", times=None, sound=False, options=None):
    """Write frames as a film; `times` in seconds, if they are not even."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate_hz, options={"qscale": "1"} if codec == "mpeg4" else None)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        if codec in ("mpeg4", "mpeg1video"):
            stream.bit_rate = 4_000_000
        if times is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        noise = container.add_stream("mp2", 44100) if sound else None
        for i, frame in enumerate(frames):
            colour = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, 2)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(colour), "rgb24").reformat(format=stream.pix_fmt)
            if times is not None:
                picture.pts, picture.time_base = round(times[i] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
        if noise:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1152 * 2), np.int16), "s16", "stereo")
            samples.rate = 44100
            container.mux(noise.encode(samples))
            container.mux(noise.encode())
    return path
