"""One incident goes on for another: merging, and taking them apart again."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.incidents import (
    fires,
    latest_investigation,
    read_reason,
    record_incident,
    refuse_merged,
    settle,
    tell_change,
)
from investigations.domain.journal import BoardWriter, writing
from investigations.domain.runs import write_investigation
from investigations.domain.transitions import move
from investigations.enums import EntryKind, IncidentOrigin, IncidentState
from investigations.errors import BoardError
from investigations.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import User

EXECUTING = ("running", "unknown", "verifying", "undoing")
# Stands where the name of who paused the agents stands.
PAUSER = "the merge"


def merge_incidents(*, incident: Incident, into: Incident, user: "User", reason: str) -> None:
    """Let ``into`` go on for ``incident``: its agents pause, and what waits there is withdrawn.

    Both boards tell it, in one transaction with its audit entry. Alerts stay on the board on which
    they arrived and count for ``into``; those that come later join ``into``. Its severity rises to
    that of what joins it. Requires: ``can_respond`` was checked. Emits ``incident_changed``.

    Raises:
        BoardError: They are the same, one is over or merged already, one is practice and the other
            is not, an action is being executed, or there is no reason.
    """
    reason = read_reason(reason.strip())
    if not reason:
        raise BoardError("Say why they are one: whoever reads it later will want to know.")
    if incident.pk == into.pk:
        raise BoardError("It is this very incident. Choose another one.")
    with transaction.atomic(), ExitStack() as stack:
        here, there = _both(stack, incident, into)
        _check(here, there)
        _merge(here, there, name=user.get_username(), reason=reason)


def separate_incident(*, incident: Incident, user: "User", reason: str) -> None:
    """Take a merged incident apart again: its agents go on, later alerts may join it.

    Requires: ``can_respond`` was checked. Emits ``incident_changed``.

    Raises:
        BoardError: It is not merged, the other one is resolved, or there is no reason.
    """
    reason = read_reason(reason.strip())
    if not reason:
        raise BoardError("Say why they are two: whoever reads it later will want to know.")
    into = Incident.objects.filter(merged=incident).first()
    if into is None:
        raise BoardError(f"{incident} is not merged. Nothing was done.")
    with transaction.atomic(), ExitStack() as stack:
        here, there = _both(stack, incident, into)
        _separate(here, there, name=user.get_username(), reason=reason)


def _both(stack: ExitStack, incident: Incident, into: Incident) -> tuple[BoardWriter, BoardWriter]:
    """Open both journals, the lower one first so that no two merges wait for each other."""
    runs = {row.pk: latest_investigation(row).pk for row in (incident, into)}
    boards = {pk: stack.enter_context(writing(pk)) for pk in sorted(runs.values())}
    for board in boards.values():
        # What was read with the lock may be older than what whoever held it wrote.
        board.investigation.incident.refresh_from_db()
    return boards[runs[incident.pk]], boards[runs[into.pk]]


def _check(here: BoardWriter, there: BoardWriter) -> None:
    incident, into = here.investigation.incident, there.investigation.incident
    refuse_merged(incident)
    refuse_merged(into)
    for row in (incident, into):
        if row.state == IncidentState.RESOLVED:
            raise BoardError(f"{row} is resolved. Open it again first, or leave them apart.")
    if incident.absorbed:
        names = ", ".join(f"INC-{number}" for number in incident.absorbed)
        raise BoardError(f"{names} is merged into {incident}. Separate it first.")
    kinds = {row.origin == IncidentOrigin.PRACTICE for row in (incident, into)}
    if len(kinds) > 1:
        raise BoardError("A practice incident and a real one cannot be one incident.")
    executing = here.investigation.entries.filter(
        kind=EntryKind.ACTION, data__state__in=EXECUTING
    ).first()
    if executing is not None:
        raise BoardError(
            f"{executing.key} is being executed on {incident}. Wait until it has ended, then merge."
        )


def _merge(here: BoardWriter, there: BoardWriter, *, name: str, reason: str) -> None:
    incident, into, run = (
        here.investigation.incident,
        there.investigation.incident,
        here.investigation,
    )
    author = f"person/{name}"
    move(incident, IncidentState.MERGED, merged_into=into, merged_by=name, merge_reason=reason)
    record_incident(here, f"{incident} merged into {into} by {name}: {reason}", author)
    if run.paused_at is None:
        run.paused_at, run.paused_by = here.now, PAUSER
        run.save(update_fields=["paused_at", "paused_by"])
        write_investigation(here, author=author, sentence="Agents paused: the other board goes on")
    into.absorbed = sorted({*into.absorbed, incident.pk})
    if incident.severity < into.severity:
        into.severity = incident.severity
        into.severity_reasons = [*into.severity_reasons, f"{incident} was merged into it"]
    into.save(update_fields=["absorbed", "severity", "severity_reasons"])
    record_incident(there, f"{incident} merged into this by {name}: {reason}", author)
    if into.state == IncidentState.MITIGATED and fires(into):
        settle(there, is_firing=True)
    _tell(here, there, author=author, verb="incident.merged", reason=reason)


def _separate(here: BoardWriter, there: BoardWriter, *, name: str, reason: str) -> None:
    incident, into, run = (
        here.investigation.incident,
        there.investigation.incident,
        here.investigation,
    )
    author = f"person/{name}"
    if incident.merged_into_id != into.pk:
        raise BoardError(f"{incident} has just been taken apart from it. Nothing was done.")
    if into.state == IncidentState.RESOLVED:
        raise BoardError(f"{into} is resolved with it. Open {into} again first.")
    is_calm = incident.alerts.exists() and not incident.alerts.filter(status="firing").exists()
    to = IncidentState.MITIGATED if is_calm else IncidentState.OPEN
    move(incident, to, merged_into=None, merged_by="", merge_reason="",
         mitigated_at=here.now if is_calm else None)  # fmt: skip
    record_incident(here, f"{incident} separated from {into} by {name}: {reason}", author)
    if run.paused_by == PAUSER:
        run.paused_at, run.paused_by = None, ""
        run.save(update_fields=["paused_at", "paused_by"])
        write_investigation(here, author=author, sentence="Agents go on")
    into.absorbed = [number for number in into.absorbed if number != incident.pk]
    into.save(update_fields=["absorbed"])
    record_incident(there, f"{incident} separated from this by {name}: {reason}", author)
    _tell(here, there, author=author, verb="incident.separated", reason=reason)


def _tell(here: BoardWriter, there: BoardWriter, *, author: str, verb: str, reason: str) -> None:
    record_audit(
        actor=author, verb=verb, subject=f"incident/{here.investigation.incident_id}",
        detail={"other": f"incident/{there.investigation.incident_id}", "reason": reason},
    )  # fmt: skip
    for board in (here, there):
        tell_change(board.investigation.pk)
