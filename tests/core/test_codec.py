"""What all codecs share, and what a model can do by the type of its codec."""

from dataclasses import dataclass

import numpy as np
import pytest

from zoo.core.codec import Codec, Context, GenerationCodec, InfillCodec, MaskedPiece, counted, described, known, padded
from zoo.core.task import find, names
from zoo.core.validation import limits
from zoo.errors import CodecError


def test_rows_are_filled_up_at_their_end():
    ids = padded([np.array([1, 2, 3]), np.zeros(0, int), np.array([4])], -1)
    assert ids.tolist() == [[1, 2, 3], [-1, -1, -1], [4, -1, -1]]
    assert ids.dtype == np.int32
    hidden = padded([np.array([True]), np.array([False, True])], False)
    assert hidden.tolist() == [[True, False], [False, True]]
    assert hidden.dtype == bool
    assert (padded([], 0).shape, padded([np.zeros(0)], 0).shape) == ((0, 0), (1, 0))


def test_ids_that_a_codec_does_not_have_are_refused():
    assert known([[0, 2], [1, 1]], 3).tolist() == [[0, 2], [1, 1]]
    assert known([], 3).size == 0
    for bad, message in (
        ([0, 3], "ids 0 to 3: this codec has 0 to 2"),
        ([-1, 2], "ids -1 to 2: this codec has 0 to 2"),
        ([0, np.nan], "ids nan to nan: this codec has 0 to 2"),
    ):
        with pytest.raises(CodecError) as caught:
            known(bad, 3)
        assert str(caught.value) == message


@dataclass(frozen=True)
class Words:
    type: str = limits(choices=("words",))
    words: tuple[str, ...] = limits(shortest=1)


def test_a_description_is_checked_by_its_dataclass():
    assert described({"type": "words", "words": ["a"]}, Words) == Words("words", ("a",))
    for bad, reason in (
        ({"type": "text", "words": ["a"]}, "type='text': give one of 'words'"),
        ({"type": "words", "words": []}, "words has 0 items"),
        ({"words": ["a"]}, "missing fields: type"),
        ([], "the content is a list of 0: give an object with type, words"),
    ):
        with pytest.raises(CodecError, match=reason):
            described(bad, Words)


class Sums:
    """A codec that remembers the sum of the tokens of each piece, and shows it beside the position."""

    def begin(self, zeros):
        return (zeros + 100,)

    def look(self, xp, memory, position):
        return xp.expand_dims(xp.concatenate([memory[0], memory[0] * 0 + position], 1), 1)

    def after(self, xp, memory, position, ids):
        return (memory[0] + xp.expand_dims(ids, 1),)


def test_a_context_remembers_what_its_codec_says():
    context, shown = Context(Sums(), 2), []
    for ids in ([1, 2], [10, 20], [0, 5]):
        shown.append(context.x())
        context.push(ids)
    assert [x.tolist() for x in shown] == [[[[100, 0]], [[100, 0]]], [[[101, 1]], [[102, 1]]], [[[111, 2]], [[122, 2]]]]
    assert {x.dtype for x in shown} == {np.dtype(np.int32)}  # as the network's input is declared
    assert (context.position, context.memory[0].tolist()) == (3, [[111], [127]])


def test_pieces_are_counted_by_codecs_that_can():
    assert counted(Sums(), ["ab"]) == ["ab"]
    assert counted(find("text").default_codec(False), ["ab"]) == ["ab"]


def test_a_masked_piece_is_as_long_as_the_piece():
    assert len(MaskedPiece("abc", np.zeros(12, bool))) == 3


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", names())
def test_a_codec_claims_one_capability_at_most(name, bidirectional):
    """A causal codec fills no gaps, a bidirectional one does not generate: models are chosen by `isinstance`."""
    codec = find(name).default_codec(bidirectional)
    assert isinstance(codec, Codec)
    generates, fills = isinstance(codec, GenerationCodec), isinstance(codec, InfillCodec)
    assert not (generates if bidirectional else fills)
    other = codec.for_direction(not bidirectional)
    assert (isinstance(other, GenerationCodec), isinstance(other, InfillCodec)) == (fills, generates)
    assert codec.for_direction(bidirectional).to_json() == codec.to_json()
