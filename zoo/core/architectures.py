"""The recurrent architectures, one row each.

A row says what the recurrent part of a network is; its size is the recipe's, its input and output are the task's.
"""

from dataclasses import dataclass


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


ARCHITECTURES = {
    row.name: row
    for row in (
        Architecture("rnn", "rnn", 1, "Elman, Finding Structure in Time, Cognitive Science 14, 1990"),
        Architecture("lstm", "lstm", 1, "Hochreiter & Schmidhuber, Long Short-Term Memory, Neural Computation 9, 1997"),
        Architecture(
            "gru", "gru", 1, "Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014"
        ),
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
}


STATES = {"rnn": ("h",), "lstm": ("h", "c"), "gru": ("h",)}
"""State tensors of each cell, in the order every engine passes them."""


def state_names(architecture: Architecture, layers: int = 0) -> tuple[str, ...]:
    """List the state inputs of an architecture, layer by layer, `h` before `c`.

    One that reads backwards too has none: it starts at both ends and cannot go on from where it was.

    Args:
        architecture: Row of the table.
        layers: Recurrent layers; 0: the row's own.

    Example:
        >>> state_names(ARCHITECTURES["lstm"])
        ('h0_0', 'c0_0')
    """
    if architecture.bidirectional:
        return ()
    depth = layers or architecture.layers
    return tuple(f"{kind}0_{layer}" for layer in range(depth) for kind in STATES[architecture.cell])
