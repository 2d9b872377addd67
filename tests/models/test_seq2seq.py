import numpy as np
import pytest

from tests.tasks.translation.translators import SENTENCES, tiny, told
from zoo.core.pairs import BEGIN, END
from zoo.errors import ArgumentError
from zoo.models import seq2seq
from zoo.models.beam_search import Beam, log_softmax
from zoo.models.model import make
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Signature, Tensor
from zoo.tasks.translation.pairs import Pair

SEARCHES = ({}, {"beam_width": 1}, {"n": 3}, {"beam_width": 2, "n": 4, "length_penalty": 0})


def inside(batch=None):
    """The tiny translator with its search in a graph: it does what the greedy search does, for a batch at once."""
    model = tiny()

    def run(arrays):
        [source] = arrays
        assert batch in (None, len(source))
        longest = 2 * source.shape[1] + 10
        ids = np.zeros((len(source), longest), np.int32)
        for row, one in enumerate(source):
            [[found]] = seq2seq.search(model.engine, one[None], Beam(1, 1, 0.0), [longest])
            ids[row, : len(found.ids) + found.ended] = [*found.ids, END][: len(found.ids) + found.ended]
        return [ids]

    names = Tensor("source", (batch, None), "int32"), Tensor("ids", (batch, None), "int32")
    return make(model.card, model.codec, BoundEngine("test", Signature("generate", names[:1], names[1:]), run))


@pytest.mark.parametrize("asked", SEARCHES)
@pytest.mark.parametrize("architecture", ["gru", "bilstm"])
def test_a_batch_is_its_sentences(architecture, asked, monkeypatch):
    model = tiny(architecture)
    together = model.translate(list(SENTENCES), **asked)
    assert told(together) == [told(model.translate(one, **asked)) for one in SENTENCES]
    assert len({str(one) for one in told(together)}) > 1
    monkeypatch.setattr(seq2seq, "ROWS", 4)
    assert told(model.translate(list(SENTENCES), **asked)) == told(together)


@pytest.mark.parametrize("batch", [None, 2])
def test_a_search_inside_a_graph_is_the_greedy_one(batch):
    found, expected = (
        model.translate(list(SENTENCES), **asked) for model, asked in ((inside(batch), {}), (tiny(), {"beam_width": 1}))
    )
    assert told(found) == told(expected)
    assert all(np.isnan(one.score) and one.alignment is None for one in found)


@pytest.mark.parametrize(("asked", "message"), [
    ({"beam_width": 0}, "beam_width=0"), ({"beam_width": 101}, "at most 100"), ({"n": 0}, "n=0"), ({"n": 1.5}, "n=1.5"),
    ({"length_penalty": -1}, "length_penalty=-1"), ({"length_penalty": float("nan")}, "length_penalty"),
    ({"beam_width": True}, "beam_width"), ({"beam_width": "5"}, "beam_width"),
])  # fmt: skip
def test_searches_that_are_refused(asked, message):
    with pytest.raises(ArgumentError, match=message):
        tiny().translate("a", **asked)


def test_what_a_graph_with_the_search_inside_cannot_do():
    for asked in ({"beam_width": 2}, {"n": 2}):
        with pytest.raises(ArgumentError, match="whole search inside"):
            inside().translate("a", **asked)
    with pytest.raises(ArgumentError, match="only translates"):
        inside().nats([Pair("a", "b")])


def test_the_cross_entropy_of_targets():
    model, pieces = tiny(), [Pair("the cat", "a"), Pair("a", "the cat at"), Pair("é", "")]
    total, count = model.nats(pieces)
    expected = 0.0
    for piece in pieces:
        ids = model.codec.ids(piece.target)
        y, _ = model.engine.step(np.array([[BEGIN, *ids]], np.int32), model.engine.encode(model.codec.sources([piece])))
        expected -= log_softmax(y[0].astype(float))[np.arange(len(ids) + 1), [*ids, END]].sum()
    assert total == pytest.approx(expected, rel=1e-4)
    assert count == sum(len(model.codec.ids(piece.target)) + 1 for piece in pieces)


def test_parts_are_smaller_where_pieces_are_long(monkeypatch):
    monkeypatch.setattr(seq2seq, "SIZE", 100)
    pieces = ["a" * n for n in (5, 200, 50, 1, 60, 3)]
    found = list(seq2seq._parts(pieces, 3))
    assert sorted(i for part in found for i in part) == list(range(6))
    assert [[len(pieces[i]) for i in part] for part in found] == [[1, 3, 5], [50], [60], [200]]
