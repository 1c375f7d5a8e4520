"""Kept results as arrays to learn from: candidates with their evidence, and which are right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agents.faults.registry import FAULTS
from agents.reconciler.decide import NO_FAULT_DECIBANS
from agents.reconciler.posterior import Claim, Standing, claim_of, posteriors
from sre_workspace.evaluation.running import CaseResult, RankedCause, read_results
from sre_workspace.evaluation.sets import EvaluationSet, Label
from sre_workspace.evaluation.variants import DROPS, PERTURBED
from telemetry.types import FloatArray

NO_CALM_DECIBANS = -30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is claimed for a lead, and its worth.

    ``is_mapped``: it leads over "nothing is wrong any more"; else its claim is shown as it is.
    """

    claim: Claim
    is_right: bool
    is_mapped: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One case.

    Attributes:
        group: Its set and type of fault: what is left out together.
        causes: Candidates as they were kept.
        right: Whether each of them is the right answer.
        answered: How many kinds of telemetry answered.
        is_open: An answer that is still out could put another resource first.
        is_over: What was complained of is back to normal.
    """

    group: str
    set_slug: str
    causes: tuple[RankedCause, ...]
    right: tuple[bool, ...]
    answered: int = 0
    is_open: bool = False
    is_over: bool = False

    def totals(self, factors: Mapping[str, float]) -> list[float]:
        """Return each candidate's decibans under the given factors."""
        return [
            c.base + sum(factors.get(term, 1.0) * value for term, value in c.terms)
            for c in self.causes
        ]

    def claim(self, factors: Mapping[str, float]) -> Asked | None:
        """Return what the first candidate claims under the factors, and whether it is right."""
        standings = []
        for cause, total in zip(self.causes, self.totals(factors), strict=True):
            model = FAULTS[cause.fault_class]
            standings.append(
                Standing(cause.resource, total, model.is_catch_all, cause.kinds, model.slug,
                         model.refines)
            )  # fmt: skip
        calm_decibans = NO_FAULT_DECIBANS if self.is_over else NO_CALM_DECIBANS
        found, calm = posteriors(standings, calm_decibans=calm_decibans)
        claim = claim_of(standings, found, answered=self.answered, is_open=self.is_open)
        if claim is None:
            return None
        return Asked(claim, self.right[int(np.argmax(found))], is_mapped=claim.posterior > calm)


@dataclass(frozen=True, slots=True)
class Arrays:
    """Samples flattened: a row per piece of evidence, per candidate, per case."""

    terms: tuple[str, ...]
    value: FloatArray
    term_of: np.ndarray
    candidate_of: np.ndarray
    base: FloatArray
    case_of: np.ndarray
    is_right: np.ndarray
    weight: FloatArray
    groups: tuple[str, ...] = field(default=())


def samples_of(
    kind: EvaluationSet, results: Sequence[CaseResult], labels: Mapping[str, Label]
) -> list[Sample]:
    """Return the cases that have a label and a lead; each candidate is marked by itself."""
    samples = []
    for result in results:
        label = labels.get(result.case_id)
        if label is None or result.lead is None:
            continue
        right = tuple(kind.is_right(result, cause, label) for cause in result.causes)
        group = f"{kind.slug}: {kind.fault_of(label)}"
        causes = tuple(result.causes)
        samples.append(
            Sample(group, kind.slug, causes, right, result.answered, result.is_open, result.is_over)
        )
    return samples


def kept_samples(
    kind: EvaluationSet, labels: Mapping[str, Label], work: Path, variant: str = ""
) -> list[Sample]:
    """Return the samples of results that an evaluation kept; none where it has not run."""
    name = f"{kind.slug}.{variant}" if variant else kind.slug
    return samples_of(kind, list(read_results(work / f"{name}.jsonl")), labels)


def changed_samples(
    kind: EvaluationSet, labels: Mapping[str, Label], work: Path, *, is_lossy: bool
) -> list[Sample]:
    """Return the samples of recordings that were changed, or that lost something."""
    variants = [v for v in (*PERTURBED, *DROPS)
                if v.is_lossy == is_lossy and v.concerns(has_history=kind.has_history)]  # fmt: skip
    return [s for v in variants for s in kept_samples(kind, labels, work, v.slug)]


def flatten(samples: Sequence[Sample], terms: Sequence[str]) -> Arrays:
    """Return the samples that have a right candidate as arrays; every set weighs alike.

    A set counts by the square root of its cases, so that a large one does not drown the others.
    """
    index = {term: i for i, term in enumerate(terms)}
    usable = [s for s in samples if any(s.right)]
    sizes: dict[str, int] = {}
    for s in usable:
        sizes[s.set_slug] = sizes.get(s.set_slug, 0) + 1
    values: list[float] = []
    base: list[float] = []
    term_of, candidate_of, case_of, is_right = [], [], [], []
    for case, s in enumerate(usable):
        for cause, right in zip(s.causes, s.right, strict=True):
            candidate = len(base)
            base.append(cause.base)
            case_of.append(case)
            is_right.append(right)
            for term, value in cause.terms:
                if term in index:
                    values.append(value)
                    term_of.append(index[term])
                    candidate_of.append(candidate)
    return Arrays(
        tuple(terms), np.array(values, dtype=float), np.array(term_of, dtype=int),
        np.array(candidate_of, dtype=int), np.array(base, dtype=float),
        np.array(case_of, dtype=int), np.array(is_right, dtype=bool),
        np.array([sizes[s.set_slug] ** -0.5 for s in usable]), tuple(s.group for s in usable),
    )  # fmt: skip
