"""What stops an action between the approval and the call, and an undo before its own."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from investigations.domain.clock import database_now
from investigations.models import AuditEntry, Incident, Investigation
from remediation.domain import kill_switch
from remediation.domain.execution import act, claim, execute, resolve_unknown
from remediation.domain.feedback import give_feedback
from remediation.domain.sweep import sweep
from remediation.domain.verifying import verify
from remediation.errors import ExecutorError, GuardrailBlocked
from remediation.executors.lab import LabExecutor
from remediation.executors.registry import override_executor
from remediation.models import Action, ActionOutcome, Execution, KillSwitch, VerificationRun
from tests.factories.actions import approve, plan_action
from tests.factories.lab import InProcessActions
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


def _state(action: Action) -> str:
    action.refresh_from_db()
    return str(action.state)


@pytest.mark.capability(69)
@pytest.mark.parametrize("scope", ["global", "action/scale", "environment/prod"])
def test_a_stop_after_the_claim_still_stops_the_call(incident, scope) -> None:
    action = approve(plan_action(incident))
    execution = claim(action.pk)
    kill_switch.engage(person=person("ray", "responder"), scope=scope)
    act(execution)
    assert (_state(action), incident.world.applied) == ("halted", {})
    entry = action.investigation.entries.get(kind="action").data
    assert "began_at" not in entry, "nothing began that a timeline could show"


def test_a_stop_of_another_kind_stops_nothing_here(incident) -> None:
    action = approve(plan_action(incident))
    kill_switch.engage(person=person("ray", "responder"), scope="action/rollback")
    execute(action.pk)
    assert _state(action) == "verifying"


def test_engaging_any_scope_waits_for_a_call_in_flight(incident) -> None:
    action = approve(plan_action(incident))
    ray, order = person("ray", "responder"), []
    in_call, go_on = threading.Event(), threading.Event()

    class Slow(LabExecutor):
        def execute(self, request, *, uid, version, key):
            in_call.set()
            go_on.wait(10)
            order.append("called")
            return super().execute(request, uid=uid, version=version, key=key)

    def run() -> None:
        with override_executor(Slow(InProcessActions(incident.client))):
            execute(action.pk)
        connection.close()

    def stop() -> None:
        in_call.wait(10)
        threading.Timer(0.2, go_on.set).start()
        kill_switch.engage(person=ray, scope="action/scale")
        order.append("stopped")
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: job(), (run, stop)))
    assert order == ["called", "stopped"]


def test_a_switch_without_a_row_is_engaged_and_can_be_released(incident) -> None:
    action = approve(plan_action(incident))
    KillSwitch.objects.all().delete()
    execute(action.pk)
    assert (_state(action), incident.world.applied) == ("halted", {})
    client = Client()
    client.force_login(person("ann", "approver"))
    assert client.get("/autonomy/").status_code == client.get("/kill-switch/").status_code == 200
    viewer = Client()
    viewer.force_login(person("vi", "viewer"))
    refused = [
        viewer.post("/kill-switch/", {"do": do, "reason": "x"}) for do in ("engage", "release")
    ]
    assert [answer.status_code for answer in refused] == [403, 403]
    client.post("/kill-switch/", {"do": "release", "reason": "the row is back"})
    assert not KillSwitch.objects.get().is_engaged


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"total_pods": 9}, "over the cap"), ({"total_pods": 0}, "over the cap"),
        ({"uid": "another"}, "replaced"), ({"version": "9.9"}, "changed since"),
        ({"replicas": 5}, "another change"),
    ],
)  # fmt: skip
def test_the_radius_is_computed_again_before_it_runs(incident, changed, told) -> None:
    action = approve(plan_action(incident))

    class Moved(LabExecutor):
        def observe(self, target):
            return replace(super().observe(target), **changed)

    with override_executor(Moved(InProcessActions(incident.client))):
        execute(action.pk)
    assert (_state(action), incident.world.applied) == ("stale", {})
    assert told in action.result


def test_a_target_that_cannot_be_read_is_not_changed(incident) -> None:
    action = approve(plan_action(incident))

    class Blind(LabExecutor):
        def observe(self, target):
            raise ExecutorError("no answer")

    with override_executor(Blind(InProcessActions(incident.client))):
        execute(action.pk)
        assert (_state(action), incident.world.applied) == ("approved", {})
        assert "no answer Nothing ran yet. It is tried again until " in action.result
        told = action.investigation.events.filter(
            payload__sentence__icontains="no answer Nothing ran yet"
        )
        assert told.count() == 1
        execute(action.pk)
        assert told.count() == 1


def _ran(incident, count: int) -> None:
    """Let so many other changes have run in the incident's environment lately."""
    for number in range(count):
        action = plan_action(incident, "rolling_restart", service="users", number=number + 10)
        Action.objects.filter(pk=action.pk).update(state="succeeded", target=f"service/x{number}")
        Execution.objects.create(action=action, key=f"k{number}", is_done=True)


@pytest.mark.capability(67)
def test_two_workers_cannot_both_take_the_last_change_of_the_hour(incident) -> None:
    _ran(incident, 5)
    one = approve(plan_action(incident, number=1001), "ann")
    # The plan would be superseded by the next: as if it stood in another investigation.
    Action.objects.filter(pk=one.pk).update(state="succeeded")
    two = approve(plan_action(incident, service="users", number=1002), "ben")
    Action.objects.filter(pk=one.pk).update(state="approved")
    barrier = threading.Barrier(2)

    def run(action: Action) -> bool:
        barrier.wait()
        try:
            return claim(action.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, (one, two))) == [False, True]
    assert Execution.objects.count() == 6


