"""Stopping everything with one click; releasing needs somebody else and a reason."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.text import Truncator

from investigations.domain.audit import record_audit
from investigations.domain.clock import ClockTimestamp
from investigations.rules import can_administer, can_approve, can_respond
from remediation.errors import NotAllowed, NotYours, refuse_longer
from remediation.jobs import enqueue_open_work
from remediation.models import Action, KillSwitch
from remediation.queries.switches import GLOBAL, scopes_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_SWITCH_REASON, MAX_AUDITED = 300, 5000


def is_free(action: Action) -> bool:
    """Whether no switch stops the action, with their rows held for share until the commit.

    Engaging any scope locks the global row as well, so it waits for whoever has asked here, also
    where the scope has no row yet. No global row counts as engaged.
    """
    rows = KillSwitch.objects.raw(
        "SELECT * FROM remediation_killswitch WHERE scope = ANY(%s) ORDER BY scope FOR SHARE",
        [list(scopes_of(kind=action.kind, environment=environment_of(action)))],
    )
    known = {row.scope: row.is_engaged for row in rows}
    return GLOBAL in known and not any(known.values())


def environment_of(action: Action) -> str:
    """Return where an action would run."""
    return str(action.investigation.incident.environment)


def _locked(scope: str, *, is_engaged: bool) -> KillSwitch:
    """Return a scope's row, made if it is missing, with the global one locked too."""
    KillSwitch.objects.get_or_create(scope=GLOBAL, defaults={"is_engaged": True})
    KillSwitch.objects.get_or_create(scope=scope, defaults={"is_engaged": is_engaged})
    rows = KillSwitch.objects.select_for_update().filter(scope__in={GLOBAL, scope})
    return {row.scope: row for row in rows.order_by("scope")}[scope]


def engage(*, person: "User", reason: str = "", scope: str = GLOBAL) -> KillSwitch:
    """Stop all actions of a scope. After the commit no new change starts anywhere. Idempotent.

    It waits for a change in flight: executors hold the row while they act. The reason of whoever
    stops what is stopped already goes to the audit log alone.

    Raises:
        NotAllowed: The person is a viewer only.
    """
    if not (can_respond(person) or can_administer(person)):
        raise NotAllowed("Viewers cannot stop actions. Ask a responder.")
    # Stopping is never refused over its words: the audit log has more of them.
    reason = Truncator(reason).chars(MAX_AUDITED)
    kept = Truncator(reason).chars(MAX_SWITCH_REASON)
    with transaction.atomic():
        row = _locked(scope, is_engaged=False)
        if not row.is_engaged or row.engaged_by_id is None:
            row.is_engaged, row.engaged_by = True, person
            row.reason = kept or "no reason given"
            row.changed_at = ClockTimestamp()
            row.save()
            record_audit(
                actor=f"person/{person.get_username()}", verb="kill_switch.engaged",
                subject=f"kill_switch/{scope}", detail={"reason": reason},
            )  # fmt: skip
            enqueue_open_work()
        elif reason and reason != row.reason:
            record_audit(
                actor=f"person/{person.get_username()}", verb="kill_switch.engaged_again",
                subject=f"kill_switch/{scope}", detail={"reason": reason},
            )  # fmt: skip
    row.refresh_from_db()
    return row


def release(*, person: "User", reason: str, scope: str = GLOBAL) -> KillSwitch:
    """Let actions run again. Starts nothing: what was halted stays halted. Idempotent.

    A switch whose row is missing counts as engaged, and is released like any other.

    Raises:
        NotAllowed: No approver.
        NotYours: The engager themself, or no reason.
        TooLong: The reason is longer than 300 characters.
    """
    refuse_longer(reason, MAX_SWITCH_REASON)
    if not can_approve(person):
        raise NotAllowed("Only an approver releases the stop.")
    if not reason.strip():
        raise NotYours("Say why it is safe again.")
    with transaction.atomic():
        row = _locked(scope, is_engaged=True)
        if not row.is_engaged:
            return row
        if row.engaged_by_id == person.pk:
            raise NotYours("You engaged it: another approver must release it.")
        row.is_engaged = False
        row.reason = reason
        row.changed_at = ClockTimestamp()
        row.save()
        record_audit(
            actor=f"person/{person.get_username()}", verb="kill_switch.released",
            subject=f"kill_switch/{scope}", detail={"reason": reason},
        )  # fmt: skip
        enqueue_open_work()
    row.refresh_from_db()
    return row
