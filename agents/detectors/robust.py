"""The median of short series, many thousand times an investigation."""

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
