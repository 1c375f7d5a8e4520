"""Who may decide, on what, and what a decision binds to."""

import re
from html import unescape

import pytest

from investigations.domain.clock import database_now
from investigations.domain.incidents import change_incident_state
from investigations.enums import IncidentState
from investigations.errors import BoardError
from investigations.models import AuditEntry, Diagnosis
from investigations.queries.deciding import strongest_for
from remediation.domain import kill_switch
from remediation.domain.approvals import decide, expire_old
from remediation.domain.digests import digest_of_action
from remediation.domain.execution import execute, resolve_unknown
from remediation.domain.planning import plan_for
from remediation.domain.sweep import sweep
from remediation.enums import ActionState, Decision
from remediation.errors import (
    ExecutorError,
    GuardrailBlocked,
    IllegalTransition,
    NotYours,
    PlanChanged,
)
from remediation.executors.lab import LabExecutor
from remediation.executors.registry import override_executor
from remediation.models import Action
from remediation.views.panel import SHOWN, list_actions
from tests.factories.lab import InProcessActions
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def planned(lab_incident):
    incident = lab_incident("bad_release_latency")
    action = plan_for(incident.investigation.diagnoses.order_by("-number")[0].pk)
    assert action is not None
    return incident, action


def say(action, who, decision=Decision.APPROVE, digest=None, reason=""):
    return decide(action_id=action.pk, person=who, decision=decision,
                  seen_digest=digest or action.digest, reason=reason)  # fmt: skip


@pytest.mark.capability(39)
@pytest.mark.parametrize("roles", [(), ("viewer",), ("responder",), ("admin",)])
def test_only_approvers_decide(planned, roles) -> None:
    _, action = planned
    with pytest.raises(NotYours):
        say(action, person("x", *roles))
    action.refresh_from_db()
    assert action.state == ActionState.PROPOSED


def test_an_inactive_approver_may_not(planned) -> None:
    who = person("x", "approver")
    who.is_active = False
    who.save()
    with pytest.raises(NotYours):
        say(planned[1], who)


def test_not_on_ones_own_hypothesis(planned) -> None:
    _, action = planned
    who = person("x", "approver")
    hypothesis = action.diagnosis.hypothesis
    hypothesis.posted_by = who
    hypothesis.save()
    with pytest.raises(NotYours):
        say(Action.objects.get(pk=action.pk), who)


@pytest.mark.parametrize(
    ("field", "value"),
    [("payload", {"action": "rollback", "workload": "x", "revision": 1}), ("target_version", "9.9"),
     ("command", "something else"), ("risk", "green"), ("undo_text", "none"), ("blast", {})],
)  # fmt: skip
def test_any_edit_changes_the_digest_and_voids_the_approval(planned, field, value) -> None:
    _, action = planned
    setattr(action, field, value)
    assert digest_of_action(action) != action.digest
    Action.objects.filter(pk=action.pk).update(**{field: value})
    with pytest.raises((PlanChanged, GuardrailBlocked)):
        say(Action.objects.get(pk=action.pk), person("x", "approver"))


def test_a_digest_that_was_not_shown_is_refused(planned) -> None:
    with pytest.raises(PlanChanged):
        say(planned[1], person("x", "approver"), digest="0" * 64)


def test_a_denial_needs_a_reason_and_vetoes(planned, client) -> None:
    _, action = planned
    with pytest.raises(NotYours):
        say(action, person("a", "approver"), Decision.DENY)
    client.force_login(person("cy", "approver"))
    path = f"/i/{action.investigation.incident_id}/a/{action.number}/approvals/"
    long = "the batch of the night must end first, <b>really</b>: " * 10
    answer = client.post(path, {"decision": "deny", "digest": action.digest, "reason": long})
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert (
        f"At most 480 characters for the reason; yours has {len(long)}. Nothing was done." in page
    )
    assert f'value="{long}"' in page, "what was written is kept"
    assert action.approvals.count() == 0
    say(action, person("b", "approver"), Decision.DENY, reason="peak traffic")
    with pytest.raises(IllegalTransition):
        say(action, person("c", "approver"))


