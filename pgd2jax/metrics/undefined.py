"""What a measure returns that cannot be told: NaN, with a warning."""

import math
import warnings


class MeasureWarning(UserWarning):
    """A measure is NaN; the message says why."""


def undefined(reason: str) -> float:
    """Returns NaN and warns, where a formula would give infinity or nothing."""
    warnings.warn(reason, MeasureWarning, stacklevel=3)
    return math.nan
