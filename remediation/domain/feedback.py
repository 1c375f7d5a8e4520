"""What people say of an action afterwards."""

from typing import TYPE_CHECKING

from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.board import write_entry
from investigations.domain.clock import database_now
from investigations.domain.journal import writing
from investigations.enums import EntryKind
from investigations.rules import can_respond
from investigations.typed_text import refuse_longer
from remediation.domain.planning import SYSTEM
from remediation.domain.transitions import MUST_JUDGE, is_unjudged, stands, summary_of
from remediation.domain.verifying import take_autonomy
from remediation.errors import NotYours, RuleRefused
from remediation.jobs import enqueue_plan
from remediation.models import Action, ActionFeedback, ActionOutcome, FeedbackValue

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def give_feedback(*, action_id: int, person: "User", value: str, note: str = "") -> ActionFeedback:
    """Say of an action that is over what it did. A person's later word replaces the earlier. Audited.

    Of one that could not be measured the first word is its outcome: the track record tells it, and no
    autonomy is earned by it. If it did not help, another treatment is asked for. Harm takes autonomy
    away at once, whatever was measured.

    Raises:
        NotYours: Viewers may not.
        RuleRefused: No such value, or nothing came of the action yet.
    """
    if not can_respond(person):
        raise NotYours("Only responders judge what an action did.")
    if value not in FeedbackValue.values:
        raise RuleRefused("Choose what it did.")
    note = refuse_longer(note.strip(), 500, "the note")
    with transaction.atomic():
        rows = Action.objects.select_for_update(of=("self",))
        action = rows.select_related("outcome", "diagnosis").get(pk=action_id)
        outcome = getattr(action, "outcome", None)
        told = f"{person.get_username()} judged it: {FeedbackValue(value).label}."
        if outcome is None and is_unjudged(action):
            outcome = _outcome_by_word(action, value)
            _tell(action, told)
            if not outcome.helped:
                enqueue_plan(action.diagnosis_id)
        elif outcome is not None and stands(action):
            _tell(action, told)
        if outcome is None:
            raise RuleRefused("Nothing has come of it yet.")
        row, _ = ActionFeedback.objects.update_or_create(
            outcome=outcome, person=person,
            defaults={"value": value, "note": note, "given_at": database_now()},
        )  # fmt: skip
        detail: dict[str, object] = {"value": value, "note": note}
        if value == FeedbackValue.HARMED:
            why = f"{action} did harm, says {person.get_username()}: people decide again."
            detail["autonomy_taken"] = take_autonomy(action, reason=why)
        record_audit(
            actor=f"person/{person.get_username()}", verb="action.judged",
            subject=f"action/{action_id}", detail=detail,
        )  # fmt: skip
    return row


def _tell(action: Action, told: str) -> None:
    """Put a person's judgement where it said that one is needed: on the card and on the board."""
    with writing(action.investigation_id) as board:
        action.result = f"{action.result.removesuffix(MUST_JUDGE).strip()} {told}"[:500]
        action.save(update_fields=["result"])
        write_entry(
            board, kind=EntryKind.ACTION, key=str(action), data=summary_of(action), author=SYSTEM,
            sentence=f"{action} {action.title}: {told}",
        )  # fmt: skip


def _outcome_by_word(action: Action, value: str) -> ActionOutcome:
    outcome, _ = ActionOutcome.objects.get_or_create(
        action=action,
        defaults={
            "kind": action.kind, "service": action.target, "is_measured": False,
            "fault_class": action.diagnosis.fault_class, "helped": value == FeedbackValue.HELPED,
            "before": action.snapshot, "confidence": action.diagnosis.confidence,
        },
    )  # fmt: skip
    return outcome