def test_after_a_denial_what_else_treats_the_cause_is_proposed(planned) -> None:
    incident, action = planned
    places = [(action.kind, action.target), ("rolling_restart", action.target)]
    Diagnosis.objects.create(
        investigation=incident.investigation, number=action.diagnosis.number + 1, step_key="made/2",
        verdict="likely_cause", fault_class="bad_release", resource=action.target, summary="x",
        treatments=[{"action": kind, "resource": on, "reason": "a test"} for kind, on in places],
    )  # fmt: skip
    say(action, person("b", "approver"), Decision.DENY, reason="peak traffic")
    assert action.evidence[:3] == list(strongest_for(action.diagnosis)), "one order on each page"
    sweep()
    rows = incident.investigation.actions.filter(state=ActionState.PROPOSED)
    assert [(a.kind, a.requested_by) for a in rows] == [("rolling_restart", None)]


class Unread(LabExecutor):
    """Cannot read what it is asked about."""

    def observe(self, name):
        raise ExecutorError(f"{name} does not answer.")


def test_what_was_denied_is_not_asked_for_again_under_another_name(lab_incident, client) -> None:
    incident = lab_incident("pool_exhaustion", is_worked=False)
    target = incident.world.truth.resource
    diagnosis = Diagnosis.objects.create(
        investigation=incident.investigation, number=1, step_key="made/1", verdict="likely_cause",
        fault_class="pool_exhaustion", resource=target, summary="x",
        treatments=[{"action": kind, "resource": target, "reason": "a test"}
                    for kind in ("raise_pool_limit", "revert_config")],
    )  # fmt: skip
    action = plan_for(diagnosis.pk)
    say(action, person("ben", "approver"), Decision.DENY, reason="the database is full")
    told = incident.investigation.events.filter(
        payload__sentence__icontains="nothing else that treats"
    )
    with override_executor(Unread(InProcessActions(incident.client))):
        sweep()
    assert not told.exists(), "where a target cannot be read now, nobody knows that yet"
    for _ in range(2):
        sweep()
    assert [a.number for a in incident.investigation.actions.all()] == [1]
    assert told.count() == 1
    with pytest.raises(
        IllegalTransition, match=r"^A1 was denied already by ben\. Your decision changed nothing\.$"
    ):
        say(action, person("cy", "approver"))
    client.force_login(person("rea", "responder"))
    room = f"/i/{incident.investigation.incident_id}/"
    page = unescape(client.get(room).content.decode())
    assert "What else treats this cause would make the same change" in page
    offered = f'name="text" value="/propose {{}} {target}"'
    assert offered.format("raise_pool_limit") in page
    assert offered.format("revert_config") not in page
    card = unescape(client.get(f"{room}actions/", headers={"HX-Request": "true"}).content.decode())
    assert "A1 denied" in card
    assert "By <bdi>ben</bdi>" in card
    assert "the database is full" in card
    assert "Guardrails" not in card.split("<details")[0]
    diagnosis.pk, diagnosis.number, diagnosis.step_key = None, 2, "made/2"
    diagnosis.treatments = diagnosis.treatments[1:]
    diagnosis.save()
    sweep()
    assert told.count() == 1, "once, whatever is the same change"


@pytest.mark.capability(39)
def test_expired_actions_cannot_be_approved(planned) -> None:
    _, action = planned
    Action.objects.filter(pk=action.pk).update(approval_expires_at="2020-01-01T00:00:00Z")
    with pytest.raises(IllegalTransition):
        say(action, person("x", "approver"))


def test_an_approver_who_lost_the_role_does_not_count(planned) -> None:
    incident, action = planned
    who = person("x", "approver")
    say(action, who)
    who.groups.clear()
    execute(action.pk)
    action.refresh_from_db()
    assert action.state == ActionState.STALE
    assert incident.world.applied == {}


