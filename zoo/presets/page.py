"""Model pages: what is known of a model, as Markdown, from the files of its preset folder."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card
from zoo.core.codec import Codec
from zoo.core.escaping import escaped
from zoo.core.files import content
from zoo.core.strict_json import MOST_BYTES, parse
from zoo.core.task import Task, find
from zoo.core.validation import checked, limits
from zoo.errors import ArgumentError, DataError, PresetError
from zoo.presets import SHIPPED
from zoo.presets import preset as presets

Measured = TypeVar("Measured")
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


TIED = ", with the vectors of the input (Press & Wolf, EACL 2017)"
"""Where `Recipe.tied` comes from."""


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


PAGE, ARTIFACTS, ERRORS, SAMPLE = "README.md", "artifacts.json", "errors.json", "sample"
REST = "Pictures, samples and the figures of artifacts are in the repository of rnn-zoo, not in the installed package."
PICTURES = {
    "curves.png": "Training and validation loss",
    "sample.png": "A sample",
}


def page(folder: Path) -> str:
    """Write the page of a preset: network, results, training, samples, artifacts, data, limits.

    Raises:
        PresetError: The card or codec is missing or corrupt.
    """
    preset = presets.read(folder)
    card, codec = preset.card, preset.codec
    task = find(card.task)
    ours = card.data.get("name") == task.facts["name"] and task.is_usual(
        card.recipe
    )  # what is known of the task's data is not of another's
    parts = {
        "Network": _network(card, codec),
        "Results": _results(card, task, ours),
        "Confidence": _confidence(card),
        "Training": _training(card, folder),
        "Sample": _sample(folder, _of_architecture(task.samples, card)),
        "Errors": _errors(folder, task),
        "Artifacts": _artifacts(folder, task),
        "Data and licence": "\n".join(
            f"- {_plain(k)}: {_plain(v)}" for k, v in (*card.data.items(), ("weights", card.licence)) if v
        ),
        "Limits": _of_architecture(task.limits, card) if ours else "",
    }
    architecture = ARCHITECTURES[card.architecture]
    cell = {"rnn": "vanilla RNN", "lstm": "LSTM", "gru": "GRU"}[architecture.cell]
    kind = f"bidirectional {cell}" if architecture.bidirectional else cell
    told = card.name if folder == SHIPPED / card.name else folder.as_posix()
    summary = (
        task.summary.capitalize()
        if ours
        else f"{task.name.capitalize()}, trained on {_plain(card.data.get('name', 'data without a name'))}"
    )
    head = f"# {card.name}\n\n{summary}: {card.parameters:,} parameters, {kind}."
    use = f'```python\nimport zoo\n\nmodel = zoo.load("{told}")\n```'
    rest = [REST] if folder == SHIPPED / card.name and not (folder / PAGE).exists() else []
    return "\n\n".join([head, use, *(f"## {title}\n\n{text}" for title, text in parts.items() if text), *rest]) + "\n"


def _plain(text: str) -> str:
    """Return a text of a card as a piece of a line of Markdown: no markup, no control characters."""
    return re.sub(r"([\[\]|`\\])", r"\\\1", escaped(" ".join(text.split()))).replace("<", "&lt;")


def _network(card: Card, codec: Codec) -> str:
    row, recipe = ARCHITECTURES[card.architecture], card.recipe
    ways = " in both directions" if row.bidirectional else ""
    layers = recipe.layers or row.layers
    below, classes = codec.describe(recipe)
    chain = (
        f"{below} → "
        f"{layers} layer{'s' * (layers > 1)} of {recipe.units} units{ways} → "
        + f"{recipe.head} units that see these and the vectors → " * (recipe.head > 0)
        + f"{classes}{TIED * recipe.tied}."
    )
    lines = (*EQUATIONS[row.cell], *output_equations(row.bidirectional, recipe.head > 0))
    equations = "\n".join(f"$$ {line} $$\n" for line in lines)
    return f"{chain}\n\n{equations}\n{row.reference}." + f" {HEAD}." * (recipe.head > 0)


def _results(card: Card, task: Task, ours: bool) -> str:
    published, splits = (task.published, task.splits) if ours else ((), "")
    rows = [
        [_plain(split), _plain(task.words(name)), f"{value:.4f}"]
        for split, metrics in card.metrics.items()
        for name, value in task.with_bits(metrics).items()
        if name != "tokens"
    ]
    text = _table(rows, ("split", "metric", "value")) + (f"\n\nOf the splits, {splits}" if splits else "")
    names = {name for metrics in card.metrics.values() for name in metrics}
    others = [[p.name, task.words(p.metric), f"{p.value:g}", p.size, p.source] for p in published if p.metric in names]
    if others:
        text += "\n\nPublished:\n\n" + _table(others, ("model", "metric", "value", "parameters", "source"))
    elif published:
        text += "\n\nNothing published is known to us that is measured alike."
    return text


CONFIDENCE = (
    "A confidence is the probability that a whole result is right. The temperature that it is made with, "
    "{temperature:g}, was fitted on the validation split; results of less than {threshold:g}, as a tenth of the right "
    "ones there have, are rejected. Calibration error: expected, over ten bins, at temperature 1 and at that of the "
    "model. AUROC: how often a right result is more confident than a wrong one."
)
MATCH = " Inputs that match what the model was made for by less than {least_match:g}, of 1, have no result."
MEASURES = {
    "pieces": "results", "right": "right", "confidence_right": "confidence of right ones",
    "confidence_wrong": "of wrong ones", "ece_before": "calibration error before", "ece": "after", "auroc": "AUROC",
    "right_rejected": "right ones rejected", "wrong_accepted": "wrong ones accepted",
}  # fmt: skip
"""Figure of a calibration → its column."""


def _confidence(card: Card) -> str:
    """Lay out what is known of the confidences of a model."""
    found, figures = card.calibration, card.calibration.figures
    if not figures:
        return ""
    known = [
        [name, *(f"{row[key]:g}" for key in MEASURES)] for name, row in figures.items() if set(MEASURES) <= set(row)
    ]
    foreign = [[n, f"{row['pieces']:g}", f"{row['accepted']:g}"] for n, row in figures.items() if "accepted" in row]
    parts = [(CONFIDENCE + MATCH * bool(found.least_match)).format_map(vars(found))]
    parts.append(_table(known, ("data", *MEASURES.values())))
    if foreign:
        parts.append("What the model was not made for, and how much of it has a result that is wrong and not rejected:")
        parts.append(_table(foreign, ("data", "inputs", "accepted")))
    return "\n\n".join(parts)


def _of_architecture(texts: Mapping[str, str], card: Card) -> str:
    """Return the text of a card's architecture, or that for any."""
    return texts.get(card.architecture, texts.get("", ""))


