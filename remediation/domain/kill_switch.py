"""Stopping everything with one click; releasing needs somebody else and a reason."""

from typing import TYPE_CHECKING

from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import ClockTimestamp
from investigations.rules import can_administer, can_approve, can_respond
from remediation.errors import NotYours
from remediation.models import KillSwitch

if TYPE_CHECKING:
    from django.contrib.auth.models import User

GLOBAL = "global"


def engage(*, person: "User", reason: str = "", scope: str = GLOBAL) -> KillSwitch:
    """Stop all actions of a scope. After the commit no new change starts anywhere. Idempotent.

    It waits for a change in flight: executors hold the row while they act.

    Raises:
        NotYours: The person is a viewer only.
    """
    if not (can_respond(person) or can_administer(person)):
        raise NotYours("Viewers cannot stop actions. Ask a responder.")
    with transaction.atomic():
        KillSwitch.objects.get_or_create(scope=scope)
        row = KillSwitch.objects.select_for_update().get(scope=scope)
        if not row.is_engaged:
            row.is_engaged, row.engaged_by = True, person
            row.reason = (reason or "no reason given")[:300]
            row.changed_at = ClockTimestamp()
            row.save()
            record_audit(
                actor=f"person/{person.get_username()}", verb="kill_switch.engaged",
                subject=f"kill_switch/{scope}", detail={"reason": reason[:300]},
            )  # fmt: skip
    row.refresh_from_db()
    return row


def release(*, person: "User", reason: str, scope: str = GLOBAL) -> KillSwitch:
    """Let actions run again. Starts nothing: what was halted stays halted.

    Raises:
        NotYours: No approver, the engager themself, or no reason.
    """
    if not can_approve(person):
        raise NotYours("Only an approver releases the stop.")
    if not reason.strip():
        raise NotYours("Say why it is safe again.")
    with transaction.atomic():
        row = KillSwitch.objects.select_for_update().get(scope=scope)
        if row.is_engaged and row.engaged_by_id == person.pk:
            raise NotYours("You engaged it: another approver must release it.")
        row.is_engaged = False
        row.reason = reason[:300]
        row.changed_at = ClockTimestamp()
        row.save()
        record_audit(
            actor=f"person/{person.get_username()}", verb="kill_switch.released",
            subject=f"kill_switch/{scope}", detail={"reason": reason[:300]},
        )  # fmt: skip
    row.refresh_from_db()
    return row
