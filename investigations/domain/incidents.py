"""Opening incidents from alerts and by hand, merging alerts, and an incident's states."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from investigations.domain import grouping
from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.domain.journal import BoardWriter, writing
from investigations.domain.reports import write_draft
from investigations.domain.severity import SeverityFacts, compute_severity
from investigations.domain.transitions import move
from investigations.enums import (
    AlertStatus,
    BoardEventKind,
    IncidentOrigin,
    IncidentState,
)
from investigations.errors import BoardError
from investigations.jobs import enqueue_embedding
from investigations.models import Alert, Incident, Investigation
from investigations.queries import objects
from investigations.signals import incident_changed, incident_opened
from telemetry.redaction import redact

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LOOKBACK = timedelta(minutes=10)
MAX_REASON = 500
BASELINE = timedelta(minutes=20)
# What has fired for longer is examined as it is now: telemetry of its beginning is mostly gone.
LONGEST_AGO = timedelta(days=7)


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


@dataclass(frozen=True, slots=True)
class IncidentDraft:
    """An incident to be opened by hand, by practice or from a recording."""

    title: str
    resource: str
    origin: IncidentOrigin
    started_at: datetime
    window_start: datetime
    window_end: datetime
    baseline_start: datetime
    baseline_end: datetime
    telemetry: dict[str, str]
    symptom: str = ""
    semantic: str = ""
    environment: str = ""
    severity_label: str = ""


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of an alert. ``is_repeat``: this delivery changed nothing."""

    incident: Incident
    investigation: Investigation
    is_new_incident: bool
    is_repeat: bool


def ingest_alert(
    draft: AlertDraft,
    *,
    telemetry: dict[str, str],
    origin: IncidentOrigin = IncidentOrigin.ALERT,
) -> IngestResult | None:
    """Record an alert: a repeat, an update, a new alert of an open incident, or a new incident.

    One transaction; a resolved alert that was never seen firing is dropped (None). Idempotent by
    (source, fingerprint, starts_at). Emits: ``incident_opened`` or ``incident_changed``.
    """
    with transaction.atomic(durable=not transaction.get_connection().in_atomic_block):
        known = _known(draft)
        if known is None:
            if draft.status == AlertStatus.RESOLVED:
                return None
            grouping.lock_grouping()
            # Another delivery of the same firing may have been first to the lock.
            known = _known(draft)
        if known is not None:
            return _repeat(known, draft)
        found = grouping.find_incident(
            resource=draft.resource,
            starts_at=draft.starts_at,
            environment=draft.environment,
        )
        if found is not None:
            return _join(found, draft)
        return _open_from_alert(draft, telemetry=telemetry, origin=origin)


def _known(draft: AlertDraft) -> Alert | None:
    return (
        Alert.objects.select_for_update(of=("self",))
        .filter(source=draft.source, fingerprint=draft.fingerprint, starts_at=draft.starts_at)
        .select_related("incident")
        .first()
    )


def _repeat(alert: Alert, draft: AlertDraft) -> IngestResult:
    investigation = latest_investigation(alert.incident)
    is_news = draft.status != alert.status or draft.ends_at != alert.ends_at
    if draft.status == AlertStatus.FIRING and alert.status == AlertStatus.FIRING:
        is_news = False
    Alert.objects.filter(pk=alert.pk).update(deliveries=F("deliveries") + 1)
    if is_news:
        alert.status, alert.ends_at = draft.status, draft.ends_at
        alert.save(update_fields=["status", "ends_at"])
        with writing(investigation.pk) as board:
            _record_alert(board, alert, f"{alert.name} on {alert.resource} {alert.status}")
            _settle(board)
        _tell_change(investigation.pk)
    return IngestResult(alert.incident, investigation, is_new_incident=False, is_repeat=not is_news)


def _join(incident: Incident, draft: AlertDraft) -> IngestResult:
    investigation = latest_investigation(incident)
    with writing(investigation.pk) as board:
        alert = _create_alert(incident, draft)
        _record_alert(board, alert, f"Alert joined: {alert.name} on {alert.resource}")
        _grade(board, draft)
    _tell_change(investigation.pk)
    return IngestResult(incident, investigation, is_new_incident=False, is_repeat=False)


