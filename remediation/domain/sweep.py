"""The reconciler of remediation's open work: it finds what a lost message or a crash left."""

from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from investigations.domain.clock import database_now
from investigations.enums import DiagnosisVerdict, IncidentState, SteeringKind, SteeringState
from investigations.models import Diagnosis, SteeringMessage
from remediation.domain.approvals import expire_old
from remediation.domain.blocking import tell_blocks
from remediation.domain.execution import execute, resolve_unknown
from remediation.domain.planning import SYSTEM, plan_for
from remediation.domain.requested import ask_again, plan_requested, renew
from remediation.domain.transitions import move
from remediation.domain.undoing import undo
from remediation.domain.verifying import verify
from remediation.enums import ActionState, Decision
from remediation.errors import IllegalTransition
from remediation.guardrails.standing import UNDER_WAY
from remediation.models import Action, Approval, Execution

log = structlog.get_logger(__name__)
SWEEP_LOCK = 0x5E_5EEB
LIMIT = 50
CRASHED_AFTER = timedelta(seconds=20)


def sweep() -> None:
    """Do it all once, in one process at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SWEEP_LOCK])
        if not cursor.fetchone()[0]:
            return
    try:
        _sweep()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])


def _sweep() -> None:
    expire_old()
    tell_blocks(limit=LIMIT)
    now = database_now()
    recent = Diagnosis.objects.filter(
        verdict=DiagnosisVerdict.LIKELY_CAUSE, actions__isnull=True,
        reached_at__gt=now - timedelta(hours=1), reached_at__lt=now - timedelta(seconds=3),
    )  # fmt: skip
    said = Action.objects.filter(
        state__in=[ActionState.INCONCLUSIVE, ActionState.HALTED], outcome__helped=False,
        outcome__recorded_at__gt=now - timedelta(hours=1),
    )  # fmt: skip
    for diagnosis_id in dict.fromkeys([
        *recent.values_list("pk", flat=True)[:LIMIT], *said.values_list("diagnosis_id", flat=True)[:LIMIT],
        *_taken_back(now),
    ]):  # fmt: skip
        plan_for(diagnosis_id)
    _renew_all(now)
    asked = SteeringMessage.objects.filter(
        kind=SteeringKind.PROPOSE,
        state=SteeringState.SENT,
        posted_at__lt=now - timedelta(seconds=3),
    )
    for message_id in asked.values_list("pk", flat=True)[:LIMIT]:
        plan_requested(message_id)
    for action_id in _in_state(ActionState.APPROVED):
        execute(action_id)
    crashed = Action.objects.filter(
        state=ActionState.RUNNING, executions__is_undo=False,
        executions__started_at__lt=now - CRASHED_AFTER,
    )  # fmt: skip
    for action in crashed[:LIMIT]:
        _mark_unknown(action)
    for action in Action.objects.filter(state=ActionState.UNKNOWN)[:LIMIT]:
        began = action.executions.get(is_undo=False).started_at
        resolve_unknown(action, is_settled=began < now - CRASHED_AFTER)
    for action_id in _in_state(ActionState.UNDOING):
        undo(action_id)
    for action_id in _in_state(ActionState.VERIFYING):
        try:
            verify(action_id)
        except IllegalTransition as error:
            log.info("verify.moved_on", action=action_id, reason=str(error))


def _renew_all(now: datetime) -> None:
    for action in _outdated()[:LIMIT]:
        renew(action)
    for action in _dropped(now)[:LIMIT]:
        ask_again(action)


def _taken_back(now: datetime) -> list[int]:
    """Return the newest diagnoses of where something was denied, or went stale before it began.

    Those left out have had something planned since. One query.
    """
    later = Action.objects.filter(
        investigation=OuterRef("investigation"), proposed_at__gt=OuterRef("ended_at")
    )
    newest = Diagnosis.objects.filter(investigation=OuterRef("investigation")).order_by("-number")
    rows = Action.objects.annotate(newest=Subquery(newest.values("pk")[:1])).filter(
        ~Exists(later), state__in=[ActionState.DENIED, ActionState.STALE], executions=None,
        ended_at__gt=now - timedelta(hours=1),
    )  # fmt: skip
    return list(rows.values_list("newest", flat=True)[:LIMIT])


def _outdated() -> QuerySet[Action]:
    """Return what waits while another action has changed its target since, and none is under way there."""
    same = Action.objects.filter(target=OuterRef("target"), state__in=UNDER_WAY)
    changed = Execution.objects.filter(
        action__target=OuterRef("target"), is_done=True, finished_at__gt=OuterRef("proposed_at")
    ).exclude(action=OuterRef("pk"))
    rows = Action.objects.filter(~Exists(same), Exists(changed), state=ActionState.PROPOSED)
    return rows.select_related("diagnosis__investigation__incident", "requested_by")


def _dropped(now: datetime) -> QuerySet[Action]:
    """Return what people asked for that went stale after its approval, once its target is free.

    Those left out were asked for again since, or their incident does not go on.
    """
    same = Action.objects.filter(target=OuterRef("target"), state__in=UNDER_WAY)
    again = Action.objects.filter(
        investigation=OuterRef("investigation"), kind=OuterRef("kind"), target=OuterRef("target"),
        number__gt=OuterRef("number"),
    )  # fmt: skip
    approved = Approval.objects.filter(action=OuterRef("pk"), decision=Decision.APPROVE)
    rows = Action.objects.filter(
        ~Exists(same), ~Exists(again), Exists(approved), state=ActionState.STALE, executions=None,
        requested_by__isnull=False, ended_at__gt=now - timedelta(hours=1),
        investigation__incident__state=IncidentState.OPEN,
    )  # fmt: skip
    return rows.select_related("diagnosis__investigation__incident", "requested_by")


def _in_state(state: ActionState) -> list[int]:
    return list(Action.objects.filter(state=state).values_list("pk", flat=True)[:LIMIT])


def _mark_unknown(action: Action) -> None:
    """A worker died between the intent and the record: look it up, never try again blindly."""
    with transaction.atomic():
        try:
            move(action, ActionState.UNKNOWN, actor=SYSTEM,
                 result="The executor's worker ended before it could say. Looking it up.")  # fmt: skip
        except IllegalTransition:
            log.info("execution.moved_on", action=action.pk)
