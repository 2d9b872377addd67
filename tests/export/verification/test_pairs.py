"""Each check of pairs with what it must find."""

from types import SimpleNamespace

import numpy as np
import pytest

from export.tracing.greedy import Tokens
from export.verification import verify as verification
from export.verification.pairs import _followed
from tests.tasks.translation.translators import tiny
from zoo.errors import VerificationError
from zoo.runtime.pair import Pair
from zoo.runtime.signature import Tensor

TOKENS = Tokens(1, 2, 0, (0, 1))
LOGITS = np.array([[9, 9, 0, 3, 2.95], [9, 9, 0, 1, 3], [9, 9, 5, 1, 1], [9, 9, 0, 8, 1]])  # of each step


def stepper():
    """A pair that counts its steps."""
    return Pair(
        "test", lambda source: {"h0_0": np.zeros((len(source), 1))},
        lambda x, h: {"y": LOGITS[h[:, 0].astype(int) % 4][:, None], "hn_0": h + 1}, ("h0_0",),
    )  # fmt: skip


def followed(*ids, tolerance=1e-4):
    greedy = SimpleNamespace(tokens=TOKENS, decoder=SimpleNamespace(inputs=[Tensor("x", (None, None), "int32")]))
    return _followed(np.array([ids]), [np.zeros((1, 3))], stepper(), greedy, tolerance)


def test_the_search_of_a_graph_is_followed():
    assert followed(3, 4, 2, 0, 0) == (3, 0)
    assert followed(4, 4, 2, 0, tolerance=0.2) == (3, 1)  # within what quantization may change


@pytest.mark.parametrize("ids", [(4, 4, 2, 0), (3, 3, 2, 0), (3, 4, 4, 0), (3, 4, 2, 3), (3, 4, 2, 2), (0, 4, 2, 0)])
def test_another_id_is_found(ids):
    with pytest.raises(VerificationError, match="instead of") as error:
        followed(*ids)
    assert error.value.check == "generate"


def test_a_model_that_says_something_else_is_found():
    same, other = tiny(), tiny("rnn")
    assert verification._check_model(same, same, SimpleNamespace(quantize=None)) == {}
    with pytest.raises(VerificationError) as error:
        verification._check_model(same, other, SimpleNamespace(quantize=None))
    assert error.value.check == "decode"
