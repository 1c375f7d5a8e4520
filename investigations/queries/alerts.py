"""The alerts of an incident, and of what was merged into it, as groups of the same kind."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q, Sum

from investigations.enums import AlertStatus, IncidentOrigin
from investigations.models import Alert, Incident

SHOWN = 200


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts of one name on one resource in one incident."""

    name: str
    resource: str
    incident_id: int
    count: int
    firing_count: int
    deliveries: int
    first_at: datetime
    last_at: datetime
    summary: str


def list_alert_groups(incident: Incident) -> list[AlertGroup]:
    """Return the groups, firing ones first, then by number; at most 200. One query."""
    here = Q(incident=incident) | Q(incident__merged_into=incident)
    rows = (
        Alert.objects.filter(here)
        .values("name", "resource", "incident_id")
        .annotate(
            count=Count("pk"), firing_count=Count("pk", filter=Q(status=AlertStatus.FIRING)),
            deliveries=Sum("deliveries"), first_at=Min("starts_at"), last_at=Max("starts_at"),
            summary=Max("summary"),
        )
        .order_by("-firing_count", "-count", "name", "resource")[:SHOWN]
    )  # fmt: skip
    return [AlertGroup(**row) for row in rows]


def list_merge_targets(incident: Incident, *, limit: int = 100) -> list[Incident]:
    """Return the incidents into which one may be merged, those of its resource first. One query.

    A practice incident and a real one are never merged, so none is offered to the other.
    """
    rows = Incident.objects.filter(state__in=["open", "mitigated"]).exclude(pk=incident.pk)
    is_practice = Q(origin=IncidentOrigin.PRACTICE)
    rows = rows.filter(is_practice if incident.origin == IncidentOrigin.PRACTICE else ~is_practice)
    found = list(rows.order_by("-pk")[:limit])
    return sorted(found, key=lambda row: row.resource != incident.resource)
