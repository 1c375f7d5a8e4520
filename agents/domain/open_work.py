"""The reconciler of open work: finds what a lost message or a dead worker left undone."""

from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest

from agents.domain.dispatch import advance
from agents.domain.rounds import FIRST_PAUSE, LOOK_AGAIN, open_investigation, wake
from agents.domain.treatments import unweighed_failures, unweighed_helps
from agents.enums import WorkState
from agents.jobs import enqueue_work_item
from agents.models import WorkItem
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.clock import database_now
from investigations.enums import (
    FOR_AGENTS,
    AlertStatus,
    DiagnosisVerdict,
    EvidenceKind,
    InvestigationState,
    SteeringState,
)
from investigations.models import BoardEntry, Diagnosis, Investigation

log = structlog.get_logger(__name__)
OPEN_WORK_LOCK = 0x5E_0BE4
LIMIT = 200
QUIET = timedelta(seconds=4)
DEADLINE = timedelta(minutes=10)
# How long after its end an investigation's board is watched for words whose message was lost.
WATCHED = timedelta(hours=1)
OVER = [InvestigationState.CONCLUDED, InvestigationState.STOPPED, InvestigationState.FAILED]
OPEN = [WorkState.PENDING.value, WorkState.LEASED.value]


def run_open_work() -> int:
    """Re-send what is pending, free what a dead worker held, start and advance what stalled.

    Only one process at a time does it; the others return at once. Returns how much it re-sent.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [OPEN_WORK_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        now = database_now()
        resent = _resend(now)
        stalled = _stalled(now)
        touched = _touched(now)
        late = _late(now)
    for investigation_id in stalled:
        open_investigation(investigation_id)
        advance(investigation_id)
    for investigation_id in touched:
        wake(investigation_id)
    for investigation in late:
        _mark_late(investigation)
    return resent + len(stalled)


def _resend(now: datetime) -> int:
    stale = WorkItem.objects.filter(
        Q(state=WorkState.PENDING, created_at__lt=now - QUIET, not_before__lte=now)
        | Q(state=WorkState.LEASED, lease_until__lt=now),
        investigation__paused_at__isnull=True,
    ).exclude(investigation__state=InvestigationState.STOPPED)
    ids = list(stale.values_list("pk", flat=True)[:LIMIT])
    for item_id in ids:
        enqueue_work_item(item_id)
    return len(ids)


def _stalled(now: datetime) -> list[int]:
    """Return running investigations with nothing to do: never started, or never advanced."""
    running = Investigation.objects.exclude(state__in=OVER).filter(
        paused_at__isnull=True, started_at__lt=now - QUIET
    )
    idle = running.exclude(work_items__state__in=OPEN)
    return list(idle.values_list("pk", flat=True)[:LIMIT])


def _touched(now: datetime) -> list[int]:
    """Return investigations with words of people that nobody has read, answered or weighed yet.

    And those that were concluded on the very first samples, when more have come in, or without a
    cause before their alerts changed, or while they go on; and those with an action whose outcome
    nobody has weighed.
    """
    latest = Diagnosis.objects.filter(investigation=OuterRef("pk")).order_by("-number")
    rows = Investigation.objects.filter(paused_at__isnull=True)
    asks = (
        rows.filter(hypotheses__fault_class="", hypotheses__note=""),
        rows.filter(
            steering__state__in=[SteeringState.SENT, SteeringState.READ],
            steering__kind__in=FOR_AGENTS,
        ),
        rows.filter(
            ended_at__gt=now - WATCHED,
            events__author__startswith="person/", events__at__gt=F("ended_at"),
        ),
        rows.filter(
            incident__started_at__range=(now - 4 * LOOK_AGAIN, now - LOOK_AGAIN),
            ended_at__lt=F("incident__started_at") + LOOK_AGAIN,
        ),
        rows.filter(
            state=InvestigationState.CONCLUDED, ended_at__gt=now - WATCHED,
            incident__alerts__received_at__gt=F("ended_at"),
        ),
        rows.annotate(verdict=Subquery(latest.values("verdict")[:1])).filter(
            state=InvestigationState.CONCLUDED, verdict=DiagnosisVerdict.INCONCLUSIVE,
            ended_at__range=(now - WATCHED, now - FIRST_PAUSE),
            incident__alerts__status=AlertStatus.FIRING,
        ),
    )  # fmt: skip
    found = {pk for ask in asks for pk in ask.values_list("pk", flat=True)[:LIMIT]}
    fresh = BoardEntry.objects.filter(
        updated_at__gt=now - WATCHED, investigation__paused_at__isnull=True
    )
    for acts in (unweighed_failures(fresh), unweighed_helps(fresh)):
        found.update(acts.values_list("investigation", flat=True)[:LIMIT])
    return sorted(found)


def _late(now: datetime) -> list[Investigation]:
    """Return running investigations none of whose steps has finished within the deadline."""
    running = Investigation.objects.exclude(state__in=OVER).filter(
        paused_at__isnull=True, started_at__lt=now - DEADLINE
    )
    progressed = Greatest(
        Coalesce(Max("work_items__finished_at"), F("started_at")),
        Coalesce(Max("work_items__created_at"), F("started_at")),
    )
    return list(running.annotate(progressed=progressed).filter(progressed__lt=now - DEADLINE)[:50])


def _mark_late(investigation: Investigation) -> None:
    """Say on the board, once per round, that the run does not progress; and in the log."""
    steps = list(
        investigation.work_items.filter(state__in=OPEN).values_list("step_key", flat=True)[:5]
    )
    log.error("auditor.no_progress", investigation=investigation.pk, steps=steps)
    minutes = int(DEADLINE.total_seconds() // 60)
    post_evidence(
        investigation_id=investigation.pk, author="system",
        step_key=f"r{investigation.round}/auditor",
        draft=EvidenceDraft(
            kind=EvidenceKind.GAP,
            claim=f"No step has finished for {minutes} minutes; waiting: {', '.join(steps)}.",
            window_start=investigation.window_start, window_end=investigation.window_end,
            resource=investigation.incident.resource, feature="gap_progress",
        ),
    )  # fmt: skip
