"""Executing once: the claim, the intent before the act, the act under the kill switch, the record."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from investigations.domain.clock import ClockTimestamp, database_now
from investigations.domain.crash import crash_at
from investigations.rules import can_approve
from remediation.domain.digests import digest_of_action
from remediation.domain.planning import SYSTEM
from remediation.domain.transitions import move
from remediation.enums import ActionState, Decision
from remediation.errors import ExecutorError, IllegalTransition
from remediation.executors.ports import Request
from remediation.executors.registry import executor_for
from remediation.guardrails.base import Situation
from remediation.guardrails.evaluate import blocks, evaluate
from remediation.guardrails.rules import (
    change_freeze,
    cooldown,
    incident_state,
    kill_switch,
    protected_resources,
    rate_limit,
)
from remediation.models import Action, Execution, KillSwitch, VerificationRun

log = structlog.get_logger(__name__)
VERIFY_FOR_SECONDS = 120.0
AT_CLAIM = (kill_switch, incident_state, protected_resources, change_freeze, cooldown, rate_limit)


def execute(action_id: int) -> None:
    """Run an approved action. Safe to call any number of times: only one call claims it."""
    execution = claim(action_id)
    if execution is not None:
        crash_at("after_intent")
        act(execution)


def claim(action_id: int) -> Execution | None:
    """Check everything once more and write the intent, in one transaction.

    In order: kill switch (row locked for share), state, digest and expiry, approvers, guardrails,
    no other attempt on the target. Returns None when it may not run; the action then says why.
    """
    with transaction.atomic():
        is_free = _is_free()
        action = Action.objects.select_for_update().get(pk=action_id)
        if action.state != ActionState.APPROVED:
            return None
        stopped = (ActionState.HALTED, "All actions are stopped. Nothing ran.")
        refusal = _refusal(action) if is_free else stopped
        if refusal is not None:
            move(action, refusal[0], actor=SYSTEM, result=refusal[1])
            return None
        try:
            with transaction.atomic():
                execution = Execution.objects.create(
                    action=action, key=f"sre-{action.pk}-{action.digest[:12]}"
                )
                move(action, ActionState.RUNNING, actor=SYSTEM, result="Running.")
        except IntegrityError:
            # Another action runs on the target: this one stays approved until its time is up.
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

    The call is made while the kill switch's row is held for share: engaging it waits for a call in
    flight, and after its commit none starts.
    """
    action = execution.action
    executor = executor_for(action.executor)
    request: Request = dict(action.undo_payload if execution.is_undo else action.payload)
    try:
        with transaction.atomic():
            if not _is_free():
                _halt(execution, "All actions were stopped before it began. Nothing ran.")
                return
            version = action.target_version
            if execution.is_undo:
                version = executor.observe(action.target.rpartition("/")[2]).version
            output = executor.execute(
                request, uid=action.target_uid, version=version, key=execution.key
            )
            crash_at("after_call")
    except ExecutorError as error:
        _failed(execution, error)
        return
    _done(execution, output)


def _is_free() -> bool:
    rows = list(
        KillSwitch.objects.raw(
            "SELECT * FROM remediation_killswitch WHERE scope = 'global' FOR SHARE"
        )
    )
    return len(rows) == 1 and not rows[0].is_engaged


def _halt(execution: Execution, text: str) -> None:
    Execution.objects.filter(pk=execution.pk).update(finished_at=ClockTimestamp(), error=text)
    if not execution.is_undo:
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
        if execution.is_undo:
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


def resolve_unknown(action: Action) -> None:
    """Find out by the key whether a crashed or timed-out attempt was done. Never tries again."""
    execution = action.executions.get(is_undo=False)
    try:
        target = action.target.rpartition("/")[2]
        found = executor_for(action.executor).find_by_key(execution.key, target=target)
    except ExecutorError as error:
        log.warning("execution.still_unknown", action=action.pk, reason=str(error))
        return
    try:
        if found is not None:
            _done(execution, found)
        else:
            Execution.objects.filter(pk=execution.pk).update(finished_at=ClockTimestamp())
            move(action, ActionState.FAILED, actor=SYSTEM,
                 result="The target has no trace of it: it was not done. Nothing ran.")  # fmt: skip
    except IllegalTransition:
        log.info("execution.resolved_elsewhere", action=action.pk)
