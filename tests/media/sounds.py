"""Sound to test with."""

from fractions import Fraction

import av
import numpy as np
import soundfile

from zoo.media.audio import RATE_HZ


def sound(seconds=1.0, seed=0, rate_hz=RATE_HZ):
    """Tones that come and go over noise, about as loud as speech."""
    rng, at = np.random.default_rng(seed), np.arange(int(seconds * rate_hz)) / rate_hz
    tones = sum(np.sin(2 * np.pi * hz * at) for hz in rng.uniform(150, 3500, 5))
    loud = np.abs(np.sin(2 * np.pi * rng.uniform(1, 4) * at))
    return (0.03 * loud * tones + 0.001 * rng.standard_normal(len(at))).astype(np.float32)


def written(path, samples, **options):
    soundfile.write(path, samples, RATE_HZ, **options)
    return path


def tone(seconds=1.0, hz=440, rate_hz=RATE_HZ):
    return (0.4 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def encoded(path, codec, seconds=2.0, form=None, options=None):
    """Write a tone by FFmpeg, into a container that the suffix names."""
    form = form or {".m4a": "ipod", ".aac": "adts", ".wma": "asf", ".ts": "mpegts"}.get(path.suffix)
    rate_hz = {"libopus": 48_000, "libopencore_amrnb": 8000}.get(codec, RATE_HZ)
    with av.open(str(path), "w", format=form, options=options or {}) as made:
        stream = made.add_stream(codec, rate_hz, layout="mono")
        if codec != "libopencore_amrnb":
            stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(tone(seconds, rate_hz=rate_hz)[None], "fltp", "mono")
        frame.rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
        context = stream.codec_context
        fitting = av.AudioResampler(context.format, "mono", rate_hz, context.frame_size or None)
        for part in [*fitting.resample(frame), *fitting.resample(None), None]:
            made.mux(stream.encode(part))
    return path
