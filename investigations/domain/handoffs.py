"""Change of watch: a note is offered, and whoever takes it leads the incident."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import User as Person

from investigations.domain.audit import record_audit
from investigations.domain.handoff_ends import end_handoff, record_handoff
from investigations.domain.incidents import refuse_merged
from investigations.domain.journal import BoardWriter, writing
from investigations.domain.lifecycle import set_lead
from investigations.enums import HandoffState, IncidentState
from investigations.errors import BoardError, NotFound
from investigations.models import Handoff, Incident
from investigations.queries.handoffs import NotePrefill, prefill_note
from investigations.rules import can_respond
from telemetry.redaction import redact

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_PART = 2000
LONGEST_CHECK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class HandoffNote:
    """What the next lead reads. ``check_at``: when to look again, aware UTC, or None."""

    standing: str
    leading: str
    tried: str
    waiting: str
    risks: str
    check_at: datetime | None = None


TEXTS = tuple(f.name for f in fields(HandoffNote) if f.name != "check_at")


def offer_handoff(
    *,
    investigation_id: int,
    user: "User",
    to_username: str = "",
    note: HandoffNote | None = None,
) -> Handoff:
    """Offer the lead with a note: to a named person, or (empty) to whoever takes it.

    Without a note the one that code fills in from the board is used. Offering the same again while
    it waits returns the one that waits. Event: ``handoff_changed``. Requires: ``can_respond``.

    Raises:
        BoardError: Another handoff waits, the person is unknown or may not respond, a part is too
            long, the next look lies in the past, or the incident is over.
    """
    to = _recipient(to_username.removeprefix("@"), user)
    with writing(investigation_id) as board:
        _refuse_over(board.investigation.incident)
        note = note or _note_of(prefill_note(board.investigation, now=board.now))
        _check(note, board.now)
        parts = {name: redact(getattr(note, name), limit=MAX_PART) for name in TEXTS}
        waiting = board.investigation.handoffs.filter(state=HandoffState.PENDING).first()
        if waiting is not None:
            is_same = waiting.offered_by_id == user.pk and waiting.to_id == (to.pk if to else None)
            if is_same and all(getattr(waiting, name) == text for name, text in parts.items()):
                return waiting
            raise BoardError(f"A handoff waits already: {waiting}. Take it or withdraw it first.")
        author = f"person/{user.get_username()}"
        handoff = Handoff.objects.create(
            investigation=board.investigation, number=board.investigation.handoffs.count() + 1,
            author=author, offered_by=user, to=to, to_name=to.get_username() if to else "",
            check_at=note.check_at, offered_at=board.now, **parts,
        )  # fmt: skip
        record_handoff(
            board, handoff, author=author, sentence=f"Handoff {handoff} offered by {author[7:]}"
        )
        record_audit(actor=author, verb="handoff.offered",
                     subject=f"incident/{board.investigation.incident_id}",
                     detail={"handoff": handoff.number, "to": handoff.to_name})  # fmt: skip
    return handoff


def accept_handoff(*, investigation_id: int, number: int, user: "User") -> Handoff:
    """Take a handoff: the person leads from now on. Idempotent for the one who took it.

    Anybody who may respond can take one that was offered to another: the named person may be
    asleep. The event says so. Events: ``handoff_changed``, ``incident_changed``.

    Raises:
        BoardError: Somebody else took it, it has ended, it is one's own, or the incident is over.
        NotFound: There is no such handoff.
    """
    name = user.get_username()
    with writing(investigation_id) as board:
        handoff = _get(board, number)
        if handoff.state == HandoffState.ACCEPTED and handoff.accepted_by == name:
            return handoff
        if handoff.state != HandoffState.PENDING:
            by = f" by {handoff.accepted_by}" if handoff.accepted_by else ""
            raise BoardError(f"N{number} is already {handoff.get_state_display()}{by}.")
        if handoff.offered_by_id == user.pk:
            raise BoardError("It is your own offer: withdraw it to keep the lead.")
        _refuse_over(board.investigation.incident)
        handoff.state, handoff.accepted_by, handoff.ended_at = (
            HandoffState.ACCEPTED,
            name,
            board.now,
        )
        handoff.save(update_fields=["state", "accepted_by", "ended_at"])
        instead = f", instead of {handoff.to_name}" if handoff.to_name not in {"", name} else ""
        record_handoff(
            board, handoff, author=f"person/{name}", sentence=f"N{number}: {name} has it{instead}"
        )
        set_lead(board, username=name, author=f"person/{name}",
                 sentence=f"{name} leads INC-{board.investigation.incident_id}")  # fmt: skip
        record_audit(actor=f"person/{name}", verb="handoff.accepted",
                     subject=f"incident/{board.investigation.incident_id}",
                     detail={"handoff": number})  # fmt: skip
    return handoff


def withdraw_handoff(*, investigation_id: int, number: int, user: "User") -> Handoff:
    """Take an offer back, or decline what is offered to oneself. Idempotent.

    Any responder may: its author may be gone. Event: ``handoff_changed``.

    Raises:
        BoardError: It was taken.
    """
    author = f"person/{user.get_username()}"
    with writing(investigation_id) as board:
        handoff = _get(board, number)
        if handoff.state == HandoffState.ACCEPTED:
            raise BoardError(f"N{number} was taken by {handoff.accepted_by}.")
        if handoff.state != HandoffState.PENDING:
            return handoff
        is_theirs = handoff.to_id == user.pk
        state = HandoffState.DECLINED if is_theirs else HandoffState.WITHDRAWN
        end_handoff(board, handoff, state, author=author,
                    sentence=f"N{number} {state.value} by {author[7:]}")  # fmt: skip
        record_audit(actor=author, verb=f"handoff.{state.value}",
                     subject=f"incident/{board.investigation.incident_id}",
                     detail={"handoff": number})  # fmt: skip
    return handoff


def _recipient(username: str, user: "User") -> Person | None:
    if not username:
        return None
    if username == user.get_username():
        raise BoardError("You cannot hand over to yourself.")
    found = Person.objects.filter(username=username, is_active=True).first()
    if found is None or not can_respond(found):
        raise BoardError(f"There is no responder named {username[:60]}.")
    return found


def _refuse_over(incident: Incident) -> None:
    refuse_merged(incident)
    if incident.state == IncidentState.RESOLVED:
        raise BoardError(f"{incident} is resolved: nobody needs to take it over.")


def _check(note: HandoffNote, now: datetime) -> None:
    for name in TEXTS:
        size = len(getattr(note, name))
        if size > MAX_PART:
            raise BoardError(f"At most {MAX_PART} characters for each part; {name} has {size}.")
    if note.check_at is not None and not now - timedelta(minutes=1) <= note.check_at <= (
        now + LONGEST_CHECK
    ):
        raise BoardError("The next look must lie within the next seven days.")


def _note_of(filled: NotePrefill) -> HandoffNote:
    return HandoffNote(
        standing=filled.standing, leading=filled.leading, tried=filled.tried,
        waiting=filled.waiting, risks=filled.risks, check_at=filled.check_at,
    )  # fmt: skip


def _get(board: BoardWriter, number: int) -> Handoff:
    found = board.investigation.handoffs.filter(number=number).first()
    if found is None:
        raise NotFound(f"There is no handoff N{number}.")
    return found
