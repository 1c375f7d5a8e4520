"""The connections and how they were last seen."""

from investigations.models import ConnectionCheck, IntakeToken

MAX_SENDERS = 50


def list_checks() -> dict[str, ConnectionCheck]:
    """Return the last test of each part, by name."""
    return {check.part: check for check in ConnectionCheck.objects.all()}


def list_senders() -> list[IntakeToken]:
    """Return who may send alerts and when they last did."""
    return list(IntakeToken.objects.filter(revoked_at__isnull=True).order_by("name")[:MAX_SENDERS])
