"""The recurrent architectures, one row each.

A row says what the recurrent part of a network is; its size is the recipe's, its input and output are the task's.
"""

import functools
import re
from dataclasses import dataclass

from zoo.core.plugins import NAME, Table
from zoo.core.states import STATES, input_name
from zoo.core.validation import number
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class Architecture:
    """One recurrent architecture.

    Attributes:
        name: First part of a model's name (`lstm` in `lstm_music`).
        cell: Recurrent cell: `rnn`, `lstm` or `gru`.
        layers: Recurrent layers on top of each other, unless a recipe says otherwise.
        reference: Paper that introduced it.
        bidirectional: A second cell in every layer reads the sequence backwards.
    """

    name: str
    cell: str
    layers: int
    reference: str
    bidirectional: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be built.

        Raises:
            ArgumentError: The name has other characters than a-z, 0-9 and _; or there is no such cell, or no layer.
        """
        if not re.fullmatch(NAME, self.name):
            raise ArgumentError(f"architecture {self.name!r}: write its name with a-z, 0-9 and _ between them")
        if self.cell not in STATES:
            raise ArgumentError(f"architecture {self.name!r}: cell {self.cell!r}: give one of {', '.join(STATES)}")
        number("layers", self.layers, 1, whole=True)


def _same(row: Architecture) -> Architecture:
    return row


OWN = (
    Architecture("rnn", "rnn", 1, "Elman, Finding Structure in Time, Cognitive Science 14, 1990"),
    Architecture("lstm", "lstm", 1, "Hochreiter & Schmidhuber, Long Short-Term Memory, Neural Computation 9, 1997"),
    Architecture("gru", "gru", 1, "Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014"),
    Architecture(
        "bilstm",
        "lstm",
        2,
        "Graves & Schmidhuber, Framewise Phoneme Classification with Bidirectional LSTM and "
        "Other Neural Network Architectures, Neural Networks 18, 2005",
        bidirectional=True,
    ),
    Architecture("stacked_lstm", "lstm", 3, "Graves, Generating Sequences With Recurrent Neural Networks, 2013"),
)

ARCHITECTURES = Table({row.name: functools.partial(_same, row) for row in OWN}, "rnn_zoo.architectures", Architecture)
"""Rows by name; other packages add theirs through the entry-point group `rnn_zoo.architectures`."""


def state_names(architecture: Architecture, layers: int = 0) -> tuple[str, ...]:
    """List the state inputs of an architecture, layer by layer, `h` before `c`.

    A bidirectional one has none: it needs the whole sequence, so no call continues another.

    Args:
        architecture: Row of the table.
        layers: Recurrent layers; 0 takes the row's own number.

    Example:
        >>> state_names(ARCHITECTURES["lstm"])
        ('h0_0', 'c0_0')
    """
    return () if architecture.bidirectional else pair_states(architecture, layers)


def pair_states(architecture: Architecture, layers: int = 0) -> tuple[str, ...]:
    """List the state inputs of the decoder of an encoder–decoder network, which is causal, layer by layer.

    Args:
        architecture: Row of the table.
        layers: Recurrent layers; 0 takes the row's own number.
    """
    depth = layers or architecture.layers
    return tuple(input_name(kind, layer) for layer in range(depth) for kind in STATES[architecture.cell])


ABOVE = ("recurrent_", "head", "query")
"""How names of layers begin that are no part of a front end or encoder."""


def encodes(path: str) -> bool:
    """Return whether a layer, or an array of one, belongs to the front end of recurrent layers, or to an encoder."""
    return not path.startswith((*ABOVE, "y/")) and path not in ("y", "decoder")
