"""Lists of incidents: filtered, sorted, in pages that cost the same however many there are."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from investigations.enums import EntryKind, IncidentState
from investigations.models import BoardEntry, Diagnosis, Incident
from investigations.queries.beginning import began_at
from investigations.queries.resources import matching_resources
from investigations.typed_text import read_number

ACTIVE = 100
PAGE = 50
ACTIVE_STATES = (IncidentState.OPEN, IncidentState.MITIGATED)
SORTS = {"newest": "", "severity": "severity", "service": "resource", "state": "state"}
"""What the page can be sorted by: the column before the newest first."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident with its newest diagnosis and the actions that wait for somebody."""

    incident: Incident
    diagnosis: Diagnosis | None
    waiting: tuple[dict[str, object], ...]

    @property
    def began_at(self) -> datetime:
        """When it began, as the room says."""
        return began_at(self.incident, self.diagnosis)


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What to list. Empty fields do not filter; ``state`` may be ``active``.

    ``after`` is the cursor of the page before: ``<value>|<id>``.
    """

    state: str = ""
    severity: str = ""
    service: str = ""
    origin: str = ""
    lead: str = ""
    sort: str = "newest"
    after: str = ""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """A page of rows, and the cursor of the next one (empty: this is the last)."""

    rows: tuple[IncidentRow, ...]
    next: str


def list_active(*, severity: str = "", service: str = "", lead: str = "") -> list[IncidentRow]:
    """Return incidents that are not resolved, worst first, then newest. At most four queries."""
    wanted = IncidentFilter(state="active", severity=severity, service=service, lead=lead)
    return _dress(list(_filtered(wanted).order_by("severity", "-pk")[:ACTIVE]))


def list_incidents(wanted: IncidentFilter) -> IncidentPage:
    """Return one page of incidents. At most four queries whatever the length."""
    column = SORTS.get(wanted.sort, "")
    rows = _filtered(wanted)
    value, _, last = wanted.after.rpartition("|")
    number = read_number(last)
    if number is not None:
        before = Q(pk__lt=number)
        rows = rows.filter(
            Q(**{f"{column}__gt": value}) | Q(**{column: value}) & before if column else before
        )
    order = (column, "-pk") if column else ("-pk",)
    found = list(rows.order_by(*order)[: PAGE + 1])
    page = found[:PAGE]
    cursor = ""
    if len(found) > PAGE:
        cursor = f"{getattr(page[-1], column) if column else ''}|{page[-1].pk}"
    return IncidentPage(tuple(_dress(page)), cursor)


def _filtered(wanted: IncidentFilter) -> QuerySet[Incident]:
    rows = Incident.objects.all()
    if wanted.state == "active":
        rows = rows.filter(state__in=ACTIVE_STATES)
    elif wanted.state not in {"", "any"}:
        rows = rows.filter(state=wanted.state)
    if wanted.service:
        rows = rows.filter(resource__in=matching_resources(wanted.service))
    same = {"severity": wanted.severity, "origin": wanted.origin, "lead": wanted.lead}
    return rows.filter(**{name: value for name, value in same.items() if value})


def _dress(incidents: list[Incident]) -> list[IncidentRow]:
    ids = [incident.pk for incident in incidents]
    diagnoses: dict[int, Diagnosis] = {}
    found = Diagnosis.objects.filter(investigation__incident__in=ids)
    for row in found.select_related("investigation", "hypothesis").order_by("pk"):
        diagnoses[row.investigation.incident_id] = row
    waiting: dict[int, list[dict[str, object]]] = {}
    entries = BoardEntry.objects.filter(
        kind=EntryKind.ACTION, data__state="proposed", investigation__incident__in=ids
    ).select_related("investigation")
    for entry in entries:
        waiting.setdefault(entry.investigation.incident_id, []).append(entry.data)
    return [IncidentRow(i, diagnoses.get(i.pk), tuple(waiting.get(i.pk, ()))) for i in incidents]
