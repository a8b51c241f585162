"""The likelihood ratio test that means of gamma speckle are equal: its exact laws.

Of two means a and b over m and n looks, twice the log-likelihood ratio against "equal"
is s = 2 [(m + n) ln((m a + n b) / (m + n)) - m ln a - n ln b], a function of b / a
alone, which follows an F law of 2n and 2m degrees of freedom. So a test is a pair of
bounds on b / a. Conradsen et al., "A test statistic in the complex Wishart
distribution", TGRS 2003, give the general form.
"""

import functools

import jax
import numpy as np
from scipy import optimize, special

GRID = np.linspace(0.0, 40.0, 40_001)  # Of |ln ratio|; beyond it no law has weight.


@functools.cache
def bounds(looks: float, other: float, level: float) -> tuple[float, float]:
    """Returns the exact bounds, (low, high), on ln(b / a) of equal means a and b.

    s is the same at both, which makes the mean of what lies between them unbiased
    where a is known well: the ends of the antiderivative x^n exp(-n x) are equal.

    Args:
        looks: Of a.
        other: Of b.
        level: Rejected part of equal pairs.
    """
    share = other / (looks + other)

    end = GRID[-1]

    def score(log_ratio):
        return np.log(1.0 - share + share * np.exp(log_ratio)) - share * log_ratio

    def ends(height):
        return tuple(
            optimize.brentq(lambda x: score(x) - height, *side)
            for side in ((-end, 0.0), (0.0, end))
        )

    def excess(height):
        low, high = np.exp(ends(height))
        below = special.fdtr(2 * other, 2 * looks, low)
        return below + special.fdtrc(2 * other, 2 * looks, high) - level

    height = optimize.brentq(excess, 0.0, min(score(-end), score(end)), xtol=1e-12)
    return ends(height)


@functools.cache
def half_width(looks: float, level: float, coherence: float = 0.0) -> float:
    """Returns the exact bound on |ln(b / a)| for equal looks and correlated speckle.

    Lee et al., "Intensity and phase statistics of multilook polarimetric and
    interferometric SAR imagery", TGRS 1994, give the law of b / a.

    Args:
        looks: Of either mean.
        level: Rejected part of equal pairs.
        coherence: |rho|^2 of the two pixels' speckle, [0, 1).
    """
    cosh = np.cosh(GRID / 2)
    # In logarithms, since cosh^(2 looks) overflows; the constant cancels.
    density = cosh * np.exp(
        -(looks + 0.5) * np.log1p((cosh**2 - 1.0) / (1.0 - coherence))
    )
    middle = (density[1:] + density[:-1]) / 2
    tail = np.append(np.cumsum(middle[::-1])[::-1], 0.0) / middle.sum()
    return float(np.interp(-level, -tail, GRID))


def half_widths(looks: float, level: float, correlation: np.ndarray) -> np.ndarray:
    """Returns `half_width` for every lag, float32, shaped like `correlation`.

    Args:
        looks: Of a pixel's temporal mean.
        level: Rejected part of equal pairs.
        correlation: |rho|^2 of the speckle by lag, 1 in the middle.
    """
    # Rounded, since most lags share a value then; lag 0 is compared with itself.
    rounded = np.minimum(np.round(correlation.astype(float), 2), 0.98)
    widths = [half_width(looks, level, value) for value in rounded.flat]
    return np.asarray(widths, np.float32).reshape(correlation.shape)


def spread(looks: jax.Array) -> jax.Array:
    """Returns the variance of the logarithm of a mean over so many looks."""
    # The trigamma function; its series is good to 1.4 per cent from one look on.
    return 1.0 / looks + 0.5 / looks**2 + 1.0 / (6.0 * looks**3)
