"""Alerts as they are taken in: the draft, the row and the incident made of it, what the board says."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from investigations.domain.clock import database_now
from investigations.domain.incidents import IncidentDraft
from investigations.domain.severity import tells_of_data_loss
from investigations.enums import AlertStatus, IncidentOrigin
from investigations.models import Alert

LOOKBACK = timedelta(minutes=10)
BASELINE = timedelta(minutes=20)
# What has fired for longer is examined as it is now: telemetry of its beginning is mostly gone.
LONGEST_AGO = timedelta(days=7)
NAMED = 3
Key = tuple[str, str, datetime]


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """An alert as parsed from a source's payload. ``resource`` is a resource key."""

    source: str
    fingerprint: str
    name: str
    resource: str
    status: AlertStatus
    starts_at: datetime
    ends_at: datetime | None = None
    semantic: str = ""
    value: float | None = None
    severity_label: str = ""
    summary: str = ""
    environment: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What makes it one firing."""
        return self.source, self.fingerprint, self.starts_at


def row_of(draft: AlertDraft) -> Alert:
    """Return the row of a draft, not yet saved, of no incident yet."""
    return Alert(
        source=draft.source,
        fingerprint=draft.fingerprint,
        name=draft.name,
        resource=draft.resource,
        semantic=draft.semantic,
        status=draft.status,
        severity_label=draft.severity_label,
        summary=draft.summary[:500],
        labels=draft.labels,
        annotations=draft.annotations,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
    )


def sentence_of(alerts: Sequence[Alert], *, how: str) -> str:
    """Say of alerts that they joined, or (``how`` is empty) what they became."""
    if how:
        return joined_sentence([(a.name, a.resource) for a in alerts])
    if len(alerts) == 1:
        return f"{alerts[0].name} on {alerts[0].resource} {alerts[0].status}"
    kinds = Counter(f"{a.name} on {a.resource} {a.status}" for a in alerts)
    return f"{len(alerts)} alerts changed: {_named(kinds)}"


def joined_sentence(alerts: Sequence[tuple[str, str]]) -> str:
    """Say in one line that alerts (each a name and a resource) joined, whatever their number."""
    kinds = Counter(f"{name} on {resource}" for name, resource in alerts)
    if len(alerts) == 1:
        return f"Alert joined: {next(iter(kinds))}"
    return f"{len(alerts)} alerts joined: {_named(kinds)}"


def _named(kinds: Counter[str]) -> str:
    parts = [f"{kind} ({n})" if n > 1 else kind for kind, n in kinds.most_common(NAMED)]
    more = [f"and {len(kinds) - NAMED} more"] if len(kinds) > NAMED else []
    return ", ".join([*parts, *more])


def opening_sentence(alert: Alert, *, now: datetime) -> str:
    """Say with which alert an incident was opened."""
    sentence = f"Alert: {alert.name} on {alert.resource}"
    if alert.starts_at < now - LONGEST_AGO:
        since = f"{alert.starts_at:%Y-%m-%d %H:%M} UTC"
        sentence += f". It fires since {since}, over {LONGEST_AGO.days} days: examined as of now"
    return sentence


def opening_of(
    draft: AlertDraft, *, telemetry: dict[str, str], origin: IncidentOrigin
) -> IncidentDraft:
    """Return the incident that an alert opens, with its windows. One query: the time."""
    now = database_now()
    # The alert keeps the time that was sent: with it a repeat is known again.
    began = now if draft.starts_at < now - LONGEST_AGO else draft.starts_at
    return IncidentDraft(
        title=(draft.summary or f"{draft.name} on {draft.resource.rpartition('/')[2]}")[:300],
        symptom=draft.summary,
        resource=draft.resource,
        semantic=draft.semantic,
        environment=draft.environment,
        severity_label=draft.severity_label,
        is_data_lost=tells_of_data_loss(draft.name, draft.summary),
        origin=origin,
        started_at=began,
        window_start=began - LOOKBACK,
        window_end=max(now, began + timedelta(minutes=1)),
        baseline_start=began - LOOKBACK - BASELINE,
        baseline_end=began - LOOKBACK,
        telemetry=telemetry,
    )
