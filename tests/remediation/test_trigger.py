"""What raised the alarm is what must be back; anything else being fine proves nothing."""

import math
from datetime import UTC, datetime

import pytest

from remediation.enums import VerificationPhase as P
from remediation.verification.meanings import READINGS, Reading, trigger_of
from remediation.verification.measure import measure
from telemetry.types import Semantic

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def _measured(incident, semantic: str, *, is_calm: bool):
    """Judge the time before anything was wrong, or the last minute of the fault."""
    investigation = incident.investigation
    investigation.incident.semantic = semantic
    incident.pass_time(60)
    now = investigation.baseline_end if is_calm else datetime.now(UTC)
    since = investigation.baseline_start if is_calm else investigation.window_end
    return measure(investigation, since=since, now=now, is_late=True)


@pytest.mark.capability(76)
@pytest.mark.parametrize("semantic", ["disk_used_ratio", "restarts_total", "replicas_ready"])
def test_the_triggering_series_is_judged_too(lab_incident, semantic) -> None:
    phase, rows = _measured(lab_incident("benign_deploy", is_worked=False), semantic, is_calm=True)
    assert phase is P.PASSED
    assert semantic in {r.metric for r in rows}


def test_a_trigger_that_is_not_back_is_no_success(lab_incident) -> None:
    phase, rows = _measured(
        lab_incident("disk_full", is_worked=False), "disk_used_ratio", is_calm=False
    )
    assert next(r for r in rows if r.metric == "disk_used_ratio").phase == P.INCONCLUSIVE
    assert phase is not P.PASSED


def test_a_trigger_that_cannot_be_read_is_no_success(lab_incident) -> None:
    incident = lab_incident("benign_deploy", is_worked=False)
    phase, _ = _measured(incident, "db_replication_lag_seconds", is_calm=True)
    assert phase is P.INCONCLUSIVE


def test_readings() -> None:
    counter, least = Reading(0.5, is_counter=True), Reading(1, is_lower_worse=True)
    assert counter.of([4, 4, 6, 0, 0]) == [0, 2, 0, 0]
    assert [math.isnan(v) for v in counter.of([1, math.nan, 1])] == [True, True]
    assert (least.of([3, 2]), least.back(-3)) == ([-3, -2], 3)


def test_what_has_no_better_and_worse_triggers_nothing() -> None:
    assert trigger_of("") is None
    assert trigger_of("request_rate") is None
    assert {Semantic.REQUEST_RATE, Semantic.MEMORY_LIMIT_BYTES} & set(READINGS) == set()
