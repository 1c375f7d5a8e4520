"""Leases that are kept, steps that fail for good, budgets, silence: the run goes on and says so."""

import time
from datetime import timedelta

import pytest
from django.db import transaction

from agents.domain import dispatch, open_work, rounds
from agents.domain.drain import drain
from agents.domain.leases import MAX_CLAIMS, claim, fence_of, is_worn_out, keeping, release
from agents.domain.open_work import DEADLINE, run_open_work
from agents.enums import WorkKind, WorkState
from agents.models import WorkItem
from investigations.domain import runs
from investigations.domain.clock import database_now
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.enums import AlertStatus, DiagnosisVerdict, EvidenceKind
from investigations.errors import StaleLease
from investigations.models import Alert, Evidence, Investigation
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def waiting(lab_incident) -> Investigation:
    """Return an investigation whose first item waits to be claimed."""
    investigation = lab_incident("bad_release_latency", is_worked=False).investigation
    rounds.open_investigation(investigation.pk)
    return investigation


def test_a_step_longer_than_its_lease_keeps_it(waiting, settings) -> None:
    settings.LEASE_SECONDS = 0.3
    item = claim(investigation_id=waiting.pk)
    with keeping(item):
        time.sleep(0.8)
        assert claim(investigation_id=waiting.pk) is None
        with transaction.atomic():
            fence_of(item)()


@pytest.mark.capability(72)
def test_a_lease_that_nobody_keeps_is_taken_over_and_fences_the_old_worker(
    waiting, settings
) -> None:
    settings.LEASE_SECONDS = 0.1
    item = claim(investigation_id=waiting.pk)
    time.sleep(0.3)
    taken = claim(investigation_id=waiting.pk)
    assert taken is not None
    assert taken.epoch == item.epoch + 1
    with pytest.raises(StaleLease), transaction.atomic():
        fence_of(item)()


def test_a_failed_step_waits_before_it_is_tried_again(waiting) -> None:
    item = claim(investigation_id=waiting.pk)
    assert release(item, "broken") is False
    assert claim(investigation_id=waiting.pk) is None
    WorkItem.objects.filter(pk=item.pk).update(not_before=database_now() - timedelta(seconds=1))
    assert claim(investigation_id=waiting.pk) is not None


def test_a_step_that_ends_its_worker_each_time_becomes_a_gap_and_the_run_ends(waiting) -> None:
    WorkItem.objects.filter(investigation=waiting).update(attempts=MAX_CLAIMS)
    item = WorkItem.objects.get(investigation=waiting)
    assert dispatch.work(item_id=item.pk)
    item.refresh_from_db()
    assert is_worn_out(item)
    assert item.state == WorkState.POISONED
    gap = Evidence.objects.get(investigation=waiting, kind=EvidenceKind.GAP)
    assert "it ended its worker each time" in gap.claim
    assert drain(waiting.pk, timeout_seconds=90)
    waiting.refresh_from_db()
    assert waiting.is_over
    assert waiting.diagnoses.exists()


def test_budget_used_up_is_said_and_more_of_it_goes_on(lab_incident) -> None:
    investigation = lab_incident("bad_release_latency", is_worked=False).investigation
    Investigation.objects.filter(pk=investigation.pk).update(budget_queries=1)
    assert drain(investigation.pk, timeout_seconds=60)
    first = investigation.diagnoses.order_by("-number").first()
    assert first.verdict == DiagnosisVerdict.INCONCLUSIVE
    assert any("budget was used up" in gap["text"] for gap in first.gaps)
    assert any("Add budget" in step for step in first.next_steps)
    runs.add_budget(investigation_id=investigation.pk, user=person("mira", "responder"),
                    queries=1000)  # fmt: skip
    rounds.wake(investigation.pk)
    assert drain(investigation.pk, timeout_seconds=90)
    last = investigation.diagnoses.order_by("-number").first()
    assert last.number > first.number
    assert last.verdict == DiagnosisVerdict.LIKELY_CAUSE
    assert last.fault_class == "bad_release"


