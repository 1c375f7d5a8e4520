"""Weights and calibration are learned from what was right, and judged on what was left out."""

import random

import pytest

from agents.reconciler.calibration import NONE
from agents.reconciler.fitting import fit_map, sureness
from agents.reconciler.posterior import Claim
from sre_workspace.evaluation.learning import (
    fit_factors,
    folds_of,
    out_of_fold,
    terms_of,
    validate,
)
from sre_workspace.evaluation.running import RankedCause
from sre_workspace.evaluation.samples import Sample

pytestmark = pytest.mark.unit


def sample(number: int, *, group: str, telling: bool = True) -> Sample:
    """The right candidate has weak evidence of a telling kind, the wrong strong idle evidence."""
    right = RankedCause("service/a", "bad_release", "", 0.4, [], 0.0, [("telling/present", 5.0)])
    wrong = RankedCause("service/b", "bad_release", "", 0.5, [], 0.0, [("idle/present", 8.0)])
    causes = (right, wrong) if number % 2 else (wrong, right)
    truth = tuple(c is right for c in causes) if telling else tuple(c is wrong for c in causes)
    return Sample(group, "set", causes, truth)


def test_evidence_that_points_to_the_right_cause_gains_and_the_other_loses() -> None:
    samples = [sample(i, group=f"set: {i % 4}") for i in range(24)]
    factors = fit_factors(samples, pull=0.3)
    assert factors["telling/present"] > 1.2
    assert factors["idle/present"] < 0.8
    checked = validate(out_of_fold(samples, pull=0.3))
    assert (checked.stated, checked.learned) == (0.0, 1.0)


def test_a_strong_pull_keeps_the_stated_weights() -> None:
    samples = [sample(i, group=f"set: {i % 4}") for i in range(24)]
    factors = fit_factors(samples, pull=1e4)
    assert all(abs(f - 1) < 0.05 for f in factors.values())


def test_what_few_cases_show_is_not_learned() -> None:
    assert terms_of([sample(i, group="set: x") for i in range(5)]) == []


def test_a_type_of_fault_is_left_out_whole() -> None:
    samples = [sample(i, group=f"set: {i % 3}") for i in range(9)]
    for others, left_out in folds_of(samples):
        assert {s.group for s in others}.isdisjoint({s.group for s in left_out})
        assert len(others) + len(left_out) == len(samples)


def test_a_map_learns_that_claims_were_too_sure() -> None:
    rng = random.Random(7)  # no secret
    claims = [
        (Claim(0.9, 10.0, is_catch_all=False, kinds=2), rng.random() < 0.6) for _ in range(300)
    ]
    found = fit_map(claims, version="t", start=NONE)
    assert found.cases == 300
    assert found.apply(claims[0][0]) == pytest.approx(0.6, abs=0.06)


def test_few_graded_claims_hardly_move_a_map() -> None:
    start = fit_map([(Claim(0.5, 5.0, is_catch_all=False, kinds=2), i % 4 > 0) for i in range(80)],
                    version="t", start=NONE)  # fmt: skip
    one = fit_map([(Claim(0.5, 5.0, is_catch_all=False, kinds=2), False)], version="u", start=start)
    claim = Claim(0.5, 5.0, is_catch_all=False, kinds=2)
    assert abs(one.apply(claim) - start.apply(claim)) < 0.15


def test_a_lighter_hold_lets_a_map_follow_what_was_graded() -> None:
    claim = Claim(0.5, 5.0, is_catch_all=False, kinds=2)
    graded = [(claim, True)] * 12
    firm, light = (fit_map(graded, version="t", start=NONE, hold=h) for h in (4.0, 1.0))
    assert 0.5 < firm.apply(claim) + 0.05 < light.apply(claim)
    assert fit_map(graded, version="t", start=NONE) == firm


def test_sureness_counts_what_it_says() -> None:
    found = sureness([(0.95, False), (0.95, True), (0.5, True), (0.5, False)])
    assert found.count == 4
    assert found.sure_and_wrong == 0.25
    assert found.ece == pytest.approx(0.225)
    assert found.brier == pytest.approx((0.9025 + 0.0025 + 0.25 + 0.25) / 4)