def test_a_full_hour_says_when_the_next_may_run_and_practice_begins_anew(incident) -> None:
    _ran(incident, 6)
    action = plan_action(incident, number=1000)
    with pytest.raises(GuardrailBlocked, match=r"6 of 6 in all. From \d\d:\d\dZ on"):
        approve(action, "ann")
    Incident.objects.update(origin="alert")
    with pytest.raises(GuardrailBlocked):
        approve(action, "ben")
    # Practice of before does not count against what is real, nor against the next practice.
    other = Incident.objects.get()
    other.pk, other.origin, other.state = None, "practice", "resolved"
    other.save()
    copy = Investigation.objects.get()
    copy.pk, copy.incident = None, other
    copy.save()
    moved = Action.objects.exclude(pk=action.pk)
    moved.update(investigation=copy)
    assert approve(action, "cat").state == "approved"


def _judged_useless(incident) -> Action:
    """Return an action that has run and whose time to help is over."""
    action = approve(plan_action(incident))
    execute(action.pk)
    incident.pass_time(180)
    late = database_now() - timedelta(seconds=1)
    VerificationRun.objects.filter(action=action).update(
        settle_until=late - timedelta(seconds=100), deadline=late
    )
    return action


def _replicas(incident) -> int:
    return int(str(incident.client.describe("cart")["replicas"]))


def test_a_stopped_undo_does_not_run_when_the_stop_is_released(incident) -> None:
    action = _judged_useless(incident)
    kill_switch.engage(person=person("ray", "responder"))
    before = _replicas(incident)
    verify(action.pk)
    assert _state(action) == "halted"
    assert action.result.endswith("it stands. A person must judge.")
    give_feedback(action_id=action.pk, person=person("rea", "responder"), value="harmed")
    assert AuditEntry.objects.get(verb="action.judged").detail["autonomy_taken"] is False
    action.refresh_from_db()
    assert action.result.endswith("it stands. rea judged it: it did harm.")
    kill_switch.release(person=person("ann", "approver"), reason="fine")
    sweep()
    assert (_state(action), _replicas(incident)) == ("halted", before)
    assert not ActionOutcome.objects.get(action=action).helped


def test_an_undo_never_takes_back_what_somebody_changed_since(incident) -> None:
    action = _judged_useless(incident)
    incident.world.workloads["cart"].version += 1
    before = _replicas(incident)
    verify(action.pk)
    assert (_state(action), _replicas(incident)) == ("failed", before)
    assert not ActionOutcome.objects.get(action=action).helped


def test_an_undo_whose_answer_was_lost_is_read_and_not_repeated(incident) -> None:
    action = _judged_useless(incident)
    calls = []

    class Deaf(LabExecutor):
        def execute(self, request, *, uid, version, key):
            calls.append(key)
            super().execute(request, uid=uid, version=version, key=key)
            raise ExecutorError("connection reset")

    with override_executor(Deaf(InProcessActions(incident.client))):
        verify(action.pk)
        assert _state(action) == "verifying"
        verify(action.pk)
    assert (_state(action), len(calls)) == ("undone", 1)


@pytest.mark.capability(63)
def test_a_change_that_hangs_is_cut_off_looked_up_and_rolled_back(incident, settings) -> None:
    settings.EXECUTOR_DEADLINE_SECONDS = 0.3
    action, go_on, calls = approve(plan_action(incident)), threading.Event(), []
    before = _replicas(incident)

    class Hangs(LabExecutor):
        def execute(self, request, *, uid, version, key):
            calls.append(key)
            done = super().execute(request, uid=uid, version=version, key=key)
            go_on.wait(20)
            return done

    with override_executor(Hangs(InProcessActions(incident.client))):
        began = time.monotonic()
        execute(action.pk)
        assert time.monotonic() - began < 5
    assert (_state(action), _replicas(incident)) == ("unknown", action.payload["replicas"])
    assert "No answer within 0.3 s: the call was cut off." in action.result
    resolve_unknown(action, is_settled=False)
    assert _state(action) == "verifying"
    incident.pass_time(180)
    late = database_now() - timedelta(seconds=1)
    VerificationRun.objects.filter(action=action).update(
        settle_until=late - timedelta(seconds=100), deadline=late
    )
    verify(action.pk)
    go_on.set()
    assert (_state(action), _replicas(incident), len(calls)) == ("undone", before, 1)


@pytest.mark.capability(63)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("was_done", [True, False])
def test_a_call_that_dies_is_known_at_once_and_looked_up(incident, was_done) -> None:
    action = approve(plan_action(incident))
    in_call = threading.Event()

    class Dies(LabExecutor):
        def execute(self, request, *, uid, version, key):
            if was_done:
                super().execute(request, uid=uid, version=version, key=key)
            in_call.set()
            raise KeyError("a mistake of ours")

    def run() -> None:
        with override_executor(Dies(InProcessActions(incident.client))):
            execute(action.pk)
        connection.close()

    def stop() -> None:
        in_call.wait(10)
        kill_switch.engage(person=person("ray", "responder"), scope="action/rollback")
        connection.close()

    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: job(), (run, stop)))
    assert time.monotonic() - began < 10, "neither it nor the stop waits for the deadline of 30 s"
    assert _state(action) == "unknown"
    assert "The call died of an unexpected KeyError. Looking up" in action.result
    resolve_unknown(action)
    assert _state(action) == ("verifying" if was_done else "failed")
    assert len(incident.world.applied) == was_done
