"""Each kind of detector finds its own fault, and says nothing where a release did no harm."""

from datetime import timedelta
from functools import cache

import pytest

from agents.case import Symptom
from agents.engine import investigate
from agents.enums import Presence
from agents.findings import Finding
from agents.scoping import build_case
from lab.inprocess import InProcessLabClient
from telemetry.adapters.lab import open_lab_sources
from telemetry.ask import guarded
from telemetry.types import TimeWindow
from tests.lab.practice import NOW, started

pytestmark = pytest.mark.unit
# What only looks for a thing that is there: a release that did harm is told by its change.
TYPES = {
    "memory": ("memory_leak", "memory_near_limit"),
    "latency": ("bad_release_latency", "latency_rise"),
    "error rate": ("bad_release_errors", "error_rise"),
    "traffic": ("traffic_surge", "traffic_rise"),
    "release": ("bad_release_errors", "deploy_before_onset"),
    "certificate": ("certificate_expiry", "certificate_expired"),
    "disk": ("disk_full", "disk_near_full"),
}
# Of each kind, a fault of quite another sort.
OTHERS = {
    "memory": "packet_loss", "latency": "disk_full", "error rate": "cpu_throttling",
    "traffic": "pool_exhaustion", "release": "certificate_expiry", "certificate": "disk_full",
    "disk": "memory_leak",
}  # fmt: skip


@cache
def found_in(slug: str) -> tuple[Finding, ...]:
    """Return everything that an investigation of the scenario's first alert finds."""
    world = started(slug)
    sources = guarded(open_lab_sources(InProcessLabClient(world)))
    first = sources.alerts.alerts(TimeWindow(world.at(world.truth.onset_step - 5), NOW)).data[0]
    window = TimeWindow(first.starts_at - timedelta(minutes=5), NOW)
    symptom = Symptom(first.resource, first.starts_at, first.summary, first.semantic)
    baseline = TimeWindow(window.start - timedelta(minutes=15), window.start)
    findings: list[Finding] = []
    investigate(build_case(sources, (symptom,), window, baseline), weighed=findings)
    return tuple(findings)


def present(slug: str, feature: str) -> set[str]:
    """Return where the feature is present."""
    return {str(f.resource) for f in found_in(slug)
            if f.feature == feature and f.presence is Presence.PRESENT}  # fmt: skip


@pytest.mark.capability(6)
@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_kind_of_detector_finds_its_fault_and_no_other(kind) -> None:
    slug, feature = TYPES[kind]
    assert started(slug).truth.resource in present(slug, feature)
    assert started(slug).truth.resource not in present(OTHERS[kind], feature)
    assert present(OTHERS[kind], feature) == set()