def test_the_target_changed_since_the_plan(planned) -> None:
    incident, action = planned
    say(action, person("x", "approver"))
    incident.world.workloads[action.blast["workload"]].version += 1
    execute(action.pk)
    action.refresh_from_db()
    assert (action.state, incident.world.applied) == (ActionState.STALE, {})


@pytest.mark.capability(69)
def test_the_kill_switch_stops_approved_actions_and_needs_another_to_release(planned) -> None:
    incident, action = planned
    one, two = person("one", "approver"), person("two", "approver")
    say(action, one)
    kill_switch.engage(person=one, reason="stop")
    execute(action.pk)
    action.refresh_from_db()
    assert (action.state, incident.world.applied) == (ActionState.HALTED, {})
    with pytest.raises(NotYours):
        kill_switch.release(person=one, reason="fine")
    assert not kill_switch.release(person=two, reason="fine").is_engaged
    execute(action.pk)
    action.refresh_from_db()
    assert action.state == ActionState.HALTED


class LosesTheAnswer(LabExecutor):
    """The request arrives, its answer does not."""

    def execute(self, request, *, uid, version, key):
        super().execute(request, uid=uid, version=version, key=key)
        raise ExecutorError("connection reset")


def test_a_lost_answer_is_looked_up_and_never_repeated(planned) -> None:
    incident, action = planned
    say(action, person("x", "approver"))
    with override_executor(LosesTheAnswer(incident.client)):
        execute(action.pk)
    action.refresh_from_db()
    assert action.state == ActionState.UNKNOWN
    resolve_unknown(action)
    action.refresh_from_db()
    assert (action.state, len(incident.world.applied)) == (ActionState.VERIFYING, 1)
    assert AuditEntry.objects.filter(verb="action.verifying").count() == 1


def test_nothing_is_approved_or_run_in_an_incident_that_is_over(planned) -> None:
    incident, action = planned
    approver = person("x", "approver")
    say(action, approver)
    change_incident_state(investigation_id=incident.investigation.pk, to=IncidentState.RESOLVED,
                          author="person/x", reason="over")  # fmt: skip
    execute(action.pk)
    action.refresh_from_db()
    assert action.state == ActionState.HALTED
    assert "resolved" in action.result
    assert not action.executions.exists()


def test_what_waits_in_an_incident_that_is_over_is_taken_back(planned) -> None:
    incident, action = planned
    change_incident_state(investigation_id=incident.investigation.pk, to=IncidentState.RESOLVED,
                          author="person/x", reason="over")  # fmt: skip
    with pytest.raises(GuardrailBlocked, match="resolved"):
        say(action, person("x", "approver"))
    assert expire_old() == 1
    action.refresh_from_db()
    assert action.state == ActionState.SUPERSEDED


def test_an_endless_reason_is_refused(planned) -> None:
    incident, _ = planned
    with pytest.raises(BoardError, match="At most 500"):
        change_incident_state(investigation_id=incident.investigation.pk,
                              to=IncidentState.RESOLVED, author="person/x", reason="x" * 501)  # fmt: skip


def test_what_waits_stands_before_what_is_over_and_what_never_ran_takes_a_line(
    planned, client
) -> None:
    incident, action = planned
    for number in range(2, 2 + SHOWN):
        copy = Action.objects.get(pk=action.pk)
        copy.pk, copy.number, copy.state = None, number, ActionState.DENIED
        copy.save()
    Action.objects.filter(number=3).update(state=ActionState.SUCCEEDED)
    Action.objects.filter(number=5).update(state=ActionState.EXPIRED, result="Nobody approved it.")
    shown = list_actions(action.investigation, now=database_now(), person_id=None)
    assert [v.row.number for v in shown] == [1, 3, 6, 5, 4]
    client.force_login(person("mira", "viewer"))
    page = client.get(f"/i/{incident.investigation.incident_id}/actions/").content.decode()
    lines = re.findall(r"<summary><h3[^>]*>(A\d) (\w+) · ", page)
    assert lines == [("A6", "denied"), ("A5", "expired"), ("A4", "denied")]
    assert "Nobody approved it." in page
