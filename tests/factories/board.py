"""A bare board."""

from datetime import UTC, datetime, timedelta

from investigations.domain.incidents import IncidentDraft, open_incident
from investigations.enums import IncidentOrigin
from investigations.models import Investigation

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def open_board(title: str = "payments is slow") -> Investigation:
    """Return the investigation of a fresh incident that asks nothing."""
    _, investigation = open_incident(
        IncidentDraft(
            title=title, symptom=title, resource="service/payments", origin=IncidentOrigin.MANUAL,
            started_at=NOON, window_start=NOON - timedelta(minutes=10), window_end=NOON,
            baseline_start=NOON - timedelta(minutes=30), baseline_end=NOON - timedelta(minutes=10),
            telemetry={"kind": "recorded", "path": "nowhere"},
        )
    )  # fmt: skip
    return investigation
