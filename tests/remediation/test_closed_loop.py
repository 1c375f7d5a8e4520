"""Plan, approve, execute, verify, keep or undo: against the lab, whose actions really act."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.domain.drain import drain
from agents.domain.open_work import run_open_work
from investigations.domain.clock import database_now
from investigations.domain.incidents import IncidentDraft, change_incident_state, open_incident
from investigations.enums import IncidentOrigin, IncidentState
from investigations.models import Incident, Investigation, Stance
from investigations.queries.loop import loop_of
from remediation.domain.approvals import decide
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.domain.verifying import verify
from remediation.enums import Decision
from remediation.executors.lab import LabExecutor
from remediation.executors.registry import override_executor
from remediation.models import (
    Action,
    ActionOutcome,
    AutonomyRecord,
    Execution,
    VerificationRun,
)
from tests.factories.lab import InProcessActions
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
HELPED = {
    "bad_release_latency": "rollback", "bad_release_errors": "rollback",
    "retry_storm": "revert_config", "pool_exhaustion": "raise_pool_limit",
    "lock_contention": "rollback", "memory_leak": "rollback", "cpu_throttling": "revert_config",
    "disk_full": "revert_config", "packet_loss": "rolling_restart",
    "certificate_expiry": "rolling_restart", "crash_loop": "rollback", "traffic_surge": "scale",
}  # fmt: skip


def approved(incident) -> Action:
    incident.catch_up()
    diagnosis = incident.investigation.diagnoses.order_by("-number")[0]
    action = plan_for(diagnosis.pk)
    assert action is not None
    mira = person("mira", "approver")
    decide(action_id=action.pk, person=mira, decision=Decision.APPROVE, seen_digest=action.digest)
    execute(action.pk)
    action.refresh_from_db()
    return action


def settle(action: Action) -> None:
    """Say that the settling ended a minute ago: simulated time has passed, Postgres' has not."""
    now = database_now()
    VerificationRun.objects.filter(action=action).update(settle_until=now - timedelta(seconds=60))


@pytest.mark.capability(47)
def test_a_log_says_how_far_an_incident_has_come(lab_incident, client) -> None:
    incident = lab_incident("disk_full")
    client.force_login(person("vi", "viewer"))
    page = client.get(f"/i/{incident.investigation.incident_id}/log/").content.decode()
    clocks = re.findall(r"<dt>(Observe|Orient|Decide)</dt><dd><time[^>]*>(\d\d:\d\d:\d\dZ)", page)
    assert [name for name, _ in clocks] == ["Observe", "Orient", "Decide"]
    assert "<dt>Act</dt><dd>not yet: a change begun" in page
    assert "<dt>Learn</dt><dd>not yet: an outcome known" in page


@pytest.mark.capability(47)
@pytest.mark.parametrize("slug", sorted(HELPED))
def test_the_planned_action_helps(slug, lab_incident) -> None:
    incident = lab_incident(slug)
    action = approved(incident)
    assert action.kind == HELPED[slug]
    assert action.state == "verifying", action.result
    incident.pass_time(240)
    settle(action)
    assert verify(action.pk) == "passed", action.verification.measurements
    action.refresh_from_db()
    incident.investigation.incident.refresh_from_db()
    assert action.state == "succeeded"
    assert incident.investigation.incident.state == "mitigated"
    assert ActionOutcome.objects.get(action=action).helped
    steps = loop_of(incident.investigation)
    assert [s.name for s in steps] == ["observe", "orient", "decide", "act", "learn"]
    times = [s.at for s in steps]
    assert all(times)
    assert times == sorted(times)


@pytest.mark.capability(60, 61, 65)
def test_what_does_not_help_is_undone(lab_incident, client) -> None:
    incident = lab_incident("bad_release_errors")
    diagnosis = incident.investigation.diagnoses.order_by("-number")[0]
    rows = [{"action": "scale", "resource": diagnosis.resource, "reason": "wrong on purpose",
             "change_id": ""}]  # fmt: skip
    wrong = type(diagnosis)(
        investigation=diagnosis.investigation, number=diagnosis.number + 1, step_key="wrong",
        verdict="likely_cause", fault_class=diagnosis.fault_class, treatments=rows,
        resource=diagnosis.resource, summary="A wrong plan", cited=diagnosis.cited,
        confidence=0.9, hypothesis=diagnosis.hypothesis,
    )  # fmt: skip
    wrong.save()
    kept: list[tuple[dict, dict]] = []
    seen = incident.client.describe(diagnosis.resource.rpartition("/")[2])
    AutonomyRecord.objects.create(kind="scale", service=diagnosis.resource, phase="autonomous")

    class Watched(LabExecutor):
        def execute(self, request, *, uid, version, key):
            intent = Execution.objects.get(key=key)
            kept.append((intent.action.undo_payload, {"uid": uid, "version": version}))
            return super().execute(request, uid=uid, version=version, key=key)

    with override_executor(Watched(InProcessActions(incident.client))):
        action = approved(incident)
    # What restores it is on record before anything is changed, and is what was there.
    assert kept[0][0]["replicas"] == seen["replicas"]
    assert kept[0][1] == {"uid": seen["uid"], "version": seen["resource_version"]}
    before = action.payload["replicas"]
    incident.pass_time(300)
    now = database_now()
    VerificationRun.objects.filter(action=action).update(
        settle_until=now - timedelta(seconds=120), deadline=now - timedelta(seconds=1)
    )
    assert verify(action.pk) == "failed"
    action.refresh_from_db()
    assert action.state == "undone"
    incident.pass_time(60)
    found = incident.client.describe(action.blast["workload"])
    assert found["replicas"] == action.undo_payload["replicas"] < before
    same = ("image", "config", "revision")
    assert {name: found[name] for name in same} == {name: seen[name] for name in same}
    assert not ActionOutcome.objects.get(action=action).helped
    entry = incident.investigation.entries.get(kind="action", key=str(action))
    assert (entry.data["state"], entry.data["helped"]) == ("undone", False)
    client.force_login(person("ray", "responder"))
    page = client.get(f"/i/{incident.investigation.incident_id}/").content.decode()
    assert (
        page.count(f"{action}, made for H{wrong.hypothesis.number}, did not help: doubt it.") == 2
    )
    trust = AutonomyRecord.objects.get(kind="scale", service=action.target)
    assert trust.phase == "assist", "one harm takes it back, in the database"
    assert str(action) in trust.reason


