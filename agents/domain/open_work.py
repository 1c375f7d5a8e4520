"""The reconciler of open work: finds what a lost message or a dead worker left undone."""

from datetime import timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Q

from agents.domain.dispatch import advance, open_investigation, wake
from agents.enums import WorkState
from agents.jobs import enqueue_work_item
from agents.models import WorkItem
from investigations.domain.clock import database_now
from investigations.enums import InvestigationState
from investigations.models import Investigation

log = structlog.get_logger(__name__)
OPEN_WORK_LOCK = 0x5E_0BE4
LIMIT = 200
QUIET_SECONDS = 4
DEADLINE = timedelta(minutes=10)
OVER = [InvestigationState.CONCLUDED, InvestigationState.STOPPED, InvestigationState.FAILED]


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
        stale = WorkItem.objects.filter(
            Q(state=WorkState.PENDING, created_at__lt=now - timedelta(seconds=QUIET_SECONDS))
            | Q(state=WorkState.LEASED, lease_until__lt=now),
            investigation__paused_at__isnull=True,
        ).values_list("pk", flat=True)[:LIMIT]
        for item_id in stale:
            enqueue_work_item(item_id)
        resent = len(stale)
        quiet = Investigation.objects.exclude(state__in=OVER).filter(
            paused_at__isnull=True, started_at__lt=now - timedelta(seconds=QUIET_SECONDS)
        )
        quiet_ids = list(
            quiet.exclude(
                work_items__state__in=[WorkState.PENDING.value, WorkState.LEASED.value]
            ).values_list("pk", flat=True)[:LIMIT]
        )
        late = list(
            quiet.filter(started_at__lt=now - DEADLINE).values_list("pk", flat=True)[:LIMIT]
        )
        touched = _touched()
    for investigation_id in quiet_ids:
        open_investigation(investigation_id)
        advance(investigation_id)
    for investigation_id in touched:
        wake(investigation_id)
    if late:
        log.error("auditor.no_progress", investigations=late)
    return resent + len(quiet_ids)


def _touched() -> list[int]:
    """Return ended investigations with a person's word that nobody has read yet."""
    unread = Q(hypotheses__fault_class="", hypotheses__note="", hypotheses__isnull=False) | Q(
        steering__state="sent"
    )
    rows = Investigation.objects.filter(unread, paused_at__isnull=True)
    return list(rows.values_list("pk", flat=True).distinct()[:LIMIT])
