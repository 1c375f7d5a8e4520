"""Two approvals, a denial and the kill switch racing on one action: exactly one outcome."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from remediation.domain import kill_switch
from remediation.domain.approvals import decide
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.enums import Decision
from remediation.errors import RemediationError
from remediation.models import Action, Execution, KillSwitch
from tests.factories.people import person
from tests.lab.practice import act

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
# How much later than the approvals the denial and the stop come: from a tie to clearly too late.
LATENESS = (0.0, 0.01, 0.03, 0.06, 0.12, 1.5)
ROUNDS = int(os.environ.get("SRE_RACE_ROUNDS", "15"))


@pytest.mark.capability(69)
def test_racing_decisions_have_one_outcome(lab_incident, settings) -> None:
    settings.COOLDOWN_SECONDS = 0
    incident = lab_incident("bad_release_latency")
    diagnosis = incident.investigation.diagnoses.order_by("-number")[0]
    people = [person(n, "approver") for n in ("ann", "ben", "cat", "dan")]
    outcomes: dict[str, int] = {}
    for number in range(ROUNDS):
        Execution.objects.update(started_at="2020-01-01T00:00:00Z")
        KillSwitch.objects.update(is_engaged=False)
        Action.objects.filter(state__in=["verifying", "running"]).update(state="superseded")
        Action.objects.filter(state="denied").update(state="superseded")
        action = plan_for(diagnosis.pk)
        assert action is not None
        calls_before = len(incident.world.applied)
        state = _race(action, people, late_seconds=LATENESS[number % len(LATENESS)])
        outcomes[state] = outcomes.get(state, 0) + 1
        ran = Execution.objects.filter(action=action, is_done=True).count()
        assert ran == len(incident.world.applied) - calls_before <= 1
        assert (state == "verifying") == (ran == 1)
        assert state in {"verifying", "denied", "halted"}
        if ran:
            _undo(incident.world, action)
    print(f"{ROUNDS} rounds: {outcomes}")
    assert sum(outcomes.values()) == ROUNDS
    assert 0 < outcomes.get("verifying", 0) < ROUNDS, "both sides must have won"


def _undo(world, action: Action) -> None:
    """Put the world back, so that the next round has the same to do."""
    request = dict(action.undo_payload)
    act(world, str(request.pop("action")), str(request.pop("workload")), **request)


def _race(action: Action, people, *, late_seconds: float) -> str:
    barrier = threading.Barrier(4)

    def together(work, late=0.0):
        def run() -> None:
            barrier.wait()
            time.sleep(late)
            try:
                work()
            except RemediationError:
                pass
            finally:
                connection.close()

        return run

    def approve(who):
        decide(
            action_id=action.pk, person=who, decision=Decision.APPROVE, seen_digest=action.digest
        )
        execute(action.pk)

    jobs = [
        together(lambda: approve(people[0])),
        together(lambda: approve(people[1])),
        together(lambda: decide(action_id=action.pk, person=people[2], decision=Decision.DENY,
                                seen_digest=action.digest, reason="no"), late_seconds),
        together(lambda: kill_switch.engage(person=people[3], reason="race"), late_seconds),
    ]  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: job(), jobs))
    # After the committed stop nothing may start, whoever asks.
    before = Execution.objects.filter(action=action, is_done=True).count()
    execute(action.pk)
    assert Execution.objects.filter(action=action, is_done=True).count() == before
    action.refresh_from_db()
    return str(action.state)
