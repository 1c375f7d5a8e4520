"""A calm symptom alone is no recovery: users must be there, and the target must be well."""

import math
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from investigations.domain.clock import database_now
from remediation.domain.approvals import decide
from remediation.domain.execution import execute
from remediation.domain.planning import plan_for
from remediation.domain.verifying import verify
from remediation.enums import Decision
from remediation.enums import VerificationPhase as P
from remediation.executors.ports import TargetState
from remediation.models import Action, VerificationRun
from remediation.verification.health import check_health
from remediation.verification.measure import measure
from telemetry.adapters.memory import MemoryData
from telemetry.backends import override_sources
from telemetry.semantics import Semantic
from telemetry.testing import FakeTelemetry
from telemetry.types import ResourceRef, Series, SeriesRef
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def executed(incident):
    incident.catch_up()
    diagnosis = incident.investigation.diagnoses.order_by("-number")[0]
    action = plan_for(diagnosis.pk)
    assert action is not None
    mira = person("mira", "approver")
    decide(action_id=action.pk, person=mira, decision=Decision.APPROVE, seen_digest=action.digest)
    execute(action.pk)
    action.refresh_from_db()
    assert action.state == "verifying", action.result
    return action


@pytest.mark.capability(76)
@pytest.mark.parametrize(
    ("rate", "phase"), [(100.0, P.PASSED), (60.0, P.PASSED), (5.0, P.INCONCLUSIVE),
                        (0.0, P.INCONCLUSIVE), (math.nan, P.INCONCLUSIVE)],
)  # fmt: skip
def test_silence_is_no_recovery(rate, phase, lab_incident) -> None:
    investigation = lab_incident("bad_release_errors").investigation
    now = database_now()
    after = now - timedelta(minutes=2)
    with override_sources(after_the_act(investigation, after, rate=rate)):
        found, rows = measure(investigation, since=after, now=now, is_late=True)
    assert found == phase, rows
    assert {r.metric for r in rows} == {"error_ratio", "request_rate"}


def after_the_act(investigation, after, *, rate: float):
    """Errors are back at 0.1 % in each case; 100 requests a second came before."""
    resource = ResourceRef.parse(investigation.incident.resource)
    before = investigation.baseline_start.timestamp()
    steps = int(investigation.baseline_end.timestamp() - before) // 5
    times = [before + 5 * i for i in range(steps)]
    times += [after.timestamp() + 5 * i for i in range(24)]

    def series(semantic: Semantic, unit: str, values: list[float]) -> Series:
        ref = SeriesRef(resource=resource, name=str(semantic), semantic=semantic, unit=unit)
        return Series(ref=ref, times=np.array(times), values=np.array(values))

    rates = [100.0] * steps + [rate] * 24
    data = MemoryData(
        name="fake",
        series=[
            series(Semantic.ERROR_RATIO, "ratio", [0.001] * len(times)),
            series(Semantic.REQUEST_RATE, "per_second", rates),
        ],
    )
    return FakeTelemetry(data).sources


def test_a_target_that_is_not_ready_is_not_well(lab_incident) -> None:
    incident = lab_incident("crash_loop")
    action = executed(incident)
    incident.pass_time(240)
    assert check_health(action, is_late=False).phase == P.PASSED
    workload = incident.world.workloads[action.blast["workload"]]
    for pod in workload.pods[:1]:
        pod.crash_wait = 5
    assert check_health(action, is_late=False).phase == P.RUNNING
    assert check_health(action, is_late=True).phase == P.INCONCLUSIVE
    for pod in workload.pods:
        pod.crash_wait = 5
    dead = check_health(action, is_late=True)
    assert (dead.phase, dead.latest) == (P.FAILED, 0)


def test_a_target_that_cannot_be_seen_is_not_well(lab_incident) -> None:
    action = executed(lab_incident("bad_release_errors"))
    action.target = "service/nowhere"
    assert check_health(action, is_late=False).phase == P.RUNNING
    assert check_health(action, is_late=True).phase == P.INCONCLUSIVE


@pytest.mark.capability(64)
def test_a_calm_symptom_on_a_half_dead_target_waits_for_a_person(lab_incident) -> None:
    incident = lab_incident("bad_release_errors")
    action = executed(incident)
    incident.pass_time(240)
    incident.world.workloads[action.blast["workload"]].pods[0].crash_wait = 50
    now = database_now()
    VerificationRun.objects.filter(action=action).update(
        settle_until=now - timedelta(seconds=60), deadline=now - timedelta(seconds=1)
    )
    assert verify(action.pk) == P.INCONCLUSIVE
    action.refresh_from_db()
    assert action.state == "inconclusive"
    ready = action.verification.measurements[-1]
    assert (ready["metric"], ready["phase"]) == ("pods_ready", "inconclusive")


def test_a_rollout_under_way_is_waited_for(lab_incident) -> None:
    incident = lab_incident("bad_release_errors")
    action = executed(incident)
    early = check_health(action, is_late=False)
    assert early.phase == P.RUNNING
    incident.pass_time(240)
    assert check_health(action, is_late=False).phase == P.PASSED


@pytest.mark.capability(66)
@pytest.mark.parametrize(
    ("updated", "is_stuck", "early", "late"),
    [(3, False, P.PASSED, P.PASSED), (1, False, P.RUNNING, P.INCONCLUSIVE),
     (1, True, P.FAILED, P.FAILED)],
)  # fmt: skip
def test_the_old_pods_being_well_is_not_enough(
    monkeypatch: pytest.MonkeyPatch, updated, is_stuck, early, late
) -> None:
    state = TargetState(
        name="cart", uid="u1", version="3", replicas=3, ready=3, revision=2, image="cart:2",
        total_pods=30, updated=updated, is_stuck=is_stuck,
    )  # fmt: skip
    executor = SimpleNamespace(observe=lambda name: state)
    monkeypatch.setattr("remediation.verification.health.executor_for", lambda name: executor)
    action = Action(executor="kubernetes", target="service/cart")
    assert check_health(action, is_late=False).phase == early
    found = check_health(action, is_late=True)
    assert (found.phase, found.latest) == (late, updated)
