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

EQUATIONS = {
    "rnn": (r"h_t = \tanh(W x_t + U h_{t-1} + b)",),
    "lstm": (
        r"i_t, f_t, o_t = \sigma(W_{i,f,o}\, x_t + U_{i,f,o}\, h_{t-1} + b_{i,f,o})",
        r"c_t = f_t \odot c_{t-1} + i_t \odot \tanh(W_c x_t + U_c h_{t-1} + b_c)",
        r"h_t = o_t \odot \tanh(c_t)",
    ),
    "gru": (
        r"z_t, r_t = \sigma(W_{z,r}\, x_t + U_{z,r}\, h_{t-1} + b_{z,r})",
        r"\tilde h_t = \tanh(W_h x_t + b_h + r_t \odot (U_h h_{t-1} + b'_h))",
        r"h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tilde h_t",
    ),
}
"""What each cell computes, in LaTeX."""

HEAD = (
    "The layer before the logits, which sees the vectors x too: as in DeepBach, Hadjeres, Pachet & Nielsen, ICML 2017"
)
"""Where `Recipe.head` comes from."""


def output_equations(bidirectional: bool, head: bool) -> tuple[str, ...]:
    """Say in LaTeX what is made of the last layer's outputs, if that is more than logits of them.

    Args:
        bidirectional: There are outputs of two directions, whose cells have weights of their own.
        head: A layer stands between the recurrent layers and the logits.
    """
    outputs = r"\overrightarrow{h}_t; \overleftarrow{h}_t" if bidirectional else "h_t"
    if head:
        return rf"g_t = \max(0, W_g [x_t; {outputs}] + b_g)", "y_t = V g_t + d"
    return (f"y_t = V [{outputs}] + d",) if bidirectional else ()


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
