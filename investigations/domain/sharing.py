"""Links by which people without an account read an incident's status."""

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.domain.journal import BoardWriter, writing
from investigations.enums import BoardEventKind
from investigations.errors import BoardError, NotFound
from investigations.models import ShareLink
from investigations.queries.objects import share_object

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TOKEN_BYTES = 32
CHOICES_HOURS = (1, 8, 24, 72, 168)
DEFAULT_HOURS = 24
MAX_LIVE = 20
BURST = timedelta(minutes=1)
BURST_MAX = 60


class TooManyReads(BoardError):
    """The link was read more often than people read."""


def hash_token(token: str) -> str:
    """Return what is stored of a token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def create_share(
    *, investigation_id: int, user: "User", hours: int, form_key: str
) -> tuple[ShareLink, str]:
    """Make a link that ends by itself, and return it with its token, which is kept nowhere.

    Event: ``share_changed``. Requires: ``can_respond``.

    Raises:
        BoardError: The time is not one of the choices, this form made one already, or 20 live.
    """
    if hours not in CHOICES_HOURS:
        raise BoardError("Choose how long the link lives.")
    if not form_key or len(form_key) > 64:
        raise BoardError("The form is incomplete. Load the page again.")
    author = f"person/{user.get_username()}"
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with writing(investigation_id) as board:
        links = ShareLink.objects.filter(incident_id=board.investigation.incident_id)
        if links.filter(form_key=form_key).exists():
            raise BoardError(
                "This form has made its link already; its address was shown once. "
                "If you did not keep it, revoke it and make another."
            )
        if links.filter(revoked_at=None, expires_at__gt=board.now).count() >= MAX_LIVE:
            raise BoardError(f"{MAX_LIVE} links live already. Revoke one first.")
        link = ShareLink.objects.create(
            incident_id=board.investigation.incident_id, number=links.count() + 1,
            token_hash=hash_token(token), form_key=form_key, author=author, created_by=user,
            created_at=board.now, expires_at=board.now + timedelta(hours=hours),
        )  # fmt: skip
        until = f"{link.expires_at:%Y-%m-%d %H:%M}Z"
        _record(board, link, author, f"Status link L{link.number} made, until {until}")
        _audit(board, link, author, "share.created")
    return link, token


def revoke_share(*, investigation_id: int, number: int, user: "User") -> ShareLink:
    """End a link at once. Idempotent. Event: ``share_changed``. Requires: ``can_respond``.

    Raises:
        NotFound: There is no such link.
    """
    author = f"person/{user.get_username()}"
    with writing(investigation_id) as board:
        link = ShareLink.objects.filter(
            incident_id=board.investigation.incident_id, number=number
        ).first()
        if link is None:
            raise NotFound(f"There is no link L{number}.")
        if link.revoked_at is not None:
            return link
        link.revoked_at = board.now
        link.save(update_fields=["revoked_at"])
        _record(board, link, author, f"Status link L{number} revoked")
        _audit(board, link, author, "share.revoked")
    return link


def open_share(token: str) -> ShareLink:
    """Return the live link of a token, and count the reading. At most 60 readings a minute.

    Raises:
        NotFound: No link has this token, or it was revoked, or its time is up: not told apart.
        TooManyReads: More readings in this minute than people make.
    """
    link = ShareLink.objects.select_related("incident").filter(token_hash=hash_token(token)).first()
    now = database_now()
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        raise NotFound("There is no such page, or its time is up.")
    mine = ShareLink.objects.filter(pk=link.pk)
    counted = {"uses": F("uses") + 1, "last_used_at": now}
    is_fresh = link.burst_at is None or now - link.burst_at >= BURST
    if is_fresh:
        mine.filter(burst_at=link.burst_at).update(burst_at=now, burst_uses=0)
    if not mine.filter(burst_uses__lt=BURST_MAX).update(burst_uses=F("burst_uses") + 1, **counted):
        raise TooManyReads("This page is read too often. Try again in a minute.")
    return link


def _record(board: BoardWriter, link: ShareLink, author: str, sentence: str) -> None:
    board.record(
        BoardEventKind.SHARE_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"shares": {f"L{link.number}": share_object(link)}},
    )


def _audit(board: BoardWriter, link: ShareLink, author: str, verb: str) -> None:
    record_audit(actor=author, verb=verb, subject=f"incident/{board.investigation.incident_id}",
                 detail={"link": link.number, "until": link.expires_at.isoformat()})  # fmt: skip
