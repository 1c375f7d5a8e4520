"""The calibration map is fitted on more than the cases as they are, and judged on what it left out."""

import random

import pytest

from agents.reconciler.calibration import NONE, shipped
from agents.reconciler.fitting import sureness
from agents.reconciler.posterior import Claim
from sre_workspace.evaluation.calibrating import (
    AS_IS,
    CHANGED,
    UNKNOWN,
    cross_validate,
    graded_of,
    lines_of,
)
from sre_workspace.evaluation.comparing import dropped_svg, dropped_table, row_of
from sre_workspace.evaluation.running import CaseResult, RankedCause
from sre_workspace.evaluation.samples import Sample, samples_of
from sre_workspace.evaluation.scoring import chance_ece, figures_of, score_all
from sre_workspace.evaluation.sets import SETS
from sre_workspace.evaluation.variants import FULL

pytestmark = pytest.mark.unit


def sample(
    decibans: float, *, group: str = "set: x", right: bool = True, slug: str = "set",
    rival: float = 2.0, answered: int = 3,
) -> Sample:  # fmt: skip
    """A leader and a rival at another resource; one of them is right."""
    causes = (RankedCause("service/a", "bad_release", "", 0.5, [], decibans, kinds=2),
              RankedCause("service/b", "bad_release", "", 0.1, [], rival, kinds=2))  # fmt: skip
    return Sample(group, slug, causes, (right, not right), answered)


def test_each_case_counts_once_more_with_its_cause_unknown() -> None:
    rows = graded_of([(sample(15.0), {})], [(sample(9.0), {})])
    assert [(r.origin, r.is_right) for r in rows] == [(AS_IS, True), (CHANGED, True),
                                                      (UNKNOWN, False)]  # fmt: skip
    assert rows[2].claim.posterior < rows[0].claim.posterior


def test_a_case_whose_only_candidate_is_right_claims_nothing_without_it() -> None:
    whole = sample(15.0)
    alone = Sample("set: x", "set", whole.causes[:1], (True,))
    assert [r.origin for r in graded_of([(alone, {})])] == [AS_IS]


def test_where_everything_in_view_is_right_weak_claims_still_stay_modest() -> None:
    strong = [(sample(18.0, group=f"set: {i % 4}", rival=8.0), {}) for i in range(60)]
    weak = [(sample(9.0, group=f"set: {i % 4}", rival=8.0), {}) for i in range(20)]
    found, _ = cross_validate(graded_of([*strong, *weak]), version="t", start=NONE)
    claims = graded_of([strong[0], weak[0]])
    assert found.apply(claims[0].claim) > 0.95
    assert found.apply(claims[1].claim) < 0.95
    assert found.apply(claims[2].claim) < 0.8  # the rival, where the right cause is unknown
    assert found.cases == 80


def test_one_kind_of_telemetry_is_learned_apart() -> None:
    low = [(sample(5.0, answered=1), {}) for _ in range(60)]
    high = [(sample(5.0, answered=4, right=i % 2 > 0), {}) for i in range(60)]
    found, _ = cross_validate(graded_of([*low, *high]), version="t", start=NONE)
    rows = graded_of([low[0], high[0]])
    assert found.apply(rows[0].claim) > found.apply(rows[1].claim) + 0.1


def test_claims_are_reported_by_maps_that_left_the_type_and_the_set_out() -> None:
    pairs = [
        (sample(12.0, group=f"{slug}: {i % 3}", right=i % 3 != 0 or slug == "one", slug=slug), {})
        for slug in ("one", "two") for i in range(18)
    ]  # fmt: skip
    _, told = cross_validate(graded_of(pairs), version="t", start=NONE)
    assert len(told) == 36
    # What goes wrong is no part of its own map: the claim is higher there than in view.
    wrong = [t for t in told if not t.is_right]
    assert wrong
    assert all(t.type_left_out > t.in_view for t in wrong)
    # The set without a miss is judged by the one with misses alone, and the other way round.
    one, two = (next(t for t in told if t.set_slug == slug) for slug in ("one", "two"))
    assert one.set_left_out < one.in_view < two.set_left_out
    text = list(lines_of(told))
    assert [line.split(" | ")[0] for line in text[2:]] == ["| one", "| two", "| all"]


