"""Learning what kinds of evidence are worth.

Fitted on kept results alone: no telemetry is read again. Everything that is reported is out of
fold: a case is judged by what was fitted on other types of fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from agents.reconciler.posterior import LARGEST_DECIBANS, SOMETHING_ELSE_DECIBANS
from sre_workspace.evaluation.samples import Arrays, Sample, flatten
from telemetry.types import FloatArray

NATS = log(10) / 10
STEPS = 250
RATE = 0.05
MIN_CASES = 8
MOST = 3.0
"""A learned factor lies between a third of the stated weight and three times as much."""


@dataclass(frozen=True, slots=True)
class Validated:
    """What cross-validation by type of fault found: shares of first answers that are right."""

    stated: float
    learned: float
    by_set: dict[str, tuple[int, float, float]]


def terms_of(samples: Sequence[Sample]) -> list[str]:
    """Return the kinds of evidence that enough cases show to learn about."""
    seen: dict[str, int] = {}
    for sample in samples:
        for term in {term for cause in sample.causes for term, _ in cause.terms}:
            seen[term] = seen.get(term, 0) + 1
    return sorted(term for term, count in seen.items() if count >= MIN_CASES)


def fit_factors(samples: Sequence[Sample], *, pull: float) -> dict[str, float]:
    """Return a factor per kind of evidence that makes the right candidates likeliest.

    Args:
        samples: Cases; those without a right candidate teach nothing here.
        pull: How hard factors are pulled to 1: the penalty on the square of their logarithm.
    """
    terms = terms_of(samples)
    arrays = flatten(samples, terms)
    if not terms or not len(arrays.base):
        return {}
    theta = np.zeros(len(terms))
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, STEPS + 1):
        slope = _slope(arrays, theta) + 2 * pull * theta
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        theta = np.clip(theta - RATE * move, -log(MOST), log(MOST))
    return {term: round(float(np.exp(t)), 3) for term, t in zip(terms, theta, strict=True)}


def _slope(arrays: Arrays, theta: FloatArray) -> FloatArray:
    """Return the gradient of the loss: minus the log of the right candidates' probability."""
    added = arrays.value * np.exp(theta[arrays.term_of])
    totals = arrays.base + np.bincount(
        arrays.candidate_of, weights=added, minlength=len(arrays.base)
    )
    odds = np.exp(NATS * np.minimum(totals, LARGEST_DECIBANS))
    rest = np.exp(NATS * SOMETHING_ELSE_DECIBANS)
    count = len(arrays.weight)
    everything = rest + np.bincount(arrays.case_of, weights=odds, minlength=count)
    right = np.bincount(arrays.case_of, weights=odds * arrays.is_right, minlength=count) + 1e-12
    among_all = odds / everything[arrays.case_of]
    among_right = np.where(arrays.is_right, odds / right[arrays.case_of], 0.0)
    by_candidate = (among_all - among_right) * arrays.weight[arrays.case_of] * NATS
    by_row = by_candidate[arrays.candidate_of] * added
    return np.bincount(arrays.term_of, weights=by_row, minlength=len(theta)).astype(float)


def folds_of(samples: Sequence[Sample]) -> list[tuple[list[Sample], list[Sample]]]:
    """Return (others, left out) for each type of fault."""
    groups = sorted({s.group for s in samples})
    return [
        ([s for s in samples if s.group != g], [s for s in samples if s.group == g]) for g in groups
    ]


def out_of_fold(samples: Sequence[Sample], *, pull: float) -> list[tuple[Sample, dict[str, float]]]:
    """Return every sample with the factors fitted without its type of fault."""
    found = []
    for others, left_out in folds_of(samples):
        factors = fit_factors(others, pull=pull)
        found += [(sample, factors) for sample in left_out]
    return found


def validate(pairs: Sequence[tuple[Sample, Mapping[str, float]]]) -> Validated:
    """Return how often the first answer is right with stated and with out-of-fold weights."""
    rows = [(s.set_slug, _first_is_right(s, {}), _first_is_right(s, f)) for s, f in pairs]
    by_set = {}
    for slug in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == slug]
        by_set[slug] = (len(own), _mean([r[1] for r in own]), _mean([r[2] for r in own]))
    return Validated(_mean([v[1] for v in by_set.values()]),
                     _mean([v[2] for v in by_set.values()]), by_set)  # fmt: skip


def _first_is_right(sample: Sample, factors: Mapping[str, float]) -> bool:
    asked = sample.claim(factors)
    return asked is not None and asked.is_right


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
