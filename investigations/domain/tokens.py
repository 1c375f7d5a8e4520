"""Tokens of alert senders: issued once, revoked for good."""

import re

from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import ClockTimestamp
from investigations.errors import BoardError, NotFound
from investigations.models import IntakeToken
from investigations.token_text import digest_of, new_token

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# The practice system's own, made anew at each start.
OWN = "lab"


def issue_token(*, name: str, actor: str) -> str:
    """Make a token for a new sender and return it: the only time it is seen. Audited.

    Raises:
        BoardError: The name is not usable, or is that of a sender with a token.
    """
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise BoardError("Letters, digits, dots and dashes; for example alertmanager.")
    token = new_token()
    with transaction.atomic():
        known = IntakeToken.objects.select_for_update().filter(name=name).first()
        if name == OWN or (known is not None and known.revoked_at is None):
            raise BoardError(f"{name} has a token. Revoke it first, or choose another name.")
        IntakeToken.objects.update_or_create(
            name=name,
            defaults={"digest": digest_of(token), "revoked_at": None, "last_used_at": None},
        )
        record_audit(actor=actor, verb="token.issued", subject=f"token/{name}")
    return token


def revoke_token(*, token_id: int, actor: str) -> None:
    """Revoke a token. Idempotent. Audited.

    Raises:
        NotFound: There is none.
        BoardError: It is the practice system's own.
    """
    with transaction.atomic():
        row = IntakeToken.objects.select_for_update().filter(pk=token_id).first()
        if row is None:
            raise NotFound("There is no such token.")
        if row.name == OWN:
            raise BoardError("The practice system needs its own token.")
        if row.revoked_at is None:
            IntakeToken.objects.filter(pk=row.pk).update(revoked_at=ClockTimestamp())
            record_audit(actor=actor, verb="token.revoked", subject=f"token/{row.name}")
