"""Stream a wav file through a step artifact by ai-edge-litert, as on a phone: transcribe_tflite.py STEP.tflite WAV."""

import json
import sys
import wave
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter

artifact, wav = sys.argv[1:] if len(sys.argv) == 3 else sys.exit(__doc__)
with zipfile.ZipFile(artifact) as archive:  # behind the network, as TFLite's metadata has it
    codec = json.loads(archive.read("codec"))
run = Interpreter(artifact).get_signature_runner("step")  # of `zoo export gru_speech --form step --format tflite`
state = {name: np.zeros([1, *d["shape"][1:]], np.float32) for name, d in run.get_input_details().items() if name != "x"}
step, before, silent = codec["step_samples"], codec["blank"], -codec["head_steps"]

with wave.open(wav) as sound:
    if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (codec["sample_rate_hz"], 1, 2):
        sys.exit(f"{wav}: give 16-bit samples, mono, {codec['sample_rate_hz']} Hz")
    while silent < codec["tail_steps"]:
        samples = np.frombuffer(sound.readframes(step * (silent >= 0)), "<i2").astype(np.float32) / 32768
        silent += not len(samples)
        found = run(x=np.pad(samples, (0, step - len(samples))).reshape(1, 1, step), **state)
        state = {name: found[name.replace("0_", "n_", 1)] for name in state}  # what leaves enters the next step
        symbol = int(found["y"][0, 0].argmax())
        if symbol not in (before, codec["blank"]):
            print(codec["vocabulary"][symbol], end="", flush=True)
        before = symbol
print()