def test_the_timeline_tells_when_a_change_began_and_what_came_of_it(lab_incident, client) -> None:
    incident = lab_incident("bad_release_errors")
    board, action = incident.investigation, approved(incident)
    incident.pass_time(240)
    settle(action)
    assert verify(action.pk) == "passed"
    began = action.executions.get().started_at
    Investigation.objects.filter(pk=board.pk).update(lanes_until=database_now())
    entry = board.entries.get(kind="action", key="A1").data
    action.refresh_from_db()
    assert (entry["began_at"], entry["ended_at"]) == (
        began.isoformat(),
        action.ended_at.isoformat(),
    )
    client.force_login(person("vi", "viewer"))
    at = f"/i/{board.incident_id}/"
    link = f'<a href="{at}a/1/" aria-label="▶ A1 began at {began:%H:%M:%SZ}: '
    row = re.compile(
        rf">{began:%H:%M:%SZ}</time>(?:</a>)?</th><td>▶ A1 began: .*?<a href=\"{at}a/1/\">A1<"
    )
    for page in (at, f"{at}timeline/"):
        text = client.get(page).content.decode()
        assert link in text
        assert row.search(text)
        assert "✓ A1 verified" in text
        assert 'class="mark-action"' in text
    last = board.events.filter(payload__upsert__entries__has_key="action/A1")
    before = last.filter(payload__sentence__icontains="Measuring").latest("sequence").sequence
    then = client.get(f"{at}replay/?n={before}").content.decode()
    assert "▶ A1 began" in then
    assert "A1 verified" not in then
    # Another incident of the same resource tells it too, as done for this one.
    now = database_now()
    _, other = open_incident(
        IncidentDraft(
            title="x", symptom="x", resource=action.target, origin=IncidentOrigin.PRACTICE,
            started_at=began - timedelta(minutes=1), window_start=began - timedelta(minutes=5),
            window_end=now, baseline_start=began - timedelta(minutes=30),
            baseline_end=began - timedelta(minutes=5), telemetry={"kind": "lab"}, environment="prod",
        )
    )  # fmt: skip
    name = f"INC-{board.incident_id} A1"
    elsewhere = f"/i/{other.incident_id}/"
    for page in (elsewhere, f"{elsewhere}replay/"):
        text = client.get(page).content.decode()
        assert f'<a href="{at}a/1/" aria-label="▶ {name} began at {began:%H:%M:%SZ}: ' in text
    table = client.get(f"{elsewhere}timeline/").content.decode()
    assert re.search(rf"<td>✓ {name} verified: .*?<a href=\"{at}a/1/\">{name}<", table)
    with CaptureQueriesContext(connection) as once:
        client.get(elsewhere)
    for number in (7, 8):
        board.entries.create(kind="action", key=f"A{number}", data={**entry, "number": number})
    with CaptureQueriesContext(connection) as thrice:
        assert f"INC-{board.incident_id} A8 began" in client.get(elsewhere).content.decode()
    assert len(thrice) == len(once)
    Incident.objects.filter(pk=board.incident_id).update(state="resolved", resolved_at=began)
    assert name not in client.get(elsewhere).content.decode(), "the practice system began anew"


@pytest.mark.capability(65)
def test_after_a_verified_fix_nothing_more_is_proposed_and_no_way_back_is_gone_twice(
    lab_incident,
) -> None:
    incident = lab_incident("bad_release_errors")
    action = approved(incident)
    incident.pass_time(240)
    settle(action)
    assert verify(action.pk) == "passed"
    first, board = action.diagnosis, action.investigation
    # That it helped is weighed at once, and once, whoever posts something or nobody.
    run_open_work()
    assert drain(board.pk, timeout_seconds=60)
    assert board.events.filter(payload__sentence__endswith=": A1 helped").count() == 1
    told = Stance.objects.get(evidence__feature="treatment_helped", hypothesis=first.hypothesis)
    assert (told.evidence.source, told.weight_decibans) == ("A1", 6)
    run_open_work()
    again = board.diagnoses.order_by("-number")[0]
    assert (again.number, again.verdict) == (first.number + 1, "likely_cause")
    assert again.treatments == first.treatments
    assert plan_for(again.pk) is None
    change_incident_state(
        investigation_id=first.investigation_id, to=IncidentState.OPEN, author="person/mira",
        reason="It is back.",
    )  # fmt: skip
    second = plan_for(again.pk)
    assert second is None or second.kind != "rollback"
    assert action.kind == "rollback"
