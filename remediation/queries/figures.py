"""How incidents went in the last 30 days: figures, each counted from stored rows by a stated formula."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Min, OuterRef, QuerySet, Subquery

from investigations.enums import EntryKind, IncidentOrigin, Severity
from investigations.models import (
    Attention,
    BoardEntry,
    Diagnosis,
    Handoff,
    Incident,
    Investigation,
)
from remediation.models import ActionOutcome

WINDOW = timedelta(days=30)
LIMIT = 5000
# Monday to Friday, UTC.
DAY_BEGINS, DAY_ENDS = 8, 18
HURTING = (Severity.SEV1, Severity.SEV2)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. ``value`` None: there is nothing to count yet. ``rows``: how many were counted.

    ``unit``: ``ratio`` (0..1), ``seconds``, ``count`` or ``cents``.
    """

    name: str
    value: float | None
    unit: str
    formula: str
    rows: int


@dataclass(frozen=True, slots=True)
class _Case:
    started_at: datetime
    ended_at: datetime | None
    decided_at: datetime | None
    severity: str
    is_fixed: bool
    is_autonomous: bool
    has_handoff: bool

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None


def read_figures(*, practice: bool, now: datetime) -> list[Figure]:
    """Return the figures of real incidents, or of practice: never both. Five queries."""
    cases = _cases(practice=practice, now=now)
    over = [c for c in cases if c.is_over]
    outcomes = _outcomes(practice=practice, now=now)
    fixed = [c for c in over if c.is_fixed]
    times = [s for helped, s in outcomes if helped and s is not None]
    decided = [(c.decided_at - c.started_at).total_seconds() for c in over if c.decided_at]
    mended = [(c.ended_at - c.decided_at).total_seconds()
              for c in over if c.ended_at and c.decided_at and c.ended_at >= c.decided_at]  # fmt: skip
    return [
        _share("Fixed by an action with nobody deciding", [c.is_autonomous for c in over],
               "of incidents that are over, those that such an action fixed"),
        _share("Fixed by a planned action", [c.is_fixed for c in over],
               "of incidents that are over, those that an action was verified to fix"),
        _mean("Time an action takes to help", times, "mean of seconds from its beginning until verified"),
        _share("False actions", [not helped for helped, _ in outcomes],
               "of actions that were judged, those that had not helped"),
        _share("Fixed without a handoff", [not c.has_handoff for c in fixed],
               "of incidents that an action fixed, those that nobody handed over"),
        _after_hours(practice=practice, now=now),
        _mean("From the symptom to a verdict", decided,
              "from the beginning of the symptom to the first likely cause: the mean of incidents that are over"),
        _mean("From the verdict to mitigation", mended,
              "from the first likely cause until it was mitigated (or resolved): the mean of incidents that are over"),
        _downtime(cases, now=now),
        *_costs(practice=practice, now=now, resolved=len(over)),
    ]  # fmt: skip


def _of_origin(rows: "QuerySet[Incident]", practice: bool) -> "QuerySet[Incident]":
    same = {"origin": IncidentOrigin.PRACTICE}
    return rows.filter(**same) if practice else rows.exclude(**same)


def _incidents(*, practice: bool, now: datetime) -> "QuerySet[Incident]":
    rows = Incident.objects.filter(opened_at__gt=now - WINDOW, merged_into__isnull=True)
    return _of_origin(rows, practice)


def _cases(*, practice: bool, now: datetime) -> list[_Case]:
    mine = {"action__investigation__incident": OuterRef("pk"), "helped": True}
    first = (
        Diagnosis.objects.filter(investigation__incident=OuterRef("pk"), verdict="likely_cause")
        .values("investigation__incident").annotate(at=Min("reached_at")).values("at")
    )  # fmt: skip
    rows = _incidents(practice=practice, now=now).annotate(
        decided_at=Subquery(first),
        is_fixed=Exists(ActionOutcome.objects.filter(**mine)),
        is_autonomous=Exists(ActionOutcome.objects.filter(**mine, was_autonomous=True)),
        has_handoff=Exists(Handoff.objects.filter(investigation__incident=OuterRef("pk"))),
    )
    return [
        _Case(r.started_at, r.mitigated_at or r.resolved_at, r.decided_at, r.severity, r.is_fixed,
              r.is_autonomous, r.has_handoff)
        for r in rows.order_by("-pk")[:LIMIT]
    ]  # fmt: skip


def _outcomes(*, practice: bool, now: datetime) -> list[tuple[bool, float | None]]:
    same = {"action__investigation__incident__origin": IncidentOrigin.PRACTICE}
    rows = ActionOutcome.objects.filter(recorded_at__gt=now - WINDOW)
    rows = rows.filter(**same) if practice else rows.exclude(**same)
    return list(rows.values_list("helped", "seconds_to_recover")[:LIMIT])


def _share(name: str, rows: Sequence[bool], formula: str) -> Figure:
    value = sum(rows) / len(rows) if rows else None
    return Figure(name, value, "ratio", formula, len(rows))


def _mean(name: str, values: Sequence[float], formula: str) -> Figure:
    return Figure(
        name, sum(values) / len(values) if values else None, "seconds", formula, len(values)
    )


def _after_hours(*, practice: bool, now: datetime) -> Figure:
    rows = Attention.objects.filter(created_at__gt=now - WINDOW, is_practice=practice)
    times = list(rows.order_by("-pk").values_list("created_at", flat=True)[:LIMIT])
    late = [at.weekday() >= 5 or not DAY_BEGINS <= at.hour < DAY_ENDS for at in times]
    return _share(
        "Calls after hours", late,
        f"of all calls, those outside Monday to Friday, {DAY_BEGINS:02}:00 to {DAY_ENDS}:00Z",
    )  # fmt: skip


def _downtime(cases: Sequence[_Case], *, now: datetime) -> Figure:
    hurting = [c for c in cases if c.severity in HURTING]
    seconds = sum(((c.ended_at or now) - c.started_at).total_seconds() for c in hurting)
    return Figure(
        "Time that users were hurt", seconds if hurting else None, "seconds",
        "from the beginning of the symptom until it was mitigated (or resolved, or now): the sum of SEV1 and SEV2",
        len(hurting),
    )  # fmt: skip


def _costs(*, practice: bool, now: datetime, resolved: int) -> list[Figure]:
    runs = Investigation.objects.filter(incident__in=_incidents(practice=practice, now=now))
    entries = BoardEntry.objects.filter(kind=EntryKind.MODEL_CALL, investigation__in=runs)
    told = [e.get("cost_cents") for e in entries.values_list("data", flat=True)[:LIMIT]]
    cents = [float(c) for c in told if c is not None]
    total, count = sum(cents), runs.count()
    each = total / count if cents and count else None
    return [
        Figure("Language model, each investigation", each, "cents",
               "cost of all calls with a known price, by the number of investigations", len(cents)),
        Figure("Language model, each incident that is over",
               total / resolved if cents and resolved else None, "cents",
               "cost of all calls with a known price, by the number of incidents that are over", len(cents)),
    ]  # fmt: skip
