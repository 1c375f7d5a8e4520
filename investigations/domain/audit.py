"""The audit log: written in the deed's own transaction, hash-chained under one lock."""

from collections.abc import Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class AuditAnchor:
    """The head of the log at a moment, kept where whoever can change the log cannot reach it."""

    entry: int
    hash: str
    at: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What a verification found. ``broken``: the first entry that does not follow, if one."""

    count: int
    broken: int | None
    lost: tuple[AuditAnchor, ...]
    head: AuditAnchor | None

    @property
    def is_sound(self) -> bool:
        """Whether nothing was changed, and nothing that an anchor knows is gone."""
        return self.broken is None and not self.lost


def verify_audit() -> int | None:
    """Return the id of the first entry that does not follow from the one before, or None.

    Alone it cannot see that the newest entries are gone: see :func:`check_audit`.
    """
    return check_audit(()).broken


def check_audit(anchors: Iterable[AuditAnchor]) -> AuditVerdict:
    """Follow the chain from the first entry, and look for what earlier heads say was there.

    An anchor whose entry is missing, or has another hash, tells of a log that was cut off or
    written anew, however well the rest follows.
    """
    wanted: dict[int, list[AuditAnchor]] = {}
    for anchor in anchors:
        wanted.setdefault(anchor.entry, []).append(anchor)
    count, broken, previous, head = 0, None, "", None
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=500):
        is_next = entry.previous_hash == previous and entry.hash == chain_hash(
            previous, _body(entry)
        )
        broken = entry.pk if broken is None and not is_next else broken
        known = [a for a in wanted.pop(entry.pk, []) if a.hash != entry.hash]
        if known:
            wanted[entry.pk] = known
        count, previous, head = count + 1, entry.hash, entry
    lost = tuple(a for _, rows in sorted(wanted.items()) for a in rows)
    newest = AuditAnchor(head.pk, head.hash, head.at.isoformat()) if head is not None else None
    return AuditVerdict(count, broken, lost, newest)
