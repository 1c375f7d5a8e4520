"""kill -9 between the intent, the call and its answer: at most one effect, settled by reading."""

import os
import random
import signal
import time
from collections import Counter

import pytest
from django.db import connections

from investigations.models import Diagnosis
from remediation.domain import sweep
from remediation.domain.approvals import decide
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.enums import Decision
from remediation.executors.registry import override_executor
from remediation.models import Action, Execution
from tests.factories.board import open_board
from tests.factories.people import person
from tests.real.test_executor import NAME, do, executor_of

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("real"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(1500),
]
POINTS = ("after_intent", "after_call")
KILLS = int(os.environ.get("SRE_EXECUTOR_KILLS", "12"))


@pytest.fixture
def diagnosis(kill_switch_row, settings) -> Diagnosis:
    settings.COOLDOWN_SECONDS = 0
    board = open_board()
    type(board).objects.filter(pk=board.pk).update(telemetry={"kind": "live"})
    board.refresh_from_db()
    resource = f"service/{NAME}"
    found = Diagnosis(
        investigation=board, number=1, step_key="real", verdict="likely_cause",
        fault_class="traffic_surge", resource=resource, summary="Too much traffic", cited=[],
        treatments=[{"action": "scale", "resource": resource, "reason": "more", "change_id": ""}],
    )  # fmt: skip
    found.save()
    return found


def test_killed_executors_act_at_most_once(production, diagnosis, settings, monkeypatch) -> None:
    monkeypatch.setattr(sweep, "CRASHED_AFTER", sweep.CRASHED_AFTER * 0)
    rng, approver = random.Random(11), person("mira", "approver")
    outcomes: Counter[str] = Counter()
    for number in range(KILLS):
        # A fresh one each time: a child must not share its parent's connections.
        executor = executor_of(production)
        with override_executor(executor):
            action = approved(diagnosis, approver)
            before = generation(production)
            settings.CRASH_AT = POINTS[number] if number < len(POINTS) else ""
            kill_while_executing(action, rng.uniform(0.0, 0.06))
            settings.CRASH_AT = ""
            executor = executor_of(production)
        with override_executor(executor):
            settle(action)
            effects = generation(production) - before
            action.refresh_from_db()
            outcomes[str(action.state)] += 1
            was_done = executor.find_by_key(f"sre-{action.pk}-{action.digest[:12]}", target=NAME)
            assert effects == (was_done is not None), (number, action.state)
            assert effects == (action.state == "verifying"), (number, action.state, action.result)
            if effects:
                do(executor, {"action": "scale", "replicas": 2}, f"sre-back-{number}")
    print(f"{KILLS} kills: {dict(outcomes)}; at most one effect each, all settled by reading")
    assert set(outcomes) <= {"verifying", "failed", "halted"}


def generation(production) -> int:
    return int(executor_of(production).observe(NAME).version)


def approved(diagnosis: Diagnosis, approver) -> Action:
    Execution.objects.update(started_at="2020-01-01T00:00:00Z")
    Action.objects.exclude(state="superseded").update(state="superseded")
    action = plan_for(diagnosis.pk)
    assert action is not None
    decide(
        action_id=action.pk, person=approver, decision=Decision.APPROVE, seen_digest=action.digest
    )
    return action


def kill_while_executing(action: Action, after_seconds: float) -> None:
    """Execute in a child process and kill it, at a point of the settings or after a while."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            execute(action.pk)
        finally:
            os._exit(0)
    began = time.monotonic()
    while time.monotonic() - began < 20:
        if Execution.objects.filter(action=action).exists():
            break
        time.sleep(0.002)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def settle(action: Action) -> None:
    """Let the periodic sweep find what the killed worker left."""
    for _ in range(20):
        sweep._sweep()
        action.refresh_from_db()
        if action.state not in {"running", "unknown", "approved"}:
            return
        time.sleep(0.2)
