"""Executing once: the claim, the intent before the act, the act under the kill switch, the record."""

from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from investigations.domain.clock import ClockTimestamp, database_now
from investigations.domain.crash import crash_at
from investigations.rules import can_approve
from remediation.domain.crediting import keep_before
from remediation.domain.digests import digest_of_action
from remediation.domain.kill_switch import environment_of, is_free
from remediation.domain.live_check import drift_of
from remediation.domain.planning import SYSTEM
from remediation.domain.transitions import MUST_JUDGE, move, tell_delay
from remediation.enums import ActionState, Decision
from remediation.errors import ExecutorError, IllegalTransition, NotPlannable, TargetRefused
from remediation.executors.deadline import within
from remediation.executors.ports import Request
from remediation.executors.registry import executor_for
from remediation.guardrails.base import Situation
from remediation.guardrails.evaluate import blocks, evaluate
from remediation.guardrails.rules import (
    blast_radius,
    change_freeze,
    cooldown,
    error_budget,
    incident_state,
    kill_switch,
    oscillation,
    protected_resources,
    rate_limit,
)
from remediation.guardrails.standing import phase, policy_rules, scale_bound
from remediation.models import Action, Execution, VerificationRun

log = structlog.get_logger(__name__)
VERIFY_FOR_SECONDS = 120.0
AT_CLAIM = (
    kill_switch, phase, incident_state, policy_rules, protected_resources, blast_radius, scale_bound,
    error_budget, change_freeze, cooldown, rate_limit, oscillation,
)  # fmt: skip
BUDGET_LOCK = 0x5E_B0D6
# What becomes of what was approved, and found its target changed.
AFTER_ASKED = "It is asked for again once its target is free, while the incident is open."
AFTER_PLANNED = "It is planned anew, if it still treats the cause."
STOPPED = "All actions were stopped before it began. Nothing ran."
UNDO_STOPPED = f"It did not help. Its undo was stopped with all actions: it stands. {MUST_JUDGE}"
ASKED_STOPPED = f"All actions were stopped before its undo began: it stands. {MUST_JUDGE}"


def execute(action_id: int) -> None:
    """Run an approved action. Safe to call any number of times: only one call claims it."""
    if not _is_as_planned(action_id):
        return
    execution = claim(action_id)
    if execution is not None:
        crash_at("after_intent")
        act(execution)
        keep_before(action_id)


def _is_as_planned(action_id: int) -> bool:
    """Whether planning anew on the live target gives the same; if not, the action goes stale.

    A target that cannot be read now is no reason to run: that is said, and it is tried again until
    its time is up.
    """
    action = Action.objects.select_related("diagnosis", "investigation__incident").get(pk=action_id)
    if action.state != ActionState.APPROVED:
        return False
    try:
        drift = drift_of(action)
    except (ExecutorError, NotPlannable) as error:
        log.warning("execution.target_unread", action=action.pk, reason=str(error))
        tell_delay(action, reason=_delay(action, error), actor=SYSTEM)
        return False
    if drift:
        try:
            then = AFTER_ASKED if action.requested_by_id else AFTER_PLANNED
            move(action, ActionState.STALE, actor=SYSTEM, result=f"{drift} Nothing ran. {then}")
        except IllegalTransition:
            log.info("execution.moved_on", action=action.pk)
    return not drift


def _delay(action: Action, error: Exception) -> str:
    until = action.execution_expires_at
    names = action.approvals.filter(decision=Decision.APPROVE).values_list(
        "person__username", flat=True
    )
    limit = f" until {until:%H:%M:%SZ}, then it expires" if until else ""
    return f"Approved by {', '.join(names)}. {error} Nothing ran yet. It is tried again{limit}."


def claim(action_id: int) -> Execution | None:
    """Check everything once more and write the intent, in one transaction.

    In order: kill switches (rows locked for share), state, digest and expiry, approvers,
    guardrails, no other attempt on the target. Claims of one environment take turns, so that two
    cannot both be its last change of the hour. Returns None when it may not run; the action then
    says why.
    """
    with transaction.atomic():
        seen = Action.objects.select_related("investigation__incident").get(pk=action_id)
        may_run = is_free(seen)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
                           [BUDGET_LOCK, environment_of(seen)])  # fmt: skip
        action = Action.objects.select_for_update().get(pk=action_id)
        if action.state != ActionState.APPROVED:
            return None
        stopped = (ActionState.HALTED, "All actions are stopped. Nothing ran.")
        refusal = _refusal(action) if may_run else stopped
        if refusal is not None:
            move(action, refusal[0], actor=SYSTEM, result=refusal[1])
            return None
        try:
            with transaction.atomic():
                execution = Execution.objects.create(
                    action=action, key=f"sre-{action.pk}-{action.digest[:12]}"
                )
                move(action, ActionState.RUNNING, actor=SYSTEM, result="Running.")
        except (IntegrityError, IllegalTransition) as error:
            # Another action runs on the target, or the incident has just ended: it does not start.
            log.info("execution.not_claimed", action=action.pk, reason=type(error).__name__)
            return None
    return execution


def _refusal(action: Action) -> tuple[ActionState, str] | None:
    now = database_now()
    if digest_of_action(action) != action.digest:
        return ActionState.STALE, "The plan is not what was approved. Nothing ran."
    if action.execution_expires_at is None or action.execution_expires_at <= now:
        return ActionState.EXPIRED, "Approved, but not started in time. Nothing ran."
    valid = [a for a in action.approvals.filter(decision=Decision.APPROVE)
             if _may_still_approve(a.person_id) and a.digest == action.digest]  # fmt: skip
    if len({a.person_id for a in valid}) < action.approvals_needed:
        return ActionState.STALE, "An approver is no longer entitled. Nothing ran."
    situation = Situation(action, now, action.investigation.incident.environment)
    stopped = blocks(evaluate(situation, AT_CLAIM))
    if stopped:
        return ActionState.HALTED, " ".join(r.reason for r in stopped) + " Nothing ran."
    return None


