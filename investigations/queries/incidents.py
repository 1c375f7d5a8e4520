"""Lists of incidents."""

from dataclasses import dataclass

from investigations.enums import EntryKind, IncidentState
from investigations.models import BoardEntry, Diagnosis, Incident

RECENT = 20
ACTIVE = 100


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident with its newest diagnosis and the actions that wait for somebody."""

    incident: Incident
    diagnosis: Diagnosis | None
    waiting: tuple[dict[str, object], ...]


def list_active() -> list[IncidentRow]:
    """Return incidents that are not resolved, newest first. Three queries."""
    rows = Incident.objects.exclude(state=IncidentState.RESOLVED).order_by("-pk")[:ACTIVE]
    return _dress(list(rows))


def list_recent() -> list[IncidentRow]:
    """Return the last resolved incidents. Three queries."""
    rows = Incident.objects.filter(state=IncidentState.RESOLVED).order_by("-pk")[:RECENT]
    return _dress(list(rows))


def _dress(incidents: list[Incident]) -> list[IncidentRow]:
    ids = [incident.pk for incident in incidents]
    diagnoses: dict[int, Diagnosis] = {}
    found = Diagnosis.objects.filter(investigation__incident__in=ids)
    for row in found.select_related("investigation").order_by("pk"):
        diagnoses[row.investigation.incident_id] = row
    waiting: dict[int, list[dict[str, object]]] = {}
    entries = BoardEntry.objects.filter(
        kind=EntryKind.ACTION, data__state="proposed", investigation__incident__in=ids
    ).select_related("investigation")
    for entry in entries:
        waiting.setdefault(entry.investigation.incident_id, []).append(entry.data)
    return [IncidentRow(i, diagnoses.get(i.pk), tuple(waiting.get(i.pk, ()))) for i in incidents]
