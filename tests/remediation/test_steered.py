"""Whoever steered the agents to a cause does not approve what treats it."""

import pytest

from agents.domain import dispatch
from investigations.domain import runs
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.enums import DiagnosisVerdict
from remediation.domain.approvals import decide
from remediation.domain.planning import plan_for
from remediation.enums import Decision
from remediation.errors import NotYours
from remediation.queries.waiting import decidable
from remediation.views.panel import list_actions
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worked(lab_incident):
    return lab_incident("bad_release_latency").investigation


def steer(investigation, who) -> None:
    runs.steer(investigation_id=investigation.pk, user=who, text="look at payments again")
    dispatch.wake(investigation.pk)
    while dispatch.work(investigation_id=investigation.pk):
        pass


def reach(investigation, step: str, *, fault_class: str, steered_by: list[int]):
    return reach_diagnosis(
        investigation_id=investigation.pk, step_key=step, author="agent/reconciler",
        draft=DiagnosisDraft(
            verdict=DiagnosisVerdict.LIKELY_CAUSE, summary="x", resource="service/payments",
            fault_class=fault_class, cited=[1], steered_by=steered_by,
            treatments=[{"action": "scale", "resource": "service/cart", "reason": "a test"}],
        ),
    )  # fmt: skip


def test_finding_the_known_cause_again_makes_nobody_its_author(worked) -> None:
    before = worked.diagnoses.order_by("-number")[0]
    mira = person("mira", "responder", "approver")
    steer(worked, mira)
    after = worked.diagnoses.order_by("-number")[0]
    assert after.number > before.number
    is_same = (after.resource, after.fault_class) == (before.resource, before.fault_class)
    assert after.steered_by == ([] if is_same else [mira.pk])


def test_a_cause_that_steering_brought_is_decided_by_somebody_else(worked, client) -> None:
    mira, jo = person("mira", "responder", "approver"), person("jo", "approver")
    first = reach(worked, "a", fault_class="cpu_saturation", steered_by=[mira.pk])
    again = reach(worked, "b", fault_class="cpu_saturation", steered_by=[jo.pk])
    assert (first.steered_by, again.steered_by) == ([mira.pk], [mira.pk])
    action = plan_for(again.pk)
    assert [decidable(who).count() for who in (mira, jo)] == [0, 1]
    with pytest.raises(NotYours, match="where you sent them"):
        decide(action_id=action.pk, person=mira, decision=Decision.APPROVE,
               seen_digest=action.digest)  # fmt: skip
    assert next(v.steered for v in list_actions(worked, now=action.proposed_at, person_id=mira.pk))
    client.force_login(mira)
    page = client.get(f"/i/{worked.incident_id}/a/{action.number}/").content.decode()
    assert "where you sent them: another approver must decide" in page
    assert "Approve:" not in page
    decide(action_id=action.pk, person=jo, decision=Decision.APPROVE, seen_digest=action.digest)


def test_the_round_that_a_message_began_names_who_sent_it(worked) -> None:
    mira = person("mira", "responder", "approver")
    reach(worked, "other", fault_class="dns", steered_by=[])
    steer(worked, mira)
    newest = worked.diagnoses.order_by("-number")[0]
    assert newest.fault_class != "dns"
    assert newest.steered_by == [mira.pk]
