"""Transcribe a 16 kHz wav file with NumPy and onnxruntime alone: python transcribe_onnx.py ARTIFACT WAV."""

import json
import sys
import wave

import numpy as np
import onnxruntime

artifact, wav = sys.argv[1:] if len(sys.argv) == 3 else sys.exit(__doc__)
session = onnxruntime.InferenceSession(artifact, providers=["CPUExecutionProvider"])
codec = json.loads(session.get_modelmeta().custom_metadata_map["codec"])

with wave.open(wav) as sound:
    if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (codec["sample_rate_hz"], 1, 2):
        sys.exit(f"{wav}: give 16-bit samples, mono, {codec['sample_rate_hz']} Hz")
    samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32) / 32768

step = codec["step_samples"]
silence = codec["head_steps"] * step, -len(samples) % step + codec["tail_steps"] * step
x = np.pad(samples, silence).reshape(1, -1, step)
feeds = {entry.name: np.zeros([1, *entry.shape[1:]], np.float32) for entry in session.get_inputs()[1:]}  # states
[logits] = session.run(["y"], {"x": x, **feeds})

text, before = "", codec["blank"]
for symbol in logits[0].argmax(axis=1):  # CTC: leave out repetitions and blanks
    if symbol not in (before, codec["blank"]):
        text += codec["vocabulary"][symbol]
    before = symbol
print(" ".join(text.split()))
