"""Which steps an investigation needs next: phases of work items, advanced under its row lock."""

from datetime import timedelta

import structlog
from django.db import IntegrityError, transaction

from agents.domain.casework import parse_resource
from agents.domain.crash import crash_at
from agents.domain.leases import claim, fence_of, finish, release
from agents.domain.posting import post_finding, set_status
from agents.domain.steps import RECONCILER, run_step
from agents.enums import SPECIALISTS, AgentName, Presence, WorkKind, WorkState
from agents.findings import Finding
from agents.jobs import enqueue_work_item
from agents.models import WorkItem
from investigations.domain import runs
from investigations.domain.clock import database_now
from investigations.domain.journal import writing
from investigations.enums import HypothesisState, InvestigationState, SteeringState
from investigations.errors import IllegalTransition, StaleLease
from investigations.models import Investigation
from telemetry.results import Provenance
from telemetry.types import ResourceRef, TelemetryKind, TimeWindow

log = structlog.get_logger(__name__)
PHASES = (
    WorkKind.SCOPE, WorkKind.GATHER, WorkKind.PROPOSE, WorkKind.EXAMINE, WorkKind.CHALLENGE,
    WorkKind.RECONCILE,
)  # fmt: skip
STATES = {
    WorkKind.GATHER: InvestigationState.GATHERING,
    WorkKind.PROPOSE: InvestigationState.EXAMINING,
    WorkKind.EXAMINE: InvestigationState.EXAMINING,
    WorkKind.CHALLENGE: InvestigationState.EXAMINING,
    WorkKind.RECONCILE: InvestigationState.RECONCILING,
}
DOING = {
    WorkKind.SCOPE: "deciding what to look at",
    WorkKind.GATHER: "looking over the scope",
    WorkKind.INTERPRET: "reading what people posted",
    WorkKind.PROPOSE: "proposing causes",
    WorkKind.EXAMINE: "testing the hypotheses",
    WorkKind.CHALLENGE: "challenging the strongest evidence",
    WorkKind.RECONCILE: "weighing the evidence",
}
MAX_ROUNDS = 12
WORKED_ERRORS = (ValueError, KeyError, TypeError, IndexError, ArithmeticError, OSError,
                 IntegrityError, RuntimeError)  # fmt: skip


def work(*, item_id: int | None = None, investigation_id: int | None = None) -> bool:
    """Claim one item, do it, finish it, and advance. Returns whether anything was claimed.

    A step that raises is given back and poisoned after three attempts: then it becomes a data gap
    on the board and the run goes on. A worker that loses its lease writes nothing more.
    """
    item = claim(item_id=item_id, investigation_id=investigation_id)
    if item is None:
        return False
    structlog.contextvars.bind_contextvars(
        investigation=item.investigation_id, step=item.step_key, epoch=item.epoch
    )
    fence = fence_of(item)
    agent = AgentName(item.agent)
    try:
        crash_at("after_claim")
        _tell(item, agent, "querying", DOING[WorkKind(item.kind)])
        if item.kind in {WorkKind.GATHER, WorkKind.EXAMINE} and _is_spent(item.investigation):
            item.error = "budget exhausted"
        else:
            run_step(item, fence)
        crash_at("before_finish")
        with transaction.atomic():
            Investigation.objects.select_for_update().get(pk=item.investigation_id)
            finish(item, error=item.error)
        _tell(item, agent, "idle", "done")
        crash_at("after_finish")
    except StaleLease:
        log.info("work.lost_lease")
        return True
    except WORKED_ERRORS as error:
        log.exception("work.failed")
        if release(item, f"{type(error).__name__}: {error}"):
            _post_poisoned(item, error)
    if item.kind == WorkKind.INTERPRET:
        wake(item.investigation_id)
    else:
        advance(item.investigation_id)
    return True


def _tell(item: WorkItem, agent: AgentName, state: str, step: str) -> None:
    set_status(
        item.investigation_id, agent, state=state, step=step, since=database_now().isoformat()
    )


def _is_spent(investigation: Investigation) -> bool:
    fresh = Investigation.objects.only(
        "used_queries", "budget_queries", "used_rows", "budget_rows", "used_seconds",
        "budget_seconds",
    ).get(pk=investigation.pk)  # fmt: skip
    return (
        fresh.used_queries >= fresh.budget_queries
        or fresh.used_rows >= fresh.budget_rows
        or fresh.used_seconds >= fresh.budget_seconds
    )


def _post_poisoned(item: WorkItem, error: Exception) -> None:
    """Say on the board that a step failed for good: a gap, not silence."""
    investigation = item.investigation
    window = TimeWindow(investigation.window_start, investigation.window_end)
    finding = Finding(
        agent=AgentName(item.agent),
        feature=f"gap_{item.kind}",
        resource=_resource(investigation),
        presence=Presence.UNKNOWN,
        kind=TelemetryKind.TOPOLOGY if item.kind == WorkKind.SCOPE else TelemetryKind.METRIC,
        claim=f"{item.agent.capitalize()} failed three times at {DOING[WorkKind(item.kind)]}: "
        f"{type(error).__name__}.",
        provenance=Provenance("sre-workspace", TelemetryKind.METRIC, item.step_key, window,
                              database_now()),
    )  # fmt: skip
    post_finding(investigation, finding, fence=lambda: None, prefix=f"poison/{item.step_key}/")


def _resource(investigation: Investigation) -> ResourceRef:
    return parse_resource(investigation.incident.resource)


def open_investigation(investigation_id: int) -> None:
    """Create the first work item. Idempotent."""
    with writing(investigation_id) as board:
        _create(board.investigation, WorkKind.SCOPE, [AgentName.RECONCILER], round_number=0)


