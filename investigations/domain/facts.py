"""What resolved incidents taught: this cause here was fixed by that. People approve or retire it."""

from datetime import timedelta

from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.domain.periodic import Claim, Outcome, run_when_due
from investigations.enums import DiagnosisVerdict, EntryKind, IncidentOrigin, IncidentState
from investigations.errors import BoardError
from investigations.models import (
    BoardEntry,
    Diagnosis,
    FactCase,
    FactState,
    Incident,
    LearnedFact,
)
from investigations.typed_text import refuse_longer, without_reordering

JOB = "knowledge.facts"
EVERY_SECONDS = 60.0
# Looked at again, so that what was resolved during the last look is not missed.
OVERLAP = timedelta(hours=1)
LIMIT = 500
MAX_REASON = 300


def learn_when_due(*, is_forced: bool = False) -> Outcome | None:
    """Propose facts from what was resolved since the last look. Idempotent."""
    return run_when_due(
        JOB, every_seconds=EVERY_SECONDS, lease_seconds=60.0, work=_learn, is_forced=is_forced
    )


def _learn(claim: Claim) -> Outcome:
    rows = Incident.objects.filter(state=IncidentState.RESOLVED)
    if claim.since is not None:
        rows = rows.filter(resolved_at__gt=claim.since - OVERLAP)
    count = sum(learn_from(incident) for incident in rows.order_by("-resolved_at")[:LIMIT])
    return Outcome(f"{count} new cases.")


def learn_from(incident: Incident) -> bool:
    """Record the case of one resolved incident, if it has a cause and an action that helped.

    Returns whether it is new. The cause is the newest diagnosis's; the fix the last action that
    was verified to have helped.
    """
    diagnosis = Diagnosis.objects.filter(investigation__incident=incident).order_by("-pk").first()
    if diagnosis is None or diagnosis.verdict != DiagnosisVerdict.LIKELY_CAUSE:
        return False
    helped = BoardEntry.objects.filter(
        investigation__incident=incident, kind=EntryKind.ACTION, data__state="succeeded"
    ).order_by("-pk")
    entry = helped.first()
    if entry is None or not diagnosis.fault_class or not diagnosis.resource:
        return False
    fact, _ = LearnedFact.objects.get_or_create(
        resource=diagnosis.resource, fault_class=diagnosis.fault_class,
        fix=without_reordering(str(entry.data.get("title", "")))[:200],
        is_practice=incident.origin == IncidentOrigin.PRACTICE,
    )  # fmt: skip
    _, is_new = FactCase.objects.get_or_create(fact=fact, incident=incident)
    return is_new


def decide_fact(*, fact_id: int, to: FactState, reason: str, author: str) -> LearnedFact:
    """Approve or retire a fact. Retiring needs a reason. Idempotent.

    Raises:
        BoardError: There is no such fact, or no reason to retire it.
    """
    reason = refuse_longer(reason.strip(), MAX_REASON, "the reason")
    if to == FactState.PROPOSED:
        raise BoardError("Choose approve or retire.")
    if to == FactState.RETIRED and not reason:
        raise BoardError("Say why it is retired.")
    with transaction.atomic():
        fact = LearnedFact.objects.select_for_update().filter(pk=fact_id).first()
        if fact is None:
            raise BoardError("There is no such fact.")
        if fact.state != to:
            fact.state, fact.reason, fact.decided_by = to, reason, author
            fact.decided_at = database_now()
            fact.save(update_fields=["state", "reason", "decided_by", "decided_at"])
            record_audit(actor=author, verb=f"fact.{to.value}", subject=f"fact/{fact.pk}",
                         detail={"fact": str(fact), "reason": reason})  # fmt: skip
    return fact
