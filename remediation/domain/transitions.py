"""Allowed edges of an action's state, the guarded update, and its place on the board."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from investigations.domain.audit import record_audit
from investigations.domain.board import write_entry
from investigations.domain.clock import ClockTimestamp, database_now
from investigations.domain.journal import BoardWriter, writing
from investigations.enums import OVER_STATES, EntryKind
from investigations.models import Incident
from remediation.enums import ActionState, Decision, VerificationPhase
from remediation.errors import IllegalTransition
from remediation.guardrails.base import Situation
from remediation.guardrails.evaluate import blocking_sentence, blocks, evaluate
from remediation.models import Action, VerificationRun
from telemetry.phrasing import counted

A = ActionState
MUST_JUDGE = "A person must judge."
# What a verification that is over says of the action, in one word for whoever reads the board.
HELPED: dict[str, bool] = {VerificationPhase.PASSED: True, VerificationPhase.FAILED: False}
EDGES: dict[str, set[str]] = {
    A.PROPOSED: {A.APPROVED, A.DENIED, A.EXPIRED, A.SUPERSEDED, A.STALE},
    A.APPROVED: {A.RUNNING, A.EXPIRED, A.STALE, A.HALTED, A.SUPERSEDED},
    A.RUNNING: {A.VERIFYING, A.FAILED, A.UNKNOWN, A.HALTED, A.STALE},
    A.UNKNOWN: {A.VERIFYING, A.FAILED},
    A.VERIFYING: {A.SUCCEEDED, A.FAILED, A.UNDONE, A.INCONCLUSIVE, A.HALTED, A.UNDOING},
    A.INCONCLUSIVE: {A.UNDOING},
    A.UNDOING: {A.UNDONE, A.INCONCLUSIVE, A.HALTED},
    **{
        s: set()
        for s in (
            A.SUCCEEDED, A.FAILED, A.UNDONE, A.DENIED, A.EXPIRED, A.SUPERSEDED,
            A.STALE, A.HALTED,
        )
    },
}  # fmt: skip


def move(
    action: Action, to: ActionState, *, actor: str, result: str = "",
    execution_expires_at: datetime | None = None,
) -> None:  # fmt: skip
    """Take one edge by a guarded update, with the audit entry and the board event of it.

    One transaction (it joins the caller's). The row object is updated.

    Raises:
        IllegalTransition: The edge is not allowed, or somebody else moved the action first.
    """
    was = str(action.state)
    if to not in EDGES[was]:
        raise IllegalTransition(f"{action} is {was}; it cannot become {to.value}.")
    with writing(action.investigation_id) as board:
        if to in {A.RUNNING, A.UNDOING} and _is_over(board):
            raise IllegalTransition(f"{action} cannot run: its incident is over, or merged.")
        fields: dict[str, object] = {"state": to}
        if result:
            fields["result"] = result[:500]
        if execution_expires_at is not None:
            fields["execution_expires_at"] = execution_expires_at
        if not EDGES[to] or to == A.INCONCLUSIVE:
            fields["ended_at"] = ClockTimestamp()
        if not Action.objects.filter(pk=action.pk, state=was).update(**fields):
            raise IllegalTransition(f"{action} was {was} and has just been moved by somebody else.")
        action.refresh_from_db()
        record_audit(
            actor=actor, verb=f"action.{to.value}", subject=f"action/{action.pk}",
            detail={"action": str(action), "digest": action.digest, "result": result[:300]},
        )  # fmt: skip
        write_entry(
            board, kind=EntryKind.ACTION, key=str(action), data=summary_of(action), author=actor,
            sentence=f"{action} {action.title}: {action.get_state_display()}. {result}".strip(),
        )  # fmt: skip


def _is_over(board: BoardWriter) -> bool:
    """Whether nothing may start any more, read behind the lock under which incidents are merged."""
    incident = Incident.objects.filter(pk=board.investigation.incident_id)
    return incident.filter(state__in=OVER_STATES).exists()


def tell_delay(action: Action, *, reason: str, actor: str) -> None:
    """Say why an approved action has not begun: on its card and on the board, once per reason."""
    with writing(action.investigation_id) as board:
        rows = Action.objects.filter(pk=action.pk, state=A.APPROVED).exclude(result=reason[:500])
        if not rows.update(result=reason[:500]):
            return
        action.refresh_from_db()
        write_entry(
            board, kind=EntryKind.ACTION, key=str(action), data=summary_of(action), author=actor,
            sentence=f"{action} {action.title}: not begun. {reason}",
        )  # fmt: skip


def tell_approvals(action: Action, *, actor: str) -> None:
    """Put an approval that is not yet enough on the board. Joins the caller's transaction."""
    data = summary_of(action)
    with writing(action.investigation_id) as board:
        write_entry(
            board, kind=EntryKind.ACTION, key=str(action), data=data, author=actor,
            sentence=f"{action} {action.title}: {data['approvals']} of "
            f"{counted(action.approvals_needed, 'approval')}.",
        )  # fmt: skip


def summary_of(action: Action) -> dict[str, object]:
    """Return what the board shows of an action; with why nobody can approve it, if it waits."""
    return _standing(action) | (_blocked(action) if action.state == A.PROPOSED else {})


def _blocked(action: Action) -> dict[str, object]:
    environment = action.investigation.incident.environment
    rulings = evaluate(Situation(action, database_now(), environment))
    reason = blocking_sentence(rulings)
    names = [r.guardrail for r in blocks(rulings)]
    return {"blocked": reason, "blocked_by": names} if reason else {}


def _standing(action: Action) -> dict[str, object]:
    return {
        "id": action.pk,
        "number": action.number,
        "title": action.title,
        "kind": action.kind,
        "target": action.target,
        "state": action.state,
        "risk": action.risk,
        "command": action.command,
        "undo": action.undo_command or action.undo_text,
        "result": action.result,
        "digest": action.digest,
        "approvals": action.approvals.filter(decision=Decision.APPROVE).count(),
        "approvals_needed": action.approvals_needed,
        "expires_at": action.approval_expires_at.isoformat(),
        "treats": _treated(action),
        "requested_by": action.requested_by.get_username() if action.requested_by else "",
        **_times(action),
        **_verifying(action),
    }


def _verifying(action: Action) -> dict[str, object]:
    """Return by when it is decided whether it helped, or what came of that."""
    run = VerificationRun.objects.filter(action=action).first()
    if run is None:
        return {}
    if action.state == A.VERIFYING:
        return {"decides_by": run.deadline.astimezone(UTC).isoformat()} | _effect(action, run)
    return _effect(action, run)


def _effect(action: Action, run: VerificationRun) -> dict[str, object]:
    """Return what its verification says: whether it helped, and what that says of its cause by what.

    Neither is there before it is known. The cause is named only where the action is one of the
    diagnosis' own treatments.
    """
    if run.phase not in HELPED:
        return {}
    helped: dict[str, object] = {"helped": HELPED[run.phase]}
    if not run.effect:
        return helped
    told = [
        f"{m['metric'].replace('_', ' ')} {m['standing'] or counted_in(m)}"
        for m in run.measurements if m["before"] == "out of range"
    ]  # fmt: skip
    diagnosis = action.diagnosis
    cause = [diagnosis.resource, diagnosis.fault_class]
    return helped | {
        "effect": run.effect, "measured": "; ".join(told),
        "cause": cause if treats(action) else None,
    }  # fmt: skip


def is_unjudged(action: Action) -> bool:
    """Whether nobody could measure what an action did, and no person has said it yet."""
    return (action.state == A.INCONCLUSIVE or stands(action)) and not hasattr(action, "outcome")


def stands(action: Action) -> bool:
    """Whether it stands as only its undo was stopped, and no person has judged it. One's own text is none."""
    return action.state == A.HALTED and action.result.endswith(MUST_JUDGE)


def counted_in(measured: Mapping[str, Any]) -> str:
    """Return how much of what was measured was in range, in words."""
    return f"{measured['inside']} of {measured['samples']} samples in range"


def treats(action: Action) -> bool:
    """Whether an action is one that its diagnosis asks for, and not what a person added beside it."""
    return action.requested_by_id is None or any(
        (item["action"], item["resource"]) == (action.kind, action.target)
        for item in action.diagnosis.treatments
    )


def _times(action: Action) -> dict[str, object]:
    """Return when it began and when it was over, UTC; nothing of one that never ran."""
    ran = action.executions.filter(Q(is_done=True) | Q(finished_at=None), is_undo=False).first()
    if ran is None:
        return {}
    ended = action.ended_at
    return {
        "began_at": ran.started_at.astimezone(UTC).isoformat(),
        "ended_at": ended.astimezone(UTC).isoformat() if ended else None,
    }


def _treated(action: Action) -> int | None:
    """Return the number of the hypothesis that an action treats, if it has one on the board.

    What a person asked for beside the diagnosis's own treatments says nothing of its cause.
    """
    hypothesis = action.diagnosis.hypothesis if treats(action) else None
    return hypothesis.number if hypothesis is not None else None
