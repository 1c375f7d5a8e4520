"""What became of past diagnoses: the graded ones, and the record of a band of confidence."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from investigations.enums import GradeSource, GradeValue, IncidentOrigin
from investigations.models import Grade

WORTH: dict[str, float] = {GradeValue.RIGHT: 1.0, GradeValue.PARTLY: 0.5, GradeValue.WRONG: 0.0}
LIMIT = 5_000
WANTED = 30
"""Below so many graded diagnoses nothing is drawn from them."""


@dataclass(frozen=True, slots=True)
class Graded:
    """One graded diagnosis. ``worth``: 1 right, 0.5 partly, 0 wrong; ``claimed``: 0..1."""

    incident_id: int
    title: str
    fault_class: str
    verdict: str
    claimed: float
    worth: float
    value: str
    source: str
    note: str
    graded_at: datetime
    claim: dict[str, object]


def _counting(*, practice: bool) -> QuerySet[Grade]:
    """Return one grade per diagnosis: people's word before an outcome's."""
    by_person = Grade.objects.filter(diagnosis=OuterRef("diagnosis"), source=GradeSource.PERSON)
    rows = Grade.objects.exclude(Exists(by_person), source=GradeSource.OUTCOME)
    is_practice = {"diagnosis__investigation__incident__origin": IncidentOrigin.PRACTICE}
    return rows.filter(**is_practice) if practice else rows.exclude(**is_practice)


def list_graded(*, practice: bool, limit: int = LIMIT) -> list[Graded]:
    """Return graded diagnoses, newest first, people's word before an outcome's. One query.

    Args:
        practice: Those of practice incidents, or those of real ones: never both.
        limit: How many at most.
    """
    rows = _counting(practice=practice).select_related("diagnosis__investigation__incident")
    return list(_dress(rows.order_by("-graded_at")[:limit]))


def _dress(grades: Iterable[Grade]) -> Iterator[Graded]:
    for grade in grades:
        diagnosis = grade.diagnosis
        incident = diagnosis.investigation.incident
        claimed = diagnosis.confidence
        if claimed is None:
            claimed = float(diagnosis.claim.get("calibrated", 0.0))
        yield Graded(
            incident.pk, incident.title, diagnosis.fault_class or str(diagnosis.claim["fault_class"]),
            diagnosis.verdict, claimed, WORTH[grade.value], grade.get_value_display(),
            grade.get_source_display(), grade.note, grade.graded_at, diagnosis.claim,
        )  # fmt: skip


def track_record(confidence: float | None, *, practice: bool) -> str:
    """Return what became of diagnoses that were this sure, as a sentence for beside the number.

    Two queries, whatever there is.
    """
    rows = _counting(practice=practice)
    count = rows.count()
    kind = "practice cases" if practice else "past cases"
    if count < WANTED:
        return f"Not yet calibrated on yours: {count} of {WANTED} {kind} graded."
    if confidence is None:
        return f"{count} {kind} graded."
    low = min(9, int(confidence * 10)) / 10
    band = rows.filter(diagnosis__confidence__gte=low - 1e-9, diagnosis__confidence__lt=low + 0.1)
    told = band.aggregate(all=Count("pk"), right=Count("pk", filter=Q(value=GradeValue.RIGHT)))
    if not told["all"]:
        return f"No {kind} of {low:.0%} to {low + 0.1:.0%} graded yet."
    return (
        f"When we said {low:.0%} to {low + 0.1:.0%}, it was right {told['right']} of "
        f"{told['all']} times."
    )