def _create(
    investigation: Investigation, kind: WorkKind, agents: list[AgentName], *, round_number: int
) -> int:
    created = 0
    for agent in agents:
        item, is_new = WorkItem.objects.get_or_create(
            investigation=investigation,
            step_key=f"r{round_number}/{kind.value}/{agent.value}",
            defaults={"kind": kind.value, "agent": agent.value, "round": round_number},
        )
        if is_new:
            created += 1
            enqueue_work_item(item.pk)
    return created


def _agents_for(kind: WorkKind) -> list[AgentName]:
    return list(SPECIALISTS) if kind in {WorkKind.GATHER, WorkKind.EXAMINE} else [
        AgentName.RECONCILER
    ]  # fmt: skip


def advance(investigation_id: int) -> None:
    """Start the next phase when the current one is done; conclude when all are. Idempotent."""
    with writing(investigation_id) as board:
        row = board.investigation
        if row.is_over:
            return
        number = row.round
        items = list(row.work_items.filter(round=number).exclude(kind=WorkKind.INTERPRET))
        if not items:
            return
        open_states = {WorkState.PENDING.value, WorkState.LEASED.value}
        if any(item.state in open_states for item in items):
            return
        done = {item.kind for item in items}
        first = min((k for k in PHASES if k.value in done), key=PHASES.index)
        left = [k for k in PHASES[PHASES.index(first) :] if k.value not in done]
    if left:
        _start_phase(investigation_id, left[0], number)
    elif not _reenter(investigation_id):
        _conclude(investigation_id)


def _start_phase(investigation_id: int, kind: WorkKind, number: int) -> None:
    with writing(investigation_id) as board:
        row = board.investigation
        to = STATES[kind]
        if row.state != to and not row.is_over:
            try:
                runs.move_investigation(
                    investigation_id=investigation_id, to=to, author=RECONCILER,
                    sentence=f"Now {DOING[kind]}",
                )  # fmt: skip
            except IllegalTransition:
                log.info("dispatch.moved_on", to=to)
        board.investigation.refresh_from_db()
        _create(board.investigation, kind, _agents_for(kind), round_number=number)


def _conclude(investigation_id: int) -> None:
    with writing(investigation_id) as board:
        if board.investigation.state != InvestigationState.RECONCILING:
            return
        runs.move_investigation(
            investigation_id=investigation_id, to=InvestigationState.CONCLUDED, author=RECONCILER,
            sentence="Concluded",
        )  # fmt: skip
        board.investigation.refresh_from_db()


def _unread(row: Investigation) -> tuple[bool, bool]:
    """Return whether people posted something to interpret, and whether to look at fresh data."""
    # A challenge is read by the challenge step itself, which answers it.
    messages = row.steering.filter(state=SteeringState.SENT).exclude(kind="challenge")
    has_messages = messages.exists()
    has_words = row.hypotheses.filter(fault_class="", note="").exists()
    return has_words or has_messages, has_messages


def _untested(row: Investigation) -> bool:
    return row.hypotheses.filter(state=HypothesisState.PROPOSED).exclude(fault_class="").exists()


def wake(investigation_id: int) -> None:
    """See what people changed: interpret it at once, and go another round if the run was over."""
    with writing(investigation_id) as board:
        row = board.investigation
        if row.paused_at is not None:
            return
        needs_reading, _ = _unread(row)
        waiting = row.work_items.filter(state=WorkState.PENDING.value)
        for item in waiting:
            enqueue_work_item(item.pk)
        if needs_reading and not waiting.filter(kind=WorkKind.INTERPRET).exists():
            count = row.work_items.filter(kind=WorkKind.INTERPRET).count()
            item = WorkItem.objects.create(
                investigation=row, kind=WorkKind.INTERPRET.value,
                agent=AgentName.RECONCILER.value, round=row.round,
                step_key=f"r{row.round}/interpret/{count}",
            )  # fmt: skip
            enqueue_work_item(item.pk)
    if not needs_reading:
        _reenter(investigation_id)


def _reenter(investigation_id: int) -> bool:
    """Begin another round if something on the board has not been tested or weighed. Idempotent."""
    with writing(investigation_id) as board:
        row = board.investigation
        if row.paused_at is not None or row.round >= MAX_ROUNDS:
            return False
        busy = row.work_items.filter(
            state__in=[WorkState.PENDING.value, WorkState.LEASED.value]
        ).exclude(kind=WorkKind.INTERPRET)
        if busy.exists():
            return True
        latest = row.diagnoses.order_by("-number").first()
        since = latest.reached_at if latest else None
        steered = row.steering.filter(state=SteeringState.ACTED).exclude(kind="challenge")
        fresh = since is not None and steered.filter(posted_at__gt=since).exists()
        challenged = row.steering.filter(
            kind="challenge", state__in=[SteeringState.SENT, SteeringState.READ]
        ).exists()
        ruled = (
            since is not None
            and row.events.filter(
                at__gt=since, kind="hypothesis_changed", author__startswith="person/"
            ).exists()
        )
        if not (fresh or challenged or ruled or _untested(row)):
            return False
        first = WorkKind.GATHER if fresh else WorkKind.EXAMINE
        number = row.round + 1
        to = STATES[first]
        if row.state == InvestigationState.RECONCILING:
            to = InvestigationState.EXAMINING
        runs.move_investigation(
            investigation_id=investigation_id, to=to, author=RECONCILER, next_round=True,
            sentence=f"Round {number + 1}: people changed the board",
        )  # fmt: skip
        if fresh:
            runs.extend_window(
                investigation_id=investigation_id, until=board.now + timedelta(seconds=1)
            )
        board.investigation.refresh_from_db()
        _create(board.investigation, first, _agents_for(first), round_number=number)
    return True
