"""How repeated jobs last went."""

from investigations.models import PeriodicJob


def job_row(name: str) -> PeriodicJob | None:
    """Return how a job last went, or None if it has never run."""
    return PeriodicJob.objects.filter(name=name).first()
