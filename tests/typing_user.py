"""What a user may write; `tests/test_typing.py` has type checkers read it."""

from typing_extensions import assert_type

import zoo
from zoo import export
from zoo.models.generation import Generator
from zoo.models.infilling import Infiller
from zoo.models.model import Model
from zoo.tasks.keyword.model import Spotter
from zoo.tasks.speech.model import Recognizer
from zoo.tasks.translation.model import Translator
from zoo.tasks.translation.result import Translation
from zoo.tasks.video.model import Labeler

music = zoo.load("lstm_music")
assert_type(music, Generator[zoo.Score])
assert_type(music.generate(bars=2), zoo.Score)
assert_type(music.generate(n=3, bars=2), list[zoo.Score])
assert_type(zoo.load("gru_text").generate(prompt="a"), str)
assert_type(zoo.load("bilstm_text"), Infiller[str])
assert_type(zoo.load("bilstm_music").infill("melody.mid"), zoo.Score)
assert_type(zoo.load("rnn_speech"), Recognizer)
assert_type(zoo.load("gru_keyword"), Spotter)
assert_type(zoo.load("gru_translation"), Translator)
assert_type(zoo.load("bilstm_translation").translate("How are you?", beam_width=5), Translation)
assert_type(zoo.load("rnn_speech").transcribe("take.wav").text, str)
assert_type(zoo.load("stacked_lstm_video"), Labeler)
assert_type(zoo.load("runs/mine/preset"), Model)
assert_type(export.save(zoo.load("gru_text"), "gru_text.onnx"), export.Report)
assert_type(export.save(zoo.load("gru_text"), "gru_text.onnx").size, int)
assert_type(export.inspect("gru_text.onnx"), export.Inspection)
assert_type(zoo.train("lstm_music").parameters, int)
zoo.load("bilstm_text").generate()  # the only error
