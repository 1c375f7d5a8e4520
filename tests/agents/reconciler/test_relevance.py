"""What ended before the symptom was dated: part of it, or left over from something earlier."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.enums import AgentName, Presence
from agents.findings import Finding
from agents.reconciler.relevance import ALERT_DELAY, Relevance
from telemetry.results import Provenance
from telemetry.types import TelemetryKind, TimeWindow, service

pytestmark = pytest.mark.unit
BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def ramp(ended: datetime | None) -> Finding:
    """Memory that grew, until the process was killed for it."""
    window = TimeWindow(BEGAN - timedelta(hours=1), BEGAN + timedelta(minutes=5))
    return Finding(
        AgentName.RESOURCE, "memory_ramp", service("orders"), Presence.PRESENT,
        TelemetryKind.METRIC, "Memory grew.", Provenance("prometheus", TelemetryKind.METRIC, "memory", window, BEGAN),
        has_ended=ended is not None, ended_at=ended,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ended", "is_earlier"),
    [
        (None, False),
        (BEGAN + timedelta(minutes=1), False),
        (BEGAN - timedelta(seconds=30), False),
        (BEGAN - ALERT_DELAY - timedelta(seconds=1), True),
    ],
)
def test_a_leak_that_a_kill_ended_just_before_the_alert_is_part_of_it(ended, is_earlier) -> None:
    goes_on = Relevance(BEGAN, is_over=False, goes_on=True)
    assert goes_on.is_earlier(ramp(ended)) is is_earlier
    assert not Relevance(BEGAN, is_over=True, goes_on=False).is_earlier(ramp(ended))
