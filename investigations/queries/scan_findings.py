"""What background scans found, and when they look again."""

from dataclasses import dataclass
from datetime import datetime

from investigations.models import FindingState, PeriodicJob, ScanFinding, ScanName

PAGE = 50


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One scan: when it last went well, when it is due, what went wrong."""

    name: ScanName
    job: PeriodicJob | None

    @property
    def label(self) -> str:
        """Its name in words."""
        return str(self.name.label)


def job_name(scan: ScanName) -> str:
    """Return the name of a scan's periodic job."""
    return f"scan.{scan.value}"


def list_scans() -> list[ScanRow]:
    """Return each scan with how it last went. One query."""
    names = {job_name(scan): scan for scan in ScanName}
    jobs = {job.name: job for job in PeriodicJob.objects.filter(name__in=names)}
    return [ScanRow(scan, jobs.get(name)) for name, scan in names.items()]


def all_clear_at(scans: list[ScanRow]) -> tuple[datetime | None, datetime | None]:
    """Return since when all scans have looked, and when the next looks; None without a look."""
    done = [row.job.succeeded_at if row.job else None for row in scans]
    due = [row.job.due_at for row in scans if row.job and row.job.due_at]
    known = [at for at in done if at is not None]
    return (min(known) if len(known) == len(done) else None, min(due, default=None))


def list_findings(*, state: str, scan: str, before: int | None) -> list[ScanFinding]:
    """Return a page of findings in a state, newest first. One query."""
    rows = ScanFinding.objects.select_related("incident").filter(state=state)
    if scan:
        rows = rows.filter(scan=scan)
    if before:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:PAGE])


def count_open() -> int:
    """Return how many findings wait for a decision."""
    return ScanFinding.objects.filter(state=FindingState.OPEN).count()
