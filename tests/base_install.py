"""What a base installation does, and its errors for what needs an extra. Run as a program, it prints results as JSON.

`test_base_install.py` runs it where all that is not in the base is hidden, and in an environment of its own.
"""

import importlib.abc
import json
import sys

RUN = [
    ("list", "lstm_music"),
    ("info lstm_music", "architecture: lstm"),
    ("page lstm_music", "# lstm_music"),
    ("info music.onnx", "architecture: lstm"),
    ("inspect music.onnx", "float32"),
    ("generate lstm_music --bars 1 --seed 1 --out a.mid", "a.mid"),
    ("generate music.onnx --bars 1 --seed 1 --out c.mid --wav c.wav", "c.mid c.wav"),
    ("train --help", "Settings of music"),
    ("export --help", "onnx"),
]
"""Commands, and something that they print."""
USES = {
    "music": ("generate {} --bars 1 --seed 1 --out {}.mid", "{}.mid"),
    "text": ("generate {} --length 40", ""),
    "speech": ("transcribe {} c.wav", ""),
    "video": ("label {} face.mp4", ""),
    "forecast": ("forecast {} load.csv --horizon 2", "unique_id"),
    "keyword": ("spot {} c.wav", ""),
    "translation": ("translate {} 'How are you?'", ""),
    "bilstm_text": ("infill {} 'To be, or ___ to be' --seed 1", "To be, or "),
    "bilstm_music": ("harmonize {} c.mid --seed 1 --out {}.mid", "{}.mid"),
}
"""Task, or model, → what it is used for, and something that is printed."""


def uses():
    """Yield commands for each shipped model, and something that each prints."""
    import zoo

    for name in zoo.list_models(pretrained=True):
        command, shown = USES.get(name) or USES[name.rpartition("_")[2]]
        yield command.format(name, name), shown.format(name)


REAL = [
    *uses(),
    ("transcribe gru_speech c.wav --stream", ""),
    ("label lstm_video clip.mp4 --overlay seen.mp4", ""),
    ("evaluate rnn_text --data poem.txt", "nats per character"),
    ("evaluate rnn_music --data midi", "nats per token"),
    ("generate text.onnx --length 40", ""),
    ("label video.onnx clip.mp4", ""),
]
"""The same with the shipped models, and with artifacts of some."""
REFUSED = [
    ("generate music.onnx --bars 1 --plot p.png", "plots need Matplotlib", "plots"),
    ("generate a.tflite", ".tflite files need LiteRT", "tflite"),
    ("inspect a.tflite", ".tflite files need LiteRT", "tflite"),
    ("train lstm_music", "training needs Keras", "keras"),
    ("export lstm_music", "export needs Keras", "keras"),
    ("graph lstm_music", "making a graph needs Keras", "keras"),
    ("generate lstm_music --engine keras", "running a network in Keras needs Keras", "keras"),
    ("benchmark lstm_music", "a benchmark needs Keras", "keras"),
    ("convert x.h5", "converting needs Keras", "keras"),
    ("inspect x.h5", "files of Keras need h5py", "keras"),
]
"""Commands, their errors, and the extra that these name."""
CALLS = {
    'zoo.train("lstm_music")': "keras",
    'zoo.build("lstm_music")': "keras",
    "zoo.gradient_flow(model, [])": "keras",
    "zoo.layers": "keras",
    'zoo.load("lstm_music", engine="keras")': "keras",
    'zoo.load("lstm_music").network': "keras",
    'export.save(model, "m.onnx")': "keras",
    'export.save(zoo.load("lstm_music"), "m.onnx")': "keras",
    "export.benchmark(model)": "keras",
    'export.read("x.h5")': "keras",
    'export.convert("x.h5", "y.keras")': "keras",
    'export.load_weights(None, "x.h5")': "keras",
    'export.model_files.describe("x.h5")': "keras",
    'export.load("a.tflite")': "tflite",
    'export.inspect("a.tflite")': "tflite",
    'model.generate(bars=1).plot("p.png")': "plots",
    'Surprisal(("a",), np.ones(1)).plot("p.png")': "plots",
    'Transcript("A", (), 1, 0.16, np.zeros((4, 3), "f4"), "AB", np.zeros(2560, "f4")).plot("p.png")': "plots",
    'Timeline((), "a", 1, 1, np.zeros((5, 2), "f4"), ("a", "b"), 5).plot("p.png")': "plots",
}
"""Calls from Python, and the extra that each needs."""


class Hidden(importlib.abc.MetaPathFinder):
    """Hides modules: importing one fails as if it were not installed."""

    def __init__(self, names):
        self.names = {*names}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def raised(expression, names):
    """Return the class and the message of what an expression raises."""
    try:
        eval(expression, names)
    except Exception as error:  # noqa: BLE001 (it is what is asked for)
        return [type(error).__name__, str(error)]


def main(hidden, commands):
    sys.meta_path.insert(0, Hidden(hidden))
    import shlex

    from click.testing import CliRunner

    from zoo.cli import main as zoo_

    found = {"loaded": {}, "commands": {}}
    for command in commands:
        result = CliRunner().invoke(zoo_, shlex.split(command))
        trace = f"{type(result.exception).__name__}: {result.exception}"
        said = result.stderr if result.exception is None or isinstance(result.exception, SystemExit) else trace
        found["commands"][command] = [result.exit_code, result.stdout, said]
        found["loaded"][command] = sorted({name.partition(".")[0] for name in sys.modules})
    import numpy as np

    import zoo
    from zoo import export
    from zoo.models.generation import Surprisal
    from zoo.tasks.speech.transcript import Transcript
    from zoo.tasks.video.timeline import Timeline

    exec("from zoo import *", {})
    names = {"np": np, "zoo": zoo, "export": export, "model": export.load("music.onnx"), "Surprisal": Surprisal,
             "Transcript": Transcript, "Timeline": Timeline}  # fmt: skip
    found["calls"] = {expression: raised(expression, names) for expression in CALLS}
    print(json.dumps(found))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), json.loads(sys.argv[2]))
