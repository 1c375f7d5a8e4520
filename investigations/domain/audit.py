"""The audit log: written in the deed's own transaction, hash-chained under one lock."""

from django.db import connection, transaction

from investigations.domain.clock import database_now
from investigations.domain.journal import chain_hash
from investigations.models import AuditEntry

AUDIT_LOCK = 0x5E_A0D1


def record_audit(
    *, actor: str, verb: str, subject: str, detail: dict[str, object] | None = None
) -> AuditEntry:
    """Append one entry. Joins the caller's transaction: if this fails, the deed fails.

    Args:
        actor: ``person/<username>``, ``agent/<name>`` or ``system``.
        verb: A lower-case past form with dots, such as ``action.approved``.
        subject: Key of what was done to, such as ``action/7``.
        detail: JSON-able facts; never a secret.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [AUDIT_LOCK])
        last = AuditEntry.objects.order_by("-id").values_list("hash", flat=True).first() or ""
        at = database_now()
        entry = AuditEntry(
            at=at,
            actor=actor,
            verb=verb,
            subject=subject,
            detail=detail or {},
            previous_hash=last,
        )
        entry.hash = chain_hash(last, _body(entry))
        entry.save()
    return entry


def _body(entry: AuditEntry) -> dict[str, object]:
    return {
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "verb": entry.verb,
        "subject": entry.subject,
        "detail": entry.detail,
    }


def verify_audit() -> int | None:
    """Return the id of the first entry that does not follow from the one before, or None."""
    previous = ""
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=500):
        if entry.previous_hash != previous or entry.hash != chain_hash(previous, _body(entry)):
            return entry.pk
        previous = entry.hash
    return None
