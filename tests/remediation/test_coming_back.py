"""A cause that goes on while its symptom pauses is treated, and not taken for over."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.faults.registry import FAULTS
from investigations.models import Diagnosis, Hypothesis, Incident, Investigation
from investigations.presenters import lanes
from investigations.presenters.answers import answers_of
from investigations.presenters.axis import Axis
from investigations.presenters.closing import offer_of
from investigations.presenters.series import climbs_since
from investigations.presenters.timeline import Timeline
from remediation.domain.planning import plan_for
from remediation.models import Action

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AXIS = Axis(NOON - timedelta(minutes=10), NOON + timedelta(minutes=10), NOON, None)
LEAK = [{"action": "rollback", "resource": "service/cart"},
        {"action": "rolling_restart", "resource": "service/cart", "is_relief": True}]  # fmt: skip
# Killed twelve samples ago, and growing again since.
TWICE = [200.0] * 20 + [200.0 + 20 * n for n in range(8)] + [210.0 + 6 * n for n in range(12)]
ONCE = [200.0] * 20 + [200.0 + 20 * n for n in range(8)] + [201.0, 200.0] * 6


def lane_of(values: list[float]) -> lanes.Lane:
    start, step = AXIS.start.timestamp(), 1200 / len(values)
    return lanes.present(
        {
            "feature": "memory_ramp", "series": "memory_working_set_bytes", "resource": "cart",
            "unit": "bytes", "points": [[start + i * step, v] for i, v in enumerate(values)],
            "baseline_low": 190.0, "baseline_high": 210.0, "value_text": "276 MB",
            "usual_text": "200 MB", "evidence": 1,
        },
        AXIS,
    )  # fmt: skip


def told(values: list[float], *actions: dict[str, object], comes_back: bool = True):
    """Return trend, next step and the offer to resolve of an incident that counts as mitigated."""
    incident = Incident(state="mitigated", mitigated_at=NOON, resource="service/cart", title="x")
    found = Diagnosis(
        verdict="likely_cause", confidence=0.99, summary="x", resource="service/cart",
        hypothesis=Hypothesis(number=1, claim="cart leaks", state="leading"),
        treatments=LEAK, comes_back=comes_back,
    )  # fmt: skip
    timeline = Timeline(AXIS, (lane_of(values),), (), ())
    run = Investigation(incident=incident, state="concluded")
    answers = answers_of(incident, run, found, timeline, actions, now=NOON)
    return answers.trend, answers.next, offer_of(incident, found, timeline, actions)


def act(kind: str, state: str) -> dict[str, object]:
    return {"number": 1, "title": kind, "kind": kind, "target": "service/cart", "state": state}


@pytest.mark.unit
def test_what_grows_again_is_told_and_not_offered_as_over() -> None:
    trend, step, offer = told(TWICE)
    at = "It will come back: memory of cart grows again since 12:04:00Z, 276 MB now."
    assert trend == f"Mitigated at 12:00Z. {at}"
    assert (step.text, offer) == (at, None)
    trend, step, offer = told(ONCE)
    assert step.text == "It will come back by itself: nothing has ended its cause."
    assert offer is None
    trend, step, offer = told(TWICE, comes_back=False)
    assert (trend, step.text) == ("Mitigated at 12:00Z.", "Nothing waits for anybody.")
    assert offer is not None


@pytest.mark.unit
def test_only_what_ends_the_cause_ends_the_warning() -> None:
    trend, step, offer = told(TWICE, act("rollback", "succeeded"))
    assert trend == "Mitigated at 12:00Z."
    assert step.lead == "A1 succeeded"
    assert offer is not None
    # A restart empties the memory for a while; a rollback that failed ended nothing.
    for done in (act("rolling_restart", "succeeded"), act("rollback", "denied")):
        trend, step, offer = told(TWICE, done)
        assert "It will come back: memory" in trend
        assert step.text.startswith("It will come back: memory")
        assert offer is None


@pytest.mark.unit
@pytest.mark.parametrize(
    ("values", "since"),
    [
        ([1.0, 5.0, 9.0, 1.0, 2.0, 3.0, 4.0], 3.0),
        ([1.0, 5.0, 9.0, 1.0, 2.0, 3.0], None),  # Three samples may be noise.
        ([1.0, 5.0, 9.0, 1.0, 1.1, 1.0, 1.1, 1.0], None),
        ([1.0, 2.0, 3.0, 4.0, 5.0], None),
        ([4.0] * 6, None),
        ([], None),
    ],
)
def test_a_series_climbs_again_only_after_a_fall_and_by_some_samples(values, since) -> None:
    points = [(float(n), v) for n, v in enumerate(values)]
    assert climbs_since(points, since=0.0) == since


@pytest.mark.unit
def test_a_model_that_comes_back_names_what_only_relieves_it() -> None:
    again = {slug for slug, model in FAULTS.items() if model.comes_back}
    assert again == {"memory_leak", "disk_exhaustion", "certificate_expiry", "oom_kill"}
    relief = {(m.slug, t.action) for m in FAULTS.values() for t in m.treatments if t.is_relief}
    assert relief == {("memory_leak", "rolling_restart"), ("oom_kill", "rolling_restart")}


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_a_leak_whose_symptom_pauses_is_planned_against_until_something_ended_it(
    lab_incident, client
) -> None:
    board = lab_incident("memory_leak").investigation
    found = board.diagnoses.order_by("-number")[0]
    assert found.comes_back
    assert [t["is_relief"] for t in found.treatments] == [False, True]
    incidents = Incident.objects.filter(pk=board.incident_id)
    incidents.update(state="resolved")
    assert plan_for(found.pk) is None
    incidents.update(state="mitigated")
    action = plan_for(found.pk)
    assert (action.kind, action.state) == ("rollback", "proposed")
    Action.objects.filter(pk=action.pk).update(state="succeeded")
    assert plan_for(found.pk) is None
