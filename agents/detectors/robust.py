"""Medians and quantiles of short series, many thousand times an investigation."""

from collections.abc import Sequence
from math import ceil, floor

import numpy as np

from telemetry.types import FloatArray


def median(values: FloatArray) -> float:
    """Return the median of values, shape (n,), none of them NaN; NaN of nothing.

    The same as ``np.median``, whose checks take several times as long as the median of a hundred
    values does.
    """
    count = len(values)
    if not count:
        return float("nan")
    middle = count // 2
    if count % 2:
        return float(np.partition(values, middle)[middle])
    ordered = np.partition(values, (middle - 1, middle))
    return float(ordered[middle - 1] + ordered[middle]) / 2


def quantiles(values: FloatArray, shares: Sequence[float]) -> tuple[float, ...]:
    """Return the quantiles of values, shape (n,), n at least 1, none of them NaN, by lines between.

    The same as ``np.quantile`` with its default method, to the last digit.
    """
    ordered = np.sort(values)
    return tuple(_between(ordered, share * (len(ordered) - 1)) for share in shares)


def quantile_above(values: FloatArray, share: float) -> float:
    """Return the sample at a share of values, shape (n,), n at least 1, or the next above it.

    The same as ``np.quantile(..., method="higher")``.
    """
    return float(np.sort(values)[ceil(share * (len(values) - 1))])


def _between(ordered: FloatArray, at: float) -> float:
    index = floor(at)
    low, high = float(ordered[index]), float(ordered[min(index + 1, len(ordered) - 1)])
    part = at - index
    # From the nearer end, so that a whole step arrives at the sample itself.
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)
