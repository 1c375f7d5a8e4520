"""What shows that an act did something although the alarm itself was quiet: pure calculations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telemetry.types import FloatArray, Series

# A sudden fall by so much (a pod was killed, or collected its garbage) begins another piece.
FALL = 0.15
LEAST_SECONDS = 20.0
LEAST_GROWTH = 0.02
ERRORS = 2.0
# With fewer events expected in the time that was watched, that none came is luck.
LEAST_EXPECTED = 3.0


@dataclass(frozen=True, slots=True)
class Slope:
    """How fast a series grows now, in its unit per second; ``error``: one standard error of that."""

    per_second: float
    error: float
    samples: int
    seconds: float
    level: float

    @property
    def is_growth(self) -> bool:
        """Whether it certainly grows, and by more than a little."""
        grown = self.per_second * self.seconds
        return self.per_second > ERRORS * self.error and grown > LEAST_GROWTH * abs(self.level)


def slope_of(series: Series, *, needed: int) -> Slope | None:
    """Return how a series grows at its end, or None with too little of it.

    A leak saw-tooths: each fall begins another piece, and the last piece of at least ``needed``
    samples and 20 s counts.
    """
    known = ~np.isnan(series.values)
    times, values = series.times[known], series.values[known]
    falls = np.flatnonzero(np.diff(values) < -FALL * np.maximum(values[:-1], 1e-9)) + 1
    for piece in reversed(np.split(np.arange(len(values)), falls)):
        at = times[piece]
        if len(piece) >= max(needed, 3) and at[-1] - at[0] >= LEAST_SECONDS:
            return _line(at - at[0], values[piece])
    return None


def _line(at: FloatArray, values: FloatArray) -> Slope:
    per_second, start = (float(v) for v in np.polyfit(at, values, 1))
    residual = float(np.std(values - (start + per_second * at)))
    # A source repeats its last scrape: what did not change is no further sample.
    scrapes = max(2, 1 + int((np.diff(values) != 0).sum()))
    seconds = float(at[-1])
    error = residual * (12 / scrapes) ** 0.5 / seconds
    return Slope(per_second, error, len(values), seconds, float(np.median(values)))


def steepest(series: Sequence[Series], *, needed: int) -> Slope | None:
    """Return the fastest growth of several series (pods of one workload), None if none can be told."""
    found = [s for one in series if (s := slope_of(one, needed=needed)) is not None]
    return max(found, key=lambda s: s.per_second, default=None)


def has_stopped(slope: Slope, *, before_per_second: float) -> bool:
    """Whether what grew by so much before certainly grows by less than half of it now."""
    return slope.per_second + ERRORS * slope.error < before_per_second / 2


def is_silence_telling(*, per_second: float, seconds: float) -> bool:
    """Whether so many events would have come in the time that was watched that none is an effect."""
    return per_second * seconds >= LEAST_EXPECTED
