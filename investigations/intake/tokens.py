"""Bearer tokens of webhook senders: shown once, kept as SHA-256."""

import hmac
from datetime import timedelta

from django.db.models import Q

from investigations.domain.clock import ClockTimestamp
from investigations.models import IntakeToken
from investigations.token_text import digest_of, new_token

USED_RESOLUTION = timedelta(minutes=1)


def make_token(name: str) -> str:
    """Create a token, or replace the one of that name, and return it: the only time it is seen."""
    token = new_token()
    IntakeToken.objects.update_or_create(
        name=name, defaults={"digest": digest_of(token), "revoked_at": None}
    )
    return token


def find_sender(authorization: str) -> IntakeToken | None:
    """Return the live token of an ``Authorization`` header, or None. Compares in constant time."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    wanted = digest_of(token.strip())
    found = IntakeToken.objects.filter(digest=wanted, revoked_at__isnull=True).first()
    if found is None or not hmac.compare_digest(found.digest, wanted):
        return None
    IntakeToken.objects.filter(pk=found.pk).filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=ClockTimestamp() - USED_RESOLUTION)
    ).update(last_used_at=ClockTimestamp())
    return found
