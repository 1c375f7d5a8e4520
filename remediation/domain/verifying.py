"""After the act: measure, keep or undo, learn."""

from dataclasses import replace
from typing import Any

import structlog
from django.db import transaction

from investigations.domain.board import write_entry
from investigations.domain.clock import database_now
from investigations.domain.grades import grade_by_outcome
from investigations.domain.hypotheses import touch_after_commit
from investigations.domain.incidents import change_incident_state
from investigations.domain.journal import writing
from investigations.enums import EntryKind, IncidentState
from investigations.errors import IllegalTransition as IncidentMoved
from investigations.jobs import enqueue_embedding
from remediation.domain.crediting import Credit, credit, effect_of, step_of
from remediation.domain.execution import act, resume_undo
from remediation.domain.planning import SYSTEM, plan_for
from remediation.domain.transitions import MUST_JUDGE, move, summary_of, treats
from remediation.enums import ActionState, Autonomy, VerificationPhase
from remediation.errors import ExecutorError, NotPlannable
from remediation.executors.ports import snapshot_of
from remediation.executors.registry import executor_for
from remediation.models import Action, ActionOutcome, AutonomyRecord, Execution, VerificationRun
from remediation.queries.overlap import beside
from remediation.verification.assess import combine
from remediation.verification.health import check_health
from remediation.verification.measure import as_rows, measure
from remediation.verification.seen import Seen

log = structlog.get_logger(__name__)


def verify(action_id: int) -> VerificationPhase:
    """Measure once and act on the answer. Call it every few seconds until it is final."""
    run = VerificationRun.objects.select_related("action__investigation__incident").get(
        action_id=action_id
    )
    action = run.action
    if action.state != ActionState.VERIFYING:
        return VerificationPhase(run.phase)
    undo = action.executions.filter(is_undo=True).first()
    if undo is not None:
        # It has been judged: what is measured now is the undo's doing, or nobody's.
        _undo(action, undo, is_new=False)
        return VerificationPhase.FAILED
    now = database_now()
    if now < run.settle_until:
        return VerificationPhase.PENDING
    step_seconds = step_of(run)
    is_late = now >= run.deadline
    phase, rows = measure(action.investigation, since=run.settle_until, now=now, is_late=is_late,
                          step_seconds=step_seconds)  # fmt: skip
    health = check_health(action, is_late=is_late)
    rows.append(health)
    judged = credit(run, combine([phase, VerificationPhase(health.phase)]), rows, now=now,
                    is_late=is_late)  # fmt: skip
    if judged.phase == VerificationPhase.PASSED:
        judged = _alone(action, judged)
    return _record(run, judged, health=VerificationPhase(health.phase), is_late=is_late)


def _record(
    run: VerificationRun, judged: Credit, *, health: VerificationPhase, is_late: bool
) -> VerificationPhase:
    """Write what was measured and what follows from it, unless a person has just taken the action back.

    One transaction under the action's row lock; an undo is an intent in it, and made after it.
    """
    action, phase = run.action, judged.phase
    undo: tuple[Execution, bool] | None = None
    with transaction.atomic():
        state = Action.objects.select_for_update().values_list("state", flat=True)
        if state.get(pk=action.pk) != ActionState.VERIFYING:
            return VerificationPhase.INCONCLUSIVE
        VerificationRun.objects.filter(pk=run.pk).update(
            phase=phase, measurements=as_rows(judged.rows), note=judged.told[:300],
            effect=effect_of(judged, health),
        )  # fmt: skip
        run.refresh_from_db()
        _tell(action, run)
        if phase == VerificationPhase.PASSED:
            _passed(action, judged)
        elif phase == VerificationPhase.FAILED:
            undo = _did_not_help(action)
        elif phase == VerificationPhase.INCONCLUSIVE and (is_late or not judged.may_be_its):
            # No outcome, no grade, no undo: nobody knows what it did.
            why = judged.told or "Not enough data to say whether it helped."
            move(action, ActionState.INCONCLUSIVE, actor=SYSTEM, result=f"{why} {MUST_JUDGE}")
    if undo is not None:
        _undo(action, undo[0], is_new=undo[1])
    elif phase == VerificationPhase.FAILED:
        plan_for(action.diagnosis_id)
    return phase


def _alone(action: Action, judged: Credit) -> Credit:
    """Return the verdict of what is well since, once it is known what else can have mended it."""
    began = action.executions.get(is_undo=False).started_at
    found = beside(action, began=began)
    if found.may_be_credited:
        return replace(judged, beside=found.told)
    return replace(judged, phase=VerificationPhase.INCONCLUSIVE, told=found.told, may_be_its=False)


