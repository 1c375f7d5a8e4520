"""An action that a person asks for: planned like the others, and approved by somebody else."""

import difflib
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from investigations.domain import runs
from investigations.enums import IncidentState, SteeringKind, SteeringState
from investigations.models import Diagnosis, SteeringMessage
from investigations.offers import PROPOSAL
from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.catalog.registry import CATALOG
from remediation.domain.live_check import drift_of
from remediation.domain.planning import SYSTEM, newest_diagnosis, plan_for, propose
from remediation.domain.transitions import move
from remediation.enums import ActionState
from remediation.errors import ExecutorError, IllegalTransition, NotPlannable
from remediation.executors.ports import DryRun, TargetState
from remediation.executors.registry import executor_for

if TYPE_CHECKING:
    from remediation.models import Action

log = structlog.get_logger(__name__)


def plan_requested(message_id: int) -> None:
    """Plan what a message asks for, and answer it: with the action, or with why there is none.

    Idempotent: an answered message is left alone.
    """
    message = SteeringMessage.objects.select_related("investigation__incident", "posted_by").get(
        pk=message_id
    )
    if message.kind != SteeringKind.PROPOSE or message.state != SteeringState.SENT:
        return
    try:
        action = _plan(message)
    except (NotPlannable, ExecutorError) as error:
        _answer(message, SteeringState.DECLINED, str(error))
        return
    if action.requested_by_id == message.posted_by_id:
        reply = f"{action} proposed: {action.title}. Another person must approve it."
    else:
        reply = f"{action} is just that, and waits: {action.get_state_display()}."
    _answer(message, SteeringState.ACTED, reply)


def kind_named(text: str) -> ActionKind:
    """Return the catalogue's action of a name; ``roll-back`` and ``restart`` are understood too.

    Raises:
        NotPlannable: The catalogue has no such action.
    """
    wanted = text.lower().replace("-", "_")
    exact = CATALOG.get(wanted) or CATALOG.get(wanted.replace("_", ""))
    if exact is not None:
        return exact
    partly = [kind for slug, kind in CATALOG.items() if wanted in slug.split("_")]
    if len(partly) == 1:
        return partly[0]
    near = difflib.get_close_matches(wanted, CATALOG, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise NotPlannable(
        f"The catalogue has no action {text[:40]}.{meant} There is: {', '.join(CATALOG)}."
    )


def _plan(message: SteeringMessage) -> "Action":
    found = PROPOSAL.fullmatch(message.text)
    if found is None:
        raise NotPlannable("Write it like this: /propose rollback payments")
    investigation = message.investigation
    if investigation.incident.state == IncidentState.RESOLVED:
        raise NotPlannable("The incident is resolved. Open it again first.")
    if investigation.incident.merged_into_id is not None:
        raise NotPlannable("The incident is merged into another one: ask there.")
    diagnosis = investigation.diagnoses.order_by("-number").first()
    if diagnosis is None:
        raise NotPlannable("There is no diagnosis yet: an action is judged against one.")
    kind = kind_named(found[1])
    target = found[2] if "/" in found[2] else f"service/{found[2]}"
    reason = (found[3] or "").strip() or "asked for without a reason"
    who = message.author.removeprefix("person/")
    treatment = Treatment(kind.slug, target, f"{who}: {reason}"[:300], diagnosis.fault_class)
    action = propose(
        diagnosis, treatment, *_prepare(diagnosis, treatment), requested_by=message.posted_by
    )
    if action is None:
        raise NotPlannable("Another action is under way; ask again when it is over.")
    return action


def _prepare(
    diagnosis: Diagnosis, treatment: Treatment
) -> tuple[Proposal, TargetState, DryRun, str]:
    executor = executor_for(str(diagnosis.investigation.telemetry.get("kind", "")))
    state = executor.observe(treatment.target.rpartition("/")[2])
    proposal = CATALOG[treatment.action].plan(treatment, state)
    return proposal, state, executor.dry_run(proposal.request), executor.name


def renew(action: "Action") -> None:
    """Take back a waiting action whose target another one has changed, and plan it anew.

    What a person asked for is proposed again in their name, in the same transaction, while the
    incident goes on; once it is mitigated they are told that it lapsed, and how to ask again. What
    agents planned they plan anew, if it still treats the newest diagnosis. Where the target cannot
    be read nothing is done: the next look tries again.
    """
    diagnosis = action.diagnosis
    treatment = Treatment(action.kind, action.target, action.reason, diagnosis.fault_class)
    try:
        drift = drift_of(action)
        is_open = action.investigation.incident.state == IncidentState.OPEN
        is_asked = bool(drift) and action.requested_by is not None and is_open
        prepared = _prepare(diagnosis, treatment) if is_asked else None
    except ExecutorError as error:
        log.info("renew.target_unread", action=action.pk, reason=str(error))
        return
    except NotPlannable as error:
        drift, prepared = f"It can no longer be done: {error}", None
    if not drift:
        return
    again = _told_after(action, is_open=is_open, is_planned=prepared is not None)
    try:
        with transaction.atomic():
            move(
                action,
                ActionState.STALE,
                actor=SYSTEM,
                result=f"{drift} Nothing ran. {again}".strip(),
            )
            if prepared is not None:
                propose(diagnosis, treatment, *prepared, requested_by=action.requested_by)
    except IllegalTransition as error:
        log.info("renew.moved_on", action=action.pk, reason=str(error))
        return
    if action.requested_by is None:
        plan_for(newest_diagnosis(action))


def ask_again(action: "Action") -> None:
    """Propose again, in the person's name, what went stale after its approval. It needs a new approval.

    Where the target cannot be read nothing is done: the next look tries again.
    """
    diagnosis = action.diagnosis
    treatment = Treatment(action.kind, action.target, action.reason, diagnosis.fault_class)
    try:
        propose(
            diagnosis, treatment, *_prepare(diagnosis, treatment), requested_by=action.requested_by
        )
    except (ExecutorError, NotPlannable) as error:
        log.info("ask_again.skipped", action=action.pk, reason=str(error))


def _told_after(action: "Action", *, is_open: bool, is_planned: bool) -> str:
    """Return what becomes of an action that lapsed."""
    if is_planned or (is_open and action.requested_by is None):
        return "It is planned anew."
    if is_open or action.requested_by is None:
        return ""
    place = action.target.removeprefix("service/")
    return (
        "The incident is mitigated, so it is not asked for again by itself. If it is still wanted: "
        f"/propose {action.kind} {place}"
    )


def _answer(message: SteeringMessage, to: SteeringState, reply: str) -> None:
    runs.answer_steering(message_id=message.pk, to=to, reply=reply, author=SYSTEM)