def test_a_run_that_stands_still_says_so_once_per_round(waiting) -> None:
    long_ago = database_now() - DEADLINE - timedelta(minutes=1)
    Investigation.objects.filter(pk=waiting.pk).update(started_at=long_ago)
    WorkItem.objects.filter(investigation=waiting).update(
        created_at=long_ago, state=WorkState.LEASED,
        lease_until=database_now() + timedelta(minutes=5),
    )  # fmt: skip
    run_open_work()
    run_open_work()
    gaps = Evidence.objects.filter(investigation=waiting, kind=EvidenceKind.GAP)
    assert [g.feature for g in gaps] == ["gap_progress"]
    assert "scope" in gaps[0].claim


def test_a_source_kind_that_nobody_knows_is_a_gap_and_the_run_ends(lab_incident) -> None:
    incident = lab_incident("bad_release_latency", is_worked=False)
    investigation = incident.investigation
    incident.stack.close()
    Investigation.objects.filter(pk=investigation.pk).update(telemetry={"kind": "carrier-pigeon"})
    assert drain(investigation.pk, timeout_seconds=60)
    latest = investigation.diagnoses.order_by("-number").first()
    assert latest.verdict == DiagnosisVerdict.INCONCLUSIVE
    assert latest.gaps
    kinds = set(investigation.work_items.values_list("kind", flat=True))
    assert WorkKind.RECONCILE.value in kinds


def test_a_verdict_on_the_first_samples_is_looked_at_once_more(lab_incident, monkeypatch) -> None:
    investigation = lab_incident("bad_release_errors").investigation
    first = investigation.diagnoses.get()
    assert rounds.reenter(investigation.pk) is False
    # As if the page had come a second before the verdict, and the data had settled since.
    for module in (rounds, open_work):
        monkeypatch.setattr(module, "LOOK_AGAIN", timedelta(seconds=3))
    incident = investigation.incident
    type(incident).objects.filter(pk=incident.pk).update(
        started_at=first.reached_at - timedelta(seconds=1)
    )
    assert rounds.reenter(investigation.pk) is False, "it has not settled yet"
    time.sleep(2.2)
    run_open_work()
    assert drain(investigation.pk, timeout_seconds=60)
    investigation.refresh_from_db()
    assert (investigation.round, investigation.diagnoses.count()) == (1, 2)
    assert rounds.reenter(investigation.pk) is False, "once is enough"


def test_alerts_that_come_and_go_begin_rounds_ever_more_seldom() -> None:
    pauses = [rounds.pause_after(looks).total_seconds() for looks in (1, 3, 4, 5, 6, 99)]
    assert pauses == [0, 0, 60, 120, 240, 900]


def test_an_alert_that_burns_on_without_a_cause_is_looked_at_again(
    lab_incident, monkeypatch
) -> None:
    investigation = lab_incident("bad_release_errors").investigation
    incident = investigation.incident
    unsure = DiagnosisDraft(DiagnosisVerdict.INCONCLUSIVE, "No cause found.")
    reach_diagnosis(investigation_id=investigation.pk, draft=unsure, step_key="t", author="agent/t")
    alerts = Alert.objects.filter(incident=incident)
    alerts.create(
        incident=incident, source="test", fingerprint="1", name="Errors", status="resolved",
        resource=incident.resource, starts_at=incident.started_at, received_at=incident.started_at,
    )  # fmt: skip
    run_open_work()
    assert rounds.reenter(investigation.pk) is False, "nothing burns"
    alerts.update(status=AlertStatus.FIRING)
    assert rounds.reenter(investigation.pk) is False, "it has only just looked"
    for module in (rounds, open_work):
        monkeypatch.setattr(module, "FIRST_PAUSE", timedelta(0))
    Investigation.objects.filter(pk=investigation.pk).update(budget_queries=1)
    run_open_work()
    assert investigation.work_items.filter(round=1).count() == 0, "the budget is used up"
    Investigation.objects.filter(pk=investigation.pk).update(budget_queries=1000)
    run_open_work()
    assert drain(investigation.pk, timeout_seconds=60)
    last = investigation.diagnoses.order_by("-number").first()
    assert (last.number, last.verdict) == (3, DiagnosisVerdict.LIKELY_CAUSE)
    assert rounds.reenter(investigation.pk) is False, "a cause is known"
