"""An action that a person asks for: planned like the others, and approved by somebody else."""

import difflib
from typing import TYPE_CHECKING

from investigations.domain import runs
from investigations.enums import IncidentState, SteeringKind, SteeringState
from investigations.models import SteeringMessage
from investigations.offers import PROPOSAL
from remediation.catalog.base import ActionKind, Treatment
from remediation.catalog.registry import CATALOG
from remediation.domain.planning import SYSTEM, propose
from remediation.errors import ExecutorError, NotPlannable
from remediation.executors.registry import executor_for

if TYPE_CHECKING:
    from remediation.models import Action


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
    executor = executor_for(str(investigation.telemetry.get("kind", "")))
    state = executor.observe(target.rpartition("/")[2])
    proposal = kind.plan(treatment, state)
    dry = executor.dry_run(proposal.request)
    action = propose(
        diagnosis, treatment, proposal, state, dry, executor.name,
        requested_by=message.posted_by,
    )  # fmt: skip
    if action is None:
        raise NotPlannable("Another action is under way; ask again when it is over.")
    return action


def _answer(message: SteeringMessage, to: SteeringState, reply: str) -> None:
    runs.answer_steering(message_id=message.pk, to=to, reply=reply, author=SYSTEM)
