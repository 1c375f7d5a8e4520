"""Names of the agents' background jobs and how to ask for them after commit."""

from functools import partial

from django.db import transaction

from investigations.jobs import RUN_SCANS as RUN_SCANS
from investigations.jobs import send

RUN_WORK_ITEM = "agents.run_work_item"
RUN_OPEN_WORK = "agents.run_open_work"
WAKE = "agents.wake"
RECALIBRATE = "agents.recalibrate"
READ_LANES = "agents.read_lanes"


def enqueue_work_item(item_id: int) -> None:
    """Ask a worker to claim an item, after commit. Losing the message only delays it."""
    transaction.on_commit(partial(send, RUN_WORK_ITEM, item_id))


def enqueue_wake(investigation_id: int) -> None:
    """Ask a worker to see what an investigation now needs."""
    transaction.on_commit(partial(send, WAKE, investigation_id))


def enqueue_lanes(investigation_id: int) -> None:
    """Ask a worker to let the timeline's lanes go on to now."""
    transaction.on_commit(partial(send, READ_LANES, investigation_id))
