"""Series ↔ arrays: every step is described by what rules would forecast for it; distributions come out.

A history is scaled: by its mean, and its mean distance from that, over the last long season. The network reads the
last `context` steps of it and the `horizon` steps after it. Of each it sees the candidates
(`zoo.tasks.forecast.candidates`), of those that are known also the value and how far each candidate was from it: so it
learns which ones can be trusted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.codec import described
from zoo.core.recipe import Recipe
from zoo.core.validation import limits
from zoo.errors import CodecError
from zoo.tasks.forecast import head
from zoo.tasks.forecast.candidates import NAMES
from zoo.tasks.forecast.covariates import known, listed, width
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.series_distribution import SeriesDistribution
from zoo.tasks.forecast.steps import FEATURES, REST, describe_histories

CONTEXT, ROUND = 176, 16
"""Steps of a history that networks read; in training the steps of a batch are a multiple of 16."""
RELATIVE = 6.0
"""Weight of the relative error (of sMAPE) in the loss beside that of the scaled one (of MASE), which is larger."""
MOST = 50.0
"""Largest weight of an error."""


@dataclass(frozen=True)
class Description:
    """What codec.json contains."""

    covariates: str = limits("", longest=10_000)
    type: str = limits("forecast", choices=("forecast",))
    context: int = limits(CONTEXT, least=1, most=4096)
    candidates: tuple[str, ...] = limits(NAMES, shortest=len(NAMES), longest=len(NAMES))
    outputs: str = limits("")


class SeriesCodec:
    """Series ↔ arrays.

    Args:
        covariates: Names of the covariates known ahead that the network takes, divided by commas.
        context: Steps of a history that it reads.
    """

    dtype = "float32"
    group, edges, symbols = 1, 0, 0
    classes = head.OUTPUTS

    def __init__(self, covariates: str = "", context: int = CONTEXT) -> None:
        self.covariates, self.context = covariates, context
        self.names = listed(covariates)
        self.features: int = FEATURES + width(self.names)
        self.shape: tuple[int, ...] = (self.features,)

    @property
    def learning(self) -> "SeriesCodec":
        """Return the codec itself."""
        return self

    def frontend(self) -> None:
        """Return None: numbers go straight into the recurrent layers."""

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {
            "type": "forecast", "covariates": self.covariates, "context": self.context, "candidates": list(NAMES),
            "outputs": head.__doc__.split("\n")[0] if head.__doc__ else "",
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "SeriesCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: The description is not one of a forecast codec, or of another version's.
        """
        found = described(data, Description)
        if found.candidates != NAMES:
            raise CodecError("no description of such a codec: its candidates are those of another version")
        return cls(found.covariates, found.context)

    def extended(self, pieces: Iterable[Series]) -> tuple["SeriesCodec", np.ndarray, np.ndarray, np.ndarray]:  # noqa: ARG002
        """Return the codec itself: it takes any series; see `zoo.core.codec.Codec`."""
        return self, np.zeros(0, int), np.arange(self.classes), np.arange(self.features)

    def for_direction(self, bidirectional: bool) -> "SeriesCodec":  # noqa: ARG002
        """Return the codec itself: what is to be forecast is hidden from networks of both directions."""
        return self

    def describe(self, recipe: Recipe) -> tuple[str, str]:  # noqa: ARG002
        """Describe input and output for a model's page."""
        below = f"{len(NAMES)} candidates of each step, and how far each was from the value: {self.features} numbers"
        return below, f"{self.classes} numbers: weights of the candidates, correction, widths, tails, persistence"

    def columns(self) -> list[dict[str, Any]]:
        """Describe the columns of x."""
        sizes = {
            "candidates, arcsinh": len(NAMES), "value minus candidates, arcsinh": len(NAMES), "value, arcsinh": 1,
            "log(1 + step) / 4, 0 before the first": 1, "1 from the first step to forecast on": 1,
            "log of spread over center": 1, "log of the short season / 3": 1, "log of long over short season / 3": 1,
            "covariates": width(self.names),
        }  # fmt: skip
        starts = np.cumsum([0, *sizes.values()])
        rows = zip(sizes.items(), starts, strict=False)
        return [{"name": name, "offset": int(at), "size": size} for (name, size), at in rows if size]

    def inputs(
        self,
        values: Sequence[np.ndarray],
        horizon: int,
        seasons: Sequence[tuple[int, int]],
        covariates: Sequence[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return the network's inputs; see `zoo.tasks.forecast.distribution.ForecastCodec`."""
        x, _, _ = describe_histories(values, seasons, self.context, horizon)
        return x if covariates is None else self._beside(x, covariates)

    def _beside(self, x: np.ndarray, covariates: Sequence[np.ndarray]) -> np.ndarray:
        """Append covariates to the features, with zeros before the first known step."""
        rows = [np.pad(row, ((max(0, x.shape[1] - len(row)), 0), (0, 0)))[-x.shape[1] :] for row in covariates]
        return np.concatenate([x, np.stack(rows)], -1, dtype=np.float32)

    def encode(self, pieces: Sequence[Series]) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs `(batch, time, features)` and targets `(batch, time, 3 + candidates)`.

        Targets of a step: 1 if it is to be forecast, the value, the weight of its error, the candidates; all scaled.
        A piece with a shorter horizon than others has more steps before it.
        """
        horizon = max(piece.horizon for piece in pieces)
        steps = self.context + horizon
        steps += -steps % ROUND
        x = np.zeros((len(pieces), steps, self.features), np.float32)
        y = np.zeros((len(pieces), steps, 3 + len(NAMES)), np.float32)
        for size in {piece.horizon for piece in pieces}:
            places = [i for i, piece in enumerate(pieces) if piece.horizon == size]
            some = [pieces[i] for i in places]
            rows, found, scale = describe_histories(
                [p.history for p in some], [p.season for p in some], steps - size, size
            )
            values = scale.center + scale.spread * found.mean(2)
            target = (np.stack([p.target for p in some]) - scale.center) / scale.spread
            weight = [_weight(*row) for row in zip(some, values, scale.spread[:, 0], strict=True)]
            columns = np.stack([np.ones_like(target), target, weight], -1)
            x[places, :, :FEATURES] = rows
            y[places, steps - size :] = np.concatenate([columns, found], -1)
        if self.names:
            others = [known(piece.until(len(piece.history)), self.names, piece.horizon) for piece in pieces]
            x = self._beside(x[..., :FEATURES], others)
        return x, y

    def distribution(
        self, values: Sequence[np.ndarray], horizon: int, seasons: Sequence[tuple[int, int]], y: np.ndarray
    ) -> SeriesDistribution:
        """Return the distributions that outputs stand for; see `zoo.tasks.forecast.distribution.ForecastCodec`."""
        _, found, scale = describe_histories(values, seasons, 1, horizon)
        return SeriesDistribution(head.shape(np, y[:, -horizon:].astype(np.float64), found), scale.center, scale.spread)

    def decode(self, ids: np.ndarray, like: Any = None) -> Any:  # noqa: ARG002
        """Return numbers as they are."""
        return ids

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return random inputs `(batch, time, features)`."""
        return rng.standard_normal((batch, time, self.features)).astype(np.float32)


def _weight(piece: Series, expected: np.ndarray, spread: float) -> np.ndarray:
    """Return what the errors of the steps to forecast count: as in sMAPE and in MASE, half each.

    Args:
        piece: The series.
        expected: About what is forecast, `(horizon,)`.
        spread: The scale of the errors.
    """
    history, season = piece.history, piece.scaling or piece.season[0]
    season = season if len(history) > season else 1
    usual = np.abs(history[season:] - history[:-season]).mean() if len(history) > 1 else 0.0
    relative = np.maximum(np.abs(piece.target) + np.abs(expected), REST * spread)
    return np.minimum(RELATIVE * spread / relative + 0.5 * spread / max(usual, REST * spread), MOST)


def make_codec(pieces: Sequence[Series], bidirectional: bool = False) -> SeriesCodec:  # noqa: ARG001
    """Build the codec with the covariates that the pieces are to be forecast from."""
    return SeriesCodec(next((piece.known for piece in pieces), ""))


def default_codec(bidirectional: bool = False) -> SeriesCodec:  # noqa: ARG001
    """Build a codec without covariates, for untrained networks."""
    return SeriesCodec()
