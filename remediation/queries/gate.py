"""The five criteria by which an installation may let actions run alone, from stored rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from investigations.enums import GradeSource, GradeValue, IncidentOrigin, Severity
from investigations.models import Grade, Incident
from remediation.models import ActionOutcome
from remediation.queries.autonomy import HARMED, wilson_lower_bound
from telemetry.phrasing import counted

Row = TypeVar("Row", bound=Model)
WINDOW = timedelta(days=90)
WANTED = 30
ACCURACY, MINOR_ACCURACY, COVERAGE, CLEAN_DAYS = 0.90, 0.95, 0.30, 7
MINOR = (Severity.SEV3, Severity.SEV4)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the gate. ``is_met`` is None while there is not enough to tell."""

    name: str
    value: str
    threshold: str
    window: str
    is_met: bool | None


def read_gate(*, practice: bool, now: datetime) -> tuple[Criterion, ...]:
    """Return the five criteria for real incidents, or for practice: never both. Six queries."""
    grades = _of_origin(
        Grade.objects.filter(graded_at__gt=Now() - WINDOW),
        "diagnosis__investigation__incident__",
        practice,
    )
    by_person = Grade.objects.filter(diagnosis=OuterRef("diagnosis"), source=GradeSource.PERSON)
    grades = grades.exclude(Exists(by_person), source=GradeSource.OUTCOME)
    minor = Q(diagnosis__investigation__incident__severity__in=MINOR)
    right = Q(value=GradeValue.RIGHT)
    said = grades.aggregate(
        all=Count("pk"), right=Count("pk", filter=right),
        minor=Count("pk", filter=minor), minor_right=Count("pk", filter=minor & right),
    )  # fmt: skip
    outcomes = _of_origin(
        ActionOutcome.objects.filter(is_measured=True),
        "action__investigation__incident__",
        practice,
    )
    done = outcomes.filter(recorded_at__gt=Now() - WINDOW).aggregate(
        all=Count("pk"), bad=Count("pk", filter=Q(was_undone=True, helped=False) | Q(HARMED))
    )
    return (
        _share("Right about the cause", said["right"], said["all"], ACCURACY, "graded diagnoses"),
        _no_harm(done["bad"], done["all"]),
        _share("Right about SEV3 and SEV4", said["minor_right"], said["minor"], MINOR_ACCURACY,
               "graded diagnoses of those"),
        _coverage(practice),
        _clean(outcomes, now, practice=practice),
    )  # fmt: skip


def _of_origin(rows: "QuerySet[Row]", path: str, practice: bool) -> "QuerySet[Row]":
    same = {f"{path}origin": IncidentOrigin.PRACTICE}
    return rows.filter(**same) if practice else rows.exclude(**same)


def _share(name: str, right: int, count: int, wanted: float, of: str) -> Criterion:
    low = wilson_lower_bound(right, count)
    value = f"{right} of {count} {of}"
    if count:
        value += f"; at least {low:.0%} (Wilson 95%)"
    threshold = f"at least {wanted:.0%}, from {WANTED} {of}"
    is_met = low >= wanted if count >= WANTED else None
    return Criterion(name, value, threshold, "90 days", is_met)


def _no_harm(bad: int, runs: int) -> Criterion:
    is_met = False if bad else True if runs >= WANTED else None
    return Criterion(
        "Harmed by an action", f"{bad} of {counted(runs, 'run')} undone as no help, or harmful as people say",
        f"none, from {WANTED} runs", "90 days", is_met,
    )  # fmt: skip


def _coverage(practice: bool) -> Criterion:
    incidents = _of_origin(Incident.objects.filter(opened_at__gt=Now() - WINDOW), "", practice)
    helped = ActionOutcome.objects.filter(
        action__investigation__incident=OuterRef("pk"), helped=True
    )
    count, fixed = incidents.count(), incidents.filter(Exists(helped)).count()
    value = f"{fixed} of {count} incidents were fixed by a planned action"
    is_met = fixed / count >= COVERAGE if count >= WANTED else None
    return Criterion("Share it can handle", value, f"at least {COVERAGE:.0%}, from {WANTED} incidents",
                     "90 days", is_met)  # fmt: skip


def _clean(outcomes: QuerySet[ActionOutcome], now: datetime, *, practice: bool) -> Criterion:
    last_bad = (
        outcomes.filter(Q(was_undone=True) | Q(helped=False) | Q(HARMED))
        .order_by("-recorded_at")
        .first()
    )
    start = last_bad or outcomes.order_by("recorded_at").first()
    if start is None:
        of = "practice" if practice else "real"
        return Criterion("Clean days", f"no action has run in {of} incidents yet", f"at least {CLEAN_DAYS} days",
                         "since the last failure", None)  # fmt: skip
    days = (now - start.recorded_at).days
    kind = "since one did not help" if last_bad else "since the first run"
    return Criterion("Clean days", f"{counted(days, 'day')} {kind}", f"at least {CLEAN_DAYS} days",
                     "since the last failure", days >= CLEAN_DAYS)  # fmt: skip