def _may_still_approve(user_id: int) -> bool:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user is not None and can_approve(user)


def act(execution: Execution) -> None:
    """Make the change and record what came of it.

    One that does not come back within its deadline is cut off, and looked up later. The call is made
    while the kill switches' rows are held for share: engaging one waits for a call
    in flight, and after its commit none starts.
    """
    action = execution.action
    request: Request = dict(action.undo_payload if execution.is_undo else action.payload)
    try:
        executor = executor_for(action.executor)
        with transaction.atomic():
            if not is_free(action):
                _halt(execution)
                return
            call = partial(
                executor.execute, request, uid=action.target_uid, version=_expected(execution),
                key=execution.key,
            )  # fmt: skip
            output = within(settings.EXECUTOR_DEADLINE_SECONDS, call)
            crash_at("after_call")
    except NotPlannable as error:
        _failed(execution, TargetRefused(str(error)))
        return
    except ExecutorError as error:
        _failed(execution, error)
        return
    _done(execution, output)


def _expected(execution: Execution) -> str:
    """Return the target's version that the change expects: for an undo, what the action left.

    So an undo never takes back what somebody else has changed since.
    """
    action = execution.action
    return version_left(action) if execution.is_undo else str(action.target_version)


def version_left(action: Action) -> str:
    """Return the version of the target that a done action left."""
    left = action.executions.get(is_undo=False).output
    return str(left.get("generation") or left.get("resource_version") or action.target_version)


def _halt(execution: Execution) -> None:
    is_asked = execution.action.state == ActionState.UNDOING
    text = ASKED_STOPPED if is_asked else UNDO_STOPPED if execution.is_undo else STOPPED
    Execution.objects.filter(pk=execution.pk).update(finished_at=ClockTimestamp(), error=text)
    move(execution.action, ActionState.HALTED, actor=SYSTEM, result=text)


def _failed(execution: Execution, error: ExecutorError) -> None:
    action = execution.action
    with transaction.atomic():
        Execution.objects.filter(pk=execution.pk).update(error=str(error)[:500])
        if not error.is_certain:
            if not execution.is_undo:
                move(action, ActionState.UNKNOWN, actor=SYSTEM,
                     result=f"{error} Looking up whether it was done.")  # fmt: skip
            return
        Execution.objects.filter(pk=execution.pk).update(finished_at=ClockTimestamp())
        if action.state == ActionState.UNDOING:
            move(action, ActionState.INCONCLUSIVE, actor=SYSTEM,
                 result=f"{error} Nothing was undone. {MUST_JUDGE}")  # fmt: skip
        elif execution.is_undo:
            move(action, ActionState.FAILED, actor=SYSTEM, result=f"It did not help; undo: {error}")
        else:
            move(action, ActionState.STALE, actor=SYSTEM, result=f"{error} Nothing ran.")


def _done(execution: Execution, output: dict[str, str]) -> None:
    action = execution.action
    with transaction.atomic():
        Execution.objects.filter(pk=execution.pk).update(
            is_done=True, finished_at=ClockTimestamp(), output=output, error=""
        )
        if execution.is_undo:
            return
        now = database_now()
        settle = now + timedelta(seconds=settings.VERIFY_SETTLE_SECONDS)
        VerificationRun.objects.get_or_create(
            action=action,
            defaults={
                "settle_until": settle,
                "deadline": settle + timedelta(seconds=VERIFY_FOR_SECONDS),
            },
        )
        move(action, ActionState.VERIFYING, actor=SYSTEM,
             result="Done. Measuring whether it helped.")  # fmt: skip


def resolve_unknown(action: Action, *, is_settled: bool = True) -> None:
    """Find out by the key whether a crashed or timed-out attempt was done. Never tries again.

    ``is_settled``: whether so much time has passed that a request which left no trace cannot arrive
    any more. Until then only what was done is believed.
    """
    execution = action.executions.get(is_undo=False)
    try:
        found = look_up(execution)
    except (ExecutorError, NotPlannable) as error:
        log.warning("execution.still_unknown", action=action.pk, reason=str(error))
        return
    try:
        if found is not None:
            _done(execution, found)
        elif is_settled:
            Execution.objects.filter(pk=execution.pk).update(finished_at=ClockTimestamp())
            move(action, ActionState.FAILED, actor=SYSTEM,
                 result="The target has no trace of it: it was not done. Nothing ran.")  # fmt: skip
    except IllegalTransition:
        log.info("execution.resolved_elsewhere", action=action.pk)


def look_up(execution: Execution) -> dict[str, str] | None:
    """Read at the target what became of an attempt; None: it was not done.

    Raises:
        ExecutorError, NotPlannable: It cannot be told now.
    """
    action = execution.action
    target = action.target.rpartition("/")[2]
    return executor_for(action.executor).find_by_key(execution.key, target=target)


def resume_undo(execution: Execution) -> None:
    """Go on with an undo whose worker died or whose answer was lost: read first, then act.

    What is not known to have been done is asked for again under the same key, which the target does
    once; while it cannot be read, nothing is done.
    """
    try:
        found = look_up(execution)
    except (ExecutorError, NotPlannable) as error:
        log.warning("undo.still_unknown", action=execution.action_id, reason=str(error))
        return
    if found is not None:
        _done(execution, found)
    else:
        act(execution)
