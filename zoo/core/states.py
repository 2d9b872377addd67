"""The state contract: names of the recurrent states that enter and leave a network, the same in every format.

Inputs are `h0_0, c0_0, h0_1, …`, outputs `hn_0, cn_0, hn_1, …`: `h` and `c` of each recurrent cell, counted from the
input of the network on, and `f` of the front end below them. What leaves as `hn_0` enters the next call as `h0_0`.
"""

import re

STATES = {"rnn": ("h",), "lstm": ("h", "c"), "gru": ("h",)}
"""State tensors of each cell, in the order every engine passes them."""


def input_name(kind: str, index: int) -> str:
    """Return the name of an input state.

    Args:
        kind: `h`, `c` or `f`.
        index: Its cell, or its part of the front end, counted from 0.

    Example:
        >>> input_name("h", 0)
        'h0_0'
    """
    return f"{kind}0_{index}"


def output_name(name: str) -> str:
    """Return the name of the output that an input state leaves by; other names are returned unchanged.

    Example:
        >>> output_name("h0_0"), output_name("c0_12"), output_name("x")
        ('hn_0', 'cn_12', 'x')
    """
    return re.sub(r"\A([fhc])0_(\d+)\Z", r"\1n_\2", name)


def is_state(name: str) -> bool:
    """Return whether a name is that of an input or output state.

    Example:
        >>> [is_state(name) for name in ("h0_0", "cn_1", "f0_0", "x", "h0", "hidden_0")]
        [True, True, True, False, False, False]
    """
    return bool(re.fullmatch(r"[fhc][0n]_\d+", name))
