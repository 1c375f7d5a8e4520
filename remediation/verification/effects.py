"""What shows that an act did something although the alarm itself was quiet: pure calculations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telemetry.types import FloatArray, Series

# A sudden fall by so much (a pod was killed, or collected its garbage) begins another piece.
FALL = 0.15
LEAST_SECONDS = 20.0
LEAST_GROWTH = 0.02
LEAST_SCRAPES, PLAIN_SECONDS = 4, 90.0
ERRORS = 2.0
# With fewer events expected in the time that was watched, that none came is luck.
LEAST_EXPECTED = 3.0
MISSED_STEPS = 3


@dataclass(frozen=True, slots=True)
class Slope:
    """How fast a series grows now, in its unit per second.

    ``error``: one standard error of that; ``scrapes``: how many different samples it is told by.
    """

    per_second: float
    error: float
    samples: int
    scrapes: int
    seconds: float
    level: float

    @property
    def is_growth(self) -> bool:
        """Whether it certainly grows, and by more than a little."""
        grown = self.per_second * self.seconds
        return self.per_second > ERRORS * self.error and grown > LEAST_GROWTH * abs(self.level)

    @property
    def is_fall(self) -> bool:
        """Whether it certainly falls."""
        return self.per_second < -ERRORS * self.error


def slope_of(series: Series, *, needed: int) -> Slope | None:
    """Return how a series grows at its end, or None with too little of it.

    A leak saw-tooths: each fall begins another piece, and the last piece of at least ``needed``
    samples and 20 s counts.
    """
    found = _last_piece(series, needed=needed)
    return None if found is None else _line(*found)


def _last_piece(series: Series, *, needed: int) -> tuple[FloatArray, FloatArray] | None:
    known = ~np.isnan(series.values)
    times, values = series.times[known], series.values[known]
    falls = np.flatnonzero(np.diff(values) < -FALL * np.maximum(values[:-1], 1e-9)) + 1
    for piece in reversed(np.split(np.arange(len(values)), falls)):
        at = times[piece]
        if len(piece) >= max(needed, 3) and at[-1] - at[0] >= LEAST_SECONDS:
            return at, values[piece]
    return None


def _line(times: FloatArray, values: FloatArray) -> Slope:
    at = times - times[0]
    per_second, start = (float(v) for v in np.polyfit(at, values, 1))
    residual = float(np.std(values - (start + per_second * at)))
    # A source repeats its last scrape: what did not change is no further sample.
    scrapes = 1 + int((np.diff(values) != 0).sum())
    seconds = float(at[-1])
    error = residual * (12 / max(2, scrapes)) ** 0.5 / seconds
    return Slope(per_second, error, len(values), scrapes, seconds, float(np.median(values)))


def steepest(series: Sequence[Series], *, needed: int) -> Slope | None:
    """Return the fastest growth of several series (pods of one workload), None if none can be told."""
    found = [s for one in series if (s := slope_of(one, needed=needed)) is not None]
    return max(found, key=lambda s: s.per_second, default=None)


def level_now(series: Series, *, needed: int, before_per_second: float) -> Slope | None:
    """Return the part of a series' end that is level, if what grew by so much before is level now.

    Level is what certainly changes by less than half as much, up or down: while pods are replaced
    their mean falls, and that hides whether the fresh ones grow. So the newest half, and quarter, of
    the last piece are looked at too. What does not change at all is level only after long enough for
    several scrapes: a step of a stair looks the same.
    """
    found = _last_piece(series, needed=needed)
    if found is None:
        return None
    times, values = found
    for share in (1, 2, 4):
        at, part = times[-(len(times) // share) :], values[-(len(times) // share) :]
        if len(part) < max(needed, 3) or at[-1] - at[0] < LEAST_SECONDS - 1e-6:
            return None
        slope = _line(at, part)
        if slope.scrapes < LEAST_SCRAPES and slope.seconds < PLAIN_SECONDS:
            return None
        if abs(slope.per_second) + ERRORS * slope.error < before_per_second / 2:
            return slope
    return None


def still_there(series: Sequence[Series], *, step_seconds: float) -> list[Series]:
    """Return the series that go on to the newest sample of all: pods that have gone are left out."""
    ends = [float(s.times[~np.isnan(s.values)][-1]) if (~np.isnan(s.values)).any() else -np.inf
            for s in series]  # fmt: skip
    newest = max(ends, default=-np.inf)
    return [s for s, end in zip(series, ends, strict=True)
            if end >= newest - MISSED_STEPS * step_seconds and end > -np.inf]  # fmt: skip


def is_silence_telling(*, per_second: float, seconds: float) -> bool:
    """Whether so many events would have come in the time that was watched that none is an effect."""
    return per_second * seconds >= LEAST_EXPECTED
