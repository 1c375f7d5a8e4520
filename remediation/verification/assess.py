"""From measurements to a phase: pure, three-valued, and never success without data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from remediation.enums import VerificationPhase

SIGMAS = 4.0
MAD_TO_SIGMA = 1.4826
RELATIVE_ROOM = 0.35
MIN_BASELINE = 10


@dataclass(frozen=True, slots=True)
class Band:
    """The normal range of a series: at most ``limit``. ``floor`` is the smallest room given."""

    baseline: float
    limit: float


def band_of(baseline: Sequence[float], *, floor: float) -> Band | None:
    """Return the upper band of a baseline: median + max(4 robust sigmas, 35 %, floor).

    None with fewer than ten known samples: then nothing can be said.
    """
    known = np.array([v for v in baseline if not math.isnan(v)])
    if len(known) < MIN_BASELINE:
        return None
    center = float(np.median(known))
    spread = float(MAD_TO_SIGMA * np.median(np.abs(known - center)))
    return Band(center, center + max(SIGMAS * spread, RELATIVE_ROOM * abs(center), floor))


def assess(
    band: Band | None, samples: Sequence[float], *, needed: int, is_late: bool
) -> VerificationPhase:
    """Judge fresh samples of one series, oldest first.

    PASSED: the last ``needed`` samples all lie in the band. FAILED: the time is up and most do not.
    INCONCLUSIVE: no band, NaN, or the time is up with too few samples or a mixed picture. RUNNING:
    it is too early to say.
    """
    if band is None:
        return VerificationPhase.INCONCLUSIVE if is_late else VerificationPhase.RUNNING
    if any(math.isnan(v) for v in samples[-needed:]):
        return VerificationPhase.INCONCLUSIVE if is_late else VerificationPhase.RUNNING
    recent = samples[-needed:]
    if len(recent) >= needed and all(v <= band.limit for v in recent):
        return VerificationPhase.PASSED
    if not is_late:
        return VerificationPhase.RUNNING
    if len(recent) < needed:
        return VerificationPhase.INCONCLUSIVE
    inside = sum(v <= band.limit for v in recent)
    return VerificationPhase.FAILED if inside * 2 < needed else VerificationPhase.INCONCLUSIVE


ORDER = (
    VerificationPhase.FAILED,
    VerificationPhase.INCONCLUSIVE,
    VerificationPhase.RUNNING,
    VerificationPhase.PASSED,
)


def combine(phases: Sequence[VerificationPhase]) -> VerificationPhase:
    """Return the worst of several series; none at all is inconclusive."""
    return min(phases, key=ORDER.index) if phases else VerificationPhase.INCONCLUSIVE
