"""News from the board to background jobs."""

from investigations.signals import diagnosis_accepted
from remediation.jobs import enqueue_plan


def on_diagnosis(sender: object, *, diagnosis_id: int, **_: object) -> None:
    """Ask for a plan."""
    enqueue_plan(diagnosis_id)


def connect() -> None:
    """Listen to diagnoses."""
    diagnosis_accepted.connect(on_diagnosis, weak=False, dispatch_uid="remediation.diagnosis")
