"""Claiming work by lease and epoch, keeping the lease, fencing what a lost one would write."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F

from agents.enums import WorkState
from agents.models import WorkItem
from investigations.domain.clock import ClockTimestamp
from investigations.errors import StaleLease

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 3
# A death may be the machine's fault and not the step's: more of them are forgiven than errors.
MAX_CLAIMS = 6
BACK_OFF_SECONDS = 1.0
# A step that takes longer than this hangs: its lease is no longer kept.
STEP_LIMIT_SECONDS = 180.0
CLAIM = """
UPDATE agents_workitem SET state = 'leased', epoch = epoch + 1, attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = (
    SELECT w.id FROM agents_workitem w
    JOIN investigations_investigation i ON i.id = w.investigation_id
    WHERE ((w.state = 'pending' AND w.not_before <= clock_timestamp())
            OR (w.state = 'leased' AND w.lease_until < clock_timestamp()))
        AND i.paused_at IS NULL AND i.state <> 'stopped'
        AND (%(item)s::bigint IS NULL OR w.id = %(item)s)
        AND (%(investigation)s::bigint IS NULL OR w.investigation_id = %(investigation)s)
    ORDER BY w.id FOR UPDATE OF w SKIP LOCKED LIMIT 1
)
RETURNING id
"""
KEEP = """
UPDATE agents_workitem SET lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND epoch = %s AND state = 'leased'
"""
RELEASE = """
UPDATE agents_workitem SET state = %(state)s, error = %(error)s, finished_at = clock_timestamp(),
    not_before = clock_timestamp() + make_interval(secs => %(wait)s)
WHERE id = %(item)s AND epoch = %(epoch)s AND state = 'leased'
"""


def claim(*, item_id: int | None = None, investigation_id: int | None = None) -> WorkItem | None:
    """Claim an item that is pending or whose lease has run out, in one statement.

    Returns None when there is nothing to claim: it is taken, done, not due, or its investigation
    is paused or stopped.
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


@contextmanager
def keeping(item: WorkItem) -> Iterator[None]:
    """Prolong the lease while the block works, from a thread of its own; a dead process cannot."""
    done = threading.Event()
    every = settings.LEASE_SECONDS / 3

    def beat() -> None:
        until = time.monotonic() + STEP_LIMIT_SECONDS
        try:
            while not done.wait(every) and time.monotonic() < until:
                with connection.cursor() as cursor:
                    cursor.execute(KEEP, [settings.LEASE_SECONDS, item.pk, item.epoch])
        except DatabaseError as error:
            log.warning("lease.not_kept", error=str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


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


def finish(item: WorkItem) -> None:
    """Finish an item that is still ours, with what it asked and did.

    Raises:
        StaleLease: Another worker has it, or it is finished.
    """
    changed = WorkItem.objects.filter(
        pk=item.pk, epoch=item.epoch, state=WorkState.LEASED
    ).update(
        state=WorkState.DONE, error="", finished_at=ClockTimestamp(), result=item.result,
        queries=F("queries") + item.queries, rows=F("rows") + item.rows,
        seconds=F("seconds") + item.seconds,
    )  # fmt: skip
    if not changed:
        raise StaleLease(f"{item} was taken over by another worker.")


def put_off(item: WorkItem, seconds: float) -> None:
    """Give an item back untouched, to be claimed later; the attempt does not count."""
    WorkItem.objects.filter(pk=item.pk, epoch=item.epoch, state=WorkState.LEASED).update(
        state=WorkState.PENDING, attempts=F("attempts") - 1,
        not_before=ClockTimestamp() + timedelta(seconds=seconds),
    )  # fmt: skip


def is_worn_out(item: WorkItem) -> bool:
    """Whether a claimed item has died with its workers too often to be tried again."""
    return item.attempts > MAX_CLAIMS


def release(item: WorkItem, error: str) -> bool:
    """Give an item back after an error, to be tried a little later; poison it after three attempts.

    Returns whether it was poisoned. An item that is no longer ours is left alone.
    """
    state = WorkState.POISONED if item.attempts >= MAX_ATTEMPTS else WorkState.PENDING
    with connection.cursor() as cursor:
        cursor.execute(
            RELEASE,
            {"state": state, "error": error[:500], "item": item.pk, "epoch": item.epoch,
             "wait": BACK_OFF_SECONDS * item.attempts},
        )  # fmt: skip
        is_ours = cursor.rowcount == 1
    return is_ours and state is WorkState.POISONED
