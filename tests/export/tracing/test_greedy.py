import numpy as np
import pytest

import export
from export.tracing.greedy import Tokens
from tests.export.pairs import CLASSES, PAIRS, listed, source_of

BEGIN, END = 1, 2


def greedy(encoder, decoder, source, steps):
    """The loop of the tutorials: Keras, one step after the other."""
    ids, state = [], [np.asarray(one) for one in listed(encoder(source))]
    last = np.full(len(source), BEGIN)
    while len(ids) < steps:
        x = np.eye(CLASSES, dtype="float32")[last][:, None] if len(decoder.inputs[0].shape) == 3 else last[:, None]
        y, *new = decoder([x, *state])
        state = [*state[: len(state) - len(new)], *map(np.asarray, new)]
        last = np.where(last == END, END, np.asarray(y)[:, 0].argmax(-1))
        ids.append(last)
    return np.stack(ids, 1)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("name", "file", "options"), [
    ("characters", "m.onnx", {}), ("attending", "m.onnx", {"steps": 8}), ("attending", "m.tflite", {"batch": 3}),
])  # fmt: skip
def test_the_whole_search_in_one_graph(name, file, options, tmp_path):
    encoder, decoder = PAIRS[name]()
    report = export.save((encoder, decoder), tmp_path / file, form="generate", begin=BEGIN, end=END, **options)
    given = source_of(name)
    ids = export.load(tmp_path / file)(given)
    assert ids.shape == (3, options.get("steps", 2 * given.shape[1] + 10))
    np.testing.assert_array_equal(ids, greedy(encoder, decoder, given, ids.shape[1]))
    assert report.differences["generate"]["ids"] > 20
    assert "generate: source" in str(report)


def test_ids_that_are_not_chosen():
    penalties = Tokens(1, 2, 0, (0, 1)).penalties(4)
    assert penalties.shape == (1, 4)
    assert (penalties > 1e20).tolist() == [[True, True, False, False]]
    assert not Tokens(1, 2, 2).penalties(4).any()
