"""Claiming work by lease and epoch, fencing what a lost lease would write, and finishing."""

from collections.abc import Callable

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from agents.enums import WorkState
from agents.models import WorkItem
from investigations.domain.clock import ClockTimestamp
from investigations.errors import StaleLease

MAX_ATTEMPTS = 3
CLAIM = """
UPDATE agents_workitem SET state = 'leased', epoch = epoch + 1, attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = (
    SELECT w.id FROM agents_workitem w
    JOIN investigations_investigation i ON i.id = w.investigation_id
    WHERE (w.state = 'pending' OR (w.state = 'leased' AND w.lease_until < clock_timestamp()))
        AND (i.paused_at IS NULL OR w.kind = 'interpret')
        AND (%(item)s::bigint IS NULL OR w.id = %(item)s)
        AND (%(investigation)s::bigint IS NULL OR w.investigation_id = %(investigation)s)
    ORDER BY w.id FOR UPDATE OF w SKIP LOCKED LIMIT 1
)
RETURNING id
"""


def claim(*, item_id: int | None = None, investigation_id: int | None = None) -> WorkItem | None:
    """Claim an item that is pending or whose lease has run out, in one statement.

    Returns None when there is nothing to claim: it is taken, done, or its investigation paused.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "lease": settings.LEASE_SECONDS,
                "item": item_id,
                "investigation": investigation_id,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return WorkItem.objects.select_related("investigation__incident").get(pk=row[0])


def fence_of(item: WorkItem) -> Callable[[], None]:
    """Return a check, for use inside a transaction, that this claim still holds. It locks the item.

    The check raises :class:`investigations.errors.StaleLease` if another worker has claimed it.
    """

    def check() -> None:
        is_mine = (
            WorkItem.objects.select_for_update()
            .filter(pk=item.pk, epoch=item.epoch, state=WorkState.LEASED)
            .exists()
        )
        if not is_mine:
            raise StaleLease(f"{item} was taken over by another worker.")

    return check


def finish(item: WorkItem, *, state: WorkState = WorkState.DONE, error: str = "") -> None:
    """Finish an item that is still ours.

    Raises:
        StaleLease: Another worker has it, or it is finished.
    """
    changed = WorkItem.objects.filter(
        pk=item.pk, epoch=item.epoch, state=WorkState.LEASED
    ).update(
        state=state, error=error[:500], finished_at=ClockTimestamp(),
        queries=F("queries") + item.queries, rows=F("rows") + item.rows,
        seconds=F("seconds") + item.seconds,
    )  # fmt: skip
    if not changed:
        raise StaleLease(f"{item} was taken over by another worker.")


def release(item: WorkItem, error: str) -> bool:
    """Give an item back after an error; poison it after three attempts. Returns whether poisoned."""
    with transaction.atomic():
        state = WorkState.POISONED if item.attempts >= MAX_ATTEMPTS else WorkState.PENDING
        changed = WorkItem.objects.filter(
            pk=item.pk, epoch=item.epoch, state=WorkState.LEASED
        ).update(state=state, error=error[:500], finished_at=ClockTimestamp())
    return bool(changed) and state is WorkState.POISONED