def _open_from_alert(
    draft: AlertDraft, *, telemetry: dict[str, str], origin: IncidentOrigin
) -> IngestResult:
    now = database_now()
    is_old = draft.starts_at < now - LONGEST_AGO
    # The alert keeps the time that was sent: with it a repeat is known again.
    began = now if is_old else draft.starts_at
    opened = IncidentDraft(
        title=(draft.summary or f"{draft.name} on {draft.resource.rpartition('/')[2]}")[:300],
        symptom=draft.summary,
        resource=draft.resource,
        semantic=draft.semantic,
        environment=draft.environment,
        severity_label=draft.severity_label,
        origin=origin,
        started_at=began,
        window_start=began - LOOKBACK,
        window_end=max(now, began + timedelta(minutes=1)),
        baseline_start=began - LOOKBACK - BASELINE,
        baseline_end=began - LOOKBACK,
        telemetry=telemetry,
    )
    incident, investigation = _create(opened, user=None, value=draft.value)
    with writing(investigation.pk) as board:
        alert = _create_alert(incident, draft)
        sentence = f"Alert: {alert.name} on {alert.resource}"
        if is_old:
            since = f"{draft.starts_at:%Y-%m-%d %H:%M} UTC"
            sentence += (
                f". It fires since {since}, over {LONGEST_AGO.days} days: examined as of now"
            )
        _record_alert(board, alert, sentence)
    return IngestResult(incident, investigation, is_new_incident=True, is_repeat=False)


def open_incident(
    draft: IncidentDraft, *, user: "User | None" = None
) -> tuple[Incident, Investigation]:
    """Open an incident by hand, for practice or from a recording, and its investigation.

    Not idempotent: each call opens one. Emits: ``incident_opened`` after commit.
    """
    with transaction.atomic():
        return _create(draft, user=user, value=None)


def _create(
    draft: IncidentDraft, *, user: "User | None", value: float | None
) -> tuple[Incident, Investigation]:
    severity, reasons = compute_severity(
        SeverityFacts(
            label=draft.severity_label,
            is_user_facing=grouping.is_user_facing(draft.resource),
            semantic=draft.semantic,
            value=value,
        )
    )
    incident = Incident.objects.create(
        title=redact(draft.title, limit=300),
        symptom=redact(draft.symptom, limit=500),
        severity=severity,
        severity_reasons=reasons,
        origin=draft.origin,
        resource=draft.resource,
        semantic=draft.semantic,
        environment=draft.environment,
        started_at=draft.started_at,
        opened_by=user,
    )
    investigation = Investigation.objects.create(
        incident=incident,
        telemetry=draft.telemetry,
        window_start=draft.window_start,
        window_end=draft.window_end,
        baseline_start=draft.baseline_start,
        baseline_end=draft.baseline_end,
    )
    author = f"person/{user.get_username()}" if user else "system"
    with writing(investigation.pk) as board:
        board.record(
            BoardEventKind.INCIDENT_CHANGED,
            author=author,
            sentence=f"INC-{incident.pk} opened: {incident.title}",
            upsert={
                "incident": {"incident": objects.incident_object(incident)},
                "investigation": {
                    "investigation": objects.investigation_object(board.investigation)
                },
            },
        )
    record_audit(actor=author, verb="incident.opened", subject=f"incident/{incident.pk}")
    enqueue_embedding(incident.pk)
    transaction.on_commit(
        partial(
            incident_opened.send_robust,
            sender=Investigation,
            investigation_id=investigation.pk,
        )
    )
    return incident, investigation


