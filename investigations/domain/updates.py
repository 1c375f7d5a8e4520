"""Status updates: what responders tell the people who wait."""

from datetime import timedelta
from typing import TYPE_CHECKING

from investigations.domain.audit import record_audit
from investigations.domain.journal import writing
from investigations.enums import BoardEventKind
from investigations.errors import BoardError
from investigations.models import StatusUpdate
from investigations.queries.objects import update_object
from telemetry.redaction import redact

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_TEXT = 1000
MAX_IMPACT = 500
MAX_MINUTES = 24 * 60
SAME_FORM = timedelta(minutes=2)


def post_update(
    *, investigation_id: int, user: "User", text: str, impact: str = "", next_minutes: int = 0
) -> StatusUpdate:
    """Tell the people who wait. Event: ``status_posted``. Requires: ``can_respond``.

    The same words by the same person within two minutes are the same form sent twice: the first
    one is returned.

    Args:
        investigation_id: The investigation.
        user: Who tells.
        text: What they should know, at most 1,000 characters.
        impact: Who is hurt and how; empty keeps what was said last.
        next_minutes: When the next update is promised, 1..1440; 0 promises none. Once the
            incident is over no promise is kept: none is due.

    Raises:
        BoardError: Empty or too long, or the promise is out of range.
    """
    text, impact = text.strip(), " ".join(impact.split())
    if not text:
        raise BoardError("Write what people should know.")
    if len(text) > MAX_TEXT or len(impact) > MAX_IMPACT:
        raise BoardError(
            f"At most {MAX_TEXT} characters for the update and {MAX_IMPACT} for the impact; "
            f"yours have {len(text)} and {len(impact)}."
        )
    if not 0 <= next_minutes <= MAX_MINUTES:
        raise BoardError("Promise the next update within 24 hours.")
    author = f"person/{user.get_username()}"
    text, impact = redact(text, limit=MAX_TEXT), redact(impact, limit=MAX_IMPACT)
    with writing(investigation_id) as board:
        is_over = board.investigation.incident.is_over
        due_at = (
            board.now + timedelta(minutes=next_minutes) if next_minutes and not is_over else None
        )
        last = board.investigation.updates.order_by("-number").first()
        impact = impact or (last.impact if last else "")
        said = (last.text, last.impact, last.author) if last else None
        if last and said == (text, impact, author) and board.now - last.posted_at < SAME_FORM:
            return last
        update = StatusUpdate.objects.create(
            investigation=board.investigation, number=last.number + 1 if last else 1, text=text,
            impact=impact, author=author, posted_at=board.now,
            next_due_at=due_at,
        )  # fmt: skip
        board.record(
            BoardEventKind.STATUS_POSTED,
            author=author,
            sentence=f"U{update.number} told to those who wait: {text}",
            upsert={"updates": {f"U{update.number}": update_object(update)}},
        )
        record_audit(actor=author, verb="status.posted",
                     subject=f"incident/{board.investigation.incident_id}",
                     detail={"update": update.number})  # fmt: skip
    return update
