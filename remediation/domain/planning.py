"""From a diagnosis to an action: treatments resolved against the live target, by code."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db.models import Max

from investigations.comings_back import will_come_back
from investigations.domain.audit import record_audit
from investigations.domain.board import write_entry
from investigations.domain.clock import database_now
from investigations.domain.error_budget import budgets_of
from investigations.domain.journal import writing
from investigations.enums import DiagnosisVerdict, EntryKind, IncidentState
from investigations.models import Diagnosis, Investigation
from investigations.queries.deciding import cited_in_order
from remediation.catalog.base import Proposal, Treatment
from remediation.catalog.registry import CATALOG
from remediation.domain.assurance import expected_of
from remediation.domain.digests import digest_of_action
from remediation.domain.options import weigh
from remediation.domain.sameness import tried_before, tried_of
from remediation.domain.transitions import move, summary_of
from remediation.enums import ActionState, Risk
from remediation.errors import ExecutorError, IllegalTransition, NotPlannable
from remediation.executors.ports import DryRun, TargetState, snapshot_of
from remediation.executors.registry import executor_for
from remediation.models import Action
from remediation.verification.before import decisive
from remediation.verification.meanings import WATCHED, trigger_of
from remediation.verification.witnesses import names_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
SYSTEM = "agent/remediation"
LIVE = [ActionState.PROPOSED, ActionState.APPROVED, ActionState.RUNNING, ActionState.UNKNOWN,
        ActionState.VERIFYING, ActionState.UNDOING]  # fmt: skip


def plan_for(diagnosis_id: int) -> Action | None:
    """Plan the first treatment of a diagnosis that can be done now and has not failed before.

    Idempotent: a diagnosis with a live action, or that is not the newest, plans nothing, and neither
    does one of an incident that is mitigated or resolved: what was found there is history, until
    it opens again. A cause that comes back by itself is none while its symptom only pauses. An
    earlier proposal for another cause is superseded.
    """
    diagnosis = Diagnosis.objects.select_related("investigation__incident").get(pk=diagnosis_id)
    investigation = diagnosis.investigation
    newest = investigation.diagnoses.order_by("-number").first()
    if diagnosis.verdict != DiagnosisVerdict.LIKELY_CAUSE or newest != diagnosis:
        return None
    incident = investigation.incident
    if incident.merged_into_id is not None or not _goes_on(diagnosis):
        return None
    try:
        executor = executor_for(str(investigation.telemetry.get("kind", "")))
    except NotPlannable:
        return None
    passed_over: list[str] = []
    same: list[Treatment] = []
    is_unread = False
    for item in diagnosis.treatments:
        treatment = Treatment(
            str(item["action"]), str(item["resource"]), str(item["reason"]), diagnosis.fault_class
        )
        kind = CATALOG.get(treatment.action)
        if kind is None or _was_tried(investigation, treatment):
            passed_over.append(
                "it was tried before" if kind else "the catalogue has no such action"
            )
            continue
        try:
            state = executor.observe(treatment.target.rpartition("/")[2])
            proposal = kind.plan(treatment, state)
            dry = executor.dry_run(proposal.request)
            _refuse_again(investigation, treatment, dry, same)
        except (NotPlannable, ExecutorError) as error:
            log.info("plan.skipped", treatment=treatment.action, reason=str(error))
            passed_over.append(str(error))
            is_unread = is_unread or isinstance(error, ExecutorError)
            continue
        return propose(
            diagnosis, treatment, proposal, state, dry, executor.name, passed_over=passed_over
        )
    if not is_unread:
        _tell_end(investigation, same)
    return None


def _refuse_again(
    investigation: Investigation, treatment: Treatment, dry: DryRun, same: list[Treatment]
) -> None:
    """Refuse what would change just what was denied, or done in vain, under another name."""
    known = tried_before(investigation, target=treatment.target, diff=dry.diff)
    if known is not None:
        same.append(treatment)
        how = "denied" if known.state == ActionState.DENIED else "tried before"
        raise NotPlannable(f"it is the same change as {known}, which was {how}")


def _tell_end(investigation: Investigation, same: Sequence[Treatment]) -> None:
    """Say once on the board that after a denial nothing is left to plan; ``same``: what is no other."""
    if _denied_last(investigation) is None:
        return
    told = {"nothing_else": True, "same": [[t.action, t.target] for t in same]}
    with writing(investigation.pk) as board:
        last = _denied_last(investigation)
        if last is None:
            return
        write_entry(
            board, kind=EntryKind.ACTION, key=str(last), data=summary_of(last) | told, author=SYSTEM,
            sentence=f"{last} {last.title}: nothing else that treats this cause can be planned.",
        )  # fmt: skip


def _denied_last(investigation: Investigation) -> Action | None:
    """Return the last action where it was denied, and what that leaves was not told yet."""
    last = investigation.actions.order_by("-number").first()
    if last is None or last.state != ActionState.DENIED:
        return None
    entries = investigation.entries.filter(kind=EntryKind.ACTION, key=str(last))
    return None if entries.filter(data__has_key="nothing_else").exists() else last


def newest_diagnosis(action: Action) -> int:
    """Return the key of what is planned for now where an action stood: a later verdict may go on."""
    rows = Diagnosis.objects.filter(investigation=action.investigation_id).order_by("-number")
    return rows.values_list("pk", flat=True)[0]


def _goes_on(diagnosis: Diagnosis) -> bool:
    """Whether what was found still hurts, or only pauses and nothing has ended it."""
    investigation = diagnosis.investigation
    state = investigation.incident.state
    if state != IncidentState.MITIGATED:
        return state == IncidentState.OPEN
    helped = investigation.actions.filter(state=ActionState.SUCCEEDED)
    return will_come_back(diagnosis, succeeded=helped.values_list("kind", "target"))


def _was_tried(investigation: Investigation, treatment: Treatment) -> bool:
    what = {"kind": treatment.action, "target": treatment.target}
    if tried_of(investigation).filter(**what).exists():
        return True
    helped = investigation.actions.filter(state=ActionState.SUCCEEDED, **what)
    return CATALOG[treatment.action].goes_back and helped.exists()


def propose(
    diagnosis: Diagnosis, treatment: Treatment, proposal: Proposal, state: TargetState, dry: DryRun,
    executor: str, *, requested_by: "User | None" = None, passed_over: Sequence[str] = (),
) -> Action | None:  # fmt: skip
    """Put an action on the board, unless it is there or another one is under way.

    What agents propose supersedes their own earlier proposal; what a person asked for
    (``requested_by``) stands beside it, and only a person's decision or time ends it.
    ``passed_over``: why each treatment of the diagnosis before this one is not taken.
    """
    kind = CATALOG[treatment.action]
    blast = _blast(diagnosis.investigation, treatment, proposal, state)
    with writing(diagnosis.investigation_id) as board:
        investigation = board.investigation
        for live in investigation.actions.filter(state__in=LIVE):
            is_same = live.payload == proposal.request and live.target_version == state.version
            if is_same or live.state != ActionState.PROPOSED:
                return live if is_same or requested_by is None else None
            if requested_by is not None or live.requested_by_id is not None:
                continue
            try:
                move(live, ActionState.SUPERSEDED, actor=SYSTEM, result="A newer plan replaces it.")
            except IllegalTransition:
                return live
            board.investigation.refresh_from_db()
        action = Action(
            investigation=investigation, diagnosis=diagnosis, kind=kind.slug,
            number=(investigation.actions.aggregate(last=Max("number"))["last"] or 0) + 1,
            kind_version=kind.version, title=_fit(proposal.title, 200), reason=treatment.reason,
            target=treatment.target, target_uid=state.uid, target_version=state.version,
            executor=executor, payload=proposal.request, command=_fit(proposal.command, 500), diff=dry.diff,
            undo_payload=proposal.undo or {}, undo_text=_fit(proposal.undo_text, 300),
            undo_command=_fit(proposal.undo_command, 500), undo_diff=dry.way_back if proposal.undo else "",
            blast=blast,
            checks=_checks(diagnosis, treatment.target, has_undo=bool(proposal.undo)),
            evidence=cited_in_order(diagnosis), risk=kind.risk,
            options=weigh(diagnosis, taken=kind.slug, target=treatment.target, passed_over=passed_over),
            snapshot=snapshot_of(state), **expected_of(diagnosis, kind=kind.slug, service=treatment.target),
            approvals_needed=2 if kind.risk == Risk.RED else 1,
            approval_expires_at=board.now + timedelta(seconds=settings.APPROVAL_EXPIRY_SECONDS),
            proposed_at=board.now, requested_by=requested_by,
        )  # fmt: skip
        action.digest = digest_of_action(action)
        action.save()
        actor = f"person/{requested_by.get_username()}" if requested_by else SYSTEM
        record_audit(
            actor=actor, verb="action.proposed", subject=f"action/{action.pk}",
            detail={"title": action.title, "digest": action.digest},
        )  # fmt: skip
        write_entry(
            board, kind=EntryKind.ACTION, key=str(action), data=summary_of(action), author=SYSTEM,
            sentence=f"{action} proposed: {action.title}",
        )  # fmt: skip
    return action


def _fit(text: str, length: int) -> str:
    """Return a sentence for its column: one that is too long ends in a way that can be seen."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _blast(
    investigation: Investigation, treatment: Treatment, proposal: Proposal, state: TargetState
) -> dict[str, object]:
    """Return what it touches, how fast, and the error budgets of who would feel it."""
    hurt = (treatment.target, investigation.incident.resource)
    return {
        "touched_pods": proposal.touched_pods,
        "total_pods": state.total_pods,
        "workload": state.name,
        "at_once": state.at_once if CATALOG[treatment.action].replaces_pods else 0,
        "budgets": budgets_of(investigation, hurt, now=database_now()),
    }


def _checks(diagnosis: Diagnosis, target: str, *, has_undo: bool) -> dict[str, str]:
    """Return what verification will check, by name: see :class:`remediation.models.Action`."""
    investigation = diagnosis.investigation
    name = investigation.incident.resource.rpartition("/")[2]
    trigger = trigger_of(investigation.incident.semantic)
    also = f", and {trigger.replace('_', ' ')}," if trigger and trigger not in WATCHED else ""
    seconds = settings.VERIFY_SETTLE_SECONDS
    others = names_of(decisive(diagnosis, target=target))
    otherwise = "it is undone by itself" if has_undo else "it was no help; nothing undoes it"
    watched = f"p99 and errors{also} of {name}"
    return {
        "range": f"{watched} back in the range of "
                 f"{investigation.baseline_start:%H:%M} to {investigation.baseline_end:%H:%MZ}",
        "samples": f"so in {settings.VERIFY_SAMPLES} samples in a row from {seconds:.0f} s after it on, "
                   f"else {otherwise}",
        "if_well_before": f"if {watched} are in that range already just before the change, finding them "
                          "there after it proves nothing. It then counts as help only if at least one of "
                          "these is out of its range just before the change and back in it after: "
                          f"{', '.join(others)}",
    }  # fmt: skip