def _tell(action: Action, run: VerificationRun) -> None:
    """Put the measurements on the board."""
    rows = [
        f"{m['metric']} {m['standing'] or _counted(m)}"
        f"{', in range before it too' if m['before'] == Seen.IN_RANGE else ''}"
        for m in run.measurements
    ]
    data = {**summary_of(action), "measured": "; ".join(rows)}
    with writing(action.investigation_id) as board:
        write_entry(board, kind=EntryKind.ACTION, key=str(action), data=data, author=SYSTEM,
                    sentence=f"{action} measured: {'; '.join(rows)}")  # fmt: skip


def _counted(measured: dict[str, Any]) -> str:
    return f"{measured['samples']} samples, {measured['inside']} in range"


def _passed(action: Action, judged: Credit) -> None:
    seconds: float | None = None
    text = f"It helped. {judged.told}"
    if judged.is_by_alarm:
        started = action.executions.get(is_undo=False).started_at
        seconds = (database_now() - started).total_seconds()
        text = f"It helped: back in the normal range {seconds:.0f} s after {action} began."
    text = f"{text} {judged.beside}".strip()
    with transaction.atomic():
        move(action, ActionState.SUCCEEDED, actor=SYSTEM, result=text)
        _learn(action, helped=True, seconds=seconds)
        # Together: a page that says "mitigated" must not say "verifying" beside it.
        _mitigate(action)
    enqueue_embedding(action.investigation.incident_id)


def _mitigate(action: Action) -> None:
    incident = action.investigation.incident
    if incident.state != IncidentState.OPEN:
        return
    try:
        with transaction.atomic():
            change_incident_state(
                investigation_id=action.investigation_id, to=IncidentState.MITIGATED,
                author=SYSTEM, reason=f"{action} {action.title}: verified",
            )  # fmt: skip
    except IncidentMoved:
        log.info("incident.moved_on", incident=incident.pk)


def _did_not_help(action: Action) -> tuple[Execution, bool] | None:
    """Write the intent to undo it, and return it with whether it is new; None: it has no undo, and ends."""
    if action.undo_payload:
        return Execution.objects.get_or_create(
            action=action, is_undo=True, defaults={"key": f"sre-undo-{action.pk}"}
        )
    move(action, ActionState.FAILED, actor=SYSTEM, result="It did not help. It has no undo.")
    _learn(action, helped=False)
    return None


def _undo(action: Action, execution: Execution, *, is_new: bool) -> None:
    """Undo once. An attempt that was begun before is read at the target before anything is done."""
    if not execution.is_done:
        (act if is_new else resume_undo)(execution)
        execution.refresh_from_db()
        action.refresh_from_db()
    if execution.is_done:
        with transaction.atomic():
            move(action, ActionState.UNDONE, actor=SYSTEM,
                 result="It did not help and was undone.")  # fmt: skip
            _learn(action, helped=False, was_undone=True)
        plan_for(action.diagnosis_id)
    elif action.is_final:  # refused by the target, or stopped by a kill switch
        _learn(action, helped=False)


def _learn(
    action: Action, *, helped: bool, was_undone: bool = False, seconds: float | None = None
) -> None:
    """Write the outcome, for the agents to weigh; a failure takes autonomy away at once."""
    if treats(action):
        grade_by_outcome(diagnosis_id=action.diagnosis_id, helped=helped,
                         reason=f"{action} {action.title}: {'verified' if helped else 'no help'}")  # fmt: skip
    ActionOutcome.objects.get_or_create(
        action=action,
        defaults={
            "kind": action.kind,
            "service": action.target,
            "fault_class": action.diagnosis.fault_class,
            "helped": helped,
            "was_undone": was_undone,
            "seconds_to_recover": seconds,
            "before": action.snapshot,
            "after": state_now(action),
            "side_effects": _side_effects(action),
            "confidence": action.diagnosis.confidence,
        },
    )
    AutonomyRecord.objects.get_or_create(kind=action.kind, service=action.target)
    touch_after_commit(action.investigation_id)
    if not helped:
        take_autonomy(action, reason=f"{action} did not help: people decide again.")


def take_autonomy(action: Action, *, reason: str) -> bool:
    """Let people decide again about this kind of action on its target; return whether it ran alone."""
    rows = AutonomyRecord.objects.filter(
        kind=action.kind, service=action.target, phase=Autonomy.AUTONOMOUS
    )
    return rows.update(phase=Autonomy.ASSIST, reason=reason) > 0


def state_now(action: Action) -> dict[str, object]:
    """Return the target's state; with why, where it cannot be read."""
    try:
        state = executor_for(action.executor).observe(action.target.rpartition("/")[2])
    except (ExecutorError, NotPlannable) as error:
        return {"unread": str(error)[:200]}
    return snapshot_of(state)


def _side_effects(action: Action) -> list[str]:
    """Return what was measured after it and was not all in its normal range."""
    run = VerificationRun.objects.filter(action=action).first()
    return [
        f"{m['metric']}: {m['inside']} of {m['samples']} in range"
        for m in (run.measurements if run else [])
        if m["phase"] != VerificationPhase.PASSED and not m.get("is_witness")
    ]
