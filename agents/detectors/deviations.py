"""How far a series leaves its usual range: for any series, whatever it means."""

from dataclasses import dataclass

import numpy as np

from agents.detectors.robust import median, quantile_above, quantiles
from agents.detectors.shifts import INSIDE_SAMPLES, find_episodes
from telemetry.types import FloatArray

MIN_BEFORE = 6
IQR_TO_SIGMA = 1.349
MAX_SCORE = 1000.0
# Of a series that hardly moves, a change of so much of its level counts as one sigma.
RELATIVE_FLOOR = 0.02
# How far a series had gone before the trouble, in sigmas of the range that this makes usual.
DRIFT_TO_SIGMA = 2.0


@dataclass(frozen=True, slots=True)
class Deviation:
    """The farthest sample after the baseline. ``score`` is in robust sigmas, at most 1000.

    ``ended``: Unix seconds of the last sample outside, if the series has come back since.
    """

    score: float
    baseline: float
    extreme: float
    onset: float
    ended: float | None = None


def deviation(
    times: FloatArray,
    values: FloatArray,
    *,
    baseline_end: float,
    band: float = 4.0,
    since: float | None = None,
    calm_until: float | None = None,
    is_harm_above: bool = False,
    floor: float = 1e-9,
    reach_share: float = 1.0,
) -> Deviation | None:
    """Return how far the samples after ``baseline_end`` leave the range of those before.

    Args:
        times: Unix seconds, shape (n,), increasing.
        values: Samples, shape (n,); NaN is skipped.
        baseline_end: Samples before it are the baseline.
        band: Sigmas beyond which a sample counts as outside, for the onset.
        since: When what is asked about began, Unix seconds: an excursion that was over before is
            only reported when no later one stands out.
        calm_until: Before this, Unix seconds, the trouble asked about had not begun. A baseline may
            be older: what lies between it and this moment is usual too.
        is_harm_above: Less of it is better: only more counts.
        floor: The least that counts as one sigma, in the series' unit.
        reach_share: How much of the baseline is usual; what lies farther out is trouble itself.

    Returns:
        The deviation, or None with fewer than six samples before, or none after.
    """
    known = ~np.isnan(values)
    before = values[known & (times <= baseline_end - _step(times))]
    inside = known & (times >= baseline_end)
    if len(before) < MIN_BEFORE or not inside.any():
        return None
    low, center, high = quantiles(before, (0.25, 0.5, 0.75))
    reach = quantile_above(np.abs(before - center), reach_share)
    # A rare spike of the baseline itself is usual too: it widens the range, but not by all of it.
    sigma = max((high - low) / IQR_TO_SIGMA, reach / 6, RELATIVE_FLOOR * abs(center), floor)
    at, level = times[inside], values[inside]
    early = level[at + _step(times) <= calm_until] if calm_until is not None else level[:0]
    distance = _distances(level, early, center, sigma, is_harm_above=is_harm_above)
    episodes = find_episodes(distance > band)
    current = [e for e in episodes if since is None
               or (at[e[1]] >= since and distance[e[0] : e[1] + 1].max() > 2 * band)]  # fmt: skip
    far, ended = int(np.argmax(distance)), None
    if since is not None and current:
        first, last = max(current, key=lambda e: float(distance[e[0] : e[1] + 1].max()))
        far = first + int(np.argmax(distance[first : last + 1]))
    elif episodes and len(at) - 1 - episodes[-1][1] >= INSIDE_SAMPLES:
        ended = float(at[episodes[-1][1]])
    start = next((first for first, last in episodes if first <= far <= last), far)
    return Deviation(
        min(float(distance[far]), MAX_SCORE), center, float(level[far]), float(at[start]), ended
    )


def _distances(
    level: FloatArray, early: FloatArray, center: float, sigma: float, *, is_harm_above: bool
) -> FloatArray:
    """Return how far samples leave what was usual, in sigmas; ``early`` ones make it wider."""
    low = high = center
    if len(early):
        drift = float(np.max(np.abs(early - center)))
        low, high = min(center, float(early.min())), max(center, float(early.max()))
        sigma = max(sigma, drift / DRIFT_TO_SIGMA)
    below = np.zeros_like(level) if is_harm_above else low - level
    found: FloatArray = np.maximum(np.maximum(level - high, below), 0.0) / sigma
    return found


def _step(times: FloatArray) -> float:
    """Return the usual distance of samples: the last one before a cut may hold some of after."""
    return median(np.diff(times)) if len(times) > 1 else 0.0
