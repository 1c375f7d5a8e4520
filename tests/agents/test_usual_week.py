"""What is usual depends on the hour of the week; nothing is said of an hour that is hardly known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agents.detectors.usual_week import HOURS, MIN_SAMPLES, UsualWeek, hour_of_week, name_of_hour
from agents.domain.scanning import run_scans
from agents.models import UsualHours
from investigations.models import ScanFinding, ScanName
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.backends import override_sources
from telemetry.types import ClusterState, Semantic, Series, SeriesRef, service

MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
STEP = 300
# A busy afternoon and a quiet night, as of any shop.
BUSY, QUIET = 200.0, 10.0


def usual_requests(at: np.ndarray, seed: int = 3) -> np.ndarray:
    hours = (at // 3600) % 24
    level = np.where((hours >= 9) & (hours < 21), BUSY, QUIET)
    return level * (1 + 0.05 * np.random.default_rng(seed).standard_normal(len(at)))


def learned(weeks: int = 4) -> UsualWeek:
    at = MONDAY.timestamp() + STEP * np.arange(weeks * 7 * 86_400 // STEP)
    week = UsualWeek()
    week.learn(at.tolist(), usual_requests(at).tolist())
    return week


@pytest.mark.capability(5)
@pytest.mark.unit
def test_a_week_has_168_hours_each_with_its_sigma_once_it_is_established() -> None:
    week = learned()
    assert len(week.buckets) == HOURS == 168
    assert [hour_of_week(MONDAY + timedelta(hours=h)) for h in range(200)] == [
        h % 168 for h in range(200)
    ]
    night, day = week.at(3), week.at(15)
    assert (night.mean, day.mean) == (pytest.approx(10, rel=0.05), pytest.approx(200, rel=0.05))
    assert (night.sigma, day.sigma) == (pytest.approx(0.5, rel=0.3), pytest.approx(10, rel=0.3))
    assert night.samples == 48
    assert name_of_hour(27) == "Tuesdays at 03:00Z"


@pytest.mark.capability(5)
@pytest.mark.unit
def test_an_hour_with_too_few_samples_is_not_established() -> None:
    week = UsualWeek()
    at = MONDAY.timestamp()
    for number in range(MIN_SAMPLES - 1):
        assert week.deviation(1e9, MONDAY) is None, number
        week.learn([at + number], [10.0 + number % 3])
    assert week.at(0) is None
    week.learn([at + 60], [float("nan")])
    assert week.deviation(1e9, MONDAY) is None, "an unknown sample is none"
    week.learn([at + 60], [10.0])
    assert week.deviation(1e9, MONDAY) > 100
    assert week.deviation(float("nan"), MONDAY) is None
    assert week.deviation(1e9, MONDAY + timedelta(hours=1)) is None


@pytest.mark.unit
def test_an_incident_does_not_become_usual_and_a_lasting_change_does() -> None:
    week, at = learned(), MONDAY.timestamp() + 3 * 3600
    week.learn([at + STEP * i for i in range(12)], [5000.0] * 12)
    assert week.at(3).mean < 12
    for later in range(60):
        week.learn([at + 7 * 86_400 * later + STEP * i for i in range(12)], [40.0] * 12)
    assert week.at(3).mean > 25


def scan(settings_now: datetime, value: float, monkeypatch) -> list[str]:
    """Scan with four weeks of usual load, and one level in the last hour. Returns the titles."""
    UsualHours.objects.all().delete()
    ScanFinding.objects.all().delete()
    start = settings_now - timedelta(days=28)
    at = start.timestamp() + STEP * np.arange(28 * 86_400 // STEP)
    values = np.where(at >= settings_now.timestamp() - 3600, value, usual_requests(at))
    ref = SeriesRef(service("shop"), "rps", Semantic.REQUEST_RATE, unit="per_second")
    data = MemoryData(series=[Series(ref, at, values)], cluster=ClusterState(), changes=[])
    for module in ("scan_hours", "scan_systems", "scan_history"):
        monkeypatch.setattr(f"agents.domain.{module}.database_now", lambda: settings_now)
    with override_sources(open_memory_sources(data)):
        for _ in range(5):  # A week at once.
            run_scans(is_forced=True)
    found = ScanFinding.objects.filter(scan=ScanName.UNUSUAL_HOUR, state="open")
    return list(found.values_list("title", flat=True))


@pytest.mark.capability(4, 99)
@pytest.mark.integration
@pytest.mark.django_db
def test_the_same_load_is_news_at_three_in_the_night_and_none_in_the_afternoon(
    monkeypatch, client
) -> None:
    night, day = MONDAY + timedelta(days=35, hours=3.5), MONDAY + timedelta(days=35, hours=15.5)
    told = "request rate of shop is above what is usual on Mondays at 03:00Z"
    assert scan(night, BUSY, monkeypatch) == [told]
    (kept,) = UsualHours.objects.all()
    assert len(kept.buckets) == 168
    assert scan(day, BUSY, monkeypatch) == []
    assert scan(night, QUIET, monkeypatch) == []
    (fewer,) = scan(day, QUIET, monkeypatch)
    assert "below what is usual on Mondays at 15:00Z" in fewer