def _training(card: Card, folder: Path) -> str:
    unused = [] if "teachers" in card.data else ["taught"]
    unused += [] if card.recipe.tied else ["tied"]
    unused += find(card.task).of_codec if find(card.task).is_usual(card.recipe) else []
    settings = {name: value for name, value in card.recipe.to_dict().items() if name not in unused}
    recipe = ", ".join(f"{name} {value}" for name, value in settings.items() if value != "")
    told = f"{card.epochs} epochs, {card.minutes:g} minutes on " + ", ".join(
        f"{_plain(k)} {_plain(v)}" for k, v in card.versions.items()
    )
    command = escaped(card.command).replace("```", "'''")
    parts = [
        f"```console\n$ {command}\n```",
        f"{told}.",
        f"Recipe: {recipe}.",
        *_picture(folder, "curves.png"),
    ]
    return "\n\n".join(parts)


def _sample(folder: Path, note: str) -> str:
    parts = _picture(folder, "sample.png")
    others = [path.name for path in sorted(folder.glob(f"{SAMPLE}.*")) if path.suffix not in (".png", ".txt")]
    if others:
        parts[:0] = [note] * bool(note)
        parts += [f"[{name}]({name})" for name in others]
    if (text := folder / f"{SAMPLE}.txt").exists():
        parts.append(f"```text\n{_sample_text(text).rstrip()}\n```")
    return "\n\n".join(parts)


def _sample_text(path: Path) -> str:
    try:
        return content(path, MOST_BYTES).decode("utf-8")
    except (DataError, UnicodeDecodeError) as error:
        raise PresetError(f"{path} cannot be read as UTF-8 text ({error}): remove it") from error


@dataclass(frozen=True)
class ArtifactRow:
    """Figures of one artifact of a model."""

    format: str
    precision: str
    MB: float
    per_second: float
    parity: float
    metric: float


@dataclass(frozen=True)
class ArtifactTable:
    """What artifacts.json contains."""

    unit: str
    metric: str
    note: str
    rows: tuple[ArtifactRow, ...]
    check: dict[str, Any] = limits(factory=dict)


@dataclass(frozen=True)
class ErrorTable:
    """One of the tables of errors.json."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ErrorTables:
    """What errors.json contains."""

    tables: tuple[ErrorTable, ...]


def _measured(path: Path, kind: type[Measured]) -> Measured | None:
    """Read what a benchmark measured; None if it has not.

    Raises:
        PresetError: The file is not what the benchmark wrote.
    """
    if not path.exists():
        return None
    try:
        return checked(kind, parse(content(path, MOST_BYTES)))
    except (ArgumentError, DataError) as error:
        raise PresetError(f"{path} is damaged ({error}): measure it again, or remove it") from error


def _errors(folder: Path, task: Task) -> str:
    """Lay out the tables of errors that the benchmark of the task measured."""
    parts = []
    found = _measured(folder / ERRORS, ErrorTables)
    for table in found.tables if found else ():
        parts += [table.title, _table(table.rows, table.heads)]
    for name, caption in task.pictures.items():
        parts += _picture(folder, name, caption)
    return "\n\n".join(parts)


def _artifacts(folder: Path, task: Task) -> str:
    """Lay out what `benchmarks/bench_cards.py` measured."""
    if (found := _measured(folder / ARTIFACTS, ArtifactTable)) is None:
        return ""
    rows = [
        [row.format, row.precision, f"{row.MB:.2f}", f"{row.per_second:,.0f}", f"{row.parity:.2g}", f"{row.metric:.4f}"]
        for row in found.rows
    ]
    heads = (
        "format",
        "precision",
        "MB",
        found.unit,
        "differs from Keras by",
        task.words(found.metric),
    )
    return _table(rows, heads) + f"\n\n{found.note}"


def _picture(folder: Path, name: str, caption: str = "") -> list[str]:
    return [f"![{caption or PICTURES[name]}]({name})"] if (folder / name).exists() else []


def _table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    from tabulate import tabulate

    return tabulate(rows, heads, "github", disable_numparse=True)
