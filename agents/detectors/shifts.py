"""Level shifts and their onsets against a baseline, robust to noise and missing scrapes."""

from dataclasses import dataclass

import numpy as np

from telemetry.types import FloatArray

MAD_TO_SIGMA = 1.4826
SMOOTHING = 3
MIN_SAMPLES = 4


@dataclass(frozen=True, slots=True)
class Shift:
    """How a series stands against its baseline. Levels are in the series' unit.

    Attributes:
        baseline: Median of the baseline.
        spread: Robust standard deviation of the baseline (1.4826 x MAD), at least a floor.
        peak: The most extreme smoothed level in the window.
        latest: Median of the last samples.
        onset: Unix seconds at which it left the band for good or for longest; None if it did not.
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

    @property
    def ratio(self) -> float:
        """Peak over baseline; infinite when the baseline is zero and the peak is not."""
        if self.baseline == 0:
            return 1.0 if self.peak == 0 else float("inf")
        return self.peak / self.baseline


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
) -> Shift | None:
    """Compare what came after ``baseline_end`` with what came before.

    Args:
        times: Unix seconds, shape (n,), strictly increasing.
        values: Samples, shape (n,). NaN is a missing scrape and is skipped; zero is a value.
        baseline_end: Samples before it are the baseline.
        band: Half width of the normal band, in robust standard deviations.
        falling: Look for a fall instead of a rise.
        latest_seconds: How much of the end counts as "latest".

    Returns:
        The shift, or None with fewer than four samples on either side.

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
    if len(before) < MIN_SAMPLES or inside.sum() < MIN_SAMPLES:
        return None
    sign = -1.0 if falling else 1.0
    center = float(np.median(before))
    spread = float(MAD_TO_SIGMA * np.median(np.abs(before - center)))
    spread = max(spread, abs(center) * 0.02, 1e-9)
    at, level = times[inside], smooth(values[inside])
    extreme = int(np.nanargmax(sign * level))
    peak = float(level[extreme])
    tail = values[inside][at >= at[-1] - latest_seconds]
    latest = float(np.median(tail if len(tail) >= 2 else values[inside][-2:]))
    is_out = sign * (level - center) > band * spread
    onset = _onset(at, is_out, extreme)
    return Shift(
        baseline=center,
        spread=spread,
        peak=peak,
        latest=latest,
        onset=onset,
        score=(peak - center) / spread,
        latest_score=(latest - center) / spread,
    )


def _onset(at: FloatArray, is_out: "np.ndarray[tuple[int], np.dtype[np.bool_]]", extreme: int
           ) -> float | None:  # fmt: skip
    """Walk back from the extreme to where the excursion began; two samples inside end it."""
    if not is_out[extreme]:
        return None
    first, inside = extreme, 0
    for index in range(extreme, -1, -1):
        if is_out[index]:
            first, inside = index, 0
        else:
            inside += 1
            if inside >= 3:
                break
    return float(at[first])
