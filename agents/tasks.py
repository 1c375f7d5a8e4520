"""Celery's entry points. A message is a hint with an id; Postgres decides."""

from celery import shared_task

from agents.domain import dispatch, lane_reading, open_work, recalibrating, rounds, scanning
from agents.jobs import READ_LANES, RECALIBRATE, RUN_OPEN_WORK, RUN_SCANS, RUN_WORK_ITEM, WAKE


@shared_task(name=RUN_WORK_ITEM)
def run_work_item(item_id: int) -> None:
    """Claim and do one work item, if it is still to be done."""
    dispatch.work(item_id=item_id)


@shared_task(name=WAKE)
def wake(investigation_id: int) -> None:
    """Start an investigation, or see what people, alerts or a fix changed on its board."""
    # Nothing can have changed on a board that nobody has worked on: what comes wakes it again.
    if not rounds.open_investigation(investigation_id):
        rounds.wake(investigation_id)


@shared_task(name=RUN_OPEN_WORK)
def run_open_work() -> None:
    """Find what was left undone, and whose lanes should go on. Periodic."""
    open_work.run_open_work()
    lane_reading.ask_for_lanes()


@shared_task(name=READ_LANES)
def read_lanes(investigation_id: int) -> None:
    """Let an incident's lanes go on to now."""
    lane_reading.read_lanes(investigation_id)


@shared_task(name=RECALIBRATE)
def recalibrate() -> None:
    """Propose a calibration map when enough has been graded. Periodic."""
    recalibrating.propose_fit()


@shared_task(name=RUN_SCANS)
def run_scans() -> None:
    """Look in the background for what is no incident yet. Periodic."""
    scanning.run_scans()
