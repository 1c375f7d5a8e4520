"""Doing one work item, and advancing an investigation through the phases of a round."""

import structlog
from django.db import DatabaseError, transaction

from agents.domain import consulting
from agents.domain.casework import parse_resource
from agents.domain.leases import (
    claim,
    fence_of,
    finish,
    is_worn_out,
    keeping,
    put_off,
    release,
)
from agents.domain.phases import DOING, PHASES, STATES, agents_for, create_items
from agents.domain.posting import post_finding, set_status
from agents.domain.rounds import RECONCILER, is_spent, reenter, wake
from agents.domain.steps import run_step
from agents.domain.telling import tell_begun, tell_ended
from agents.enums import ASIDE, MODEL_WORK, AgentName, Presence, WorkKind, WorkState
from agents.errors import NotNow
from agents.findings import Finding
from agents.models import WorkItem
from investigations.domain import runs
from investigations.domain.clock import database_now
from investigations.domain.crash import crash_at
from investigations.domain.journal import writing
from investigations.enums import InvestigationState
from investigations.errors import BoardError, IllegalTransition, StaleLease
from investigations.models import Investigation
from telemetry.errors import TelemetryError
from telemetry.results import Provenance
from telemetry.types import TelemetryKind, TimeWindow

log = structlog.get_logger(__name__)
# What a step may raise on bad data or a lost database: it is tried again, then becomes a gap.
WORKED_ERRORS = (ArithmeticError, AttributeError, BoardError, DatabaseError, LookupError, OSError,
                 RuntimeError, TelemetryError, TypeError, ValueError)  # fmt: skip


def work(*, item_id: int | None = None, investigation_id: int | None = None) -> bool:
    """Claim one item, do it, finish it, and advance. Returns whether anything was claimed.

    A step that raises is given back and poisoned after three attempts, one that takes its worker
    down after six: then it becomes a data gap on the board and the run goes on. A worker that
    loses its lease writes nothing more.
    """
    item = claim(item_id=item_id, investigation_id=investigation_id)
    if item is None:
        return False
    structlog.contextvars.bind_contextvars(
        investigation=item.investigation_id, step=item.step_key, epoch=item.epoch
    )
    try:
        if is_worn_out(item):
            _give_up(item, "it ended its worker each time")
        else:
            _do(item)
    except StaleLease:
        log.info("work.lost_lease")
        return True
    except NotNow:
        put_off(item, consulting.BUSY_SECONDS)
        return True
    except WORKED_ERRORS as error:
        log.exception("work.failed")
        _fail(item, error)
    if item.kind == WorkKind.INTERPRET:
        wake(item.investigation_id)
    else:
        advance(item.investigation_id)
    return True


def _do(item: WorkItem) -> None:
    fence = fence_of(item)
    crash_at("after_claim")
    with keeping(item):
        skipped = _why_skipped(item)
        if skipped:
            item.result = {"skipped": skipped}
        else:
            if item.kind not in MODEL_WORK:
                tell_begun(item, fence)
            run_step(item, fence)
        crash_at("before_finish")
        _finish(item)
    crash_at("after_finish")


def _why_skipped(item: WorkItem) -> str:
    """Return why a step is left out, or nothing: people paused its agent, or no budget is left."""
    if item.kind not in {WorkKind.GATHER, WorkKind.EXAMINE}:
        return ""
    if item.agent in item.investigation.paused_agents:
        return "paused"
    return "budget" if is_spent(item.investigation) else ""


def _finish(item: WorkItem) -> None:
    """Finish the item, add to what the run has used and show how it ended: one transaction."""
    with writing(item.investigation_id) as board:
        told = {**item.result}
        item.result.pop("untold", None)
        finish(item)
        runs.spend(board, seconds=item.seconds, queries=item.queries, rows=item.rows)
        item.result = told
        tell_ended(board, item)
        if item.kind == WorkKind.CONSULT:
            consulting.begin_summary(board.investigation)


def _fail(item: WorkItem, error: Exception) -> None:
    reason = f"{type(error).__name__}: {error}"
    if release(item, reason):
        _post_poisoned(item, type(error).__name__)


def _give_up(item: WorkItem, reason: str) -> None:
    if release(item, reason):
        _post_poisoned(item, reason)


def _post_poisoned(item: WorkItem, reason: str) -> None:
    """Say on the board that a step failed for good: a gap, not silence."""
    if item.kind in MODEL_WORK:
        consulting.give_up(item, reason)
        return
    investigation = item.investigation
    window = TimeWindow(investigation.window_start, investigation.window_end)
    finding = Finding(
        agent=AgentName(item.agent),
        feature=f"gap_{item.kind}",
        resource=parse_resource(investigation.incident.resource),
        presence=Presence.UNKNOWN,
        kind=TelemetryKind.TOPOLOGY if item.kind == WorkKind.SCOPE else TelemetryKind.METRIC,
        claim=f"{item.agent.capitalize()} failed {item.attempts} times at "
        f"{DOING[WorkKind(item.kind)]}: {reason}.",
        provenance=Provenance("sre-workspace", TelemetryKind.METRIC, item.step_key, window,
                              database_now()),
    )  # fmt: skip
    post_finding(
        investigation, finding, fence=lambda: None,
        prefix=f"r{item.round}/poison/{item.kind}/{item.agent}/",
    )  # fmt: skip
    set_status(
        investigation.pk, AgentName(item.agent), state="failed",
        step=f"at {DOING[WorkKind(item.kind)]}: {reason}",
        since=database_now().isoformat(),
    )  # fmt: skip


def advance(investigation_id: int) -> None:
    """Start the next phase when the current one is done; conclude when all are. Idempotent."""
    with transaction.atomic():
        row = Investigation.objects.select_for_update().get(pk=investigation_id)
        items = list(row.work_items.filter(round=row.round).exclude(kind__in=ASIDE))
        unfinished = {WorkState.PENDING.value, WorkState.LEASED.value}
        if row.is_over or not items or any(item.state in unfinished for item in items):
            return
        done = {item.kind for item in items}
        first = min((k for k in PHASES if k.value in done), key=PHASES.index)
        left = [k for k in PHASES[PHASES.index(first) :] if k.value not in done]
        if left:
            _start_phase(row, left[0])
            if left[0] is WorkKind.EXAMINE:
                consulting.begin_consult(row)
            return
    consulting.post_proposals(investigation_id)
    if not reenter(investigation_id):
        _conclude(investigation_id)


def _start_phase(row: Investigation, kind: WorkKind) -> None:
    to = STATES[kind]
    if row.state != to:
        try:
            runs.move_investigation(
                investigation_id=row.pk, to=to, author=RECONCILER, sentence=f"Now {DOING[kind]}"
            )
        except IllegalTransition:
            log.info("dispatch.moved_on", to=to)
    create_items(row, kind, agents_for(kind), round_number=row.round)


def _conclude(investigation_id: int) -> None:
    with writing(investigation_id) as board:
        if board.investigation.state != InvestigationState.RECONCILING:
            return
        runs.move_investigation(
            investigation_id=investigation_id, to=InvestigationState.CONCLUDED, author=RECONCILER,
            sentence="Concluded",
        )  # fmt: skip
        board.investigation.refresh_from_db()
        consulting.begin_summary(board.investigation)