def _create_alert(incident: Incident, draft: AlertDraft) -> Alert:
    return Alert.objects.create(
        incident=incident,
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


def _record_alert(board: BoardWriter, alert: Alert, sentence: str) -> None:
    board.record(
        BoardEventKind.ALERT_CHANGED,
        author="system",
        sentence=sentence,
        upsert={"alerts": {str(alert.pk): objects.alert_object(alert)}},
    )


def _grade(board: BoardWriter, draft: AlertDraft) -> None:
    """Raise the severity when a joined alert calls for it; it never falls by itself."""
    incident = board.investigation.incident
    severity, reasons = compute_severity(
        SeverityFacts(
            label=draft.severity_label,
            affected_count=grouping.alerting_resources(incident),
            is_user_facing=grouping.is_user_facing(draft.resource),
            semantic=draft.semantic,
            value=draft.value,
        )
    )
    if severity < incident.severity:
        incident.severity, incident.severity_reasons = severity, reasons
        incident.save(update_fields=["severity", "severity_reasons"])
        _record_incident(board, f"Severity raised to {severity.label}")


def _settle(board: BoardWriter) -> None:
    """Follow the alerts: none fires any more means mitigated; one fires again means open."""
    incident = board.investigation.incident
    is_firing = incident.alerts.filter(status=AlertStatus.FIRING).exists()
    if not is_firing and incident.state == IncidentState.OPEN:
        move(incident, IncidentState.MITIGATED, mitigated_at=board.now)
        _record_incident(board, "No alert fires any more: mitigated")
    elif is_firing and incident.state == IncidentState.MITIGATED:
        move(incident, IncidentState.OPEN, mitigated_at=None)
        _record_incident(board, "An alert fires again: open")


def _record_incident(board: BoardWriter, sentence: str, author: str = "system") -> None:
    incident = board.investigation.incident
    board.record(
        BoardEventKind.INCIDENT_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"incident": {"incident": objects.incident_object(incident)}},
    )


def _tell_change(investigation_id: int) -> None:
    transaction.on_commit(
        partial(
            incident_changed.send_robust,
            sender=Incident,
            investigation_id=investigation_id,
        )
    )


def change_incident_state(
    *, investigation_id: int, to: IncidentState, author: str, reason: str
) -> Incident:
    """Mark an incident mitigated, resolved or open again, with the reason.

    Raises:
        IllegalTransition: The incident may not move that way.
        BoardError: The reason is longer than 500 characters.
    """
    if len(reason) > MAX_REASON:
        raise BoardError(
            f"At most {MAX_REASON} characters for the reason; yours has {len(reason)}."
        )
    reason = redact(reason, limit=MAX_REASON)
    with writing(investigation_id) as board:
        incident = board.investigation.incident
        times: dict[str, object] = {
            IncidentState.OPEN: {"mitigated_at": None, "resolved_at": None},
            IncidentState.MITIGATED: {"mitigated_at": board.now},
            IncidentState.RESOLVED: {
                "resolved_at": board.now,
                "resolution": reason,
            },
        }
        move(incident, to, **times[to])  # type: ignore[arg-type]  # each value is a field mapping
        _record_incident(board, f"INC-{incident.pk} {to.label}: {reason}", author)
        record_audit(
            actor=author,
            verb=f"incident.{to.value}",
            subject=f"incident/{incident.pk}",
            detail={"reason": reason},
        )
        if to == IncidentState.RESOLVED:
            write_draft(board)
        enqueue_embedding(incident.pk)
        _tell_change(investigation_id)
    return incident


def latest_investigation(incident: Incident) -> Investigation:
    """Return the incident's newest investigation. Every incident has one."""
    return incident.investigations.order_by("-id")[0]


def close_practice(*, author: str) -> int:
    """Resolve every open practice incident: the lab begins anew. Returns how many.

    Without it the next scenario's alerts would join the last one's incident: they are near in
    topology and in time.
    """
    rows = Incident.objects.filter(origin=IncidentOrigin.PRACTICE).exclude(
        state=IncidentState.RESOLVED
    )
    count = 0
    for incident in rows[:50]:
        change_incident_state(
            investigation_id=latest_investigation(incident).pk,
            to=IncidentState.RESOLVED,
            author=author,
            reason="Another practice incident was started.",
        )
        count += 1
    return count