def test_chance_alone_makes_an_error_that_shrinks_with_the_cases() -> None:
    assert chance_ece([]) == 0.0
    assert chance_ece([0.8] * 20) == pytest.approx(0.07, abs=0.01)
    assert chance_ece([0.8] * 2000) < 0.01
    rng = random.Random(3)  # no secret
    spread = [rng.uniform(0.05, 0.95) for _ in range(20)]
    assert chance_ece(spread) > chance_ece([0.8] * 20)


def test_what_answered_goes_from_the_result_to_the_claim() -> None:
    cause = RankedCause("service/a", "cpu_overload", "", 0.4, [], 8.0)
    result = CaseResult("one", "inconclusive", None, [cause], [], [], 0.1, 100.0, answered=1)
    label = {"root_cause_service": "a", "fault": "cpu"}
    found = samples_of(SETS["sockshop-rcd"], [result], {"one": label})[0].claim({})
    assert found is not None
    assert found.claim.answered == 1


def test_both_measures_of_honesty_count_the_same_claims() -> None:
    kind = SETS["sockshop-rcd"]
    label = {"root_cause_service": "a", "fault": "cpu"}

    def result(name: str, verdict: str, base: float, *, is_over: bool = False) -> CaseResult:
        # "Something else" stands at 9 decibans, "nothing is wrong any more" at 14.
        odds = 10 ** (base / 10)
        share = odds / (odds + 10**0.9 + (10**1.4 if is_over else 1e-3))
        shown = share if is_over else shipped().apply(Claim(share, 30.0, False, 1, answered=1))
        cause = RankedCause("service/a", "cpu_overload", "", shown, [], base, [], 1)
        return CaseResult(name, verdict, None, [cause], [], [], 0.1, 100.0, answered=1,
                          is_over=is_over)  # fmt: skip

    results = [
        result("withheld", "inconclusive", 12.0), result("weak", "inconclusive", 4.0),
        result("over", "inconclusive", 9.0, is_over=True),
        result("calm", "no_fault", -9.0, is_over=True),
    ]  # fmt: skip
    labels = {r.case_id: label for r in results}
    figures = figures_of(score_all(kind, results, labels))
    assert (figures.count, figures.claims) == (4, 3)
    graded = graded_of([(s, {}) for s in samples_of(kind, results, labels)])
    _, told = cross_validate(graded, version="", start=NONE, in_use=shipped())
    learned = sureness([(t.in_view, t.is_right) for t in told])
    assert learned.count == 3
    assert figures.ece == pytest.approx(learned.ece, abs=0.001)
    assert figures.brier == pytest.approx(learned.brier, abs=0.001)
    # That all is well again is no map's matter: what is left for the cause is shown as it is.
    assert told[2].in_view == told[2].set_left_out == told[2].uncalibrated < 0.25


def test_what_is_wrong_and_claims_more_with_less_is_counted() -> None:
    kind = SETS["sockshop-rcd"]
    labels = {name: {"root_cause_service": "a", "fault": "cpu"} for name in ("one", "two")}

    def results(verdict: str, confidence: float | None, *claims: tuple[str, float]
                ) -> list[CaseResult]:  # fmt: skip
        return [
            CaseResult(name, verdict, confidence,
                       [RankedCause(f"service/{blamed}", "cpu_overload", "", p)], [], [], 0.1, 1.0)
            for name, (blamed, p) in zip(labels, claims, strict=True)
        ]  # fmt: skip

    whole = results("likely_cause", 0.7, ("a", 0.8), ("b", 0.7))
    withheld = results("inconclusive", None, ("a", 0.9), ("b", 0.8))
    found = row_of(kind, FULL, withheld, labels, whole)
    assert (found.surer_leads, found.surer_verdicts) == (("two",), ())
    found = row_of(kind, FULL, results("likely_cause", 0.75, ("b", 0.6), ("b", 0.6)), labels, whole)
    assert (found.surer_leads, found.surer_verdicts) == ((), ("one", "two"))
    assert dropped_table([found])[-1].endswith("| 0 | 2 |")
    assert dropped_svg({"set": [found]}).count("<rect") == 1 + 3 + 3
