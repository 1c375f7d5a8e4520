"""Celery's entry points of remediation: thin. They run in the only worker that may change things."""

from celery import shared_task

from investigations.jobs import CHECK_EXECUTOR
from remediation.domain import checking, execution, planning, requested, sweep, undoing
from remediation.jobs import EXECUTE, PLAN, PLAN_REQUESTED, RUN_OPEN_WORK, UNDO


@shared_task(name=PLAN)
def plan(diagnosis_id: int) -> None:
    """Plan for a diagnosis."""
    planning.plan_for(diagnosis_id)


@shared_task(name=PLAN_REQUESTED)
def plan_requested(message_id: int) -> None:
    """Plan what a person asked for."""
    requested.plan_requested(message_id)


@shared_task(name=EXECUTE)
def execute(action_id: int) -> None:
    """Execute an approved action."""
    execution.execute(action_id)


@shared_task(name=UNDO)
def undo(action_id: int) -> None:
    """Undo what a person wants undone."""
    undoing.undo(action_id)


@shared_task(name=RUN_OPEN_WORK)
def run_open_work() -> None:
    """Find what was left undone. Periodic."""
    sweep.sweep()


@shared_task(name=CHECK_EXECUTOR)
def check_executor() -> None:
    """Tell what this worker may change, for the page of connections."""
    checking.check_executor()
