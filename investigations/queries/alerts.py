"""The alerts of an incident, and of what was merged into it, as groups of the same kind."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q, Sum

from investigations.enums import AlertStatus, IncidentOrigin
from investigations.models import Alert, Incident, ServiceDependency

SHOWN = 200
POINTED = 1000


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


@dataclass(frozen=True, slots=True)
class Pointed:
    """Where alerts point: it alerts, nothing that it calls does, and others that alert reach it.

    ``callers``: how many of the other alerting resources call it, directly or through alerting ones.
    """

    resource: str
    callers: int
    others: int


def where_alerts_point(incident: Incident) -> Pointed | None:
    """Return the deepest alerting resource along the topology, or None where that is not one.

    Of several that call nothing that alerts, the one that most of the others lead to. Two queries.
    """
    here = Q(incident=incident) | Q(incident__merged_into=incident)
    rows = Alert.objects.filter(here).values_list("resource", flat=True).distinct()
    alerting = set(rows.order_by("resource")[:POINTED])
    edges = ServiceDependency.objects.filter(caller__in=alerting, callee__in=alerting)
    callers: dict[str, set[str]] = {key: set() for key in alerting}
    calls = set()
    for caller, callee in edges.values_list("caller", "callee"):
        if caller != callee:
            callers[callee].add(caller)
            calls.add(caller)
    ranked = sorted((-len(_leading_to(key, callers)), key) for key in alerting - calls)
    if not ranked or not ranked[0][0]:
        return None
    if len(ranked) > 1 and ranked[0][0] == ranked[1][0]:
        return None
    return Pointed(ranked[0][1], -ranked[0][0], len(alerting) - 1)


def _leading_to(key: str, callers: dict[str, set[str]]) -> set[str]:
    reached, frontier = {key}, {key}
    while frontier:
        frontier = {c for at in frontier for c in callers[at]} - reached
        reached |= frontier
    return reached - {key}


def list_merge_targets(incident: Incident, *, limit: int = 100) -> list[Incident]:
    """Return the incidents into which one may be merged, those of its resource first. One query.

    A practice incident and a real one are never merged, so none is offered to the other.
    """
    rows = Incident.objects.filter(state__in=["open", "mitigated"]).exclude(pk=incident.pk)
    is_practice = Q(origin=IncidentOrigin.PRACTICE)
    rows = rows.filter(is_practice if incident.origin == IncidentOrigin.PRACTICE else ~is_practice)
    found = list(rows.order_by("-pk")[:limit])
    return sorted(found, key=lambda row: row.resource != incident.resource)
