"""What turns the scores of a model into confidences; `zoo.models.reliability` fits it."""

from dataclasses import dataclass

from zoo.core.validation import limits, number

TEMPERATURES = (0.05, 50.0)
NAMES = 100  # of data sets and of figures, at most


@dataclass(frozen=True)
class Calibration:
    """What turns the scores of a model into confidences, and which of them it stands by.

    Attributes:
        temperature: Divides the log-probabilities that confidences are made of; 1 leaves them as they are.
        threshold: Least confidence of a result that is not rejected; 0 rejects none.
        least_match: Least agreement of the input with what the model was made for, such as that of a mouth with a
            template; 0 checks nothing.
        figures: What they were measured on → name → value; see `zoo.models.reliability.reliability`.
    """

    temperature: float = limits(1.0, least=TEMPERATURES[0], most=TEMPERATURES[1])
    threshold: float = limits(0.0, least=0, most=1)
    least_match: float = limits(0.0, least=0, most=1)
    figures: dict[str, dict[str, float]] = limits(factory=dict, longest=NAMES, each={"longest": NAMES})

    def least(self, asked: float | None) -> float:
        """Return the threshold, or what was asked for instead.

        Raises:
            ArgumentError: It is not between 0 and 1.
        """
        return self.threshold if asked is None else float(number("min_confidence", asked, 0, 1))


UNCALIBRATED = Calibration()


def uncertain(confidence: float) -> str:
    """Return the note behind a result that is rejected.

    Example:
        >>> uncertain(0.123)
        ' [uncertain: confidence 0.12]'
    """
    return f" [uncertain: confidence {confidence:.2f}]"
