"""A person's undo of what nobody could judge, or is being judged: asked for once, claimed, done, looked at."""

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError, transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.domain.crash import crash_at
from investigations.rules import can_approve
from remediation.domain.digests import digest_of_action
from remediation.domain.execution import act, resume_undo, version_left
from remediation.domain.kill_switch import is_free
from remediation.domain.planning import SYSTEM, plan_for
from remediation.domain.transitions import MUST_JUDGE, move
from remediation.domain.verifying import state_now, take_autonomy
from remediation.enums import ActionState, VerificationPhase
from remediation.errors import (
    ExecutorError,
    GuardrailBlocked,
    IllegalTransition,
    NotPlannable,
    NotYours,
    PlanChanged,
    RuleRefused,
    refuse_longer,
)
from remediation.executors.registry import executor_for
from remediation.guardrails.base import Situation
from remediation.guardrails.evaluate import blocking_sentence, evaluate
from remediation.guardrails.rules import (
    change_freeze,
    incident_state,
    kill_switch,
    protected_resources,
)
from remediation.guardrails.standing import phase, policy_rules
from remediation.jobs import enqueue_undo
from remediation.models import Action, ActionOutcome, Execution, VerificationRun
from remediation.verification.health import check_health
from remediation.verification.measure import Measurement

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
# Going back is no further change: cooldown, budgets and oscillation are not asked.
AT_UNDO = (kill_switch, phase, incident_state, policy_rules, protected_resources, change_freeze)
ASKED = " asked for its undo"
MAX_UNDO_REASON = 200
NOTHING = "Nothing was undone."
ONCE = "Its undo was tried already, and is never tried a second time."
# A worker that has begun is given so long before another looks up what became of it.
BUSY_FOR = timedelta(seconds=20)
LOOK_FOR = timedelta(seconds=120)
# What of a target must be again as it was when the plan was made.
COMPARED = ("uid", "replicas", "image", "config")


def ask_undo(*, action_id: int, person: "User", seen_digest: str, reason: str = "") -> None:
    """Ask the executor's worker to take back an action of which nobody could say whether it helped.

    One that is still being verified is taken back at once, with a reason: its verification ends, and
    says nothing of it. It holds the target from now on. What undoes it was part of what people
    approved.

    Raises:
        NotYours: No approver.
        IllegalTransition: The action has moved on, its undo was tried, or another action runs there.
        RuleRefused: It has no undo, or no reason is given while it is being verified.
        TooLong: The reason is longer than 200 characters.
        PlanChanged: The digest is not that of the action.
        GuardrailBlocked: A guardrail blocks it now.
    """
    if not _may_undo(person):
        raise NotYours("Only approvers undo an action.")
    reason = reason.strip().rstrip(".")
    refuse_longer(reason, MAX_UNDO_REASON)
    with transaction.atomic():
        action = Action.objects.select_for_update().get(pk=action_id)
        if action.executions.filter(is_undo=True).exists():
            raise IllegalTransition(ONCE)
        is_verified = action.state == ActionState.VERIFYING
        if not is_verified and action.state != ActionState.INCONCLUSIVE:
            raise IllegalTransition(f"{action} is {action.get_state_display()} now. {NOTHING}")
        if not action.undo_payload:
            raise RuleRefused(f"It has no undo. {action.undo_text}")
        if is_verified and not reason:
            raise RuleRefused(f"Say why: it is kept with the action. {NOTHING}")
        if seen_digest != action.digest or digest_of_action(action) != action.digest:
            raise PlanChanged(f"The plan is not what you read. {NOTHING}")
        stopped = _blocked(action)
        if stopped:
            raise GuardrailBlocked(f"{stopped} {NOTHING}")
        try:
            with transaction.atomic():
                action.undo_asked_by = person
                action.save(update_fields=["undo_asked_by"])
                name = person.get_username()
                if is_verified:
                    VerificationRun.objects.filter(action=action).update(
                        phase=VerificationPhase.INCONCLUSIVE, effect="",
                        note=f"Not judged: {name} took it back while it was being verified."[:300],
                    )  # fmt: skip
                move(action, ActionState.UNDOING, actor=f"person/{name}",
                     result=f"{name}{ASKED}{f': {reason}' if reason else ''}.")  # fmt: skip
        except IntegrityError as error:
            place = action.target.rpartition("/")[2]
            raise IllegalTransition(f"Another action runs on {place} now. {NOTHING}") from error
        enqueue_undo(action.pk)


def _may_undo(person: "User | None") -> bool:
    return person is not None and person.is_active and can_approve(person)


def _blocked(action: Action) -> str:
    situation = Situation(action, database_now(), action.investigation.incident.environment)
    return blocking_sentence(evaluate(situation, AT_UNDO))


