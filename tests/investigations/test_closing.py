"""When a room asks whether its incident is over."""

from datetime import UTC, datetime, timedelta

import pytest

from investigations.models import Diagnosis, Incident
from investigations.presenters import lanes
from investigations.presenters.axis import Axis
from investigations.presenters.closing import Offer, offer_of
from investigations.presenters.timeline import Timeline

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AXIS = Axis(NOON - timedelta(minutes=10), NOON + timedelta(minutes=10), NOON, None)
HURT = [0.001] * 20 + [0.4] * 20
BACK = [0.001] * 20 + [0.4] * 14 + [0.001] * 6
HELPED = {"number": 2, "title": "Roll back payments", "state": "succeeded"}


def offered(
    state: str, values: list[float], *actions: dict[str, object], verdict: str = "likely_cause"
) -> Offer | None:
    start, step = AXIS.start.timestamp(), 1200 / len(values)
    lane = lanes.present(
        {
            "feature": "error_rise", "series": "error_ratio", "resource": "payments",
            "unit": "ratio", "points": [[start + i * step, v] for i, v in enumerate(values)],
            "baseline_low": 0.0, "baseline_high": 0.01, "value_text": "x", "usual_text": "0.1%",
            "evidence": 1,
        },
        AXIS,
    )  # fmt: skip
    incident = Incident(state=state, mitigated_at=NOON if state == "mitigated" else None)
    timeline = Timeline(AXIS, (lane,), (), ())
    return offer_of(incident, Diagnosis(verdict=verdict), timeline, actions)


def test_an_action_that_helped_is_named_with_when_it_was_over() -> None:
    found = offered("mitigated", BACK, HELPED)
    assert found == Offer(
        "A2 helped: Roll back payments. Users are not hurt any more since 12:00:00Z.",
        "A2 helped: Roll back payments.",
    )


def test_what_went_away_by_itself_is_offered_too() -> None:
    found = offered("open", BACK)
    assert found is not None
    assert found.reason == "Error rate of payments is back in its usual range."
    assert offered("open", HURT, verdict="no_fault") == Offer(
        "The agents found no fault.", "No fault was found."
    )


@pytest.mark.parametrize(
    ("state", "values", "actions"),
    [
        ("open", HURT, ()),
        ("resolved", BACK, (HELPED,)),
        ("merged", BACK, ()),
        ("mitigated", BACK, ({**HELPED, "state": "verifying"},)),
        ("open", BACK, ({**HELPED, "state": "unknown"},)),
        ("open", BACK, ({**HELPED, "state": "proposed"},)),
    ],
)
def test_nothing_is_offered_while_users_are_hurt_or_an_action_is_under_way(
    state: str, values: list[float], actions: tuple[dict[str, object], ...]
) -> None:
    assert offered(state, values, *actions) is None
