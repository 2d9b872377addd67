import itertools
from dataclasses import replace

import numpy as np
import pytest

import export
from export.verification import generation
from zoo.errors import VerificationError
from zoo.networks import generation_loop
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Face, Tensor


def shifted(logits, uniform, *rest):
    return draw(logits, 1 - uniform, *rest)


draw = generation_loop.draw


def test_a_wrong_loop_is_not_saved(sealed, tmp_path, monkeypatch):
    monkeypatch.setattr(generation_loop, "draw", shifted)
    with pytest.raises(VerificationError, match="generate") as caught:
        export.save(sealed, tmp_path / "x.tflite", form="generate")
    assert caught.value.check == "generate"
    assert not list(tmp_path.iterdir())


def test_a_loop_must_have_its_names_and_repeat_itself(loops, sealed):
    engine, stepper = export.load(loops["tflite"]).engine, sealed.engine
    face = Face(None, engine.signature)
    assert generation.check_generation(face, engine, sealed.codec, stepper)[0] == {"ids": 330, "near": 0}
    renamed = replace(engine.signature, outputs=(Tensor("y", (None, None), "int32"),))
    calls = itertools.count()
    unsteady = BoundEngine("x", engine.signature, lambda arrays: [engine.run(arrays)[0] + next(calls) % 2])
    short = BoundEngine("x", engine.signature, lambda arrays: [engine.run(arrays)[0][:, :-1]])
    wrong = {"signature": BoundEngine("x", renamed, engine.run), "repeat": unsteady, "generate": short}
    for check, candidate in wrong.items():
        with pytest.raises(VerificationError) as caught:
            generation.check_generation(face, candidate, sealed.codec, stepper)
        assert caught.value.check == check


def test_only_what_is_within_rounding_may_differ():
    logits = np.log(np.array([[0.25, 0.25, 0.5]], np.float32))
    for number, right in ((0.25 + 2e-6, {1, 0}), (0.25 - 2e-6, {0, 1}), (0.3, {1}), (0.1, {0})):
        assert set(generation._choices(logits, -1, number, 1.0, None, 1.0)) == right
    assert set(generation._choices(np.array([[1, 2, 2.000001]]), -1, 0.5, 0, None, 1.0)) == {2, 1}
    assert generation._choices(logits, 2, 0.1, 1.0, None, 1.0) == [2]
