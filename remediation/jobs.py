"""Names of remediation's background jobs."""

from functools import partial

from django.db import transaction

from investigations.jobs import send

PLAN = "remediation.plan"
PLAN_REQUESTED = "remediation.plan_requested"
EXECUTE = "remediation.execute"
UNDO = "remediation.undo"
RUN_OPEN_WORK = "remediation.run_open_work"


def enqueue_plan(diagnosis_id: int) -> None:
    """Ask for a plan for a diagnosis, after commit."""
    transaction.on_commit(partial(send, PLAN, diagnosis_id))


def enqueue_requested(message_id: int) -> None:
    """Ask for the plan that a person asked for, after commit."""
    transaction.on_commit(partial(send, PLAN_REQUESTED, message_id))


def enqueue_open_work() -> None:
    """Ask for the open work sooner than its period, after commit."""
    transaction.on_commit(partial(send, RUN_OPEN_WORK))


def enqueue_execution(action_id: int) -> None:
    """Ask the executor's worker to run an approved action, after commit."""
    transaction.on_commit(partial(send, EXECUTE, action_id))


def enqueue_undo(action_id: int) -> None:
    """Ask the executor's worker to undo what a person wants undone, after commit."""
    transaction.on_commit(partial(send, UNDO, action_id))
