"""Background scans on planted and on clean data, and what people do with what they find."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from agents.domain.scanning import run_scans
from agents.scans.alert_hygiene import Firing, judge
from agents.scans.memory_growth import find_growth
from investigations.domain.alert_drafts import AlertDraft
from investigations.domain.ingest import ingest_alert
from investigations.domain.lifecycle import take_lead
from investigations.enums import AlertStatus, IncidentState
from investigations.models import (
    AuditEntry,
    Incident,
    Investigation,
    PeriodicJob,
    ScanFinding,
    ScanName,
)
from telemetry.backends import broken_sources, override_sources
from telemetry.testing import MemoryData, open_memory_sources
from telemetry.types import ClusterState, Semantic, Series, SeriesRef, service
from tests.factories.people import person

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
MIB = 1024 * 1024
unit = pytest.mark.unit
integration = pytest.mark.integration


def firing(name: str, minute: float, *, lasts: float | None = 4, incident: int = 1,
           acted: bool = False, resource: str = "service/payments") -> Firing:  # fmt: skip
    at = START + timedelta(minutes=minute)
    end = None if lasts is None else at + timedelta(minutes=lasts)
    return Firing(name, resource, at, end, incident, acted)


@unit
def test_an_alert_that_flaps_is_told_once() -> None:
    rows = [firing("Latency", 60 * i, acted=True) for i in range(9)]
    rows += [firing("Disk", 60 * 24 * i, acted=True) for i in range(9)]
    rows += [firing("Errors", 60 * i + 20, lasts=90, acted=True) for i in range(9)]
    found = judge(rows)
    assert [(s.kind, s.names, s.count) for s in found] == [("flapping", ("Latency",), 9)]


@unit
def test_an_alert_that_nobody_ever_acted_on() -> None:
    rows = [firing("Cpu", 1500 * i, lasts=None, incident=i) for i in range(6)]
    assert [s.kind for s in judge(rows)] == ["never_actioned"]
    acted = [firing("Cpu", 1500 * i, lasts=None, incident=i, acted=i == 3) for i in range(6)]
    assert judge(acted) == []
    assert judge([firing("Cpu", 1500 * i, lasts=None, incident=1) for i in range(6)]) == []


@unit
def test_two_alerts_that_always_fire_together() -> None:
    rows = []
    for i in range(5):
        rows.append(firing("P99", 2000 * i, lasts=None, acted=True))
        rows.append(firing("Slow", 2000 * i + 0.5, lasts=None, acted=True))
        rows.append(firing("Other", 2000 * i + 30, lasts=None, acted=True))
        rows.append(firing("Slow", 2000 * i, lasts=None, acted=True, resource="service/cart"))
    found = judge(rows)
    assert [(s.kind, s.names, s.resource) for s in found] == [
        ("duplicates", ("P99", "Slow"), "service/payments")
    ]


def series(
    values, *, name: str = "cart", semantic: Semantic = Semantic.MEMORY_WORKING_SET_BYTES,
    end: datetime = START,
) -> Series:  # fmt: skip
    times = end.timestamp() - 120.0 * np.arange(len(values))[::-1]
    ref = SeriesRef(service(name), semantic.value, semantic, unit="bytes")
    return Series(ref, times, np.asarray(values, dtype=float))


def noise(level: float, share: float = 0.004, seed: int = 1) -> np.ndarray:
    return level * (1 + share * np.random.default_rng(seed).standard_normal(180))


LEAK = noise(400 * MIB) + np.linspace(0, 200 * MIB, 180)


@unit
def test_a_leak_is_found_with_the_time_that_is_left() -> None:
    limit = series(np.full(180, 800.0 * MIB), semantic=Semantic.MEMORY_LIMIT_BYTES)
    load = series(noise(50), semantic=Semantic.REQUEST_RATE)
    (found,) = find_growth([series(LEAK), limit, load])
    assert found.resource == service("cart")
    assert found.seconds_to_limit / 3600 == pytest.approx(6, rel=0.15)
    assert found.ramp.per_second * 3600 / MIB == pytest.approx(33.5, rel=0.1)


@unit
@pytest.mark.parametrize(
    "values",
    [
        noise(400 * MIB),
        noise(400 * MIB, share=0.05),
        noise(400 * MIB) * (1 + 0.2 * np.sin(np.linspace(0, 12 * np.pi, 180))),
        np.concatenate([LEAK[:120], noise(400 * MIB)[:60]]),
        noise(400 * MIB) + 100 * MIB * (np.arange(180) % 30) / 30,
        np.full(180, np.nan),
    ],
    ids=["flat", "noisy", "waves", "restarted", "collected", "nothing"],
)
def test_what_does_not_grow_is_not_found(values) -> None:
    assert find_growth([series(values)]) == []


@unit
def test_growth_that_the_load_explains_is_no_leak() -> None:
    load = series(noise(50) + np.linspace(0, 30, 180), semantic=Semantic.REQUEST_RATE)
    assert find_growth([series(LEAK), load]) == []


def receive(name: str, at: datetime, *, minutes: float | None = 3.0) -> int:
    for status in (AlertStatus.FIRING, *([AlertStatus.RESOLVED] if minutes else [])):
        is_over = status == AlertStatus.RESOLVED
        ends = at + timedelta(minutes=minutes) if is_over else None
        found = ingest_alert(
            AlertDraft(
                source="am", fingerprint=name, name=name, resource="service/payments",
                status=status, starts_at=at, ends_at=ends,
            ),
            telemetry={"kind": "recorded", "path": "nowhere"},
        )  # fmt: skip
    Incident.objects.filter(pk=found.incident.pk).update(
        state=IncidentState.RESOLVED, resolved_at=timezone.now()
    )
    return found.incident.pk


def scan_with(*found: Series) -> None:
    data = MemoryData(series=list(found), cluster=ClusterState(), changes=[])
    with override_sources(open_memory_sources(data)):
        run_scans(is_forced=True)


@integration
@pytest.mark.django_db
def test_stored_alerts_and_read_series_become_findings_once(client) -> None:
    now = timezone.now()
    for i in range(6):
        receive("PaymentsSlow", now - timedelta(hours=20 - 3 * i))
    for _ in range(2):
        scan_with(series(LEAK, end=now))
    rows = {f.scan: f for f in ScanFinding.objects.filter(resource="service/cart")}
    assert set(rows) == {"memory_growth"}
    kinds = {f.key.partition("/")[0] for f in ScanFinding.objects.filter(scan="alert_hygiene")}
    assert kinds == {"flapping", "never_actioned"}
    client.force_login(person("vi", "viewer"))
    page = client.get("/findings/").content.decode()
    assert "PaymentsSlow on payments flaps: 6 short firings in 24 h" in page
    assert "Memory of cart grows by" in page
    assert "Accept, I own it" not in page
    scan_with(series(noise(400 * MIB), end=now))
    assert ScanFinding.objects.get(scan="memory_growth").state == "gone"
    scan_with(series(LEAK, end=now))
    assert ScanFinding.objects.get(scan="memory_growth").state == "open"


@integration
@pytest.mark.django_db
def test_clean_data_say_so_with_the_times(client) -> None:
    now = timezone.now()
    incident = receive("PaymentsSlow", now - timedelta(hours=3))
    board = Investigation.objects.get(incident=incident)
    take_lead(investigation_id=board.pk, user=person("jo", "responder"))
    client.force_login(person("vi", "viewer"))
    assert "Not every scan has run yet" in client.get("/findings/").content.decode()
    scan_with(series(noise(400 * MIB), end=now))
    page = client.get("/findings/").content.decode()
    assert "All clear at" in page
    assert "Next scan" in page
    assert not ScanFinding.objects.exists()


@integration
@pytest.mark.django_db
def test_a_source_that_fails_lets_nothing_go_and_is_told(client) -> None:
    scan_with(series(LEAK, end=timezone.now()))
    with override_sources(broken_sources("prometheus", "no connection (refused)")):
        run_scans(is_forced=True)
    assert ScanFinding.objects.get(scan="memory_growth").state == "open"
    client.force_login(person("vi", "viewer"))
    page = client.get("/findings/").content.decode()
    assert "no connection (refused)" in page
    assert PeriodicJob.objects.get(name="scan.alert_hygiene").error == ""


def plant(count: int = 1) -> ScanFinding:
    for i in range(count):
        row = ScanFinding.objects.create(
            scan=ScanName.MEMORY_GROWTH, key=f"service/s{ScanFinding.objects.count()}-{i}",
            title="Memory <b>grows</b>", resource="service/cart", window_start=START,
            window_end=START + timedelta(hours=6),
        )  # fmt: skip
    return row


@integration
@pytest.mark.django_db
def test_people_accept_dismiss_with_a_reason_and_open_incidents(client) -> None:
    row = plant()
    address = f"/findings/{row.pk}/"
    client.force_login(person("vi", "viewer"))
    assert client.post(address, {"to": "accepted"}).status_code == 403
    assert client.post(f"{address}incident/").status_code == 403
    assert "<b>grows" not in client.get("/findings/").content.decode()
    client.force_login(person("jo", "responder"))
    assert client.post(address, {"to": "dismissed"}).status_code == 422
    assert client.post(address, {"to": "gone"}).status_code == 422
    assert client.post("/findings/0/", {"to": "accepted"}).status_code == 404
    for _ in range(2):
        assert client.post(address, {"to": "accepted"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.owner) == ("accepted", "jo")
    first = client.post(f"{address}incident/")
    assert client.post(f"{address}incident/").headers["Location"] == first.headers["Location"]
    assert Incident.objects.get().resource == "service/cart"
    client.post(address, {"to": "dismissed", "reason": "A cache that fills"})
    page = client.get("/findings/?state=dismissed").content.decode()
    assert "A cache that fills" in page
    verbs = list(
        AuditEntry.objects.filter(verb__startswith="finding.").values_list("verb", flat=True)
    )
    assert sorted(verbs) == ["finding.accepted", "finding.dismissed"]


@integration
@pytest.mark.django_db
def test_as_many_queries_for_three_as_for_one(client, django_assert_max_num_queries) -> None:
    client.force_login(person("jo", "responder"))
    plant()
    client.get("/findings/")
    with django_assert_max_num_queries(99) as one:
        client.get("/findings/")
    plant(2)
    with django_assert_max_num_queries(99) as three:
        client.get("/findings/")
    assert len(one) == len(three)


@integration
@pytest.mark.django_db
def test_a_responder_lets_the_scans_look_at_once_but_not_again_and_again(client) -> None:
    run_scans(is_forced=True)
    jobs = PeriodicJob.objects.filter(name__startswith="scan.")
    client.force_login(person("vic", "viewer"))
    assert client.post("/findings/scan/").status_code == 403
    assert "Scan now" not in client.get("/findings/").content.decode()
    client.force_login(person("rosa", "responder"))
    answer = client.post("/findings/scan/")
    assert (answer.status_code, "less than a minute ago" in answer.content.decode()) == (422, True)
    jobs.update(attempted_at=timezone.now() - timedelta(minutes=2), lease_until=None)
    assert client.post("/findings/scan/").status_code == 302
    assert "it begins within seconds" in client.get("/findings/").content.decode()
    assert client.post("/findings/scan/").status_code == 422, "asked for already"
    assert AuditEntry.objects.filter(verb="scan.asked_for", actor="person/rosa").count() == 1
    assert all(outcome is not None for outcome in run_scans().values()), "due although it is early"
    jobs.update(attempted_at=timezone.now() - timedelta(minutes=2))
    jobs.update(lease_until=timezone.now() + timedelta(minutes=1))
    assert "running now" in client.post("/findings/scan/").content.decode()
