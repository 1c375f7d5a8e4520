"""Level shifts and their onsets against a baseline, robust to noise and missing scrapes."""

from dataclasses import dataclass

import numpy as np

from agents.detectors.robust import median
from telemetry.types import FloatArray

MAD_TO_SIGMA = 1.4826
SMOOTHING = 3
MIN_SAMPLES = 4
# A sample that stands for minutes is a mean of many already: fewer of them tell a level.
COARSE_SECONDS, MIN_COARSE, MIN_COVERED = 120.0, 2, 0.5
# So many samples in a row inside the band end an excursion.
INSIDE_SAMPLES = 3
BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Shift:
    """How a series stands against its baseline. Levels are in the series' unit.

    Attributes:
        baseline: Median of the baseline.
        spread: Robust standard deviation of the baseline (1.4826 x MAD), at least a floor.
        peak: The most extreme smoothed level in the window.
        latest: Median of the last samples.
        onset: Unix seconds at which it left the band for good or for longest; None if it did not.
        ended: Unix seconds of the last sample of that excursion; None while it goes on, and when
            there was none.
        score: ``(peak - baseline) / spread``, signed.
        latest_score: The same of the latest level.
    """

    baseline: float
    spread: float
    peak: float
    latest: float
    onset: float | None
    score: float
    latest_score: float
    ended: float | None = None

    @property
    def ratio(self) -> float:
        """Peak over baseline; infinite when the baseline is zero and the peak is not."""
        if self.baseline == 0:
            return 1.0 if self.peak == 0 else float("inf")
        return self.peak / self.baseline


def is_enough(times: FloatArray, *, since: float) -> bool:
    """Return whether the samples from a moment on tell a level: four, or two that stand for minutes.

    Two do only where samples seldom failed to come: what few requests make is chance.

    Args:
        times: Unix seconds of every sample that is known, before and after, increasing.
        since: Unix seconds.
    """
    inside = times[times >= since]
    if len(inside) >= MIN_SAMPLES:
        return True
    if len(inside) < MIN_COARSE:
        return False
    step = float(np.min(np.diff(times)))
    covered = (len(times) - len(inside)) * step / max(since - float(times[0]), step)
    return step >= COARSE_SECONDS and covered >= MIN_COVERED


def smooth(values: FloatArray, width: int = SMOOTHING) -> FloatArray:
    """Return trailing means that skip NaN. The first samples use what there is."""
    known = np.where(np.isnan(values), 0.0, values)
    counts = (~np.isnan(values)).astype(float)
    kernel = np.ones(width)
    total = np.convolve(known, kernel)[: len(values)]
    number = np.convolve(counts, kernel)[: len(values)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number > 0, total / number, np.nan)


def compare(
    times: FloatArray,
    values: FloatArray,
    *,
    baseline_end: float,
    band: float = 4.0,
    falling: bool = False,
    latest_seconds: float = 60.0,
    since: float | None = None,
    smoothing: int = SMOOTHING,
) -> Shift | None:
    """Compare what came after ``baseline_end`` with what came before.

    Args:
        times: Unix seconds, shape (n,), strictly increasing.
        values: Samples, shape (n,). NaN is a missing scrape and is skipped; zero is a value.
        baseline_end: Samples before it are the baseline.
        band: Half width of the normal band, in robust standard deviations.
        falling: Look for a fall instead of a rise.
        latest_seconds: How much of the end counts as "latest".
        since: When it began, Unix seconds: what was over before is told if nothing later stands out.
        smoothing: Levels are trailing means of so many samples.

    Returns:
        The shift, or None with fewer than four samples before, or too few since (see is_enough).

    Raises:
        ValueError: Lengths differ or times do not increase.
    """
    if len(times) != len(values):
        raise ValueError("times and values differ in length")
    if len(times) > 1 and not np.all(np.diff(times) > 0):
        raise ValueError("times must increase")
    is_known = ~np.isnan(values)
    before = values[is_known & (times < baseline_end)]
    inside = is_known & (times >= baseline_end)
    if len(before) < MIN_SAMPLES or not is_enough(times[is_known], since=baseline_end):
        return None
    sign = -1.0 if falling else 1.0
    center = median(before)
    spread = MAD_TO_SIGMA * median(np.abs(before - center))
    spread = max(spread, abs(center) * 0.02, 1e-9)
    at, level = times[inside], smooth(values[inside], smoothing)
    outside = sign * (level - center)
    # Smoothing draws an end out: the samples themselves tell it.
    is_out = sign * (values[inside] - center) > band * spread
    extreme, first, last = _excursion(at, outside, is_out, band * spread, since)
    peak = float(level[extreme])
    tail = values[inside][at >= at[-1] - latest_seconds]
    latest = median(tail if len(tail) >= 2 else values[inside][-2:])
    return Shift(
        baseline=center,
        spread=spread,
        peak=peak,
        latest=latest,
        onset=None if first is None else float(at[first]),
        score=(peak - center) / spread,
        latest_score=(latest - center) / spread,
        ended=None if last is None or len(at) - 1 - last < INSIDE_SAMPLES else float(at[last]),
    )


def find_episodes(is_out: BoolArray) -> list[tuple[int, int]]:
    """Return first and last index of each excursion; three samples inside the band end one."""
    found: list[tuple[int, int]] = []
    for index in np.flatnonzero(is_out).tolist():
        if found and index - found[-1][1] <= INSIDE_SAMPLES:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def _excursion(
    at: FloatArray, outside: FloatArray, is_out: BoolArray, limit: float, since: float | None
) -> tuple[int, int | None, int | None]:
    """Return the indices of the farthest sample that matters, and of its excursion's ends."""
    episodes = find_episodes(outside > limit)
    ends = [_last(is_out, first, last) for first, last in episodes]
    current = [
        episode for episode, end in zip(episodes, ends, strict=True)
        if since is None
        or (at[end] >= since and outside[episode[0] : episode[1] + 1].max() > 2 * limit)
    ]  # fmt: skip
    peaks = [first + int(np.nanargmax(outside[first : last + 1]))
             for first, last in current or episodes or [(0, len(at) - 1)]]  # fmt: skip
    extreme = max(peaks, key=lambda index: float(outside[index]))
    for (first, last), end in zip(episodes, ends, strict=True):
        if first <= extreme <= last:
            return extreme, first, end
    return extreme, None, None


def _last(is_out: BoolArray, first: int, last: int) -> int:
    """Return the last index of an excursion at which the sample itself is outside."""
    found = np.flatnonzero(is_out[first : last + 1])
    return first + int(found[-1]) if len(found) else last
