"""From marks to figures: means with intervals, calibration, abstention."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sre_workspace.evaluation.running import CaseResult
from sre_workspace.evaluation.sets import EvaluationSet, Label, Marks

Z95 = 1.96
BINS = 10
CONFIDENT = 0.9
DRAWS = 500


@dataclass(frozen=True, slots=True)
class Scored:
    """One case with its answer's worth."""

    result: CaseResult
    marks: Marks
    fault: str
    is_right: bool

    @property
    def probability(self) -> float:
        """What the first answer claims for itself."""
        return self.result.causes[0].probability if self.result.causes else 0.0

    @property
    def has_abstained(self) -> bool:
        """Whether no verdict was given."""
        return self.result.verdict != "likely_cause"


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases whose claim lay in one band."""

    low: float
    high: float
    count: int
    claimed: float
    right: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The report's figures. ``measures``: name -> (mean, low, high) with a 95 % interval.

    ``chance_ece``: the ``ece`` to expect of so many claims that are honest.
    """

    count: int
    measures: dict[str, tuple[float, float, float]]
    by_fault: dict[str, tuple[int, float]]
    brier: float
    ece: float
    bins: list[Bin] = field(default_factory=list)
    abstained: float = 0.0
    right_when_named: float = 0.0
    confident_and_wrong: float = 0.0
    median_seconds: float = 0.0
    peak_mb: float = 0.0
    chance_ece: float = 0.0


def score_all(
    kind: EvaluationSet, results: Sequence[CaseResult], labels: Mapping[str, Label]
) -> list[Scored]:
    """Score every case that has a label; one that could not be read is wrong."""
    scored = []
    for result in results:
        label = labels.get(result.case_id)
        if label is not None:
            marks = kind.mark(kind.predict(result), label)
            scored.append(Scored(result, marks, kind.fault_of(label), marks[kind.main] >= 1))
    return scored


def wilson(successes: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, by Wilson's score."""
    if count == 0:
        return 0.0, 1.0
    share = successes / count
    middle = share + Z95**2 / (2 * count)
    spread = Z95 * math.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    scale = 1 + Z95**2 / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def figures_of(scored: Sequence[Scored]) -> Figures:
    """Return all figures of scored cases.

    Raises:
        ValueError: There are none.
    """
    if not scored:
        raise ValueError("no case has a label")
    count = len(scored)
    measures = {}
    for name in scored[0].marks:
        total = sum(s.marks[name] for s in scored)
        measures[name] = (total / count, *wilson(total, count))
    groups: dict[str, list[bool]] = defaultdict(list)
    for s in scored:
        groups[s.fault].append(s.is_right)
    named = [s for s in scored if not s.has_abstained]
    bins = reliability(scored)
    seconds = sorted(s.result.seconds for s in scored)
    return Figures(
        count=count,
        measures=measures,
        by_fault={k: (len(v), sum(v) / len(v)) for k, v in sorted(groups.items())},
        brier=sum((s.probability - s.is_right) ** 2 for s in scored) / count,
        ece=sum(b.count * abs(b.claimed - b.right) for b in bins) / count,
        bins=bins,
        abstained=1 - len(named) / count,
        right_when_named=sum(s.is_right for s in named) / len(named) if named else 0.0,
        confident_and_wrong=sum(s.probability >= CONFIDENT and not s.is_right for s in named)
        / count,
        median_seconds=seconds[count // 2],
        peak_mb=max(s.result.peak_mb for s in scored),
        chance_ece=chance_ece([s.probability for s in scored]),
    )


def chance_ece(claims: Sequence[float]) -> float:
    """Return the calibration error to expect of claims that are right exactly as often as they say.

    With few cases it is far from zero: the share that is right scatters.
    """
    if not claims:
        return 0.0
    rng = np.random.default_rng(0)
    chances = np.asarray(claims, dtype=float)
    bands = np.minimum(9, (chances * 10).astype(int))
    drawn = rng.random((DRAWS, len(chances))) < chances
    gaps = sum(
        np.abs((drawn[:, bands == band] - chances[bands == band]).sum(axis=1))
        for band in np.unique(bands)
    )
    return float(np.mean(gaps) / len(chances))


def reliability(scored: Sequence[Scored]) -> list[Bin]:
    """Return the claims in ten bands with how often they were right; empty bands are left out."""
    found = []
    for index in range(BINS):
        low, high = index / BINS, (index + 1) / BINS
        inside = [s for s in scored
                  if low <= s.probability < high or (index == BINS - 1 and s.probability == 1)]  # fmt: skip
        if inside:
            found.append(Bin(low, high, len(inside),
                             sum(s.probability for s in inside) / len(inside),
                             sum(s.is_right for s in inside) / len(inside)))  # fmt: skip
    return found
