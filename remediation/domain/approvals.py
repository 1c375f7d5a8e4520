"""People's decisions, each bound to the digest that was seen."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.enums import OVER_STATES
from investigations.rules import can_approve
from remediation.domain.digests import digest_of_action
from remediation.domain.planning import SYSTEM, newest_diagnosis, plan_for
from remediation.domain.transitions import move, tell_approvals
from remediation.enums import ActionState, Decision
from remediation.errors import (
    MAX_REASON,
    GuardrailBlocked,
    IllegalTransition,
    NotYours,
    PlanChanged,
    refuse_longer,
)
from remediation.guardrails.base import Situation
from remediation.guardrails.evaluate import blocking_sentence, evaluate, passes_by_itself
from remediation.jobs import enqueue_execution, enqueue_plan
from remediation.models import Action, Approval

SAID: dict[str, str] = {Decision.APPROVE: "approved", Decision.DENY: "denied"}

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def decide(
    *, action_id: int, person: "User", decision: Decision, seen_digest: str, reason: str = ""
) -> Approval:
    """Record a decision; with enough approvals, approve the action and ask for its execution.

    One transaction under the action's row lock, so of racing decisions exactly one settles it. One
    denial vetoes, and the next treatment of the cause is planned. Idempotent per person: the same
    decision again returns the first.

    Raises:
        NotYours: No approver, or this very person asked for it, posted the hypothesis it rests on,
            or steered the agents to it.
        PlanChanged: The digest is not that of the action as it now is.
        GuardrailBlocked: A guardrail blocks it now.
        IllegalTransition: It is decided, expired or superseded already.
        TooLong: The reason is longer than 480 characters.
    """
    refuse_longer(reason, MAX_REASON)
    with transaction.atomic():
        action = Action.objects.select_for_update().get(pk=action_id)
        _check_person(action, person)
        known = action.approvals.filter(person=person).first()
        if known is not None:
            if known.decision == decision:
                return known
            raise IllegalTransition(f"You have {SAID[known.decision]} it already.")
        _check_action(action, seen_digest)
        actor = f"person/{person.get_username()}"
        if decision == Decision.DENY:
            if not reason.strip():
                raise NotYours("Say why: it is kept with the action.")
        else:
            situation = Situation(action, database_now(), action.investigation.incident.environment)
            stopped = blocking_sentence(evaluate(situation))
            if stopped:
                raise GuardrailBlocked(stopped)
        approval = Approval.objects.create(
            action=action, person=person, decision=decision, digest=seen_digest, reason=reason
        )
        record_audit(
            actor=actor, verb=f"approval.{decision.value}", subject=f"action/{action.pk}",
            detail={"digest": seen_digest, "reason": reason},
        )  # fmt: skip
        _settle(action, actor, decision, reason)
    return approval


def _check_person(action: Action, person: "User") -> None:
    if not (person.is_active and can_approve(person)):
        raise NotYours("Only approvers decide on actions.")
    hypothesis = action.diagnosis.hypothesis
    if hypothesis is not None and hypothesis.posted_by_id == person.pk:
        raise NotYours("It rests on your own hypothesis: another approver must decide.")
    if person.pk in action.diagnosis.steered_by:
        raise NotYours("The agents found it where you sent them: another approver must decide.")
    if action.requested_by_id == person.pk:
        raise NotYours("You asked for it: another approver must decide.")


def _check_action(action: Action, seen_digest: str) -> None:
    if action.state != ActionState.PROPOSED:
        raise IllegalTransition(_gone_on(action))
    if action.approval_expires_at <= database_now():
        raise IllegalTransition(f"{action} has expired. Nothing ran.")
    if seen_digest != action.digest or digest_of_action(action) != action.digest:
        raise PlanChanged("The plan changed since you read it. Nothing ran.")


def _gone_on(action: Action) -> str:
    """Say that an action waits for nobody any more, who decided on it, and where it stands."""
    last = action.approvals.select_related("person").last()
    text = f"{action} waits for nobody any more"
    if last is not None:
        text = f"{action} was {SAID[last.decision]} already by {last.person.get_username()}"
    is_all = action.state in {ActionState.DENIED, ActionState.APPROVED} and last is not None
    now = "" if is_all else f" Now it is {action.get_state_display()}."
    return f"{text}.{now} Your decision changed nothing."


def _settle(action: Action, actor: str, decision: Decision, reason: str) -> None:
    if decision == Decision.DENY:
        move(action, ActionState.DENIED, actor=actor, result=f"Denied: {reason}")
        enqueue_plan(newest_diagnosis(action))
        return
    count = action.approvals.filter(decision=Decision.APPROVE).count()
    if count >= action.approvals_needed:
        until = database_now() + timedelta(seconds=settings.EXECUTION_EXPIRY_SECONDS)
        move(action, ActionState.APPROVED, actor=actor, execution_expires_at=until,
             result=f"Approved by {actor.removeprefix('person/')}.")  # fmt: skip
        enqueue_execution(action.pk)
    else:
        tell_approvals(action, actor=actor)


def expire_old(*, limit: int = 100) -> int:
    """Expire what nobody decided on, or what was not started, in time. Returns how many.

    What agents planned and only a limit of time kept people from approving is planned anew.
    """
    now = database_now()
    late = list(
        Action.objects.filter(state=ActionState.PROPOSED, approval_expires_at__lte=now)[:limit]
    )
    late += list(
        Action.objects.filter(state=ActionState.APPROVED, execution_expires_at__lte=now)[:limit]
    )
    for action in late:
        is_kept = action.state == ActionState.PROPOSED and action.requested_by_id is None
        situation = Situation(action, now, action.investigation.incident.environment)
        is_blocked = is_kept and passes_by_itself(evaluate(situation))
        again = " A limit kept it: it is planned anew." if is_blocked else ""
        try:
            move(action, ActionState.EXPIRED, actor=SYSTEM, result=f"Expired. Nothing ran.{again}")
        except IllegalTransition:
            continue
        if is_blocked:
            plan_for(newest_diagnosis(action))
    return len(late) + supersede_over(limit=limit)


def supersede_over(*, limit: int) -> int:
    """Take back what waits for people, or for a worker, in incidents that are over."""
    waiting = Action.objects.filter(
        state__in=[ActionState.PROPOSED, ActionState.APPROVED],
        investigation__incident__state__in=OVER_STATES,
    )
    found = list(waiting.select_related("investigation__incident")[:limit])
    for action in found:
        incident = action.investigation.incident
        is_merged = incident.merged_into_id is not None
        why = f"merged into INC-{incident.merged_into_id}" if is_merged else "resolved"
        try:
            move(action, ActionState.SUPERSEDED, actor=SYSTEM,
                 result=f"The incident was {why}. Nothing ran.")  # fmt: skip
        except IllegalTransition:
            continue
    return len(found)