def undo(action_id: int) -> None:
    """Undo once, then look at the target until it is as it was. Safe to call any number of times."""
    action = Action.objects.select_related("investigation__incident", "undo_asked_by").get(
        pk=action_id
    )
    if action.state != ActionState.UNDOING:
        return
    execution = action.executions.filter(is_undo=True).first()
    if execution is None:
        execution = _claim(action, drift=_drift(action))
        if execution is None:
            return
        crash_at("after_undo_intent")
        act(execution)
    elif not execution.is_done and database_now() > execution.started_at + BUSY_FOR:
        resume_undo(execution)
    execution.refresh_from_db()
    action.refresh_from_db()
    if execution.is_done and action.state == ActionState.UNDOING:
        _look(action, execution)


def _drift(action: Action) -> str:
    """Say why the target is not as the action left it, or ``""``."""
    name = action.target.rpartition("/")[2]
    try:
        state = executor_for(action.executor).observe(name)
    except (ExecutorError, NotPlannable) as error:
        return f"{name} could not be read: {error}"
    if state.uid != action.target_uid:
        return f"{name} was replaced since."
    return "" if state.version == version_left(action) else f"{name} was changed again since."


def _claim(action: Action, *, drift: str) -> Execution | None:
    """Check everything once more and write the intent, in one transaction; else say why not."""
    with transaction.atomic():
        may_run = is_free(action)
        locked = Action.objects.select_for_update().get(pk=action.pk)
        if locked.state != ActionState.UNDOING:
            return None
        why = "" if may_run else "All actions are stopped."
        if not why and not _may_undo(locked.undo_asked_by):
            why = "Who asked for it is no approver any more."
        if not why and digest_of_action(locked) != locked.digest:
            why = "The plan is not what was approved."
        why = why or _blocked(locked) or drift
        if why:
            move(locked, ActionState.INCONCLUSIVE, actor=SYSTEM,
                 result=f"{why} {NOTHING} {MUST_JUDGE}")  # fmt: skip
            return None
        execution, is_new = Execution.objects.get_or_create(
            action=locked, is_undo=True, defaults={"key": f"sre-undo-{locked.pk}"}
        )
        return execution if is_new else None


def _look(action: Action, execution: Execution) -> None:
    """End it once the target is as it was when the plan was made, or the time is up: with what is seen."""
    now = database_now()
    is_late = execution.finished_at is not None and now >= execution.finished_at + LOOK_FOR
    health = check_health(action, is_late=is_late)
    after = state_now(action)
    unlike = [name for name in COMPARED if after.get(name) != action.snapshot.get(name)]
    # Pods that are still there beyond what is asked for: the way back is not over yet.
    is_over = (
        health.latest is not None and health.limit is not None and health.latest > health.limit
    )
    is_well = health.phase == VerificationPhase.PASSED and not unlike and not is_over
    if not is_well and not is_late:
        return
    who = action.undo_asked_by.get_username() if action.undo_asked_by else "a person"
    why = action.result.removeprefix(f"{who}{ASKED}")
    why = why if why.startswith(":") else "."
    with transaction.atomic():
        move(action, ActionState.UNDONE, actor=SYSTEM,
             result=f"Undone, as {who} asked{why} {_told(action, health, unlike)}")  # fmt: skip
        ActionOutcome.objects.get_or_create(
            action=action,
            defaults={
                "kind": action.kind, "service": action.target, "is_measured": False, "helped": False,
                "fault_class": action.diagnosis.fault_class, "was_undone": True,
                "before": action.snapshot, "after": after, "confidence": action.diagnosis.confidence,
            },
        )  # fmt: skip
        take_autonomy(action, reason=f"{action} was undone by {who}: people decide again.")
        record_audit(
            actor=SYSTEM, verb="action.undo_verified", subject=f"action/{action.pk}",
            detail={"is_well": is_well, "unlike": unlike, "asked_by": who},
        )  # fmt: skip
    plan_for(action.diagnosis_id)


def _told(action: Action, health: Measurement, unlike: list[str]) -> str:
    name = action.target.rpartition("/")[2]
    ready = (
        "how many of its pods are ready is not known" if health.latest is None
        else f"{health.latest:.0f} of {health.limit:.0f} pods ready"
    )  # fmt: skip
    if health.latest is not None and health.limit is not None and health.latest > health.limit:
        return (
            f"{name} is set as before, but has {health.latest:.0f} pods ready where "
            f"{health.limit:.0f} are asked for: a person must look."
        )
    if not unlike:
        return f"{name} is as it was before, {ready}."
    return f"{name} is not as it was before ({', '.join(unlike)}), {ready}: a person must look."
