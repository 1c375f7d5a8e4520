"""News from the board to background jobs."""

from investigations.signals import action_requested, diagnosis_accepted
from remediation.jobs import enqueue_plan, enqueue_requested


def on_diagnosis(sender: object, *, diagnosis_id: int, **_: object) -> None:
    """Ask for a plan."""
    enqueue_plan(diagnosis_id)


def on_request(sender: object, *, message_id: int, **_: object) -> None:
    """Ask for the plan that a person asked for."""
    enqueue_requested(message_id)


def connect() -> None:
    """Listen to diagnoses, and to people who ask for an action."""
    action_requested.connect(on_request, weak=False, dispatch_uid="remediation.requested")
    diagnosis_accepted.connect(on_diagnosis, weak=False, dispatch_uid="remediation.diagnosis")
