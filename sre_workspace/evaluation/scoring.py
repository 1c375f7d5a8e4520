"""From marks to figures: means with intervals, calibration, abstention."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.reconciler.fitting import sureness
from sre_workspace.evaluation.running import CaseResult
from sre_workspace.evaluation.sets import EvaluationSet, Label, Marks

Z95 = 1.96
BINS = 10
CONFIDENT = 0.9
DRAWS = 500


@dataclass(frozen=True, slots=True)
class Scored:
    """One case with its answer's worth.

    Attributes:
        claim: What is claimed for the lead's answer, as far as the set asks, and whether that is
            right, by itself: whether or not a verdict was given. Where a set asks for the place
            alone, two mechanisms there are one answer. None where nothing is claimed: no candidate,
            or "no fault that lasts".
    """

    result: CaseResult
    marks: Marks
    fault: str
    is_right: bool
    claim: tuple[float, bool] | None = None

    @property
    def probability(self) -> float:
        """What is claimed for the lead itself; 0 where nothing is claimed."""
        return self.result.lead.probability if self.result.lead else 0.0

    @property
    def shown(self) -> float:
        """The confidence that a verdict shows; 0 where none is given."""
        return 0.0 if self.has_abstained else self.result.confidence or 0.0

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

    ``brier``, ``ece`` and ``bins`` are of the cases where something is claimed, ``claims`` of them.
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
    claims: int = 0


def score_all(
    kind: EvaluationSet, results: Sequence[CaseResult], labels: Mapping[str, Label]
) -> list[Scored]:
    """Score every case that has a label; one that could not be read is wrong."""
    scored = []
    for result in results:
        label = labels.get(result.case_id)
        if label is not None:
            marks = kind.mark(kind.predict(result), label)
            lead = result.lead
            claim = (kind.claimed(result), kind.is_right(result, lead, label)) if lead else None
            scored.append(Scored(result, marks, kind.fault_of(label), marks[kind.main] >= 1, claim))
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
    claims = [s.claim for s in scored if s.claim]
    bins = reliability(claims)
    honesty = sureness(claims)
    seconds = sorted(s.result.seconds for s in scored)
    return Figures(
        count=count,
        measures=measures,
        by_fault={k: (len(v), sum(v) / len(v)) for k, v in sorted(groups.items())},
        brier=honesty.brier,
        ece=honesty.ece,
        bins=bins,
        abstained=1 - len(named) / count,
        right_when_named=sum(s.is_right for s in named) / len(named) if named else 0.0,
        confident_and_wrong=sum(s.probability >= CONFIDENT and not s.is_right for s in named)
        / count,
        median_seconds=seconds[count // 2],
        peak_mb=max(s.result.peak_mb for s in scored),
        chance_ece=chance_ece([p for p, _ in claims]),
        claims=len(claims),
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


def reliability(claims: Sequence[tuple[float, bool]]) -> list[Bin]:
    """Return the claims in ten bands with how often they were right; empty bands are left out."""
    bands: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for claimed, is_right in claims:
        bands[min(BINS - 1, int(claimed * BINS))].append((claimed, is_right))
    return [
        Bin(index / BINS, (index + 1) / BINS, len(inside), sum(p for p, _ in inside) / len(inside),
            sum(right for _, right in inside) / len(inside))
        for index, inside in sorted(bands.items())
    ]  # fmt: skip
