"""Opening incidents, and an incident's states. Alerts come in by :mod:`investigations.domain.ingest`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Max, Q
from django.db.models.functions import Now

from investigations.domain import grouping
from investigations.domain.audit import record_audit
from investigations.domain.handoff_ends import end_with_incident
from investigations.domain.journal import BoardWriter, writing
from investigations.domain.reports import write_draft
from investigations.domain.severity import (
    SeverityFacts,
    compute_severity,
    tells_of_data_loss,
)
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
from investigations.phrases import CLOSED_FOR_ANOTHER
from investigations.queries import objects
from investigations.queries.services import tiers_of
from investigations.signals import incident_changed, incident_opened
from telemetry.redaction import redact

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_REASON = 500
SAME_AGAIN = timedelta(seconds=30)


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
    is_data_lost: bool = False


def open_incident(
    draft: IncidentDraft, *, user: "User | None" = None
) -> tuple[Incident, Investigation]:
    """Open an incident by hand, for practice or from a recording, and its investigation.

    Not idempotent: each call opens one. Emits: ``incident_opened`` after commit.
    """
    with transaction.atomic():
        return create_incident(draft, user=user, value=None)


def open_by_hand(draft: IncidentDraft, *, user: "User") -> Incident:
    """Open an incident as :func:`open_incident`; a form that was sent twice opens one.

    The same title and resource by the same person within ``SAME_AGAIN`` is the same incident.
    """
    with transaction.atomic():
        # One person's forms take turns, so that the second of a double click sees the first.
        get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
        twin = Incident.objects.filter(
            opened_by=user, origin=draft.origin, resource=draft.resource,
            title=redact(draft.title, limit=300), opened_at__gt=Now() - SAME_AGAIN,
        ).first()  # fmt: skip
        return twin or open_incident(draft, user=user)[0]


def create_incident(
    draft: IncidentDraft, *, user: "User | None", value: float | None
) -> tuple[Incident, Investigation]:
    """As :func:`open_incident`, inside a transaction; ``value`` is that of the triggering series."""
    severity, reasons = compute_severity(
        SeverityFacts(
            label=draft.severity_label,
            is_user_facing=grouping.is_user_facing(draft.resource),
            semantic=draft.semantic,
            value=value,
            tier=tiers_of([draft.resource]).get(draft.resource, ""),
            is_data_lost=draft.is_data_lost or tells_of_data_loss(draft.title, draft.symptom),
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


def record_incident(board: BoardWriter, sentence: str, author: str = "system") -> None:
    """Put the incident as it now is on the board, inside an open journal."""
    incident = board.investigation.incident
    board.record(
        BoardEventKind.INCIDENT_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"incident": {"incident": objects.incident_object(incident)}},
    )


def tell_change(investigation_id: int) -> None:
    """Emit ``incident_changed`` after commit."""
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
    reason = read_reason(reason)
    with writing(investigation_id) as board:
        incident = board.investigation.incident
        refuse_merged(incident)
        times: dict[str, object] = {
            IncidentState.OPEN: {"mitigated_at": None, "resolved_at": None},
            IncidentState.MITIGATED: {"mitigated_at": board.now},
            IncidentState.RESOLVED: {
                "resolved_at": board.now,
                "resolution": reason,
            },
        }
        move(incident, to, **times[to])  # type: ignore[arg-type]  # each value is a field mapping
        record_incident(board, f"INC-{incident.pk} {to.label}: {reason}", author)
        record_audit(
            actor=author,
            verb=f"incident.{to.value}",
            subject=f"incident/{incident.pk}",
            detail={"reason": reason},
        )
        if to == IncidentState.RESOLVED:
            end_with_incident(board, author=author)
            write_draft(board)
        enqueue_embedding(incident.pk)
        tell_change(investigation_id)
    return incident


def read_reason(text: str) -> str:
    """Return a person's reason without secrets.

    Raises:
        BoardError: It is longer than 500 characters.
    """
    if len(text) > MAX_REASON:
        raise BoardError(f"At most {MAX_REASON} characters for the reason; yours has {len(text)}.")
    return redact(text, limit=MAX_REASON)


def refuse_merged(incident: Incident) -> None:
    """Refuse what is asked of an incident for which another one goes on.

    Raises:
        BoardError: It is merged.
    """
    if incident.merged_into_id is not None:
        raise BoardError(
            f"{incident} is merged into INC-{incident.merged_into_id}: go on there. Nothing was done."
        )


def refuse_over(incident: Incident) -> None:
    """Refuse what would set agents to work on an incident that is over: its verdict is history.

    They would judge what is measured now, and put it in the place of what was found then.

    Raises:
        BoardError: It is resolved or merged.
    """
    refuse_merged(incident)
    if incident.state == IncidentState.RESOLVED:
        raise BoardError(
            f"INC-{incident.pk} is resolved: its verdict stays as it was. Open it again first, at the "
            "bottom of the page. Nothing was done."
        )


def settle(board: BoardWriter, *, is_firing: bool | None = None) -> None:
    """Follow the alerts, also those of what was merged into it, after one of them changed.

    None fires any more means mitigated; one fires again means open. ``is_firing`` saves the query
    where it is known.
    """
    incident = board.investigation.incident
    if is_firing is None:
        is_firing = fires(incident)
    if not is_firing and incident.state == IncidentState.OPEN:
        ended = last_end(incident, now=board.now)
        move(incident, IncidentState.MITIGATED, mitigated_at=ended)
        when = "" if ended == board.now else f", since {ended:%Y-%m-%d %H:%M:%SZ}"
        record_incident(board, f"No alert fires any more: mitigated{when}")
    elif is_firing and incident.state == IncidentState.MITIGATED:
        move(incident, IncidentState.OPEN, mitigated_at=None)
        record_incident(board, "An alert fires again: open")


def fires(incident: Incident) -> bool:
    """Whether an alert fires in an incident or in what was merged into it. One query."""
    here = Q(incident=incident) | Q(incident__merged_into=incident)
    return Alert.objects.filter(here, status=AlertStatus.FIRING).exists()


def last_end(incident: Incident, *, now: datetime) -> datetime:
    """Return when the last alert ended, as their source says: news of it may have come much later.

    Now where one does not say, or says that it ended before the incident began. One query.
    """
    here = Q(incident=incident) | Q(incident__merged_into=incident)
    told = Alert.objects.filter(here).aggregate(
        last=Max("ends_at"), ended=Count("ends_at"), alerts=Count("pk")
    )
    last: datetime | None = told["last"]
    if last is None or told["ended"] < told["alerts"] or not incident.started_at <= last <= now:
        return now
    return last


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
            reason=CLOSED_FOR_ANOTHER,
        )
        count += 1
    return count
