"""Bearer tokens of webhook senders: shown once, kept as SHA-256."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.db.models import Q

from investigations.domain.clock import ClockTimestamp
from investigations.models import IntakeToken

USED_RESOLUTION = timedelta(minutes=1)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_token(name: str) -> str:
    """Create a token, or replace the one of that name, and return it: the only time it is seen."""
    token = f"sre_{secrets.token_urlsafe(32)}"
    IntakeToken.objects.update_or_create(
        name=name, defaults={"digest": _digest(token), "revoked_at": None}
    )
    return token


def find_sender(authorization: str) -> IntakeToken | None:
    """Return the live token of an ``Authorization`` header, or None. Compares in constant time."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    wanted = _digest(token.strip())
    found = IntakeToken.objects.filter(digest=wanted, revoked_at__isnull=True).first()
    if found is None or not hmac.compare_digest(found.digest, wanted):
        return None
    IntakeToken.objects.filter(pk=found.pk).filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=ClockTimestamp() - USED_RESOLUTION)
    ).update(last_used_at=ClockTimestamp())
    return found
