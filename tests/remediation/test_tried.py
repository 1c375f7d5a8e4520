"""What was done in vain is not planned again; what was stopped before it did anything is."""

import pytest
from django.test import Client

from investigations.models import Diagnosis
from remediation.domain import kill_switch, undoing
from remediation.domain.execution import act, claim
from remediation.domain.planning import plan_for
from remediation.domain.sweep import sweep
from remediation.models import Action
from tests.factories.actions import approve
from tests.factories.people import person
from tests.remediation.test_undoing import ask, cart, standing, unjudged_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


def _stop_after(claim_it) -> None:
    """Stop everything between a claim and its call, and let go."""
    execution = claim_it()
    kill_switch.engage(person=person(f"ray{execution.pk}", "responder"))
    act(execution)
    kill_switch.release(person=person(f"ann{execution.pk}", "approver"), reason="fine")


@pytest.mark.parametrize("is_stopped", [False, True])
def test_after_a_word_that_it_did_not_help_the_next_treatment_is_planned(
    incident, settings, is_stopped
) -> None:
    settings.COOLDOWN_SECONDS = 0
    wanted = [{"action": kind, "resource": "service/cart", "reason": "a test"}
              for kind in ("scale", "rolling_restart")]  # fmt: skip
    diagnosis = Diagnosis.objects.create(
        investigation=incident.investigation, number=1, step_key="made/1", verdict="likely_cause",
        fault_class="bad_release", resource="service/cart", summary="Made", treatments=wanted,
    )  # fmt: skip
    if is_stopped:
        never = approve(plan_for(diagnosis.pk), "abe")
        _stop_after(lambda: claim(never.pk))
        assert (standing(never), cart(incident)) == ("halted", 3), "so it was not tried"
    action = unjudged_of(plan_for(diagnosis.pk))
    if is_stopped:
        ask(action, person("cyd", "approver"))
        action.refresh_from_db()
        _stop_after(lambda: undoing._claim(action, drift=""))
        assert (standing(action), cart(incident)) == ("halted", 6)
    sweep()
    assert Action.objects.count() == action.number
    client = Client()
    client.force_login(person("rea", "responder"))
    page = f"/i/{action.investigation.incident_id}/a/{action.number}/"
    client.post(f"{page}feedback/", {"value": "neutral"})
    for _ in range(2):
        sweep()
    was = [("scale", "halted")] * 2 if is_stopped else [("scale", "inconclusive")]
    assert list(Action.objects.order_by("number").values_list("kind", "state")) == [
        *was, ("rolling_restart", "proposed"),
    ]  # fmt: skip
    assert "It did not help</button>" not in client.get(page).content.decode()
