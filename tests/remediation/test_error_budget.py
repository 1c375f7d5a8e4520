"""The error budget: what is spent of it, and that a spent one leaves only what takes risk away."""

from types import SimpleNamespace

import numpy as np
import pytest

from investigations.domain.clock import database_now
from investigations.domain.error_budget import STEPS, budgets_of, spent_share
from investigations.models import Service
from remediation.domain.digests import digest_of_action
from remediation.enums import GuardrailVerdict
from remediation.errors import GuardrailBlocked
from remediation.guardrails.base import Situation
from remediation.guardrails.rules import error_budget
from telemetry.types import ResourceRef, Semantic, Series, SeriesRef
from tests.factories.actions import approve, plan_action

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
ALLOW, ASK, BLOCK = GuardrailVerdict.ALLOW, GuardrailVerdict.ASK, GuardrailVerdict.BLOCK
CART = ResourceRef.parse("service/cart")


def _series(semantic: Semantic, values: list[float]) -> Series:
    ref = SeriesRef(resource=CART, name=str(semantic), semantic=semantic, unit="ratio")
    times = 1e9 + 3600.0 * np.arange(len(values))
    return Series(ref=ref, times=times, values=np.array(values))


def _spent(errors: list[float], rate: list[float] | None = None) -> tuple[float, int]:
    per_second = _series(Semantic.REQUEST_RATE, rate) if rate is not None else None
    return spent_share(_series(Semantic.ERROR_RATIO, errors), per_second, objective=99.9)


def test_as_many_failures_as_the_objective_allows_spend_all_of_it() -> None:
    assert _spent([0.001] * STEPS) == (pytest.approx(1.0), STEPS)
    assert _spent([0.0] * STEPS) == (0.0, STEPS)
    assert _spent([0.36] + [0.0] * (STEPS - 1)) == (pytest.approx(0.5), STEPS)


def test_hours_weigh_by_their_requests_and_unknown_ones_are_not_counted() -> None:
    busy = [3.0] + [1.0] * (STEPS - 1)
    share, _ = _spent([0.36] + [0.0] * (STEPS - 1), busy)
    assert share == pytest.approx(0.5 * 3 * STEPS / (STEPS + 2))
    nan = float("nan")
    assert _spent([0.36, nan, nan]) == (pytest.approx(0.5), 1)
    assert _spent([nan, nan]) == (0.0, 0)
    assert _spent([0.5, 0.5], [0.0, 0.0]) == (0.0, 2), "nobody asked, nobody was failed"


def _judged(kind: str, *left: float | None) -> GuardrailVerdict:
    budgets = [{"service": f"service/s{n}", "objective": 99.9, "left": share, "hours": 700}
               for n, share in enumerate(left)]  # fmt: skip
    action = SimpleNamespace(kind=kind, blast={"budgets": budgets})
    return error_budget(Situation(action, database_now(), "prod")).verdict


@pytest.mark.parametrize(
    ("left", "restart", "rollback"),
    [
        ((), ALLOW, ALLOW), ((0.25,), ALLOW, ALLOW), ((0.249,), ASK, ASK), ((0.001,), ASK, ASK),
        ((0.0,), BLOCK, ASK), ((-2.0,), BLOCK, ASK), ((0.9, -0.1), BLOCK, ASK), ((None,), ASK, ASK),
    ],
)  # fmt: skip
def test_a_spent_budget_leaves_ways_back_and_more_capacity(left, restart, rollback) -> None:
    for kind in ("rolling_restart", "raise_pool_limit"):
        assert _judged(kind, *left) is restart, kind
    for kind in ("rollback", "revert_config", "scale"):
        assert _judged(kind, *left) is rollback, kind


def test_what_an_earlier_plan_did_not_measure_changes_nothing() -> None:
    action = SimpleNamespace(kind="rolling_restart", blast={})
    assert error_budget(Situation(action, database_now(), "prod")).verdict is ALLOW


def test_the_plan_measures_it_and_a_restart_is_refused_with_a_sentence(lab_incident) -> None:
    incident = lab_incident("bad_release_errors", is_worked=False)
    Service.objects.update_or_create(
        key="service/cart",
        defaults={"slug": "cart", "name": "cart", "kind": "service", "objective": "99.999",
                  "seen_at": database_now()},
    )  # fmt: skip
    action = plan_action(incident, "rolling_restart", service="cart")
    (budget,) = action.blast["budgets"]
    assert budget["service"] == "service/cart"
    assert budget["hours"] > 0
    found = budgets_of(action.investigation, ("service/cart",), now=database_now())
    assert found[0]["left"] == pytest.approx(budget["left"], abs=0.05)
    action.blast["budgets"][0]["left"] = 0.0
    action.digest = digest_of_action(action)
    action.save()
    with pytest.raises(GuardrailBlocked, match="cart has 0% of its error budget left"):
        approve(action)
